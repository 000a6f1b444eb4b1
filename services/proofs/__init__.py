"""Proofs: a Merkle tree over each shard of the log, signed checkpoints, and receipts that electors can check."""
