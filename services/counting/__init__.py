"""Counting: tallies of each shard, rounds of each contest. The rules of counting are in `shared.rcv`."""
