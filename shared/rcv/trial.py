"""A definition is tried before it is frozen: counted without ballots, and with made-up ballots of its whole roll.

Whatever makes a count raise, or its standing larger than a record of the log may be, is found here, and not while people vote; so
is a name that would be shown otherwise than it is written (control characters, changes of direction, nothing to see), or that
looks like another of the same list.

A standing holds each candidate's votes in each round and section. Measured: 200 candidates fit in 3 sections, 150 in 6, 100 in 16,
70 in 35, 40 in 100. 500 candidates in 100 sections would be 12 million figures, some 150 MB; and profile.py names whoever holds a
ballot in one byte, which is why 200 candidates are the most. What a real roll adds in transfers is left out of a standing that
would not fit (services/counting/rounds.py).
"""

import re
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from shared.contract.elections import Contest, Election
from shared.contract.mistakes import Mistake, Path
from shared.contract.standings import Spending
from shared.rcv.budget.live import LiveShares, open_contest
from shared.rcv.contract_rounds import rounds_of
from shared.rcv.count.live import LiveMethod
from shared.rcv.count.rounds import Count
from shared.rcv.names import as_seen

MAX_STANDING_BYTES: Final = 900_000
"""Of a contest's rounds as JSON; brokers refuse batches of more than 1 MiB, and a standing holds some more than its rounds."""
MAX_SHARES: Final = 20_000_000
"""Electors times projects of a budget in equal shares; shared/rcv/budget/README.md says how long that takes."""
MAX_ROLL_BYTES: Final = 8 * 2**30
"""Of all ballot boxes of an election in validation's memory."""
BYTES_AN_ELECTOR: Final = 28
BYTES_A_CONTEST: Final = 4
DIFFERENT_RANKINGS: Final = 300
LONGEST_RANKING: Final = 8

_JOINERS: Final = re.compile("[\u200c\u200d\ufe0e\ufe0f\u00ad]")
"""Signs that join or part letters, or choose how one is drawn: names in some scripts need them, and they reorder nothing."""

Change = tuple[int, str, int]
"""Section, marks, ballots."""


def objection(definition: Election, seed: int = 1) -> Mistake | None:
    """Return why a definition cannot be counted, with the place and the bound; None if it can.

    Of 70 candidates by 20 sections it takes a second.
    """
    if (unfit := _too_large(definition) or _misleading(definition) or _two_spellings(definition)) is not None:
        return unfit
    random = Random(seed)  # noqa: S311  made-up ballots keep no secret
    for place, contest in enumerate(definition.contests):
        try:
            size = _largest(definition, contest, random)
        except OverflowError:
            return Mistake(
                ("contests", place, "rules", "places"),
                f"{definition.electors:,} votes of {contest.rules.places} decimal places do not fit 64 bits; expected at most "
                f"{_most_places(definition)}",
            )
        except Exception as fault:  # noqa: BLE001  whatever it is, it would have stopped the count
            return Mistake(
                ("contests", place), f"the count of {contest.id} fails: {type(fault).__name__}: {fault}"
            )
        if size > MAX_STANDING_BYTES:
            return Mistake(
                ("contests", place, "candidates"),
                f"{len(contest.candidates)} candidates by {len(definition.sections)} sections make a standing of {size:,} bytes, "
                f"at most {MAX_STANDING_BYTES:,}",
            )
    return None


def _too_large(definition: Election) -> Mistake | None:
    roll_bytes = definition.electors * (BYTES_AN_ELECTOR + BYTES_A_CONTEST * len(definition.contests))
    if roll_bytes > MAX_ROLL_BYTES:
        return Mistake(
            ("sections",),
            f"{definition.electors:,} electors take {roll_bytes / 2**30:,.1f} GiB of validation's memory, at most "
            f"{MAX_ROLL_BYTES // 2**30} GiB",
        )
    for place, contest in enumerate(definition.contests):
        if contest.method == "equal-shares" and definition.electors * len(contest.candidates) > MAX_SHARES:
            return Mistake(
                ("contests", place, "candidates"),
                f"{definition.electors:,} electors by {len(contest.candidates)} projects take too long to be counted; expected "
                f"at most {MAX_SHARES // definition.electors} projects",
            )
    return None


