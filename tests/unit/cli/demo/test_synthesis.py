"""The demo's ballots give the official figures, counted here in the plainest way there is."""

import json
from collections import Counter
from functools import cache

from services.cli.demo import official
from services.cli.demo.synthesis import Ballots, ballot_forms, synthesise
from shared.contract.elections import Election

DEPUTY = Election.model_validate_json(official.ELECTION_FILE.read_bytes()).contests[1]


@cache
def ballots() -> Ballots:
    """Return the ballots, made once."""
    return synthesise()


def holders(out: set[str]) -> Counter[str | None]:
    """Return who holds each deputy ballot once some are eliminated."""
    return Counter(next((name for name in ranking if name not in out), None) for ranking in ballots().deputy)


def test_leader_first_preferences_are_official_in_every_section() -> None:
    """Section by section."""
    found = Counter((s, ranking[0]) for s, ranking in zip(ballots().section, ballots().leader, strict=True))

    for place, figures in enumerate(official.LEADER_BY_SECTION.values()):
        assert figures == {name: found[place, name] for name in figures}


def test_every_deputy_round_and_transfer_is_official() -> None:
    """Three rounds, two transfers, and blank ballots for the rest."""
    out: set[str] = set()
    before = holders(out)
    assert before[None] == official.BALLOTS - official.DEPUTY_VALID
    for number, votes in enumerate(official.DEPUTY_ROUNDS):
        assert {name: before[name] for name in votes} == votes
        if number < len(official.DEPUTY_TRANSFERS):
            source, transfers = official.DEPUTY_TRANSFERS[number]
            out.add(source)
            after = holders(out)
            assert transfers == {name: after[name] - before[name] for name in transfers}
            before = after


def test_ballots_name_candidates_of_the_election_once() -> None:
    """And there is one ballot for each elector of each section."""
    election = official.election()
    for contest, rankings in zip(election.contests, (ballots().leader, ballots().deputy), strict=True):
        known = {candidate.id for candidate in contest.candidates}
        assert all(set(ranking) <= known and len(set(ranking)) == len(ranking) for ranking in set(rankings))
    assert Counter(ballots().section) == {n: s.electors for n, s in enumerate(election.sections)}
    assert sorted(ballots().order) == list(range(official.BALLOTS))


def test_the_same_seed_gives_the_same_ballots() -> None:
    """So that a demo can be repeated; another seed gives others."""
    assert synthesise() == ballots()
    assert synthesise(seed=1).leader != ballots().leader


def test_a_form_is_the_json_that_intake_takes() -> None:
    """In casting order, each with its elector's code and an id of its own; a blank ranking is an empty list."""
    ballots = Ballots([0, 0], [("a", "b"), ("b",)], [(), ("x",)], [1, 0])

    first, second = (json.loads(form) for form in ballot_forms(ballots, ["CODE-0", "CODE-1"]))

    assert (first["code"], first["rankings"]) == ("CODE-1", {"leader": [["b"]], "deputy": [["x"]]})
    assert (second["code"], second["rankings"]) == ("CODE-0", {"leader": [["a"], ["b"]], "deputy": []})
    assert len({first["ballot_id"], second["ballot_id"]}) == 2
    assert all(len(form["ballot_id"]) == 32 for form in (first, second))


def test_the_file_of_the_deputy_contest_holds_the_same_ballots() -> None:
    """The README counts it: all ballots that rank somebody."""
    found = Counter(ranking for ranking in ballots().deputy if ranking)
    names = [candidate.id for candidate in DEPUTY.candidates]
    lines = official.ELECTION_FILE.with_name("deputy.blt").read_text().splitlines()

    assert lines[0] == f"{len(names)} 1"
    assert lines[-1 - len(names) : -1] == [f'"{candidate.name}"' for candidate in DEPUTY.candidates]
    held = [list(map(int, line.split())) for line in lines[1 : -2 - len(names)]]
    assert {tuple(names[place - 1] for place in places): count for count, *places, _ in held} == found
