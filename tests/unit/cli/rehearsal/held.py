"""A rehearsal's script carried out by the real state machines in memory: intake, judges, tallies, rounds, shard after shard."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.cli.rehearsal.check import JudgedBallots
from services.cli.rehearsal.script import Step, ballot_forms
from services.cli.rehearsal.subject import SectionRanking, Subject
from services.counting.rounds import Rounds
from services.counting.tally import PartitionOf, Tally
from services.intake.admission import Admission
from services.intake.forms import Form, read_form
from services.intake.log import packed
from services.intake.outcomes import Admitted
from services.intake.roll import KnownRoll
from services.validation.judge import Judge
from shared.contract.codec import decode_as
from shared.contract.elections import Contest, Official, Phase
from shared.contract.standings import Standing
from tests.support.elections import LOG_ID, OFFICER_KEY, ROOT_KEY, Life
from tests.support.evidence import OUTPUTS

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
    judge = Judge(LOG_ID, ROOT_KEY, shard, SHARDS, OUTPUTS)
    judge.apply(log)
    return [out.value for out in judge.drain() if out.topic == OUTPUTS.judged]


def _logs(of: Subject, steps: Iterable[Step]) -> list[list[bytes]]:
    definition = of.election(NAME).model_copy(update={"officials": (Official(name="ada", key=OFFICER_KEY),)})
    life = Life(definition, SHARDS, {elector: ballot.section for elector, ballot in enumerate(of.ballots)})
    logs = life.begin()
    admission = _admission(life)
    codes = [life.code(elector) for elector in range(len(of.ballots))]
    for step in steps:
        admitted = []
        for body in ballot_forms(of.contest, step.ballots, codes):
            form = read_form(body)
            assert isinstance(form, Form), form
            ballot = admission.admit(form)
            assert isinstance(ballot, Admitted), ballot
            admitted.append(ballot)
        for pack in packed("cast", admitted):
            logs[pack.partition].append(pack.value)
        for order in step.orders:
            control = life.ordered(order.command.control, **order.about)
            for log in logs:
                log.append(control)
    closed = life.closed()
    for log in logs:
        log.append(closed)
    return logs


def _admission(life: Life) -> Admission:
    roll = KnownRoll(SHARDS)
    for shard in range(SHARDS):
        roll.add(life.known(shard))
    return Admission(life.announced(SHARDS, Phase.OPEN), lambda: roll)
