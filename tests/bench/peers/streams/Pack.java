import java.nio.charset.StandardCharsets;

/** A pack of ballots in columns, as intake writes it (shared/contract/packs.py). One object is used again and again. */
final class Pack {
    static final int ID_BYTES = 16;
    static final int SECRET_BYTES = 10;
    private static final String TAG = "ballot-pack/1";
    private static final int MAX_CONTESTS = 16;
    private static final int MAX_BALLOTS = 512;

    byte[] value;
    String election;
    int ballots;
    int ids;
    int secrets;
    int contests;
    final int[] electors = new int[MAX_BALLOTS];
    final int[] sections = new int[MAX_BALLOTS];
    final String[][] marks = new String[MAX_CONTESTS][MAX_BALLOTS];
    private int at;

    /** Returns whether the bytes are a pack; {@code ids} and {@code secrets} are where these columns begin. */
    boolean read(byte[] bytes) {
        value = bytes;
        at = 0;
        try {
            if (array() != 8 || !TAG.equals(text())) {
                return false;
            }
            election = text();
            int idBytes = size(0xC4);
            ids = at;
            at += idBytes;
            ballots = idBytes / ID_BYTES;
            boolean whole = ballots > 0 && ballots <= MAX_BALLOTS && numbers(electors, 4) && numbers(sections, 2);
            whole = whole && size(0xC4) == SECRET_BYTES * ballots;
            secrets = at;
            at += SECRET_BYTES * ballots;
            int salt = size(0xC4);
            at += salt;
            contests = array();
            for (int contest = 0; whole && contest < contests; contest++) {
                whole = split(marks[contest]);
            }
            return whole;
        } catch (IndexOutOfBoundsException | IllegalStateException fault) {
            return false;
        }
    }

    private boolean numbers(int[] column, int bytes) {
        if (size(0xC4) != bytes * ballots) {
            return false;
        }
        for (int i = 0; i < ballots; i++) {
            int number = 0;
            for (int b = 0; b < bytes; b++) {
                number |= (value[at++] & 0xFF) << (8 * b);
            }
            column[i] = number;
        }
        return true;
    }

    private boolean split(String[] column) {
        int end = size(0xD9);
        int start = at;
        end += start;
        int found = 0;
        for (; at <= end; at++) {
            if (at == end || value[at] == ' ') {
                if (found == ballots) {
                    return false;
                }
                column[found++] = new String(value, start, at - start, StandardCharsets.ISO_8859_1);
                start = at + 1;
            }
        }
        at = end;
        return found == ballots;
    }

    private String text() {
        int size = size(0xD9);
        at += size;
        return new String(value, at - size, size, StandardCharsets.UTF_8);
    }

    private int array() {
        int head = value[at++] & 0xFF;
        if ((head & 0xF0) != 0x90) {
            throw new IllegalStateException("no short array");
        }
        return head & 0x0F;
    }

    /** Returns the size of bytes (0xC4 and the two after it) or of a text (0xD9 and the two after it) that begins here. */
    private int size(int shortest) {
        int head = value[at++] & 0xFF;
        if (shortest == 0xD9 && (head & 0xE0) == 0xA0) {
            return head & 0x1F;
        }
        int width = switch (head - shortest) {
            case 0 -> 1;
            case 1 -> 2;
            case 2 -> 4;
            default -> throw new IllegalStateException("another type");
        };
        int size = 0;
        for (int i = 0; i < width; i++) {
            size = (size << 8) | (value[at++] & 0xFF);
        }
        return size;
    }
}
