"""Capacity: how large a deployment an election needs, reckoned from what was measured."""
