"""No ballot can be learned from all that was ever published: worlds that differ in ballots of one cell look the same.

A world is an election's whole log: ballots, voids, restores, withdrawals, a close, and orders after it. It is counted by the
real judge, tally and rounds, which crash on the way. What is compared is every byte published, but for the heads of the
chain: they commit to the packs of ballots, which hold a random salt each, and so hide them.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shared.contract.codec import encode
from shared.contract.elections import Official, Section
from shared.contract.events import ElectorRestored, ElectorVoided, signed
from shared.contract.signing import public_key
from shared.contract.standings import Standing
from tests.support.elections import FRUIT, OFFICER, OFFICER_KEY, Life, election
from tests.support.machines import published

SHARDS = 2
RANKINGS = ("", "0", "1>0", "2>1>3", "3>>2", "0=1", "2>0=1")
DRINKS = ("", "0", "1>0")
SECOND = b"only for tests: second officer.."
SECOND_KEY = public_key(SECOND)
OFFICIALS = (Official(name="ada", key=OFFICER_KEY), Official(name="bob", key=SECOND_KEY))

Choices = Mapping[int, tuple[str, str]]


OF_ELECTORS = ("void", "restore", "void batch", "restore batch")
BATCH = 3
"""An order about a batch is about the elector that it names and the next ones."""


class Plan:
    """Who votes in which order, and what officers do meanwhile; what the ballots hold is not in it."""

    def __init__(self, seed: int, *, live: bool) -> None:
        rng = random.Random(seed)
        self.seed = seed
        self.live = live
        self.smallest = rng.choice((2, 3, 4))
        self.sizes = [rng.choice((1, 3, 8, 14)) for _ in range(rng.choice((1, 2, 3)))]
        electors = sum(self.sizes)
        self.sections = {elector: rng.randrange(len(self.sizes)) for elector in range(electors)}
        self.casting = rng.sample(range(electors), rng.randint(0, electors))
        self.steps: list[tuple[str, int]] = [("cast", elector) for elector in self.casting]
        for _ in range(rng.randrange(8)):
            step = rng.choice((*OF_ELECTORS, "withdraw", "reinstate")), rng.randrange(electors)
            self.steps.insert(rng.randint(0, len(self.steps)), step)
        self.after_close = [
            (rng.choice(OF_ELECTORS), rng.randrange(electors)) for _ in range(rng.randrange(3))
        ]

    def choices(self) -> dict[int, tuple[str, str]]:
        """Return what each elector might cast."""
        rng = random.Random(self.seed + 1)
        return {elector: (rng.choice(RANKINGS), rng.choice(DRINKS)) for elector in self.sections}

    def logs(self, choices: Choices) -> list[list[bytes]]:
        """Return the log of each shard if electors cast these ballots."""
        definition = election(electors=len(self.sections)).model_copy(
            update={
                "sections": tuple(
                    Section(id=f"s{place}", name=f"S{place}", electors=size)
                    for place, size in enumerate(self.sizes)
                ),
                "officials": OFFICIALS,
                "live_tallies": self.live,
                "smallest_group": self.smallest,
            }
        )
        life = Life(definition, SHARDS, self.sections)
        logs = life.begin()
        for what, elector in self.steps:
            if what == "cast":
                logs[elector % SHARDS].append(life.ballot(elector, *choices[elector]))
            else:
                _order(logs, life, what, elector, officers=1)
        for log, closed in zip(logs, [life.closed()] * SHARDS, strict=True):
            log.append(closed)
        for what, elector in self.after_close:
            _order(logs, life, what, elector, officers=2)
        return logs

    def standings(self, choices: Choices) -> list[Standing]:
        """Return everything that is published."""
        return published(self.logs(choices), random.Random(self.seed + 2))


def _order(logs: Sequence[list[bytes]], life: Life, what: str, elector: int, officers: int) -> None:
    if what in ("withdraw", "reinstate"):
        control = getattr(life, {"withdraw": "withdrawn", "reinstate": "reinstated"}[what])(
            FRUIT[elector % 4]
        )
    else:
        kind = ElectorVoided if what.startswith("void") else ElectorRestored
        keys = [(OFFICER_KEY, OFFICER), (SECOND_KEY, SECOND)][:officers]
        about: dict[str, Any] = {"elector": elector}
        if what.endswith("batch"):
            last = min(elector + BATCH, life.definition.electors) - 1
            about = {"elector": None, "electors": ((elector, last),)}
        control = encode(signed(life.control(kind, **about), *keys))
    for log in logs:
        log.append(control)


def shown(standings: Sequence[Standing]) -> list[str]:
    """Return what the public sees, byte for byte, without the heads."""
    return [standing.model_copy(update={"heads": ()}).model_dump_json() for standing in standings]


def counted(plan: Plan, standing: Standing) -> frozenset[int]:
    """Return whose ballots a standing's watermark covers, learned from the log alone: none is voided after it was cast."""
    place = [
        4 if shard < len(plan.sections) else 3 for shard in range(SHARDS)
    ]  # without electors there is no roll
    reached: set[int] = set()
    void: set[int] = set()
    for what, elector in plan.steps:
        shards = [elector % SHARDS] if what == "cast" else range(SHARDS)
        covered = all(place[shard] < standing.watermark[shard] for shard in shards)
        for shard in shards:
            place[shard] += 1
        if what == "cast" and covered and elector not in void:
            reached.add(elector)
        elif what == "void" and (elector not in reached or not plan.live):
            void.add(elector)
        elif what == "restore":
            void.discard(elector)
    return frozenset(reached)


