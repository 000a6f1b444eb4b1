"""Whatever legal definition is frozen, nothing stops: random rules, orders and ballots through judge, tally and rounds."""

import random
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.contract.elections import Candidate, Contest, Election, Method, Official, Rules, Section
from shared.rcv.trial import objection
from tests.support.elections import OFFICER_KEY, Life
from tests.support.machines import published

LARGE = (1, 2, 3, 50, 2**31, 2**63, 10**30)


def rules(rng: random.Random) -> Rules:
    """Return rules of which most are as usual, and the others anything."""
    changed = {
        "max_ranks": rng.choice(LARGE),
        "max_skipped_ranks": rng.choice((0, *LARGE)),
        "overvote": rng.choice(("exhaust", "skip", "exhaust-if-several-continue")),
        "finish": rng.choice(("majority", "last-two")),
        "stop_after_round": rng.choice(LARGE),
        "batch_elimination": True,
        "minimum_votes": rng.choice((0, *LARGE)),
        "first_round_threshold": True,
        "quota": "hare",
        "fractional_threshold": True,
        "places": rng.randint(1, 20),
        "winners_per_round": "one",
        "ties": rng.choice(("lot", "random", "candidate-order", "permutation", "earlier-rounds-then-random")),
        "percentage": rng.choice((1, 15, 100)),
        "cutoff_elimination": True,
    }
    return Rules(**{name: value for name, value in changed.items() if rng.random() < 0.15})


def definition(rng: random.Random) -> Election | None:
    """Return a definition; None where it is refused, with the reason."""
    sections = rng.choice((1, 1, 2, 3))
    candidates = rng.choice((1, 2, 3, 6))
    method: Method = rng.choice(get_args(Method))
    shares = tuple(rng.choice((0, 1, 5, 10**9, -1)) for _ in range(sections))
    try:
        contest = Contest(
            id="c",
            title="C",
            method=method,
            seats=rng.choice((1, 1, 0, 2, 4, 200)),
            candidates=tuple(
                Candidate(id=f"k{n}", name=f"K{n}", excluded=rng.random() < 0.1, write_in=rng.random() < 0.1)
                for n in range(candidates)
            ),
            rules=rules(rng),
            lot=rng.choice(("1", "9" * 200, "-7")),
            section_shares=shares if method == "electoral-college" and rng.random() < 0.5 else (),
        )
        found = Election(
            id="e",
            title="E",
            epoch="test",
            sections=tuple(Section(id=f"s{n}", name=f"S{n}", electors=12) for n in range(sections)),
            contests=(contest,),
            officials=(Official(name="ada", key=OFFICER_KEY),),
            live_tallies=rng.random() < 0.7,
            smallest_group=rng.choice((1, 1, 3)),
        )
    except ValidationError:
        return None
    return found if objection(found) is None else None


