"""A rehearsal's script carried out by the real state machines in memory: intake, judges, tallies, rounds, shard after shard."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.cli.rehearsal.check import JudgedBallots
from services.cli.rehearsal.script import Order, Step, ballot_forms
from services.cli.rehearsal.subject import SectionRanking, Subject
from services.counting.rounds import Rounds
from services.counting.tally import PartitionOf, Tally
from services.intake.decide import Desk, Taken
from services.intake.forms import Form, read_form
from services.operator import orders
from services.operator.orders import candidate_control, elector_control
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

    def read(self) -> JudgedBallots:
        """Return what stands in the logs."""
        found = JudgedBallots(NAME)
        for shard, (cast, judged) in enumerate(zip(self.cast, self.judged, strict=True)):
            found.read(shard, cast, judged)
        return found


def subject(
    contest: Contest, ballots: Iterable[SectionRanking], sections: Sequence[str] = ("all",)
) -> Subject:
    """Return a subject that has no report."""
    return Subject(
        stem=NAME,
        contest=contest,
        sections=sections,
        ballots=sorted(ballots, key=lambda ballot: ballot.section),
        reports=lambda _: (),
        called=lambda elector: f"record {elector}",
    )


def hold(of: Subject, steps: Iterable[Step]) -> Held:
    """Return what comes of a script."""
    cast = _logs(of, steps)
    judged = [_judged(shard, log) for shard, log in enumerate(cast)]
    rounds = Rounds(0, "counts")
    for shard, verdicts in enumerate(judged):
        tally = Tally(shard, SHARDS, "tallies", PartitionOf(1))
        tally.apply(verdicts)
        rounds.apply([change.value for change in tally.drain()])
    return Held(cast, judged, decode_as(Standing, rounds.drain()[-1].value))


def _judged(shard: int, log: Sequence[bytes]) -> list[bytes]:
    judge = Judge(shard, SHARDS, "judged", lambda name: election_key(MASTER, name))
    judge.apply(log)
    return [verdict.value for verdict in judge.drain()]


def _logs(of: Subject, steps: Iterable[Step]) -> list[list[bytes]]:
    life = Life(of.election(NAME))
    logs = [[life.configured(), life.opened()] for _ in range(SHARDS)]
    desk = _desk(life)
    codes = [issue_code(life.key, elector, ballot.section) for elector, ballot in enumerate(of.ballots)]
    number = 0
    for step in steps:
        for body in ballot_forms(of.contest, step.ballots, codes):
            form = read_form(body)
            assert isinstance(form, Form), form
            taken = desk.take(form)
            assert isinstance(taken, Taken), taken
            logs[taken.shard].append(encode_ballot(taken.ballot))
        for order in step.orders:
            number += 1
            for shard, record in _controls(order, number):
                logs[shard].append(record)
    for log in logs:
        log.append(life.closed())
    return logs


def _controls(order: Order, number: int) -> list[tuple[int, bytes]]:
    given = orders.Order("ada", "", "2026-01-01T00:00:00Z", f"{number:032x}")
    elector = order.about.get("elector")
    if isinstance(elector, int):
        control = encode(elector_control(order.command, NAME, elector, given))
        return [(shard_of(elector, SHARDS), control)]
    contest, candidate = str(order.about["contest"]), str(order.about["candidate"])
    control = encode(candidate_control(order.command, NAME, contest, candidate, given))
    return [(shard, control) for shard in range(SHARDS)]


def _desk(life: Life) -> Desk:
    return Desk(life.announced(SHARDS, Phase.OPEN), life.key)