def _shown(definition: Election) -> Iterator[tuple[Path, str]]:
    """Yield every title, name and party, and its place."""
    yield ("title",), definition.title
    for place, section in enumerate(definition.sections):
        yield ("sections", place, "name"), section.name
    for place, official in enumerate(definition.officials):
        yield ("officials", place, "name"), official.name
    for place, contest in enumerate(definition.contests):
        yield ("contests", place, "title"), contest.title
        for number, candidate in enumerate(contest.candidates):
            at: Path = ("contests", place, "candidates", number)
            yield (*at, "name"), candidate.name
            if candidate.party:
                yield (*at, "party"), candidate.party


def _two_spellings(definition: Election) -> Mistake | None:
    """Return that a party is spelt in two ways, so that its seats would stand in two lines."""
    known: dict[str, str] = {}
    for place, contest in enumerate(definition.contests):
        for number, candidate in enumerate(contest.candidates):
            first = known.setdefault(as_seen(candidate.party), candidate.party)
            if candidate.party != first:
                return Mistake(
                    ("contests", place, "candidates", number, "party"),
                    f"expected one spelling of a party, found {candidate.party!r} beside {first!r}",
                )
    return None


def _misleading(definition: Election) -> Mistake | None:
    """Return the first name that is not shown as it is written, or that looks like another of the same list."""
    seen: dict[tuple[Path, str], str] = {}
    for path, text in _shown(definition):
        plain = _JOINERS.sub("", text)
        if not plain.isprintable() or not plain.strip():
            return Mistake(
                path, f"expected text of one line that is shown as it is written, found {ascii(text)[:60]}"
            )
        if path[-1] == "party":  # which several may have
            continue
        known = (path[:-2], as_seen(text))
        if known in seen:
            return Mistake(
                path,
                f"expected a name that nobody takes for {ascii(seen[known])[:60]}, found {ascii(text)[:60]}",
            )
        seen[known] = text
    return None


def made_up(definition: Election, contest: Contest, random: Random) -> list[Change]:
    """Return ballots of the whole roll, in so few different rankings that a count of them takes no long time.

    Every candidate is somebody's first choice in every section, while the roll reaches: no section's votes are left out.
    """
    changes: list[Change] = []
    candidates = range(len(contest.candidates))
    each = max(DIFFERENT_RANKINGS // len(definition.sections), len(candidates))
    for section, of in enumerate(definition.sections):
        left = of.electors
        for number in range(each):
            ballots = left if number == each - 1 else min(left, random.randint(1, max(1, left * 2 // each)))
            left -= ballots
            ranked = random.sample(candidates, random.randint(0, min(len(candidates), LONGEST_RANKING)))
            if number < len(candidates):
                ranked = [number, *(place for place in ranked if place != number)]
            changes.append((section, ">".join(map(str, ranked)), ballots))
    return changes


def sample_count(definition: Election, contest: Contest, seed: int = 1) -> Count | Spending:
    """Return the count of made-up ballots of the whole roll: what a result of this contest looks like."""
    method = open_contest(contest, len(definition.sections))
    method.apply(made_up(definition, contest, Random(seed)))  # noqa: S311  made-up ballots keep no secret
    return method.spend() if isinstance(method, LiveShares) else method.count()


def _largest(definition: Election, contest: Contest, random: Random) -> int:
    """Return the bytes of the largest rounds of a few counts: of no ballots, of some, with a withdrawal, and taken back."""
    method = open_contest(contest, len(definition.sections))
    sizes = [_size(method, contest, definition, 0)]
    changes = made_up(definition, contest, random)
    method.apply(changes)
    ballots = sum(n for _, _, n in changes)
    sizes.append(_size(method, contest, definition, ballots))
    if max(sizes) > MAX_STANDING_BYTES:
        return max(sizes)
    if len(contest.included) > 1:
        method.withdraw(contest.included[0])
        out = contest.excluding({contest.included[0]})
        sizes.append(_size(method, out, definition, ballots))
        method.restore(contest.included[0])
    method.apply([(section, marks, -n) for section, marks, n in changes])
    sizes.append(_size(method, contest, definition, 0))
    return max(sizes)


def _most_places(definition: Election) -> int:
    return 18 - len(str(definition.electors)) if definition.electors > 1 else 18


def _size(method: LiveMethod | LiveShares, contest: Contest, definition: Election, ballots: int) -> int:
    if isinstance(method, LiveShares):
        return len(method.spend().model_dump_json())
    count = method.count()
    count.check(ballots)
    sections: Sequence[str] = [section.id for section in definition.sections]
    return sum(len(round_.model_dump_json()) for round_ in rounds_of(count, contest, sections))
