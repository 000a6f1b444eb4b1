"""Seats by party: added up over the contests of an election, provisional apart from final, on its page and in its files."""

import csv
import re
from html import unescape
from io import StringIO
from pathlib import Path

import httpx

from services.results.exports import rounds_csv, wide_csv
from services.results.pages import environment
from services.results.parties import InContest, SeatsByParty, seats_by_party, seats_csv
from services.results.views.cards import contest_card, in_contest
from services.results.views.contest import contest_page
from services.results.views.election import election_page
from services.results.views.index import index_page
from services.results.views.parties import PARTIES_NAMED
from shared.contract.elections import Candidate, Contest, Election, Phase, config_hash
from shared.contract.standings import Standing
from shared.rcv.trial import objection
from tests.support.elections import Life, contest, election
from tests.support.gateway import gateway
from tests.support.standings import PROFILE, standing_by, surplus

HILL, LAKE = "Hill Party", "Lake"
PARTIES = {"apple": HILL, "banana": LAKE, "cherry": HILL, "damson": ""}


def with_parties(of: Contest, parties: dict[str, str]) -> Contest:
    """Return a contest whose candidates have these parties."""
    candidates = tuple(one.model_copy(update={"party": parties.get(one.id, "")}) for one in of.candidates)
    return of.model_copy(update={"candidates": candidates})


def counted(phase: Phase) -> Standing:
    """Return a standing that Banana wins, of Lake."""
    return standing_by(with_parties(contest(), PARTIES), PROFILE, phase)


def found(contests: dict[str, InContest | None], parties: dict[str, str] = PARTIES) -> SeatsByParty:
    """Return the seats of contests for one each, with what is known of them."""
    of = [with_parties(contest(), parties).model_copy(update={"id": name}) for name in contests]
    seats = seats_by_party(of, contests.get)
    assert seats is not None
    return seats


def text(html: str) -> str:
    """Return what a page says."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def test_a_definition_without_parties_keeps_its_hash_and_one_with_them_is_another() -> None:
    """So that what was frozen before stays what it was."""
    definition = election()
    assert "party" not in definition.model_dump_json()
    contests = tuple(with_parties(of, PARTIES) for of in definition.contests)
    assert config_hash(definition.model_copy(update={"contests": contests})) != config_hash(definition)
    assert Candidate(id="a", name="A", party="  Hill Party ").party == HILL


def test_final_seats_stand_apart_from_those_that_may_still_move() -> None:
    """Most seats first, then most final ones; parties without a seat are known, and nobody's seats are open."""
    seats = found(
        {
            "a": InContest("certified", (LAKE,)),
            "b": InContest("unofficial-partial", (HILL,)),
            "c": InContest("unofficial-complete", (LAKE,)),
            "d": InContest("unofficial-partial", (LAKE,)),
            "e": InContest("unofficial-partial", ("",)),
            "f": None,
        },
        {**PARTIES, "cherry": "Moor"},
    )
    assert [tuple(of) for of in seats.held] == [(LAKE, 2, 1), (HILL, 0, 1), ("", 0, 1), ("Moor", 0, 0)]
    assert (seats.seats, seats.open) == (6, 1)
    rows = list(csv.DictReader(StringIO(seats_csv(seats))))
    assert rows[0] == {"party": LAKE, "seats": "3", "final": "2", "ahead": "1"}


def test_where_nobody_has_a_party_there_is_nothing_to_add_up() -> None:
    """The page of such an election is as it was."""
    assert seats_by_party([contest()], lambda _: None) is None
    assert election_page(Life(election()).announced(1, Phase.OPEN), lambda _: None).parties is None


def test_a_standing_says_whose_seats_it_gives_and_withheld_ones_say_nothing() -> None:
    """Several seats count each; of votes that are withheld nothing is added up."""
    assert in_contest(counted(Phase.OPEN)).parties == (LAKE,)
    two = surplus()
    two = two.model_copy(update={"contest": with_parties(two.contest, PARTIES)})
    assert sorted(in_contest(two).parties) == [HILL, LAKE]
    withheld = counted(Phase.OPEN).model_copy(update={"withheld": True, "rounds": ()})
    assert in_contest(withheld).parties == ()


def test_two_hundred_contests_have_one_table() -> None:
    """It stands above the lines of the contests; parties without a seat are named, up to so many."""
    definition = election()
    others = {"damson": "Moor"}
    wards = [
        with_parties(contest(), PARTIES | others).model_copy(update={"id": f"w-{n}"}) for n in range(199)
    ]
    small = tuple(
        Candidate(id=f"c{n}", name=f"C {n}", party=f"Small {n:02}") for n in range(PARTIES_NAMED + 3)
    )
    wards.append(contest().model_copy(update={"id": "w-199", "candidates": small}))
    many = definition.model_copy(update={"contests": tuple(wards)})
    announced = Life(definition).announced(1, Phase.OPEN).model_copy(update={"definition": many})
    final, live = contest_card(counted(Phase.CLOSED)), contest_card(counted(Phase.OPEN))
    cards = {f"w-{n}": final if n < 120 else live for n in range(150)}
    page = election_page(announced, cards.get)
    assert page.parties is not None
    assert page.parties.caption == "Of 200 seats: 120 in complete counts, 30 as it stands now, 50 open."
    assert [(row.name, row.cells[0].text, row.cells[0].below) for row in page.parties.rows] == [
        (LAKE, "150", "30 not final")
    ]
    assert page.no_seat.startswith("No seat at present: Hill Party, Moor, Small 00")
    assert page.no_seat.endswith("and 5 others.")
    said = text(environment().get_template("cards.html").render(view=page))
    assert said.index("Seats by party") < said.index("Contests") < said.index("Banana")