def log(found: Election, rng: random.Random) -> list[bytes]:
    """Return a life of it: ballots of any kind, voids, withdrawals, the close."""
    life = Life(found, 1, {n: n // 12 for n in range(found.electors)})
    records = life.begin()[0]
    places = range(len(found.contests[0].candidates))
    for number in range(rng.randrange(30)):
        elector, what = rng.randrange(found.electors), rng.random()
        if what < 0.1:
            records.append(life.voided(elector))
        elif what < 0.15:
            records.append(life.restored(elector))
        elif what < 0.25:
            records.append(rng.choice((b"", b"\xff odd", b"{}")))
        else:
            ranked = rng.sample(places, rng.randint(0, len(places)))
            marks = rng.choice((">", ">>", "=")).join(map(str, ranked))
            records.append(life.pack(life.cast(elector, marks, ballot=100 + number)))
    return [*records, life.closed()]


@given(st.integers(0, 2**32))
@settings(max_examples=150)
def test_no_definition_that_is_accepted_stops_the_count(seed: int) -> None:
    """Every standing has its rounds, and nothing raises."""
    rng = random.Random(seed)
    found = next(filter(None, (definition(rng) for _ in range(1000))))
    standings = published([log(found, rng)], rng)
    assert standings
    assert {standing.stopped for standing in standings} == {""}


def extreme(
    electors: int = 100, sections: int = 1, candidates: int = 3, places: int = 4, method: Method = "stv-wigm"
) -> Election:
    """Return a definition that is large in one way."""
    contest = Contest(
        id="c",
        title="C",
        method=method,
        seats=2,
        lot="1",
        rules=Rules(places=places),
        candidates=tuple(Candidate(id=f"k{n}", name=f"K{n}") for n in range(candidates)),
    )
    parts = tuple(Section(id=f"s{n}", name=f"S{n}", electors=electors // sections) for n in range(sections))
    return Election(id="e", title="E", epoch="test", sections=parts, contests=(contest,))


@pytest.mark.parametrize(
    ("large", "place", "bound"),
    [
        (extreme(places=20), "contests[0].rules.places", "expected at most"),
        (extreme(electors=10**9), "sections: 1,000,000,000 electors", "at most 8 GiB"),
        (
            extreme(candidates=60, sections=60, electors=60_000),
            "contests[0].candidates: 60 candidates",
            "at most 900,000",
        ),
    ],
    ids=["places", "a typing error in the electors", "a standing that fits no record"],
)
def test_what_would_stop_the_count_is_refused_with_the_place_and_the_bound(
    large: Election, place: str, bound: str
) -> None:
    """And a little less of it is not."""
    why = objection(large)
    assert why is not None
    assert str(why).startswith(place)
    assert bound in str(why)
    assert objection(extreme()) is None


@pytest.mark.parametrize(
    "name",
    ["a\0b", "\x1b[2Jevil", "A\u202egnp.exe", "a\nb", "\u200b", "\u200d", "\u2066x", "\ufeffx", "\ue000"],
)
def test_a_name_that_would_be_shown_otherwise_than_it_is_written_is_refused_with_its_place(name: str) -> None:
    """Wherever it stands; names of any script are taken."""
    plain = extreme(candidates=3)
    contest = plain.contests[0]
    named = tuple(of.model_copy(update={"name": name}) for of in contest.candidates)
    contests = (contest.model_copy(update={"candidates": named}),)
    section = plain.sections[0].model_copy(update={"name": name})
    updates: dict[str, dict[str, object]] = {
        "title": {"title": name},
        "sections[0].name": {"sections": (section, *plain.sections[1:])},
        "contests[0].title": {"contests": (contest.model_copy(update={"title": name}),)},
        "contests[0].candidates[0].name": {"contests": contests},
    }
    for place, update in updates.items():
        why = objection(plain.model_copy(update=update))
        assert why is not None
        assert why.where == place
        assert str(why).isascii()
    for fine in ("Ŵynne Ó Néill", "می\u200cخ", "李雷", "क्\u200dष", "❤\ufe0f", "=1+1", "<b>"):
        assert objection(plain.model_copy(update={"title": fine})) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("Ada Lovelace", "ADA  LOVELACE"),
        ("Ada Lovelace", "Ada\u200d Lovelace"),
        ("Zo\u00e9 Ng", "Zoe\u0301 Ng"),
        ("\uff21da", "Ada"),
        ("Ada Lovelace", "\u0410d\u0430 L\u043evelace"),
        ("Andy Bell", "Andy BeII"),
        ("Team 10", "Team IO"),
    ],
)
def test_names_that_a_reader_cannot_distinguish_are_refused_within_one_list(one: str, other: str) -> None:
    """Candidates of a contest, contests, sections, officials; in two lists they may be alike."""
    plain = extreme(candidates=3)
    contest, section = plain.contests[0], plain.sections[0]

    def named(of: Any, *names: str) -> tuple[Any, ...]:
        field = "title" if hasattr(of, "title") else "name"
        return tuple(of.model_copy(update={"id": f"x{n}", field: name}) for n, name in enumerate(names))

    pairs = named(contest.candidates[0], "Somebody", one, other)
    lists: dict[str, dict[str, object]] = {
        "contests[0].candidates[2].name": {"contests": (contest.model_copy(update={"candidates": pairs}),)},
        "sections[1].name": {"sections": named(section, one, other)},
        "contests[1].title": {"contests": named(contest, one, other)},
        "officials[1].name": {"officials": named(Official(name="x", key=OFFICER_KEY), one, other)},
    }
    for place, update in lists.items():
        why = objection(plain.model_copy(update=update))
        assert why is not None
        assert why.where == place
        assert str(why).isascii()
    alike = {"title": one, "sections": named(section, one), "contests": named(contest, other)}
    assert objection(plain.model_copy(update=alike)) is None


def test_shares_that_divide_by_nothing_are_no_definition() -> None:
    """Each has a bound, and one of them must count."""
    ok = Contest(
        id="c",
        title="C",
        method="electoral-college",
        lot="1",
        section_shares=(0, 1),
        candidates=(Candidate(id="k", name="K"),),
    )
    for shares in ((0, 0), (-1, 2), (10**30, 1)):
        with pytest.raises(ValidationError, match="section_shares"):
            Contest.model_validate({**ok.model_dump(), "section_shares": shares})
