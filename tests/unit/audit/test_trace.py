"""An officer finds a ballot's path and who has not voted, by the auditor's own judging, and never a ranking or a name."""

import random
from pathlib import Path

import pytest

from services.audit.ledger import ShardLedger
from services.audit.trace import BallotSearch, not_voted
from services.cli.commands.verification import _ballot_id
from shared.contract.elections import Phase
from shared.contract.receipts import receipt_link, receipt_text
from shared.contract.recounts import CountedIn
from tests.support.elections import Life, election
from tests.support.evidence import IDENTITY, picnic
from tests.support.standings import standing

SHARDS = 2


def judged(logs: list[list[bytes]], ballot_id: bytes = b"-") -> tuple[list[ShardLedger], BallotSearch]:
    """Every record judged, and a ballot looked for meanwhile."""
    ledgers = [ShardLedger(shard, len(logs), IDENTITY) for shard in range(len(logs))]
    search = BallotSearch("picnic", ballot_id)
    for ledger, log in zip(ledgers, logs, strict=True):
        for value in log:
            search.judge(ledger, value)
    return ledgers, search


def life_of_some() -> tuple[Life, list[list[bytes]]]:
    """Elector 0 votes and sends it again, 2 is voided after the vote, 4 votes with a wrong code; the others are away."""
    life = Life(election(electors=8), SHARDS)
    logs = life.begin()
    logs[0].append(life.pack(life.cast(2, "0", "1", ballot=22), life.cast(0, "1>0", "1", ballot=7)))
    logs[0].append(life.pack(life.cast(0, "1>0", "1", ballot=7)))
    logs[0].append(life.pack(life.cast(4, "0", "1", ballot=44, secret=b"forged -- ")))
    for log in logs:
        log.append(life.voided(2))
    return life, logs


@pytest.mark.parametrize(
    ("ballot", "reasons", "counts"),
    [
        (7, ["accepted", "same-ballot"], True),
        (22, ["accepted"], False),
        (44, ["bad-code"], False),
        (9, [], False),
    ],
)
def test_a_ballot_s_path_names_each_arrival_and_whether_it_counts(
    ballot: int, reasons: list[str], *, counts: bool
) -> None:
    """Also of one sent twice, voided, refused, or never seen."""
    _, logs = life_of_some()
    ballot_id = ballot.to_bytes(16)
    found = judged(logs, ballot_id)[1].trace([])
    assert [of.verdict for of in found.arrivals] == reasons
    assert found.counts is counts
    if ballot == 7:
        begun = len(life_of_some()[1][0]) - 4
        assert [(of.record, of.place) for of in found.arrivals] == [(begun, 1), (begun + 1, 0)]


def test_a_ballot_s_path_names_the_standings_that_count_it_and_no_others() -> None:
    """From the record on with which it counts: its own, or that of the order that restored it."""
    life = Life(election(electors=8), SHARDS)
    logs = life.begin()
    cast = len(logs[0])
    logs[0].append(life.pack(life.cast(2, "0", "1", ballot=22)))
    later = [life.voided(2), life.restored(2)]

    def counted_at(records: int, **changed: object) -> bool:
        """Whether the path names a standing that covers so many records of shard 0, and no other."""
        of = standing(3, Phase.OPEN).model_copy(update={"watermark": (records, 9), "sequence": 18, **changed})
        found = judged(logs, (22).to_bytes(16))[1].trace([of]).counted_in
        assert found in ((), (CountedIn(contest=of.contest.id, sequence=18),))
        return bool(found)

    assert not counted_at(cast)
    assert counted_at(cast + 1)
    assert not counted_at(cast + 1, election="other")
    assert not counted_at(cast + 1, stopped="its count raised")
    logs[0].append(later[0])
    assert not counted_at(cast + 2)
    logs[0].append(later[1])
    assert not counted_at(cast + 2)
    assert counted_at(cast + 3)


def test_who_has_not_voted_is_the_rest_of_the_roll() -> None:
    """A void vote was cast all the same; a refused ballot was not."""
    life, logs = life_of_some()
    ledgers, _ = judged(logs)
    turnout, left = not_voted(life.definition, ledgers)
    assert left == [1, 3, 4, 5, 6, 7]
    assert sum(of.voted for of in turnout) == 2
    assert sum(of.electors for of in turnout) == 8


@pytest.mark.parametrize("seed", range(3))
def test_turnout_is_what_the_auditor_counts(seed: int) -> None:
    """Accepted and void together, in a life full of mishaps."""
    evidence = picnic(seed, electors=random.Random(seed).randrange(20, 60))
    ledgers, _ = judged(evidence.cast)
    counts = [ledger.count_of("picnic") for ledger in ledgers]
    turnout, left = not_voted(evidence.definition, ledgers)
    voted = sum(of.accepted + of.retracted for of in counts)
    assert sum(of.voted for of in turnout) == voted
    assert len(left) == evidence.definition.electors - voted


def test_a_receipt_names_its_ballot_however_it_is_kept(tmp_path: Path) -> None:
    """Its id alone, the file, the text, the link."""
    ballot = "5f" * 16
    text = receipt_text("a" * 32, "picnic", ballot, 1, "b" * 64)
    link = receipt_link("https://x.example/receipt", "a" * 32, "picnic", ballot, 1, "b" * 64)
    file = tmp_path / "receipt.json"
    file.write_text(text)
    for kept in (ballot, text, link, str(file)):
        assert _ballot_id(kept) == ballot
    for wrong in ("5f", "https://x.example/#a.b", "{}", "x" * 5000):
        with pytest.raises(ValueError, match="expected a ballot's id"):
            _ballot_id(wrong)
