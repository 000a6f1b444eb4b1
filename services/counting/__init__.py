"""Counting: tallies of each shard, rounds of each contest, and the rules they follow (`core`)."""
