"""A contest's page, sentences and CSV by every method: seats, quotas, divided votes, scores."""

import csv
from html import unescape
from io import StringIO
from typing import get_args

import pytest

from services.results import sentences
from services.results.exports import rounds_csv
from services.results.feed import frame
from services.results.pages import environment, rows, view
from shared.contract.codec import decode_as, encode
from shared.contract.elections import Method, Phase
from shared.contract.standings import Standing
from tests.support.standings import standing

SEVERAL = {"plurality", "sequential-irv", "bottoms-up", "stv-wigm", "scottish-stv", "meek"}


def of(method: Method, phase: Phase = Phase.CLOSED) -> Standing:
    """Return a standing of a contest for as many seats as the method can fill, up to two."""
    return standing(5, phase, method=method, seats=2 if method in SEVERAL else 1)


def page(found: Standing) -> str:
    """Return the part of a contest's page that changes."""
    return environment().get_template("standing.html").render(view(frame(encode(found), 1)))


@pytest.mark.parametrize("method", get_args(Method))
def test_every_method_has_a_page_and_words(method: Method) -> None:
    """What the record carries is what it was; the page names the method and everybody elected."""
    found = of(method)
    assert decode_as(Standing, encode(found)) == found
    assert sentences.how(found.contest) in unescape(page(found))
    names = {candidate.id: candidate.name for candidate in found.contest.candidates}
    assert all(f"{names[winner]}" in sentences.headline(found) for winner in found.elected)


@pytest.mark.parametrize("method", get_args(Method))
def test_a_csv_of_any_method_adds_up(method: Method) -> None:
    """Votes, inactive ones and residue make all ballots, in decimals where votes are divided."""
    found = of(method)
    lines = list(csv.DictReader(StringIO(rounds_csv(found))))
    for round_ in found.rounds:
        units = [
            int(line["votes"].replace(".", ""))
            for line in lines
            if line["round"] == str(round_.number) and line["section"] == "all"
        ]
        assert sum(units) == found.balance.accepted * 10**found.places


def test_a_divided_vote_is_shown_with_its_decimals() -> None:
    """Five places by the Scottish rules; the quota is named, a surplus moves on."""
    found = of("scottish-stv")
    told = [sentences.round_sentence(found, round_) for round_ in found.rounds]
    assert sentences.number(found.rounds[1].votes["banana"], found.places) == "40.99985"
    assert sentences.elects(found, found.rounds[0]) == "Quota: 39.00000 votes."
    assert any("The surplus of Apple moves on. Of these votes" in sentence for sentence in told)
    assert sentences.headline(found) == "Apple and Banana are elected."


def test_several_are_ahead_until_the_close() -> None:
    """Nothing is said as a fact while ballots can come."""
    live = of("scottish-stv", Phase.OPEN)
    assert sentences.headline(live) == "Apple and Banana would be elected if it ended now."
    assert "is ahead with" in sentences.round_sentence(live, live.rounds[0])


def test_whoever_is_elected_stays_in_the_table() -> None:
    """Those elected before keep the quota, and are marked in each round."""
    found = of("scottish-stv")
    assert "apple" in found.rounds[1].seated
    (apple,) = [row for row in rows(found, 1) if row.id == "apple"]
    assert (apple.note, apple.votes) == ("Elected", 39 * 10**5)


def test_an_electoral_college_is_told_in_points() -> None:
    """Two sections of equal weight: shares of a whole, not of votes."""
    found = of("electoral-college")
    first = {row.id: row.share for row in rows(found, 0)}
    assert first == {"apple": "28.12%", "banana": "21.88%", "cherry": "28.57%", "damson": "21.43%"}
    assert "of the electoral college" in sentences.headline(found)


def test_a_tie_says_what_settled_it() -> None:
    """Each of the ways has its words."""
    found = standing(5, Phase.CLOSED, method="plurality", seats=2)
    level = found.rounds[0].decisions[0].model_copy(
        update={"tied": ("apple", "banana"), "settled_by": "earlier-rounds"}
    )
    told = sentences.round_sentence(found, found.rounds[0].model_copy(update={"decisions": (level,)}))
    assert "Level: Apple, Banana; the round in which they last differed settles it." in told
