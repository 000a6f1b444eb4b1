"""If somebody drops out, where do the votes go, and who wins each possible final: page, feed and `livecount whatif` say the same."""

import re
from collections import Counter
from fractions import Fraction
from math import comb
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.results.views.finals import final_pairs, finalists
from services.results.views.whatif import DROPPED_TO, drop_outs, of_two
from shared.contract.elections import Contest, Phase
from shared.contract.standings import Standing
from shared.rcv.contract_rounds import what_if_of
from shared.rcv.count.profile import Profile
from shared.rcv.count.tabulate import tabulate
from shared.rcv.narrate.counted import counted_in
from shared.rcv.narrate.numbers import percent
from shared.rcv.narrate.whatif import whatif_document
from shared.rcv.narrate.words import ENDING_IN_WORDS, listed
from shared.rcv.scenarios import WhatIf, if_dropped_out, what_if
from tests.property.rcv.test_scenarios import profile_of
from tests.support.standings import standing_by
from tests.support.strategies import MAX_SECTIONS, contests, profiles

SECTIONS = tuple(f"Section {number}" for number in range(MAX_SECTIONS))


@settings(max_examples=100)
@given(st.data())
def test_page_feed_and_command_say_the_same(data: st.DataObject) -> None:
    """By any method, of any ballots, at any phase: for every candidate and every pair."""
    contest = data.draw(contests().filter(lambda of: bool(of.included)))
    counts = {ranking: n for ranking, n in data.draw(profiles(contest)).items() if n}
    phase = data.draw(st.sampled_from([Phase.OPEN, Phase.CLOSED]))
    profile = profile_of(counts, contest)
    answers = what_if(profile, contest, with_two=True)
    printed = whatif_document(contest, answers)
    shown = standing_by(contest, counts, phase, sections=SECTIONS).model_copy(
        update={"what_if": what_if_of(answers, contest)}
    )
    feed = Standing.model_validate_json(shown.model_dump_json())

    assert of_feed(feed) == of_command(contest, printed)
    check_page(feed, printed)
    check_two(feed, profile)


def check_two(standing: Standing, profile: Profile) -> None:
    """Check every two, in the feed and twice on the page, against the command's answer to `--drop ONE --drop OTHER`."""
    contest, found = standing.contest, standing.what_if
    assert found is not None
    page = {
        frozenset([one.name, other.name]): (other.elected, other.changes)
        for one in of_two(counted_in(standing), found)
        for other in one.others
    }
    assert (
        len(page) == len(found.two_drop_outs) == comb(len(contest.included), 2) * (len(contest.included) > 2)
    )
    assert sum(len(one.others) for one in of_two(counted_in(standing), found)) == 2 * len(page)
    names = {candidate.id: candidate.name for candidate in contest.candidates}
    now = tabulate(profile, contest)
    for both in found.two_drop_outs:
        dropped = if_dropped_out(profile, contest, [contest.place(one) for one in both.candidates])
        (printed,) = whatif_document(contest, WhatIf(now, (dropped,)))["drop"]
        assert printed["candidates"] == [names[one] for one in both.candidates]
        assert printed["elected"] == [names[one] for one in both.elected]
        elected, changes = page[frozenset(printed["candidates"])]
        assert elected == (listed(printed["elected"]) or "nobody")
        assert changes == (set(dropped.elected) != set(now.elected))


def of_feed(standing: Standing) -> Any:
    """Return what the feed says, by name."""
    assert standing.what_if is not None
    names = {candidate.id: candidate.name for candidate in standing.contest.candidates} | {None: None}
    return (
        [
            (
                names[drop.candidate],
                [names[one] for one in drop.elected],
                Counter({(names[of.target], of.ending): of.votes for of in drop.transfers}),
            )
            for drop in standing.what_if.drop_outs
        ],
        [
            ([names[one] for one in final.candidates], list(final.votes), final.neither)
            for final in standing.what_if.finals
        ],
        names[standing.what_if.condorcet],
    )


def of_command(contest: Contest, printed: Any) -> Any:
    """Return what `livecount whatif --json` says."""
    return (
        [
            (
                drop["candidates"][0],
                drop["elected"],
                Counter({(of["to"], of.get("why")): int(of["votes"]) for of in drop["transfers"]}),
            )
            for drop in printed.get("drop", [])
        ],
        [
            (final["candidates"], [int(votes) for votes in final["votes"]], int(final["neither"]))
            for final in printed.get("pairs", {"finals": []})["finals"]
        ],
        printed["pairs"]["condorcet"] if "pairs" in printed else answer_without_pairs(contest),
    )


def answer_without_pairs(contest: Contest) -> str | None:
    """Return who wins every final where there is none: the one who stands alone."""
    return contest.candidates[contest.included[0]].name if len(contest.included) == 1 else None


def check_page(standing: Standing, printed: Any) -> None:
    """Check the page's two tables against the command's answer: every name, number and share."""
    counted, found = counted_in(standing), standing.what_if
    assert found is not None
    for row, drop in zip(drop_outs(counted, found).rows, printed.get("drop", []), strict=True):
        elected, votes, to = (cell.text for cell in row.cells)
        went = [
            (of["to"] or ENDING_IN_WORDS[of["why"]].lower(), int(of["votes"])) for of in drop["transfers"]
        ]
        assert (row.name, elected) == (drop["candidates"][0], listed(drop["elected"]) or "nobody")
        assert votes == f"{sum(n for _, n in went):,}"
        said = [] if to == "nobody" else to.split(", ")
        expected = {f"{percent(n, sum(each for _, each in went))} {name}" for name, n in went}
        assert len(said) == min(len(went), DROPPED_TO + 1)
        assert set(said[:DROPPED_TO]) <= expected
    shares = {
        (row.name, column): cell.text
        for table in [final_pairs(finalists(counted, found))]
        for row in table.rows
        for column, cell in zip(table.columns[1:], row.cells, strict=True)
        if cell.text
    }
    for final in printed.get("pairs", {"finals": []})["finals"]:
        (one, other), (more, fewer) = final["candidates"], map(int, final["votes"])
        assert shares[one, other] == percent(more, more + fewer)
        assert shares[other, one] == percent(fewer, more + fewer)
        if more > fewer:
            assert Fraction(re.sub("[%,]", "", shares[one, other])) >= 50
