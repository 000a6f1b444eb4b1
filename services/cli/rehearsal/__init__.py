"""A rehearsal: an election out of a file, cast through the live pipeline, and reported from what came out of it.

Nothing goes in but through the public APIs: orders, voting codes, ballots. Each elector is a record of the file; numbers and
sections are given out so that each elector leads back to its record.

Reports are made of the ballots that the verdict log accepted, never of those in the file: a ballot lost, doubled or altered on
its way is lost, doubled or altered there. The rounds are counted from those ballots as `tabulate` counts them, and must be
the rounds of the last published standing, field by field. What a ballot does not carry (the record's id, the aliases by which
it calls candidates) is taken from the record at its elector's number; only NIST's cast vote records show it.

Whatever is done beside the casting cancels out: who votes twice is refused, who is voided is restored.
"""
