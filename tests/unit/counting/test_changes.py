"""What rounds make of a shard's changes: only a range that joins on is taken, the very first one too."""

from itertools import combinations

import pytest

from services.counting.contest import ContestCount
from services.counting.rounds import Rounds
from services.counting.tally import PartitionOf, Tally
from services.validation.judge import Judge
from shared.contract.codec import decode_as, encode
from shared.contract.standings import Standing
from shared.rcv.count.profile import most_rankings
from shared.rcv.trial import MAX_STANDING_BYTES
from tests.support.budgets import with_budget
from tests.support.elections import LOG_ID, ROOT_KEY, Life, contest, election
from tests.support.evidence import OUTPUTS


def changes(*logs: list[bytes]) -> list[list[bytes]]:
    """Return what a tally publishes after each part of a log."""
    judge, tally = Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS), Tally(0, 1, "t", PartitionOf(1))
    published: list[list[bytes]] = []
    for log in logs:
        judge.apply(log)
        tally.apply([out.value for out in judge.drain() if out.topic == OUTPUTS.judged])
        published.append([outgoing.value for outgoing in tally.drain()])
    return published


def test_a_contest_whose_first_change_is_missing_waits_and_says_so() -> None:
    """It is no contest that nobody configured: something was lost. Once it is written again, all is as if it never had been."""
    life = Life(election())
    founded, configured, *rest = life.begin()[0]
    first, second = changes([founded, configured], rest)
    rounds, whole = Rounds(0, "counts"), Rounds(0, "counts")

    rounds.apply(second)
    assert "expected 0, found 2; 2 missing" in rounds.trouble()
    assert rounds.drain() == []
    again = Rounds(0, "counts")
    again.restore(rounds.save())
    assert again.trouble() == rounds.trouble()

    again.apply([b"garbage", *first, *second])
    whole.apply([*first, *second])
    assert again.trouble() == ""
    assert again.drain() == whole.drain() != []
    assert again.save() == whole.save()


def test_a_verdict_that_is_missing_or_unreadable_stops_no_other_program() -> None:
    """Nothing is guessed meanwhile, and what is missing is named until it is there."""
    life = Life(election())
    judge = Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS)
    published: list[bytes] = []
    for record in life.begin()[0]:
        judge.apply([record])
        published += [out.value for out in judge.drain() if out.topic == OUTPUTS.judged]
    tally, whole = (Tally(0, 1, "tallies", PartitionOf(1)) for _ in range(2))
    whole.apply(published)

    tally.apply([*published[:2], b"", b"garbage", b"{}", *published[3:]])
    assert "1 missing" in tally.trouble()
    tally.apply(published)
    assert tally.trouble() == ""
    assert tally.save() == whole.save()


@pytest.mark.parametrize("candidates", [5, 180])
def test_what_ifs_are_left_out_where_they_would_make_a_standing_too_large(candidates: int) -> None:
    """The rounds come first: a record that a broker refuses would stop the contest."""
    wide = contest(candidates=tuple(f"c{n}" for n in range(candidates)))
    life = Life(election(electors=180).model_copy(update={"contests": (wide,), "smallest_group": 1}))
    ballots = life.pack(*[life.cast(n, f"{n % candidates}>{(n + 1) % candidates}") for n in range(180)])
    log = [*life.begin()[0], ballots, life.closed()]
    rounds = Rounds(0, "counts")
    rounds.apply(changes(log)[0])
    (body,) = [outgoing.value for outgoing in rounds.drain()]

    assert len(body) < MAX_STANDING_BYTES
    standing = decode_as(Standing, body)
    assert standing.status == "unofficial-complete"
    assert (standing.what_if is None) == (candidates == 180)


