"""A count made visible: as JSON, as a table of rounds in the terminal, as sentences, as one paper's way. Pure.

Rule 1: everything shown is read from the count; nothing here counts.
Rule 2: JSON carries every decimal place; a terminal shows two, and says so.
Rule 3: colour only underlines: marks and words carry the meaning, so plain text says the same.
"""
