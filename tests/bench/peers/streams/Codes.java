import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/** The commitments of voting codes (shared/contract/codes.py): AES of elector, section and secret, xor these. */
final class Codes {
    private static final int BLOCK = 16;
    private static final int COMMITMENT = 10;

    private final byte[] roll;
    private final Cipher cipher;
    private byte[] blocks = new byte[0];
    private byte[] mixed = new byte[0];

    Codes(byte[] key, byte[] roll) {
        this.roll = roll;
        try {
            cipher = Cipher.getInstance("AES/ECB/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"));
        } catch (GeneralSecurityException fault) {
            throw new IllegalStateException(fault);
        }
    }

    /** Commits to the codes of all ballots of a pack, by one call of the cipher. */
    void commit(Pack pack) {
        int size = BLOCK * pack.ballots;
        if (blocks.length < size) {
            blocks = new byte[size];
            mixed = new byte[size];
        }
        for (int i = 0; i < pack.ballots; i++) {
            int at = BLOCK * i;
            for (int b = 0; b < 4; b++) {
                blocks[at + b] = (byte) (pack.electors[i] >>> (8 * b));
            }
            blocks[at + 4] = (byte) pack.sections[i];
            blocks[at + 5] = (byte) (pack.sections[i] >>> 8);
            System.arraycopy(pack.value, pack.secrets + Pack.SECRET_BYTES * i, blocks, at + 6, Pack.SECRET_BYTES);
        }
        try {
            cipher.update(blocks, 0, size, mixed, 0);
        } catch (GeneralSecurityException fault) {
            throw new IllegalStateException(fault);
        }
    }

    /** Returns whether the code of a ballot of that pack is the one of its elector, who is on the roll. */
    boolean isGenuine(int ballot, int elector) {
        int at = BLOCK * ballot;
        int own = COMMITMENT * elector;
        for (int b = 0; b < COMMITMENT; b++) {
            if ((byte) (mixed[at + b] ^ blocks[at + b]) != roll[own + b]) {
                return false;
            }
        }
        return true;
    }

    /** Returns the commitments of a roll file: what follows its first line. */
    static byte[] ofRoll(byte[] file) {
        int line = 0;
        while (file[line] != '\n') {
            line++;
        }
        return Arrays.copyOfRange(file, line + 1, file.length);
    }
}
