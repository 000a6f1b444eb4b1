"""One paper, as somebody names it: by its ranking or by its place in a file."""

from shared.contract.ballots import format_marks
from shared.rcv.formats.records import BallotFile
from shared.rcv.names import find

Paper = tuple[int, str]
"""Section and marks."""


def paper_of(file: BallotFile, ranking: str | None, ballot: int | None, section: str | None) -> Paper:
    """Return the paper that is meant. Raises ValueError: neither or both are given, or there is none such."""
    if (ranking is None) == (ballot is None):
        raise ValueError("expected either --ranking or --ballot")
    if ranking is None:
        assert ballot is not None, "one of the two is given"
        return _at(file, ballot)
    place = 0 if section is None else find(section, file.sections, "section")
    return place, parse_ranking(ranking, file.candidates)


def parse_ranking(text: str, names: tuple[str, ...]) -> str:
    """Return the marks of "A > B = C > D": ranks by >, several at one rank by =, blank ranks left blank."""
    ranks = [
        [find(name, names, "candidate") for name in rank.split("=") if name.strip()]
        for rank in text.split(">")
    ]
    return format_marks([sorted(set(rank)) for rank in ranks])


def _at(file: BallotFile, ballot: int) -> Paper:
    """Return the paper number `ballot`, from 1, where equal papers stand together."""
    seen = 0
    for papers in file.ballots:
        seen += papers.ballots
        if 1 <= ballot <= seen:
            return papers.section, papers.marks
    raise ValueError(f"--ballot: expected 1..{seen}, found {ballot}")
