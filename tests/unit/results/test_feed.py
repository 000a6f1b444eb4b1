"""What results shows, and that it never goes back."""

import csv
import tracemalloc
from collections import Counter
from io import StringIO
from random import Random

import pytest

from services.results.exports import rounds_csv
from services.results.feed import SIGNATURES_KEPT, Frame, Publisher, advances, frame
from services.results.views.cards import contest_card
from services.results.views.contest import contest_page
from services.results.views.election import election_page
from shared.contract.codec import decode_as, encode
from shared.contract.elections import Phase
from shared.contract.signing import is_signed, new_private_key
from shared.contract.standings import Standing, WhatIf
from shared.rcv.contract_rounds import what_if_of
from shared.rcv.count.profile import Profile
from shared.rcv.narrate import sentences, words
from shared.rcv.narrate.counted import counted_in
from shared.rcv.narrate.tables import rounds_table
from shared.rcv.scenarios import what_if
from tests.support.elections import Life, contest, election
from tests.support.standings import standing, standing_by, surplus

LIVE, FINAL = standing(3, Phase.OPEN), standing(5, Phase.CLOSED)


def test_a_standing_is_shown_only_if_no_shard_goes_back() -> None:
    """A repeat, or an older word of a restarted process, changes nothing."""
    earlier, later = frame(encode(LIVE), 1), frame(encode(FINAL), 2)
    sideways = frame(encode(FINAL.model_copy(update={"watermark": (1,), "sequence": 10**6})), 3)

    assert advances(None, earlier)
    assert advances(earlier, later)
    assert not advances(later, earlier)
    assert not advances(later, later)
    assert not advances(later, sideways)


def test_an_entity_tag_is_the_bytes_own() -> None:
    """The same standing has the same tag, another one another."""
    assert frame(encode(LIVE), 1).etag == frame(encode(LIVE), 9).etag != frame(encode(FINAL), 1).etag


def test_signatures_are_kept_and_not_the_standings_they_are_over() -> None:
    """Whoever asks for all past standings of the hour, up to 900 kB each, fills no memory; each is signed once."""
    publisher = Publisher(new_private_key())
    first = Frame(b"first" + bytes(200_000), "picnic/fruit", 0, (0,), 0)
    signature = publisher.headers(first)["Livecount-Signature"]
    tracemalloc.start()
    for sequence in range(1, 2 * SIGNATURES_KEPT):
        publisher.headers(Frame(b"%d" % sequence + bytes(200_000), "picnic/fruit", sequence, (sequence,), 0))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 500_000
    assert publisher.headers(first)["Livecount-Signature"] == signature
    assert is_signed(publisher.key, signature, first.body)


def test_nothing_is_said_as_a_fact_while_ballots_can_come() -> None:
    """It "would be" until the close, and "is" after it."""
    assert "would be elected if it ended now" in sentences.headline(counted_in(LIVE))
    assert "is elected in round" in sentences.headline(counted_in(FINAL))
    assert "is last at present" in sentences.round_sentence(counted_in(LIVE), LIVE.rounds[0])


def test_a_round_s_sentence_tells_where_the_votes_go() -> None:
    """Shares are of the votes that move, and those that go to nobody are told."""
    found = sentences.round_sentence(counted_in(FINAL), FINAL.rounds[0])

    assert found.startswith(
        "Damson is eliminated with 15 votes, 5 behind the next. Of these votes 10 (66.7%) go to Cherry"
    )
    assert found.endswith("5 (33.3%) are non-transferable.")


def test_before_the_first_ballot_there_is_a_page_too() -> None:
    """Zeros, and a sentence that says so."""
    empty = standing(0, Phase.CONFIGURED)

    shown = contest_page(empty, 0)
    assert shown.headline == "No ballots have been counted yet."
    assert shown.rounds is not None
    assert [row.cells[0].text for row in shown.rounds.shown.rows] == ["0", "0", "0", "0"]
    assert shown.rounds.shown_title == "Latest round: round 1"
    assert shown.refreshes


def test_an_election_shows_each_contest_s_leaders_and_how_close_it_is() -> None:
    """The three strongest of the last round with their shares; a contest without a result says so."""
    announced = Life(election()).announced(1, Phase.OPEN)
    found = election_page(announced, {"fruit": contest_card(LIVE)}.get)
    fruit, drink = found.cards
    assert [(bar.name, bar.share, bar.width) for bar in fruit.bars] == [
        ("Banana", "55.0%", "55.00"),
        ("Apple", "45.0%", "45.00"),
    ]
    assert (fruit.lead, fruit.counted) == (100, LIVE.balance.accepted)
    assert fruit.turnout == "72 ballots, 1.2% of the electors"
    assert (drink.text, drink.bars, drink.counted) == ("No result yet.", (), 0)


def test_of_many_contests_each_has_a_line_and_the_page_says_how_far_they_are() -> None:
    """A contest is certain if no ballot that can still come could change it: here 8 of 6,000 electors could."""
    definition = election()
    few = Life(definition).announced(1, Phase.OPEN)
    wards = tuple(contest().model_copy(update={"id": f"ward-{n}"}) for n in range(30))
    many = few.model_copy(update={"definition": definition.model_copy(update={"contests": wards})})
    answers = WhatIf(drop_outs=(), finals=(), condorcet=None, safe_up_to=8)
    almost = tuple(line.model_copy(update={"electors": line.accepted + 4}) for line in LIVE.turnout)
    certain = contest_card(LIVE.model_copy(update={"what_if": answers, "turnout": almost}))
    cards = {"ward-0": certain, "ward-1": contest_card(FINAL), "ward-2": contest_card(LIVE)}
    assert [cards[of].certain for of in cards] == [True, False, False]
    assert not contest_card(LIVE.model_copy(update={"what_if": answers})).certain
    shown = election_page(many, cards.get)
    assert shown.dense
    assert shown.lede.endswith("Of 30 contests 1 is complete, and 1 more certain.")
    assert not election_page(few, cards.get).dense


