"""The real code with one thing changed: what the simulator must notice, each with the invariant it breaks.

Rule 1: a mutant is a patch of the product's own functions for as long as a run lasts; the simulation stays as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import Any

from services.counting import contest, ledger, rounds, standing, tally
from services.intake.log import BallotLog
from services.operator import book, controls, counted
from services.operator.service import OperatorService
from services.results import hub
from services.validation import box, judge, rules
from shared.contract.events import ElectionAnnounced
from shared.contract.verdict_ranges import Verdicts
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
    Mutant("overlapping range applied whole", "I7", ((Verdicts, "after", changed.whole),)),
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
    Mutant("control in one shard only", "I2", ((controls.ControlLog, "write_bytes", changed.write_to_few),)),
    Mutant(
        "announced after the first verdict",
        "I2",
        (
            (book.ControlBook, "wait", changed.verdict_of_the_first),
            (book.Account, "phases", changed.phases_of_the_first),
        ),
    ),
    Mutant(
        "a copy that nobody signed taken for the order",
        "I2",
        (
            (book.Entry, "add", changed.first_verdict_stays),
            (book.Entry, "lacks", changed.lacks_only_silent_shards),
        ),
    ),
    Mutant("controls by a side channel", "I1, I2", ((judge.Judge, "apply", changed.judge_controls_first),)),
    Mutant("a clock decides", "I1", ((judge, "judge_columns", changed.judge_by_the_clock),)),
    Mutant(
        "numbers in another order", "replicas alike", ((judge, "judge_columns", changed.judge_last_first),)
    ),
    Mutant(
        "an elector twice in what is read together",
        "promise 1",
        ((box.BallotBox, "touched", changed.touched_by_the_box_only),),
    ),
    Mutant("superseded ballot still counted", "promise 1", ((Verdicts, "signs", changed.all_come_in),)),
    Mutant(
        "a retry of a superseded ballot counts",
        "promise 1",
        ((box.BallotBox, "is_superseded", changed.nothing_is_superseded),),
    ),
    Mutant(
        "superseded after the close", "promise 8", ((rules, "objection", changed.objection_but_to_the_late),)
    ),
    Mutant(
        "superseded ids not in the snapshot",
        "I8",
        ((box.BallotBox, "restored", staticmethod(changed.box_without_superseded)),),
    ),
    Mutant(
        "one link for all that is read together", "I1", ((judge.Judge, "_link", changed.one_link_a_fetch),)
    ),
    Mutant(
        "certificate's head not compared", "promise 4", ((judge, "carry_out", changed.carry_out_superseded),)
    ),
    Mutant(
        "recount not bound to the last order",
        "promise 4",
        ((OperatorService, "certify", changed.certify_unbound),),
    ),
    Mutant("signatures not checked", "promise 4", ((judge, "carry_out", changed.carry_out_unsigned),)),
    Mutant(
        "certified by the first shard",
        "promise 4",
        ((standing, "_common_certificate", changed.certified_by_the_first),),
    ),
    Mutant(
        "certified by the phase alone",
        "promise 4",
        ((standing, "_common_certificate", changed.certified_by_phase),),
    ),
    Mutant(
        "a certificate outlives a later order",
        "promise 4",
        ((ledger, "_certificate_after", changed.no_certificate_falls),),
    ),
    Mutant(
        "seen before, without an offset",
        "I8",
        ((judge, "judge_columns", changed.judge_by_mark),),
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
        "counts added, not replaced", "promise 2", ((contest.ContestCount, "apply", changed.apply_unjoined),)
    ),
    Mutant(
        "withdrawn in one shard is withdrawn",
        "promise 2",
        ((contest.ContestCount, "settle_candidates", changed.settle_early),),
    ),
    Mutant("receipt before the log", "promise 1", ((BallotLog, "append", changed.receipt_at_once),)),
    Mutant(
        "standings never published again",
        "promise 2",
        ((rounds.Rounds, "republish", harness.never_republish),),
    ),
    Mutant("feed may go back", "I9", ((hub, "advances", harness.always),)),
    Mutant("shown before the log's end", "I9", ((hub.Projector, "_show", changed.show_at_once),)),
    Mutant("bad checksum trusted", "promise 1", ((Snapshots, "_read", harness.read_unchecked),)),
    Mutant("file not synced", "snapshots survive", ((SimDisk, "sync", harness.nothing),)),
    Mutant("folder not synced", "snapshots survive", ((SimDisk, "sync_folder", harness.nothing),)),
    Mutant(
        "caught up before the end is known", "honest readiness", ((Follower, "_ask_end", harness.never_ask),)
    ),
    Mutant("last record not read again", "another log", ((Follower, "_check_log", harness.never_reread),)),
    Mutant(
        "log id not compared",
        "another log",
        (
            (judge, "_require_own", changed.any_log),
            (follower.LastApplied, "check", changed.any_log),
            (judge.Judge, "must_reach", changed.no_verdict_before),
        ),
    ),
    Mutant(
        "head not compared with the published one",
        "another log",
        ((judge.Judge, "must_reach", changed.no_verdict_before),),
    ),
    Mutant(
        "values of a projection go back",
        "I2",
        (
            (projection.Projection, "_unread", harness.read_again),
            (ElectionAnnounced, "follows", harness.always),
        ),
    ),
    Mutant("orders before all is read", "I2", ((OperatorService, "_in_turn", changed.in_turn_at_once),)),
    Mutant("a tile of reports of any age", "honest tile", ((counted, "SILENT_S", inf),)),
    Mutant("the log's word taken for new", "honest tile", ((counted, "_age_s", changed.age_of_the_report),)),
    Mutant(
        "a shard that is behind passed over", "honest tile", ((counted, "_troubles", changed.no_troubles),)
    ),
    Mutant(
        "standings not compared", "honest tile", ((counted, "_standing_against", changed.nothing_against),)
    ),
    Mutant(
        "orders at once after a failure",
        "I2",
        ((controls, "QUIET_S", 0.0), (ElectionAnnounced, "follows", harness.always)),
    ),
)
