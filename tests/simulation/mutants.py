"""The real code with one thing changed: what the simulator must notice, each with the invariant it breaks.

Rule 1: a mutant is a patch of the product's own functions for as long as a run lasts; the simulation stays as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from services.counting import rounds, tally
from services.intake.log import BallotLog
from services.operator import controls
from services.operator.desk import Desk
from services.results import hub
from services.validation import box, judge
from shared.contract.verdict_ranges import HotVerdicts
from shared.runtime import follower, projection
from shared.runtime.follower import Follower
from shared.runtime.shards import Shards
from shared.runtime.snapshots import Snapshots
from tests.simulation import changed_harness as harness
from tests.simulation import changed_services as changed
from tests.simulation.disk import SimDisk

Change = tuple[Any, str, Any]
"""Where, which name, and what it is instead."""


@dataclass(frozen=True)
class Mutant:
    """A named change, and what it breaks."""

    name: str
    breaks: str
    changes: tuple[Change, ...]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Change the code for a while."""
        before = [(where, name, getattr(where, name)) for where, name, _ in self.changes]
        try:
            for where, name, instead in self.changes:
                setattr(where, name, instead)
            yield
        finally:
            for where, name, was in before:
                setattr(where, name, was)


FLUSH = "_flush_if_due"
MUTANTS = (
    Mutant(
        "lower ones applied again",
        "I7",
        ((follower, "next_values", harness.values_from_any), (tally, "joins", harness.joins_old_news)),
    ),
    Mutant(
        "higher ones applied",
        "I7",
        ((follower, "next_values", harness.values_from_any), (tally, "joins", harness.joins_anything)),
    ),
    Mutant("overlapping range applied whole", "I7", ((HotVerdicts, "after", changed.whole),)),
    Mutant("overlapping range skipped", "I7", ((tally, "joins", harness.joins_only_exactly),)),
    Mutant("gap in a tally skipped", "I7", ((rounds, "joins", harness.joins_anything),)),
    Mutant("sends that fail passed over", "I5", ((Follower, FLUSH, harness.flush_whatever_fails),)),
    Mutant(
        "position saved before the acknowledgement", "I4", ((Follower, FLUSH, harness.flush_after_saving),)
    ),
    Mutant("sends in the wrong order", "I3", ((Follower, FLUSH, harness.flush_backwards),)),
    Mutant("state saved without its position", "I6", ((Follower, "_snapshot", harness.taken_split),)),
    Mutant(
        "tally saved without its watermark", "I6", ((tally.Tally, "save", changed.save_without_watermark),)
    ),
    Mutant(
        "machine kept after a failed run",
        "I4",
        ((Shards, "_run_once", harness.keeping_machine(Shards._run_once)),),
    ),
    Mutant("control in one shard only", "I2", ((controls.ControlLog, "write", changed.write_to_one),)),
    Mutant("controls by a side channel", "I1, I2", ((judge.Judge, "apply", changed.judge_controls_first),)),
    Mutant("a clock decides", "I1", ((judge, "objection", changed.object_by_the_clock),)),
    Mutant(
        "seen before, without an offset",
        "I8",
        ((box.BallotBox, "put", changed.put_and_mark), (judge, "objection", changed.object_by_mark)),
    ),
    Mutant(
        "voids not in the snapshot",
        "I8",
        ((box.BallotBox, "restored", staticmethod(changed.box_without_void)),),
    ),
    Mutant(
        "range ends where it is published",
        "replicas alike",
        ((tally.Tally, "_publish", changed.publish_upto_now),),
    ),
    Mutant(
        "counts added, not replaced", "promise 2", ((rounds.ContestCount, "apply", changed.apply_unjoined),)
    ),
    Mutant(
        "withdrawn in one shard is out",
        "promise 2",
        ((rounds.ContestCount, "settle_candidates", changed.settle_early),),
    ),
    Mutant("receipt before the log", "promise 1", ((BallotLog, "append", changed.receipt_at_once),)),
    Mutant(
        "standings never published again",
        "promise 2",
        ((rounds.Rounds, "republish", harness.never_republish),),
    ),
    Mutant("feed may go back", "I9", ((hub, "advances", harness.always),)),
    Mutant("bad checksum trusted", "promise 1", ((Snapshots, "_read", harness.read_unchecked),)),
    Mutant("file not synced", "snapshots survive", ((SimDisk, "sync", harness.nothing),)),
    Mutant("folder not synced", "snapshots survive", ((SimDisk, "sync_folder", harness.nothing),)),
    Mutant(
        "caught up before the end is known", "honest readiness", ((Follower, "_ask_end", harness.never_ask),)
    ),
    Mutant("values of a projection go back", "I2", ((projection.Projection, "_apply", harness.apply_again),)),
    Mutant("orders before all is read", "I2", ((Desk, "_in_turn", changed.in_turn_at_once),)),
    Mutant("orders at once after a failure", "I2", ((controls, "QUIET_S", 0.0),)),
)
