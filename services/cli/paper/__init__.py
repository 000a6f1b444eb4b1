"""Ballots on paper: drawn from a definition, entered by two tellers, cast once both have written the same."""
