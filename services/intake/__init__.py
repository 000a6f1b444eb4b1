"""Intake: ballots in over HTTP, one record out, acknowledged before it answers."""
