"""Participatory budgeting: electors say which projects they want, and a budget is spent on them in fair shares.

`formats/plain/pabulib.py` reads and writes what was voted on, `equal_shares` decides, `narrate` says why. Pure, exact: costs, shares and
payments are fractions, never floats.
"""
