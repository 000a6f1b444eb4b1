/** BLAKE2s (RFC 7693) keyed, eight bytes long, over messages of one block: a voting code's MAC. */
final class Blake2s {
    private static final int[] IV = {
        0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19
    };
    private static final byte[][] SIGMA = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
        {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
        {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
        {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
        {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
        {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
        {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
        {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
        {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
        {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    };
    private static final int BLOCK = 64;
    private static final int DIGEST = 8;

    private final int[] keyed = new int[8];
    private final int[] state = new int[8];
    private final int[] work = new int[16];
    private final int[] message = new int[16];

    Blake2s(byte[] key) {
        System.arraycopy(IV, 0, keyed, 0, 8);
        keyed[0] ^= 0x01010000 ^ (key.length << 8) ^ DIGEST;
        byte[] block = new byte[BLOCK];
        System.arraycopy(key, 0, block, 0, key.length);
        load(block, BLOCK);
        compress(keyed, BLOCK, false);
    }

    /** Returns the digest of the first {@code length} bytes, at most 64, as a big-endian number. */
    long digest(byte[] bytes, int length) {
        System.arraycopy(keyed, 0, state, 0, 8);
        load(bytes, length);
        compress(state, BLOCK + length, true);
        long digest = 0;
        for (int i = 0; i < DIGEST; i++) {
            digest = (digest << 8) | ((state[i >> 2] >>> (8 * (i & 3))) & 0xFF);
        }
        return digest;
    }

    private void load(byte[] bytes, int length) {
        java.util.Arrays.fill(message, 0);
        for (int i = 0; i < length; i++) {
            message[i >> 2] |= (bytes[i] & 0xFF) << (8 * (i & 3));
        }
    }

    private void compress(int[] h, int count, boolean last) {
        int[] v = work;
        System.arraycopy(h, 0, v, 0, 8);
        System.arraycopy(IV, 0, v, 8, 8);
        v[12] ^= count;
        if (last) {
            v[14] = ~v[14];
        }
        for (byte[] s : SIGMA) {
            mix(0, 4, 8, 12, message[s[0]], message[s[1]]);
            mix(1, 5, 9, 13, message[s[2]], message[s[3]]);
            mix(2, 6, 10, 14, message[s[4]], message[s[5]]);
            mix(3, 7, 11, 15, message[s[6]], message[s[7]]);
            mix(0, 5, 10, 15, message[s[8]], message[s[9]]);
            mix(1, 6, 11, 12, message[s[10]], message[s[11]]);
            mix(2, 7, 8, 13, message[s[12]], message[s[13]]);
            mix(3, 4, 9, 14, message[s[14]], message[s[15]]);
        }
        for (int i = 0; i < 8; i++) {
            h[i] ^= v[i] ^ v[i + 8];
        }
    }

    private void mix(int a, int b, int c, int d, int x, int y) {
        int[] v = work;
        v[a] += v[b] + x;
        v[d] = Integer.rotateRight(v[d] ^ v[a], 16);
        v[c] += v[d];
        v[b] = Integer.rotateRight(v[b] ^ v[c], 12);
        v[a] += v[b] + y;
        v[d] = Integer.rotateRight(v[d] ^ v[a], 8);
        v[c] += v[d];
        v[b] = Integer.rotateRight(v[b] ^ v[c], 7);
    }
}
