"""Chaos: the whole of Livecount on three real brokers, broken at random while known ballots are cast."""