@pytest.mark.parametrize("part", ["the count", "its rounds"])
def test_a_count_that_raises_stops_its_contest_and_no_other(
    monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """The contest says why; the other one is counted to the end, and a program that counts brings the first one back."""
    life = Life(election())
    log = [*life.begin()[0], life.pack(*[life.cast(n, "0>1", "1") for n in range(20)]), life.closed()]
    (published,) = changes(log)
    whole = ContestCount.standing

    def fails(count: ContestCount) -> Standing:
        if count.contest.id != "fruit":
            return whole(count)
        with monkeypatch.context() as inside:
            if part == "the count":
                inside.setattr(count.method, "count", lambda: 1 // 0)
            else:
                inside.setattr("services.counting.standing.rounds_of", lambda *_: 1 // 0)
            return whole(count)

    def counted() -> dict[str, Standing]:
        rounds = Rounds(0, "counts")
        rounds.apply(published)
        found = [decode_as(Standing, outgoing.value) for outgoing in rounds.drain()]
        return {of.contest.id: of for of in found}

    with monkeypatch.context() as broken:
        broken.setattr(ContestCount, "standing", fails)
        stopped = counted()
    assert stopped["fruit"].stopped.startswith("ZeroDivisionError")
    assert stopped["fruit"].rounds == ()
    assert (stopped["drink"].stopped, bool(stopped["drink"].rounds)) == ("", True)
    again = counted()
    assert (again["fruit"].stopped, bool(again["fruit"].rounds)) == ("", True)


@pytest.mark.parametrize(("less", "left"), [(None, "all"), (0, "votes"), (1, "nothing")])
def test_a_standing_that_fits_no_record_stops_no_other_contest(
    less: int | None, left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its transfers it has the same result; if that is too large as well, its own count stops and says so."""
    life = Life(election(electors=60))
    ballots = life.pack(
        *[life.cast(n, ">".join(str((n + m) % 4) for m in range(n % 4 + 1)), "0") for n in range(60)]
    )
    (first,) = changes([*life.begin()[0], ballots, life.closed()])
    for cost in ("MAX_FINAL_COST", "MAX_FOLLOWED"):
        monkeypatch.setattr(f"services.counting.contest.{cost}", 0)
    whole = standings(first)
    name = max(whole, key=lambda of: len(encode(whole[of])))
    without = tuple(round_.model_copy(update={"transfers": ()}) for round_ in whole[name].rounds)
    lean = len(encode(whole[name].model_copy(update={"rounds": without})))
    bound = MAX_STANDING_BYTES if less is None else lean - less
    monkeypatch.setattr("services.counting.rounds.MAX_STANDING_BYTES", bound)

    found = standings(first)
    assert found.keys() == whole.keys()
    assert bool(found[name].stopped) == (left == "nothing")
    assert any(round_.transfers for round_ in found[name].rounds) == (left == "all")
    assert (found[name].result_hash == whole[name].result_hash) == (left != "nothing")
    assert [of.stopped for of in found.values()].count("") == len(found) - (left == "nothing")


def standings(published: list[bytes]) -> dict[str, Standing]:
    """Return the standings that a tally's changes lead to, by contest."""
    rounds = Rounds(0, "counts")
    rounds.apply(published)
    return {of.contest.id: of for of in (decode_as(Standing, out.value) for out in rounds.drain())}


def test_what_ifs_that_are_kept_up_are_in_every_standing_and_follow_withdrawals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever cold ones may cost; a candidate who goes and comes back is out of them meanwhile."""
    for bound in ("MAX_FINAL_COST", "MAX_LIVE_COST"):
        monkeypatch.setattr(f"services.counting.contest.{bound}", 0)
    life = Life(election(electors=60))
    begun = life.begin()[0]
    out = life.definition.contests[0].candidates[1].id
    casts = [life.pack(*[life.cast(n, f"{n % 4}>{(n + 1) % 4}", "0")]) for n in range(40)]
    steps = [*casts[:20], life.withdrawn(out), *casts[20:30], life.reinstated(out), *casts[30:]]
    rounds = Rounds(0, "counts")
    seen = set()
    for step in changes(begun, *[[record] for record in steps]):
        rounds.apply(step)
        for shown in (decode_as(Standing, outgoing.value) for outgoing in rounds.drain()):
            if shown.contest.id == "fruit" and shown.balance.accepted:
                assert shown.what_if is not None
                among = {drop.candidate for drop in shown.what_if.drop_outs}
                assert among == {of.id for of in shown.contest.candidates if not of.excluded}
                held = sum(shown.rounds[0].votes.values())
                pairs = {frozenset(both.candidates) for both in shown.what_if.two_drop_outs}
                assert pairs == {frozenset(pair) for pair in combinations(among, 2)}
                drops = shown.what_if.drop_outs
                assert sum(moved.votes for drop in drops for moved in drop.transfers) == held
                seen.add(out in among)
    assert seen == {True, False}


@pytest.mark.parametrize("share", [1, 0])
def test_two_who_drop_out_are_left_out_where_they_cost_too_much(
    monkeypatch: pytest.MonkeyPatch, share: int
) -> None:
    """Counted cold, at the close: within the bound of all counts they are there, below it each alone is."""
    life = Life(election(electors=60))
    log = [*life.begin()[0], life.pack(*[life.cast(n, f"{n % 4}>{(n + 1) % 4}", "0") for n in range(40)])]
    (published,) = changes([*log, life.closed()])
    standing_there, sections = 4, 2
    rankings = most_rankings(life.definition.contests[0], sections, 40)
    bound = (standing_there + 6) * rankings - 1 + share
    monkeypatch.setattr("services.counting.contest.MAX_FOLLOWED", 0)
    monkeypatch.setattr("services.counting.contest.MAX_FINAL_COST", bound)
    found = standings(published)["fruit"].what_if
    assert found is not None
    assert (len(found.drop_outs), len(found.two_drop_outs)) == (4, 6 * share)


def test_a_budget_waits_between_two_counts_and_delays_no_other_contest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is published at once, then after as many ticks as it took, when all is published again, and at the close."""
    definition = with_budget(election(electors=60)).model_copy(update={"smallest_group": 1})
    life = Life(definition)
    casts = [life.pack(*[life.cast(n, "0=1", "0")]) for n in range(8)]
    begun, *steps, end = changes(life.begin()[0], *[[cast] for cast in casts], [life.closed()])
    rounds = Rounds(0, "counts")
    rounds.apply(begun)
    assert rounds.takes_long()
    rounds.drain()

    def shown(step: list[bytes]) -> list[str]:
        rounds.apply(step)
        return [decode_as(Standing, out.value).contest.id for out in rounds.drain()]

    assert shown(steps[0]) == ["fruit", "drink"]
    monkeypatch.setattr("services.counting.contest.WORK_A_TICK", 1)
    assert shown(steps[1]) == ["fruit", "drink"]
    monkeypatch.setattr("services.counting.contest.WORK_A_TICK", 10**9)
    assert shown(steps[2]) == shown(steps[3]) == ["drink"]
    rounds.republish()
    assert shown(steps[4]) == shown(steps[5]) == ["fruit", "drink"]
    monkeypatch.setattr("services.counting.contest.WORK_A_TICK", 1)
    assert (shown(steps[6]), shown(steps[7])) == (["fruit", "drink"], ["drink"])
    assert shown(end) == ["fruit", "drink"]


def test_contests_in_rounds_alone_are_counted_on_the_spot() -> None:
    """Only a budget is worth a thread of its own."""
    rounds = Rounds(0, "counts")
    rounds.apply(changes(Life(election()).begin()[0])[0])
    assert not rounds.takes_long()
