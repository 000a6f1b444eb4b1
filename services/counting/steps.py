"""Which figures may be shown so that no single ballot can be learned from them. Pure.

A step is what a contest shows anew; a cell is the ballots that a step adds in one group of sections. Every published figure
is a sum over cells, because

Rule 1: a cell holds no ballot, or at least k (the definition's `smallest_group`);
Rule 2: groups of sections only ever merge;
Rule 3: a step is shown once k more ballots have come after it, so that the last step can hold k, too;
Rule 4: where steps end is a function of the records read, never of the moment: a process that starts again, or a second
        one, shows the same steps.

So the ballots of one cell can exchange their rankings, and no published byte changes: whoever reads all that was ever
published knows of a ballot no more than of k. (k-anonymity: L. Sweeney, IJUFKS 10(5), 2002. Groups that overlap would not do:
figures of the ten-ballot groups among eleven ballots give away all eleven.) `tests/property/counting/test_secrecy.py` tries it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.counting.ledger import ShardLedger
from shared.contract.elections import Contest, Election
from shared.contract.verdict_ranges import Ranking

Groups = tuple[tuple[int, ...], ...]
"""Sections by place; those of one group are shown together."""


@dataclass
class Step:
    """What shards have published beyond what is shown: their newest ledgers, and the counts that changed."""

    ledgers: dict[int, ShardLedger] = field(default_factory=dict)
    counts: dict[int, dict[Ranking, int]] = field(default_factory=dict)

    def add(self, shard: int, ledger: ShardLedger, counts: Iterable[tuple[Ranking, int]]) -> None:
        """Add what a shard has published next; counts are absolute."""
        self.ledgers[shard] = ledger
        self.counts.setdefault(shard, {}).update(counts)

    def added(self, before: Sequence[ShardLedger]) -> list[int]:
        """Return the ballots that it adds to these ledgers, section by section."""
        added = [0] * len(before[0].turnout)
        for shard, ledger in self.ledgers.items():
            for section, (was, now) in enumerate(zip(before[shard].turnout, ledger.turnout, strict=True)):
                added[section] += now - was
        return added

    def after(self, before: Sequence[ShardLedger]) -> list[ShardLedger]:
        """Return the ledgers after this step."""
        return [self.ledgers.get(shard, ledger) for shard, ledger in enumerate(before)]


def first_groups(definition: Election, contest: Contest) -> Groups:
    """Return the sections that are shown together from the beginning: those with rolls below k, if figures are live.

    An electoral college counts each section apart, so its result shows each section, however small.
    """
    apart = tuple((section,) for section in range(len(definition.sections)))
    if contest.method == "electoral-college" or not definition.live_tallies:
        return apart
    return merged(apart, [section.electors for section in definition.sections], definition.smallest_group)


def last_groups(definition: Election, contest: Contest, groups: Groups, added: Sequence[int]) -> Groups:
    """Return the sections that are shown together in the result, whose step adds these ballots."""
    if contest.method == "electoral-college":
        return groups
    return merged(groups, added, definition.smallest_group)


def merged(groups: Groups, sizes: Sequence[int], smallest: int) -> Groups:
    """Return groups that hold nothing or at least `smallest`: a smaller one joins the smallest other that holds anything.

    One group that holds less stays if no other holds anything.
    """
    held = {group: sum(sizes[section] for section in group) for group in groups}
    while small := [group for group, size in held.items() if 0 < size < smallest]:
        least = min(small, key=lambda group: (held[group], group))
        others = [group for group, size in held.items() if size and group != least]
        if not others:
            break
        other = min(others, key=lambda group: (held[group], group))
        held[tuple(sorted(least + other))] = held.pop(least) + held.pop(other)
    return tuple(sorted(held))


def is_step(groups: Groups, added: Sequence[int], smallest: int) -> bool:
    """Return whether each group holds no new ballot or at least `smallest` (Rule 1)."""
    return all(not 0 < sum(added[section] for section in group) < smallest for group in groups)
