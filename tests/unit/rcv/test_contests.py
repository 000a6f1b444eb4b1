"""A contest out of a ballot file and what is asked of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.elections import Candidate, Rules
from shared.rcv.contests import CountOptions, contest_of, profile_of
from shared.rcv.count.tabulate import tabulate
from shared.rcv.formats.records import BallotFile, BallotGroup
from shared.rcv.names import slugs

FILE = BallotFile(
    "Tea", ("Ada", "Basil", "Clara"), (BallotGroup("0>1", 3), BallotGroup("2", 1)), seats=2, excluded=(2,)
)


def test_seats_are_the_files_unless_asked_otherwise() -> None:
    """One where the method elects one, or the file does not say."""
    assert contest_of(FILE, CountOptions("scottish-stv")).seats == 2
    assert contest_of(FILE, CountOptions("scottish-stv", seats=1)).seats == 1
    assert contest_of(FILE, CountOptions("irv")).seats == 1
    assert contest_of(FILE, CountOptions("bottoms-up", rules={"percentage": 15})).seats == 0
    assert contest_of(BallotFile("Tea", ("Ada",), ()), CountOptions("meek")).seats == 1


def test_a_statute_may_read_ballots_in_its_own_way() -> None:
    """New Zealand's recognises nothing after a blank rank, unless asked otherwise; others are as the rules are by default."""
    zealand = CountOptions("new-zealand-stv")
    assert contest_of(FILE, zealand).rules == Rules(max_skipped_ranks=0)
    assert contest_of(FILE, replace(zealand, rules={"max_skipped_ranks": 1})).rules.max_skipped_ranks == 1
    assert contest_of(FILE, CountOptions("meek")).rules == Rules()


def test_who_is_withdrawn_or_asked_to_drop_out_is_excluded() -> None:
    """Clara by the file, Ada by name."""
    contest = contest_of(FILE, CountOptions("irv", excluded=["ada"]))
    assert [candidate.excluded for candidate in contest.candidates] == [True, False, True]


def test_who_is_an_undeclared_write_in_of_the_file_falls_first() -> None:
    """And is never elected."""
    file = BallotFile("Tea", ("Ada", "Basil"), (BallotGroup("1", 3), BallotGroup("0", 1)), write_ins=(1,))
    contest = contest_of(file, CountOptions("irv"))
    assert [candidate.write_in for candidate in contest.candidates] == [False, True]
    assert tabulate(profile_of(file, contest), contest).elected == (0,)


def test_the_rankings_are_the_files() -> None:
    """Four ballots of two kinds."""
    rankings = profile_of(FILE, contest_of(FILE, CountOptions("irv")))
    assert rankings.columns()[2].tolist() == [3, 1]


def test_shares_are_for_every_section_or_none() -> None:
    """In the sections' order, whatever the order they are given in."""
    file = BallotFile("Tea", ("Ada",), (), sections=("adults", "children"))
    asked = CountOptions("electoral-college", shares=[("Children", 1), ("adults", 3)])
    assert contest_of(file, asked).section_shares == (3, 1)
    with pytest.raises(ValueError, match="found none for children"):
        contest_of(file, CountOptions("electoral-college", shares=[("adults", 3)]))


def test_ids_keep_names_apart() -> None:
    """Accents go, what is nothing but signs has a name all the same."""
    assert slugs(["Zoë Ó Riain", "zoe-o-riain", "Ⅲ?", "王", "王 2"]) == [
        "zoe-o-riain",
        "zoe-o-riain-2",
        "iii",
        "candidate",
        "2",
    ]


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=30))
def test_any_names_make_valid_and_different_ids(names: list[str]) -> None:
    """The contract takes each of them."""
    ids = slugs(names)
    assert len(set(ids)) == len(names)
    assert [Candidate(id=slug, name="x").id for slug in ids] == ids
