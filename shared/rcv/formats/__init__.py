"""Files of ballots, in and out: each format is one small module that reads it, writes it, or both.

Rule 1: a reader yields ballots as marked; what the marks amount to is the count's business.
Rule 2: a vendor's quirk is dealt with in that vendor's reader and is unknown elsewhere.
Rule 3: a file that is not what it should be is refused whole: file, line or cell, and what was expected.
"""