def cells(plan: Plan, standings: Sequence[Standing]) -> list[list[int]]:
    """Return the electors whose ballots were first shown in the same step and the same group of sections."""
    found: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    known: frozenset[int] = frozenset()
    in_order = sorted((of for of in standings if not of.withheld), key=lambda of: of.sequence)
    for number, standing in enumerate(in_order):
        shown_now = counted(plan, standing)
        for elector in sorted(shown_now - known):
            section = f"s{plan.sections[elector]}"
            group = next((first for first, ids in standing.together.items() if section in ids), section)
            found[number, group].append(elector)
        known |= shown_now
    return list(found.values())


@given(st.integers(0, 2**32))
@settings(max_examples=60)
def test_every_cell_of_what_was_published_live_holds_k_ballots(seed: int) -> None:
    """Whatever is voted, voided, restored or withdrawn when; unless the whole election has fewer ballots."""
    plan = Plan(seed, live=True)
    standings = [of for of in plan.standings(plan.choices()) if of.contest.id == "fruit"]
    found = cells(plan, standings)
    assert len(found) == 1 or all(len(cell) >= plan.smallest for cell in found), found


@given(st.integers(0, 2**32))
@settings(max_examples=60)
def test_ballots_of_a_cell_can_be_exchanged_and_no_published_byte_changes(seed: int) -> None:
    """So whoever reads all of it knows of a ballot no more than of any other of its cell."""
    plan = Plan(seed, live=True)
    choices = plan.choices()
    before = plan.standings(choices)
    found = [cell for cell in cells(plan, [of for of in before if of.contest.id == "fruit"]) if len(cell) > 1]
    assume(found)
    one, other = random.Random(seed).sample(random.Random(seed).choice(found), 2)
    (fruit, drink), (other_fruit, other_drink) = choices[one], choices[other]
    exchanged = {**choices, one: (other_fruit, drink), other: (fruit, other_drink)}
    after = plan.standings(exchanged)
    assert shown(before) == shown(after)


@given(st.integers(0, 2**32))
@settings(max_examples=40)
def test_an_elector_who_is_void_at_the_close_changes_nothing(seed: int) -> None:
    """Two worlds, in which one elector casts other ballots and is voided under embargo: equal public bytes."""
    plan = Plan(seed, live=False)
    elector = random.Random(seed).randrange(len(plan.sections))
    void = "void batch" if seed % 3 else "void"
    plan.steps = [
        step
        for step in plan.steps
        if step[0] in ("withdraw", "reinstate") or (step[1] != elector and "batch" not in step[0])
    ]
    plan.after_close = [step for step in plan.after_close if step[1] != elector and "batch" not in step[0]]
    order = [("cast", elector), (void, elector), ("restore", elector), (void, elector)]
    plan.steps += order if seed % 2 else [order[1], order[0]]
    choices = plan.choices()
    other = {**choices, elector: (RANKINGS[RANKINGS.index(choices[elector][0]) - 1], DRINKS[0])}
    assert shown(plan.standings(choices)) == shown(plan.standings(other))


@given(st.integers(0, 2**32))
@settings(max_examples=40)
def test_before_the_close_an_embargoed_election_shows_nothing_of_any_vote(seed: int) -> None:
    """Everybody votes otherwise: equal public bytes until every shard is closed, and whatever a void takes out."""
    plan = Plan(seed, live=False)
    choices = plan.choices()
    others = {elector: (RANKINGS[-1 - RANKINGS.index(fruit)], "1") for elector, (fruit, _) in choices.items()}
    ours, theirs = (
        [of for of in plan.standings(cast) if set(of.phases) != {"closed"}] for cast in (choices, others)
    )
    assert shown(ours) == shown(theirs)


@pytest.mark.parametrize("terms", ["live", "embargo"])
@pytest.mark.parametrize(
    "orders",
    [
        ("void",),
        ("void", "restore"),
        ("void", "restore", "void"),
        ("void batch",),
        ("void batch", "restore batch"),
    ],
)
def test_after_the_close_a_correction_shows_no_votes_until_it_is_certified(
    terms: str, orders: tuple[str, ...]
) -> None:
    """Void, look, restore, look: between the orders there is nothing to look at."""
    plan = Plan(7, live=terms == "live")
    plan.steps = [("cast", elector) for elector in plan.sections]
    plan.after_close = [(order, 0) for order in orders]
    standings = plan.standings(plan.choices())
    closed = max(of.sequence for of in standings) - SHARDS * len(orders)
    corrected = [of for of in standings if of.sequence > closed]
    voided = {"void": 1, "void batch": min(BATCH, len(plan.sections))}
    assert corrected[-1].balance.voided == voided.get(orders[-1], 0)
    assert all(of.withheld and not of.rounds and not of.elected for of in corrected)


def test_a_result_of_few_ballots_in_a_section_shows_that_section_together_with_another() -> None:
    """In rounds, in turnout, in the list of sections, and by whom it is represented."""
    plan = Plan(0, live=False)
    plan.smallest, plan.sizes, plan.after_close = 3, [8, 3, 5], []
    plan.sections = {elector: 0 if elector < 8 else 1 if elector < 11 else 2 for elector in range(16)}
    plan.steps = [("cast", elector) for elector in (*range(6), 8, *range(11, 15))]
    last = plan.standings(plan.choices())[-1]

    assert last.together == {"s1": ("s1", "s2")}
    assert [(s.id, s.name, s.electors) for s in last.sections] == [("s0", "S0", 8), ("s1", "S1 and S2", 8)]
    assert [(line.section, line.accepted) for line in last.turnout] == [("s0", 6), ("s1", 5)]
    for round_ in last.rounds:
        assert set(round_.by_section) == {"s0", "s1"}
        assert sum(map(Counter, round_.by_section.values()), Counter()) == Counter(round_.votes)
