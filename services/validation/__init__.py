"""Validation: a verdict, with its reason, for every cast record."""
