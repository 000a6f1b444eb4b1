"""A rehearsal's script held by the real state machines in memory: admission, judges, tallies, rounds, shard after shard."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.cli.rehearsal.forms import ballot_forms
from services.cli.rehearsal.script import Order, Scene
from services.cli.rehearsal.subject import Paper, Subject
from services.cli.rehearsal.verdicts import Box
from services.counting.rounds import Rounds
from services.counting.tally import PartitionOf, Tally
from services.intake.admission import Admission, Admitted, Form, read_form
from services.operator import lifecycle
from services.operator.lifecycle import Command, candidate_control, elector_control
from services.validation.judge import Judge
from shared.contract.codec import decode_as, encode, encode_ballot
from shared.contract.codes import election_key, issue_code
from shared.contract.elections import Contest, Phase
from shared.contract.ids import shard_of
from shared.contract.standings import Standing
from tests.support.elections import MASTER, Life

SHARDS = 3
NAME = "rehearsal"


class Held(NamedTuple):
    """What an election left: its logs by shard, and the last standing."""

    cast: Sequence[list[bytes]]
    judged: Sequence[list[bytes]]
    standing: Standing

    def box(self) -> Box:
        """Return what stands in the logs."""
        box = Box(NAME)
        for shard, (cast, judged) in enumerate(zip(self.cast, self.judged, strict=True)):
            box.read(shard, cast, judged)
        return box


def subject(contest: Contest, papers: Iterable[Paper], sections: Sequence[str] = ("all",)) -> Subject:
    """Return a subject that is told in no report."""
    return Subject(
        stem=NAME,
        contest=contest,
        sections=sections,
        papers=sorted(papers, key=lambda paper: paper.section),
        reports=lambda _: (),
        called=lambda elector: f"record {elector}",
    )


def hold(of: Subject, scenes: Iterable[Scene]) -> Held:
    """Return what comes of a script."""
    cast = _logs(of, scenes)
    judged = [_judged(shard, log) for shard, log in enumerate(cast)]
    rounds = Rounds(0, "counts")
    for shard, verdicts in enumerate(judged):
        tally = Tally(shard, SHARDS, "tallies", PartitionOf(1))
        tally.apply(verdicts)
        rounds.apply([told.value for told in tally.drain()])
    return Held(cast, judged, decode_as(Standing, rounds.drain()[-1].value))


def _judged(shard: int, log: Sequence[bytes]) -> list[bytes]:
    judge = Judge(shard, SHARDS, "judged", lambda name: election_key(MASTER, name))
    judge.apply(log)
    return [verdict.value for verdict in judge.drain()]


def _logs(of: Subject, scenes: Iterable[Scene]) -> list[list[bytes]]:
    life = Life(of.election(NAME))
    logs = [[life.configured(), life.opened()] for _ in range(SHARDS)]
    admission = _admission(life)
    codes = [issue_code(life.key, elector, paper.section) for elector, paper in enumerate(of.papers)]
    number = 0
    for scene in scenes:
        for body in ballot_forms(of.contest, scene.ballots, codes):
            form = read_form(body)
            assert isinstance(form, Form), form
            taken = admission.admit(form)
            assert isinstance(taken, Admitted), taken
            logs[taken.shard].append(encode_ballot(taken.ballot))
        for order in scene.orders:
            number += 1
            for shard, record in _controls(order, number):
                logs[shard].append(record)
    for log in logs:
        log.append(life.closed())
    return logs


def _controls(order: Order, number: int) -> list[tuple[int, bytes]]:
    command = Command(order.command)
    given = lifecycle.Order("ada", "", "2026-01-01T00:00:00Z", f"{number:032x}")
    elector = order.about.get("elector")
    if isinstance(elector, int):
        control = encode(elector_control(command, NAME, elector, given))
        return [(shard_of(elector, SHARDS), control)]
    contest, candidate = str(order.about["contest"]), str(order.about["candidate"])
    control = encode(candidate_control(command, NAME, contest, candidate, given))
    return [(shard, control) for shard in range(SHARDS)]


def _admission(life: Life) -> Admission:
    return Admission(life.announced(SHARDS, Phase.OPEN), life.key)
