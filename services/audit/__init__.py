"""Audit: counts the log again with nothing of the counting service, so that a certificate rests on two."""
