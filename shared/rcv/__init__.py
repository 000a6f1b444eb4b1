"""The counting library: ranked-choice ballots in, rounds out. Usable by import, without any stream.

    from shared import rcv

    ballots = rcv.read_ballots("ward.blt")
    contest = rcv.contest_of(ballots, rcv.CountOptions("scottish-stv"))
    count = rcv.tabulate(rcv.profile_of(ballots, contest), contest)
    for round_, sentence in zip(count.rounds, rcv.sentences(contest, count)):
        print(round_.number, round_.votes, sentence)

README.md beside this file says more. Whatever is not named here is an inner part.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

from shared.contract.elections import Contest, Rules
from shared.contract.standings import Ending
from shared.rcv.contests import CountOptions, contest_of, profile_of
from shared.rcv.count.live import LiveMethod, open_method
from shared.rcv.count.plain_profile import PlainProfile
from shared.rcv.count.profile import Profile
from shared.rcv.count.rounds import Count, Decision, Round, Transfer
from shared.rcv.count.tabulate import tabulate, tabulate_counts, trace
from shared.rcv.formats import detect
from shared.rcv.formats.records import BallotFile
from shared.rcv.narrate.counted import counted_of
from shared.rcv.narrate.sentences import round_sentence
from shared.rcv.scenarios import WhatIf, what_if

__all__ = [
    # Ballots and contests.
    "read_ballots",
    "BallotFile",
    "CountOptions",
    "Contest",
    "Rules",
    "contest_of",
    # What is tabulated.
    "Profile",
    "PlainProfile",
    "profile_of",
    # Counts, cold and live.
    "tabulate",
    "tabulate_counts",
    "trace",
    "LiveMethod",
    "open_method",
    "Count",
    "Round",
    "Decision",
    "Transfer",
    "Ending",
    # What they mean.
    "sentences",
    "WhatIf",
    "what_if",
]


def read_ballots(path: Path | str, ignored: Collection[str] = ()) -> BallotFile:
    """Return what a plain ballot file holds; columns of a CSV file with an `ignored` head are passed over.

    Raises FormatError (a ValueError) with file, line and reason.
    """
    return detect.read_ballots(Path(path), ignored)


def sentences(contest: Contest, count: Count) -> Iterator[str]:
    """Yield for each round what it decides, by how much, and where the votes go."""
    sections = [f"section {place}" for place in range(len(count.rounds[0].votes_by_section))]
    counted = counted_of(contest, count, sections)
    return (round_sentence(counted, round_) for round_ in counted.rounds)