def test_a_card_of_several_seats_is_close_where_the_last_seat_is() -> None:
    """The lead is that of the last who is elected over the first who is not."""
    definition = election("council")
    held = surplus()
    (card, _) = election_page(
        Life(definition).announced(1, Phase.CLOSED), {"fruit": contest_card(held)}.get
    ).cards
    last = next(round_.votes for round_ in reversed(held.rounds) if len(round_.votes) == 3)
    _, second, third = sorted(last.values(), reverse=True)
    assert card.lead == 1000 * (second - third) // sum(last.values()) == 110


@pytest.mark.parametrize(
    ("ballots", "phase", "words"),
    [
        (3, Phase.OPEN, "Nobody is elected yet: all 3 ballots counted vote for nobody."),
        (3, Phase.CLOSED, "Nobody is elected: all 3 ballots counted vote for nobody."),
        (1, Phase.CLOSED, "Nobody is elected: the one ballot counted votes for nobody."),
        (0, Phase.CLOSED, "No ballots were counted."),
    ],
)
def test_blank_ballots_are_ballots(ballots: int, phase: Phase, words: str) -> None:
    """They were counted; nobody is elected by them."""
    blank = standing_by(contest(), {(0, ""): ballots}, phase, "picnic")
    assert contest_page(blank, 0).headline == words


def test_a_count_that_has_stopped_says_so_and_why() -> None:
    """It has no rounds then, and the page does not say that nothing has been counted."""
    stopped = FINAL.model_copy(update={"rounds": (), "elected": (), "stopped": "ValueError: no threshold"})
    shown = contest_page(stopped, 0)
    assert shown.headline == "The count of this contest has stopped: ValueError: no threshold"
    assert shown.rounds is None


def test_the_table_of_all_rounds_is_ordered_by_who_lasts_longest() -> None:
    """The winner first, the first to fall last."""
    order = [line.candidate for line in rounds_table(counted_in(FINAL)).lines]
    assert order[-1] == "damson"
    assert order[0] == FINAL.elected[0]


def test_the_csv_adds_up_in_every_round() -> None:
    """Candidates and inactive ballots make all ballots, and a formula is defused."""
    candidates = tuple(c.model_copy(update={"name": f"={c.name}"}) for c in FINAL.contest.candidates)
    risky = FINAL.model_copy(update={"contest": FINAL.contest.model_copy(update={"candidates": candidates})})
    lines = list(csv.DictReader(StringIO(rounds_csv(risky))))
    first = [line for line in lines if line["round"] == "1" and line["section"] == "all"]

    assert sum(int(line["votes"]) for line in first) == FINAL.balance.accepted
    assert all(not line["name"].startswith("=") for line in lines)


@pytest.mark.parametrize("phase", list(Phase))
def test_every_status_has_its_words(phase: Phase) -> None:
    """On the badge and in a sentence."""
    status = standing(1, phase).status

    assert words.STATUS_BADGE[status]
    assert words.STATUS_IN_WORDS[status]


def drawn(candidates: int) -> Standing:
    """Return the standing of 5,000 ballots with every what-if."""
    chance = Random(20)
    ballots: Counter[tuple[int, str]] = Counter()
    for _ in range(5_000):
        liked = sorted(range(candidates), key=lambda place: chance.random() * (1 + place / 2))
        ballots[chance.randrange(2), ">".join(map(str, liked[: chance.randint(1, 6)]))] += 1
    many = contest(candidates=tuple(f"candidate-{n}" for n in range(candidates)))
    profile = Profile.of(many, 2, ((*of, n) for of, n in ballots.items()))
    answers = what_if_of(what_if(profile, many, with_two=True), many)
    return standing_by(many, ballots, Phase.OPEN).model_copy(update={"what_if": answers})


def sent(standing: Standing) -> int:
    """Return how many bytes a follower gets: with the signature, compressed."""
    return len(Publisher(new_private_key()).event(frame(encode(standing), 1), pack=True))


def test_a_standing_of_twenty_candidates_costs_a_follower_ten_kilobytes() -> None:
    """As it is sent, with all rounds, 20 drop-outs and 190 finals; of two who drop out it has not a byte."""
    full = drawn(20)

    assert len(full.rounds) >= 18
    assert 3_000 < sent(full) <= 10_000
    assert b"two_drop_outs" not in encode(full)


def test_two_who_drop_out_cost_a_follower_little_and_a_standing_without_them_is_read() -> None:
    """28 pairs of 8 candidates, compressed; a standing of before the field came has none."""
    full = drawn(8)
    assert full.what_if is not None
    assert len(full.what_if.two_drop_outs) == 28
    without = full.model_copy(update={"what_if": full.what_if.model_copy(update={"two_drop_outs": ()})})

    assert sent(full) - sent(without) <= 250
    assert b"two_drop_outs" not in encode(without)
    assert decode_as(Standing, encode(without)) == without
    assert decode_as(Standing, encode(full)) == full
