"""The language of Livecount: ids, ballots, elections, events, verdicts, standings, topics.

Rule 1: everything here is pure: values, and functions of values.
Rule 2: pydantic models say what crosses a wire or a file; the hot records have a msgspec twin that a
        property test holds to the same language.
Rule 3: every record names its kind and version (`ballot-cast/1`); a reader never guesses at another.
"""