def test_the_index_says_how_far_each_election_is_and_who_is_ahead() -> None:
    """The result of its one contest, or of several how many are complete and whose the seats are; before a standing neither."""
    one = Life(election()).announced(1, Phase.OPEN)
    definition = election().model_copy(
        update={
            "id": "assembly",
            "contests": tuple(with_parties(contest(f"w-{n}"), PARTIES) for n in range(3)),
        }
    )
    several = one.model_copy(update={"definition": definition})
    cards = {
        ("picnic", one.definition.contests[0].id): contest_card(counted(Phase.OPEN)),
        ("assembly", "w-0"): contest_card(counted(Phase.CLOSED)),
        ("assembly", "w-1"): contest_card(counted(Phase.OPEN)),
    }
    page = index_page([several], lambda *of: cards.get(of))
    (card,) = page.cards
    assert card.text == "Of 3 contests 1 is complete."
    assert [(bar.name, bar.share) for bar in card.bars] == [(LAKE, "2 seats")]
    assert card.facts.startswith("3 contests")
    assert "electors" in card.turnout
    assert index_page([several], lambda *_: None).cards[0].text.startswith("3 contests")
    alone = one.model_copy(
        update={"definition": one.definition.model_copy(update={"contests": one.definition.contests[:1]})}
    )
    (card,) = index_page([alone], lambda *of: cards.get(of)).cards
    assert card.path == "/elections/picnic"
    assert card.text.startswith("Banana would be elected if it ended now")
    assert card.bars


def test_a_party_stands_beside_the_name_and_in_the_tables() -> None:
    """Escaped, as whatever people write; a spreadsheet runs none of it."""
    sharp = counted(Phase.CLOSED)
    sharp = sharp.model_copy(update={"contest": with_parties(sharp.contest, PARTIES | {"banana": "=<b>L"})})
    html = environment().get_template("standing.html").render(view=contest_page(sharp, 1))
    assert '<span class="party"><bdi>=&lt;b&gt;L</bdi></span>' in html
    assert "<b>L" not in html
    lines = list(csv.DictReader(StringIO(rounds_csv(sharp))))
    assert {(line["candidate_id"], line["party"]) for line in lines} == {
        ("apple", HILL),
        ("banana", "'=<b>L"),
        ("cherry", HILL),
        ("damson", ""),
        ("", ""),
    }
    wide = list(csv.reader(StringIO(wide_csv(sharp))))
    assert wide[0][:4] == ["candidate_id", "name", "party", "round 1"]
    assert {len(row) for row in wide} == {len(wide[0])}
    assert "party" not in wide_csv(standing_by(contest(), PROFILE, Phase.CLOSED))


def test_the_seats_have_addresses_of_their_own(tmp_path: Path) -> None:
    """As JSON and as CSV, for any site's script; without parties there is nothing."""
    with gateway(tmp_path, counted(Phase.OPEN)) as running:
        assert httpx.get(f"{running.url}/v1/elections/picnic/seats").status_code == 404
        running.announce(
            Life(election()).announced(1, Phase.OPEN).model_copy(update={"definition": defined(PARTIES)})
        )
        seats = httpx.get(f"{running.url}/v1/elections/picnic/seats")
        table = httpx.get(f"{running.url}/v1/elections/picnic/seats.csv")
        page = httpx.get(f"{running.url}/elections/picnic")
    assert seats.json() == {
        "election": "picnic",
        "seats": 2,
        "open": 1,
        "parties": [
            {"party": LAKE, "seats": 1, "final": 0, "ahead": 1},
            {"party": HILL, "seats": 0, "final": 0, "ahead": 0},
        ],
    }
    assert seats.headers["access-control-allow-origin"] == "*"
    assert table.text.splitlines()[:2] == ["party,seats,final,ahead", "Lake,1,0,1"]
    assert "Of 2 seats: 1 as it stands now, 1 open." in page.text
    assert 'href="/v1/elections/picnic/seats.csv"' in page.text


def defined(parties: dict[str, str]) -> Election:
    """Return the definition of a picnic whose first contest has these parties."""
    first, *rest = election().contests
    return election().model_copy(update={"contests": (with_parties(first, parties), *rest)})


def test_a_party_is_spelt_in_one_way_and_shown_as_it_is_written() -> None:
    """Else its seats would stand in two lines, or under another name."""
    assert objection(defined(PARTIES)) is None
    two = objection(defined(PARTIES | {"cherry": "hill  party"}))
    assert two is not None
    assert two.path == ("contests", 0, "candidates", 2, "party")
    assert two.expected == "expected one spelling of a party, found 'hill  party' beside 'Hill Party'"
    turned = objection(defined(PARTIES | {"apple": "a\N{RIGHT-TO-LEFT OVERRIDE}b"}))
    assert turned is not None
    assert "shown as it is written" in turned.expected
