"""The live counts at their edges; that they equal the reference is a property."""

from collections.abc import Sequence
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.contract.elections import MAX_CANDIDATES, Candidate, Contest, Method, Rules
from shared.rcv.count.live import open_method
from shared.rcv.count.normalise import Choices, normalise
from shared.rcv.count.profile import Profile
from shared.rcv.count.tabulate import tabulate_counts
from tests.support.elections import contest

METHODS = get_args(Method)
SIX = contest("fruit", ("apple", "banana", "cherry", "damson", "elder", "fig"))


def of(method: str) -> Contest:
    """Return the fruit contest by any method."""
    return contest().model_copy(update={"method": method})


@pytest.mark.parametrize("method", METHODS)
def test_a_method_without_ballots_counts_nothing(method: str) -> None:
    """Zero-state: one round, no decision."""
    assert open_method(of(method), 2).count() == tabulate_counts({}, of(method), 2)


@pytest.mark.parametrize("method", METHODS)
def test_counting_twice_changes_nothing(method: str) -> None:
    """A count is a look."""
    live = open_method(of(method), 1)
    live.apply([(0, "0>1", 2), (0, "3>1", 1), (0, "1", 2)])
    assert live.count() == live.count()


@pytest.mark.parametrize("method", METHODS)
def test_an_unknown_section_stops_the_program(method: str) -> None:
    """Sections are settled when the contest is opened."""
    with pytest.raises(KeyError):
        open_method(of(method), 1).apply([(1, "0", 1)])


def test_a_ranking_retracted_more_often_than_cast_stops_the_program() -> None:
    """Even if another ranking for the same candidate would hide it."""
    live = open_method(contest(), 1)
    live.apply([(0, "0>1", 1), (0, "0>2", 1)])
    with pytest.raises(AssertionError, match="retracted"):
        live.apply([(0, "0>1", -2)])


def test_a_batch_may_take_back_before_it_gives() -> None:
    """Only what stands after the batch must be at least none."""
    live = open_method(contest(), 1)
    live.apply([(0, "0>1", -1), (0, "0>1", 2)])
    assert live.count().rounds[0].votes == (1, 0, 0, 0)


def test_the_rounds_follow_when_two_candidates_change_places() -> None:
    """Apple was last; three ballots later banana is, and apple's ballots are not moved any more."""
    live = open_method(contest("fruit", ("apple", "banana", "cherry")), 1)
    live.apply([(0, "0>2", 3), (0, "1>0", 4), (0, "2", 5)])
    assert live.count().elected == (2,)
    live.apply([(0, "0>2", 3)])
    assert live.count().rounds[0].eliminated == {1}
    assert live.count().elected == (0,)


@pytest.fixture
def retallied(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Return a list that grows by those eliminated, in order, whenever a round is tallied anew."""
    retallied: list[list[int]] = []
    handed_on_by = Profile.handed_on_by

    def watched(self: Profile, out: Sequence[int]) -> NDArray[np.int64]:
        retallied.append(list(out))
        return handed_on_by(self, out)

    monkeypatch.setattr(Profile, "handed_on_by", watched)
    return retallied


def test_a_break_is_mended_only_until_the_same_have_gone_again(retallied: list[list[int]]) -> None:
    """Two neighbours change places early on: of the four rounds after, one is tallied anew."""
    live = open_method(SIX, 1)
    live.apply([(0, f"{c}>{(c + 1) % 6}", 10 + 20 * c) for c in range(6)])
    live.count()
    retallied.clear()
    live.apply([(0, "0", 25)])
    assert live.count().rounds[0].eliminated == {1}
    assert retallied == [[1]]


def test_two_breaks_apart_are_mended_in_one_count(retallied: list[list[int]]) -> None:
    """The first two change places, and so do the next two: the round between them stands."""
    live = open_method(SIX, 1)
    counts = {(0, str(c)): 10 + 20 * c for c in range(6)}
    live.apply([(0, marks, ballots) for (_, marks), ballots in counts.items()])
    live.count()
    retallied.clear()
    live.apply([(0, "0", 25), (0, "2", 25)])
    assert live.count() == tabulate_counts(counts | {(0, "0"): 35, (0, "2"): 75}, SIX, 1)
    assert retallied == [[1], [0, 1, 3]]


def test_as_many_candidates_as_a_contest_can_have() -> None:
    """Holders fit the byte they are kept in."""
    wide = Contest(
        id="wide",
        title="Wide",
        candidates=tuple(Candidate(id=f"c{place}", name="C") for place in range(MAX_CANDIDATES)),
        lot="tests",
    )
    counts = {(0, f"{c}>{(c * 7 + 1) % MAX_CANDIDATES}>0"): 1 + c % 5 for c in range(1, MAX_CANDIDATES)}
    live = open_method(wide, 1)
    live.apply((section, marks, ballots) for (section, marks), ballots in counts.items())
    assert live.count() == tabulate_counts(counts, wide, 1)


def test_a_row_is_the_holders_its_ballots_pass_through() -> None:
    """Candidates by index, then the ending; it is filled up with the ending, which never falls."""
    rankings = Profile(4, 1, Rules())
    rankings.add([(0, "2>0", 1), (0, "0=1", 1)])
    paths, _, ballots = rankings.columns()
    assert paths.tolist() == [[2, 0, 4, 4, 4], [6, 6, 6, 6, 6]]
    assert ballots.tolist() == [1, 1]


def test_a_candidate_outside_the_contest_stops_the_program() -> None:
    """Validation lets no such ballot through."""
    with pytest.raises(AssertionError, match="outside the contest"):
        Profile(4, 1, Rules()).add([(0, "4", 1)])


def test_spellings_that_are_counted_alike_share_a_row() -> None:
    """Four ways to say banana, then nothing more; another section and another ending stand apart."""
    rankings = Profile(4, 2, Rules(max_ranks=2, overvote="exhaust"))
    changes = [(0, marks, 1) for marks in ("1", ">1", "1>1", "1>>2")]
    assert len(rankings.add(changes).paths) == 4
    rankings.add([(1, "1", 1), (0, "1>0=2", 1)])
    assert len(rankings) == 3


def test_marks_are_normalised_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An untidy ballot costs no more than a tidy one when it is seen again."""
    read: list[str] = []

    def watched(marks: str, rules: Rules) -> Choices:
        read.append(marks)
        return normalise(marks, rules)

    monkeypatch.setattr("shared.rcv.count.profile.normalise", watched)
    rankings = Profile(4, 1, Rules())
    for _ in range(3):
        rankings.add([(0, "1", 1), (0, ">1>1", 1)])
    assert read == ["1", ">1>1"]


def test_a_count_that_stops_early_moves_nothing_after_its_last_round() -> None:
    """One round, and the last of three is eliminated in it: the live count shows no transfer, as the cold one does."""
    of = contest("fruit", ("apple", "banana", "cherry"), stop_after_round=1)
    counts = {(0, "0"): 4, (0, "1"): 3, (0, "2>1"): 2}
    live = open_method(of, 1)
    live.apply((section, marks, ballots) for (section, marks), ballots in counts.items())
    (only,) = live.count().rounds
    assert only.eliminated == frozenset({2})
    assert not only.transfers
    assert live.count() == tabulate_counts(counts, of, 1)
