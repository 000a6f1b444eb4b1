"""How ballots become a result: pure, exact, deterministic.

`tabulate` is the reference, written to be read; whatever is faster equals it, field by field. Votes are integers in
units of the last decimal place, never floats; there is no clock, no chance, no input or output. Inside, a candidate is
its index in the contest and a section its index in the election; ids and names stay outside.
"""
