"""Capacity: how large a deployment an election needs, calculated from measured costs."""
