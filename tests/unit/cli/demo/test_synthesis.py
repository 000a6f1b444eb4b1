"""The demo's papers give the official figures, counted here in the plainest way there is."""

from collections import Counter
from functools import cache

from services.cli.demo import official
from services.cli.demo.synthesis import Papers, synthesise
from shared.contract.elections import Election

DEPUTY = Election.model_validate_json(official.ELECTION_FILE.read_bytes()).contests[1]


@cache
def papers() -> Papers:
    """Return the papers, made once."""
    return synthesise()


def holders(out: set[str]) -> Counter[str | None]:
    """Return who holds each deputy paper once some are out."""
    return Counter(next((name for name in ranking if name not in out), None) for ranking in papers().deputy)


def test_leader_first_preferences_are_official_in_every_section() -> None:
    """Section by section."""
    found = Counter((s, ranking[0]) for s, ranking in zip(papers().section, papers().leader, strict=True))

    for place, figures in enumerate(official.LEADER_BY_SECTION.values()):
        assert figures == {name: found[place, name] for name in figures}


def test_every_deputy_round_and_transfer_is_official() -> None:
    """Three rounds, two transfers, and blank papers for the rest."""
    out: set[str] = set()
    before = holders(out)
    assert before[None] == official.PAPERS - official.DEPUTY_VALID
    for number, votes in enumerate(official.DEPUTY_ROUNDS):
        assert {name: before[name] for name in votes} == votes
        if number < len(official.DEPUTY_TRANSFERS):
            source, transfers = official.DEPUTY_TRANSFERS[number]
            out.add(source)
            after = holders(out)
            assert transfers == {name: after[name] - before[name] for name in transfers}
            before = after


def test_papers_name_candidates_of_the_election_once() -> None:
    """And there is one paper for each elector of each section."""
    election = official.election()
    for contest, rankings in zip(election.contests, (papers().leader, papers().deputy), strict=True):
        known = {candidate.id for candidate in contest.candidates}
        assert all(set(ranking) <= known and len(set(ranking)) == len(ranking) for ranking in set(rankings))
    assert Counter(papers().section) == {n: s.electors for n, s in enumerate(election.sections)}
    assert sorted(papers().order) == list(range(official.PAPERS))


def test_the_same_seed_gives_the_same_papers() -> None:
    """So that a demo can be repeated; another seed gives others."""
    assert synthesise() == papers()
    assert synthesise(seed=1).leader != papers().leader


def test_the_file_of_the_deputy_contest_holds_the_same_papers() -> None:
    """The README counts it: all papers that rank somebody."""
    found = Counter(ranking for ranking in papers().deputy if ranking)
    names = [candidate.id for candidate in DEPUTY.candidates]
    lines = official.ELECTION_FILE.with_name("deputy.blt").read_text().splitlines()

    assert lines[0] == f"{len(names)} 1"
    assert lines[-1 - len(names) : -1] == [f'"{candidate.name}"' for candidate in DEPUTY.candidates]
    held = [list(map(int, line.split())) for line in lines[1 : -2 - len(names)]]
    assert {tuple(names[place - 1] for place in places): count for count, *places, _ in held} == found
