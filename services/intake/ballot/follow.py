"""Where the vote of a ranking goes, in sentences, and what of the marks does not count. Pure.

The choices are those of the count itself (`shared.rcv.count.normalise`). `follow` in static/ballot.js says the same
while the elector ranks; a test gives both the same rankings and compares.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from shared.contract.ballots import format_marks
from shared.contract.elections import Contest
from shared.rcv.budget.live import projects_of
from shared.rcv.count.normalise import Choice, Ranks, normalise
from shared.runtime.process.languages import Value

STEPS: Final = 4
"""So many choices are named one by one; longer rankings end with "and so on"."""
_SHARING: Final = frozenset(
    {"stv-wigm", "scottish-stv", "ers97", "northern-ireland-stv", "meek", "new-zealand-stv"}
)
"""Methods that pass on the votes an elected candidate does not need."""


class Sentence(NamedTuple):
    """A sentence of `words.SENTENCES` by its key, and what is put into it."""

    key: str
    values: Mapping[str, Value]


class Followed(NamedTuple):
    """A contest's sentences: where the vote goes, and notes on marks that the rules treat in their own way."""

    line: tuple[Sentence, ...]
    notes: tuple[Sentence, ...]


def most_choices(contest: Contest) -> int | None:
    """Return how many choices of a ballot can count in a contest; None: as many as there are candidates."""
    return 1 if contest.method == "plurality" else contest.rules.max_ranks


def follow(contest: Contest, out: Collection[int], ranks: Ranks) -> Followed:
    """Return what a ranking means; `out` are the places of candidates who can get no vote."""
    if contest.budget is not None:
        return _share(contest, out, ranks)
    choices = normalise(format_marks(ranks), contest.rules).candidates
    marked = any(ranks)
    going = list(_going(choices, out))
    line = _line(contest, out, going) if going else [Sentence("nothing" if marked else "nobody", {})]
    return Followed(tuple(line), tuple(_notes(contest, out, ranks)) if marked else ())


def _share(contest: Contest, out: Collection[int], ranks: Ranks) -> Followed:
    """Return which projects an elector's share of the budget can pay for."""
    chosen = [c for c in projects_of(format_marks(ranks), contest) if c not in out]
    marked, names = [c for rank in ranks for c in rank], [candidate.name for candidate in contest.candidates]
    is_ranked = contest.budget is not None and contest.budget.ballots == "ranked"
    notes = list(_marks(contest, ranks)) if is_ranked else []
    notes += [Sentence("withdrawn-project", {"name": names[c]}) for c in marked if c in out]
    if not chosen:
        return Followed((Sentence("share-nothing" if marked else "share-nobody", {}),), tuple(notes))
    key = "share-ranked" if is_ranked else "share-approved"
    return Followed((Sentence(key, {"names": tuple(names[c] for c in chosen)}),), tuple(notes))


def _going(choices: Sequence[Choice], out: Collection[int]) -> Iterator[tuple[int, ...]]:
    """Yield the choices without the candidates who can get no vote: one candidate, or several of whom the round decides."""
    for choice in choices:
        left = tuple(c for c in (choice if isinstance(choice, tuple) else (choice,)) if c not in out)
        if left:
            yield left


def _line(contest: Contest, out: Collection[int], going: Sequence[tuple[int, ...]]) -> Iterator[Sentence]:
    names = [candidate.name for candidate in contest.candidates]
    name = [names[choice[0]] for choice in going]
    if contest.method == "sequential-irv" and contest.seats > 1:
        yield Sentence("each-seat", {})
    if len(going[0]) == 1:
        yield Sentence("first", {"name": name[0]})
    else:
        yield Sentence("first-several", {"names": tuple(names[c] for c in going[0])})
    if contest.method == "plurality":
        yield Sentence("plurality", {})
        return
    if contest.method == "supplementary":
        key = "supplementary" if len(going) > 1 else "supplementary-end"
        yield Sentence(key, {"name": name[0]})
        return
    kind = "share-" if contest.method in _SHARING and contest.seats > 1 else ""
    for place in range(1, min(len(going), STEPS)):
        if len(going[place]) > 1:
            yield Sentence("after-several", {"names": tuple(names[c] for c in going[place])})
        elif len(going[place - 1]) > 1:
            yield Sentence("after", {"name": name[place]})
        else:
            again = "-too" if place > 1 else ""
            yield Sentence(f"{kind}then{again}", {"out": name[place - 1], "name": name[place]})
    if len(going) > STEPS:
        yield Sentence(
            "and-so-on", {"name": name[-1]} if len(going[-1]) == 1 else {"name": names[going[-1][-1]]}
        )
    everybody = len({c for choice in going for c in choice}) == len(names) - len(set(out))
    if not everybody and len(going[-1]) == 1:
        again = "-too" if len(going) > 1 else ""
        yield Sentence(f"{kind}end{again}", {"out": name[-1]})


def _notes(contest: Contest, out: Collection[int], ranks: Ranks) -> Iterator[Sentence]:
    names = [candidate.name for candidate in contest.candidates]
    yield from _marks(contest, ranks)
    marked = [c for rank in ranks for c in rank]
    for candidate in marked:
        if candidate in out:
            yield Sentence("withdrawn", {"name": names[candidate]})
    possible = min(len(names) - len(set(out)), most_choices(contest) or len(names))
    ranked = sum(candidate not in out for candidate in marked)
    if ranked < possible:
        yield Sentence("few", {"ranked": ranked, "all": possible})


def _marks(contest: Contest, ranks: Ranks) -> Iterator[Sentence]:
    """Yield what the rules say of ranks that are empty, shared or too many."""
    most = contest.rules.max_ranks
    yield from _stops(contest, ranks[:most], [candidate.name for candidate in contest.candidates])
    if most is not None and any(ranks[most:]):
        yield Sentence("beyond" if most > 1 else "beyond-one", {"most": most})


def _stops(contest: Contest, ranks: Ranks, names: Sequence[str]) -> Iterator[Sentence]:
    """Yield what the rules say of empty and shared ranks, up to the first that ends the ballot."""
    rules, empty = contest.rules, list[int]()
    for number, rank in enumerate(ranks, 1):
        if not rank:
            empty.append(number)
            continue
        if empty:
            ends = rules.max_skipped_ranks is not None and len(empty) > rules.max_skipped_ranks
            yield Sentence("skipped-ends" if ends else "skipped", {"ranks": tuple(empty), "rank": number})
            empty = []
            if ends:
                return
        if len(rank) > 1:
            yield Sentence(
                f"equal-{rules.overvote}", {"names": tuple(names[c] for c in rank), "rank": number}
            )
            if rules.overvote == "exhaust":
                return
