"""Whether what came out is what went in: every difference, the first one first. Pure.

Rule 1: every ballot has the verdict its script says. A ballot sent again has the same, or is the same ballot.
Rule 2: the papers that stand are those of the subject, elector by elector.
Rule 3: the published account of all ballots is that of the verdict log, whose chains end in the published heads.
Rule 4: the published rounds are the cold count of the papers that stand, field by field, and of the whole contest.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from services.cli.rehearsal.script import Ballot
from services.cli.rehearsal.sources import profile
from services.cli.rehearsal.subject import Found, Subject
from services.cli.rehearsal.verdicts import Box, Verdict
from services.counting.standing import rounds_of
from shared.contract.standings import Round, Standing
from shared.contract.verdicts import Reason
from shared.rcv.count.tabulate import tabulate_counts

AGAIN = {Reason.ACCEPTED: {Reason.SAME_BALLOT}}
"""Verdicts that a ballot may get when it is sent again, beside the one it got."""


def differences(subject: Subject, ballots: Iterable[Ballot], box: Box, published: Standing) -> Iterator[str]:
    """Yield what is not as it must be."""
    yield from _in_verdicts(subject, ballots, box.verdicts)
    yield from _in_papers(subject, box.papers)
    yield from _in_balance(box, published)
    if published.contest != subject.contest:
        yield f"the contest: published {published.contest}, configured {subject.contest}"
    count = tabulate_counts(profile(box.papers), subject.contest, len(subject.sections))
    yield from _in_rounds(published.rounds, rounds_of(count, subject.contest, published.sections))


def _in_verdicts(subject: Subject, ballots: Iterable[Ballot], verdicts: Iterable[Verdict]) -> Iterator[str]:
    found: dict[str, list[str]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.ballot_id, []).append(verdict.reason)
    for ballot in ballots:
        first, *rest = found.pop(ballot.ballot_id, ["never recorded"])
        allowed = {ballot.verdict, *AGAIN.get(ballot.verdict, ())}
        wrong = [reason for reason in rest if reason not in allowed]
        if first != ballot.verdict or wrong:
            ended = ", then ".join([first, *wrong])
            yield f"{_who(subject, ballot.elector)}: expected a ballot {ballot.verdict}, found it {ended}"
    for ballot_id in found:
        yield f"ballot {ballot_id} was never cast, and is in the log"


def _in_papers(subject: Subject, found: Found) -> Iterator[str]:
    for elector, paper in enumerate(subject.papers):
        papers = found.get(elector, ())
        if list(papers) != [paper]:
            counted = " and ".join(map(str, papers)) or "none"
            yield f"{_who(subject, elector)}: cast {paper}, counted {counted}"


def _in_balance(box: Box, published: Standing) -> Iterator[str]:
    reasons = Counter(verdict.reason for verdict in box.verdicts)
    if reasons != published.balance.reasons:
        yield f"verdicts: published {published.balance.reasons}, in the log {dict(sorted(reasons.items()))}"
    accepted = sum(map(len, box.papers.values()))
    if tuple(box.heads) != published.heads:
        yield f"heads of the chains: published {published.heads}, in the log {tuple(box.heads)}"
    if accepted != published.balance.accepted:
        yield f"accepted: published {published.balance.accepted}, in the log {accepted}"


def _in_rounds(published: Sequence[Round], counted: Sequence[Round]) -> Iterator[str]:
    for found, expected in zip(published, counted, strict=False):
        for field in Round.model_fields:
            told, right = getattr(found, field), getattr(expected, field)
            if told != right:
                yield f"round {expected.number}, {field}: published {told}, counted {right}"
    if len(published) != len(counted):
        yield f"rounds: published {len(published)}, counted {len(counted)}"


def _who(subject: Subject, elector: int) -> str:
    return f"elector {elector} ({subject.called(elector)})"
