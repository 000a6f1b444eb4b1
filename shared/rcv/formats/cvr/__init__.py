"""Cast vote records as election vendors export them: one reader a format.

Rule 1: a reader yields what each record says, in the file's own words: ranks and names. Whom a name means is the
        roster's business, for all of them alike.
Rule 2: a reader knows its vendor's quirks and nothing of the rules of the count.
"""
