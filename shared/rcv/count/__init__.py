"""How papers become a result: pure, exact, deterministic.

Rule 1: `tabulate` is the reference, written to be read. Whatever is faster must equal it, field by field.
Rule 2: integers only, and no clock, no chance, no input or output.
Rule 3: a candidate is its index in the contest, a section its index in the election; ids and names stay outside.
"""
