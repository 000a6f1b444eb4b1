/** What the peer knows of the election beforehand. */
record Terms(String election, int shards, int electors, int contests, int candidates, byte[] key, byte[] roll) {}
