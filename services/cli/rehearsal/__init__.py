"""A rehearsal: an election out of files, cast through the live pipeline, and told from what came out of it.

Rule 1: nothing goes in but by the public ways: the operator's orders, voting codes, intake's API.
Rule 2: an elector is a record. Number and section of an elector are given out so that each leads back to its record.
Rule 3: reports are made of the papers that stand in the verdict log, never of those in the file. A ballot lost,
        doubled or altered on its way is lost, doubled or altered there. The rounds are counted from those papers by
        the writer of `tabulate`, and must be the rounds of the last standing that was published, field by field.
Rule 4: what a ballot does not carry is taken from the record at its elector's number: its id, and the aliases by which
        it calls candidates. Only NIST's cast vote records show them.
Rule 5: whatever is done beside the casting cancels out: who votes twice is refused, who is voided is restored.
"""
