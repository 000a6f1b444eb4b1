"""An officer finds a ballot's path and who has not voted, by the auditor's own judging, and never a ranking or a name."""

import random
from pathlib import Path

import pytest

from services.audit.ledger import ShardLedger
from services.audit.trace import Sighting, judge_and_look, not_voted, trace_of
from services.cli.commands.verification import _ballot_id
from shared.contract.receipts import receipt_link, receipt_text
from tests.support.elections import Life, election
from tests.support.evidence import IDENTITY, picnic

SHARDS = 2


def judged(logs: list[list[bytes]], ballot_id: bytes = b"-") -> tuple[list[ShardLedger], list[Sighting]]:
    """Every record judged, with where a ballot was seen."""
    ledgers = [ShardLedger(shard, len(logs), IDENTITY) for shard in range(len(logs))]
    seen = [
        of
        for ledger, log in zip(ledgers, logs, strict=True)
        for value in log
        for of in judge_and_look(ledger, value, "picnic", ballot_id)
    ]
    return ledgers, seen


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
    ledgers, seen = judged(logs, ballot_id)
    found = trace_of(ledgers, seen, "picnic", ballot_id)
    assert [of.reason for of in found.sightings] == reasons
    assert found.counts is counts
    if ballot == 7:
        begun = len(life_of_some()[1][0]) - 4
        assert [(of.record, of.place) for of in found.sightings] == [(begun, 1), (begun + 1, 0)]


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
