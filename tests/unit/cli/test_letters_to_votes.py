"""From the list of electors to letters, and from a letter to a vote: late additions, and letters that were lost.

The commands are the real ones, against an operator's API on a port; shards are judged as validation judges them, and intake's own
admission knows the codes that validation publishes.
"""

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.intake.admission import Admission, Admissions
from services.intake.forms import Form
from services.intake.outcomes import Refusal
from services.intake.roll import KnownRoll
from shared.contract.codec import decode_as, decode_judged, encode_pack
from shared.contract.elections import Phase, Section
from shared.contract.events import RollKnown
from shared.contract.packs import pack_of
from shared.contract.rolls import read_roll
from shared.contract.verdict_ranges import Verdicts
from tests.support.elections import SALT, Life, election
from tests.support.evidence import OUTPUTS
from tests.support.pdf import text_of
from tests.unit.cli.front import livecount
from tests.unit.operator.test_batches import TOKEN, served
from tests.unit.operator.test_half_way import SHARDS, Log, service_and_log

WRONG_CODE = "Not a genuine voting code"
ELECTORS = 6
LIST = "name,street\nAnn,Hill 1\nBo,Hill 2\nCy,Hill 3\nDi,Hill 4\n"


class Office:
    """A returning officer's folder, and a log in which the election is frozen."""

    def __init__(self, folder: Path, log: Log) -> None:
        self.folder, self.log = folder, log
        self.mailing, self.letters = folder / "mailing.csv", folder / "letters"
        (folder / "members.csv").write_text(LIST)

    def run(self, *words: str | Path) -> str:
        """Return what a command says that succeeds."""
        answer = livecount(*words)
        assert answer.exit_code == 0, answer.stderr
        return answer.stdout

    def codes(self) -> dict[str, str]:
        """Everybody's code, as the mailing file has it."""
        with self.mailing.open() as file:
            return {row["name"]: row["code"] for row in csv.DictReader(file)}

    def letter(self, elector: int) -> str:
        """The text of an elector's own letter."""
        (file,) = (self.letters / f"elector-{elector}").glob("*.pdf")
        return " ".join(text for page in text_of(file.read_bytes()) for text in page)

    def vote(self, code: str, ballot: int) -> str:
        """Vote as intake and validation take it; return the verdict, or the title of intake's refusal."""
        roll = KnownRoll(SHARDS)
        for value in self.log.written(OUTPUTS.rolls):
            roll.add(decode_as(RollKnown, value))
        admission = Admissions(self.log.elections.newest, {"picnic": roll}, lambda: True).of("picnic")
        assert isinstance(admission, Admission)
        form = Form(f"{ballot:032x}", code, {"fruit": (("apple",),), "drink": (("water",),)})
        admitted = admission.admit(form)
        if isinstance(admitted, Refusal):
            return admitted.title
        self.log.append(admitted.shard, encode_pack(pack_of("picnic", [admitted.ballot], SALT)))
        last = decode_judged(self.log.written(OUTPUTS.judged)[-1])
        assert isinstance(last, Verdicts)
        return last.outcomes[-1][0]


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An election of six numbers, two of them spare, that is frozen and not open."""
    sections = (Section(id="members", name="Members", electors=ELECTORS),)
    life = Life(election().model_copy(update={"sections": sections}), SHARDS)
    configured = life.configured()
    service, log = service_and_log()
    for shard in range(SHARDS):
        log.append(shard, life.founded(shard))
        log.append(shard, configured)
    log.elections.newest["picnic"] = life.announced(SHARDS, Phase.CONFIGURED)
    with served(service, monkeypatch, tmp_path):
        yield Office(tmp_path, log)


def test_a_letter_votes_and_the_one_that_it_replaces_does_not(office: Office) -> None:
    """Roll, letters, a late addition and a lost letter before the opening and after it, votes: each by its command."""
    run, mailing = office.run, office.mailing
    definition = office.folder / "picnic.json"
    definition.write_text(office.log.elections.newest["picnic"].definition.model_dump_json())
    run("codes", "picnic", "--electors", office.folder / "members.csv", "--out", mailing, "--spare")
    run("letters", definition, "--mailing", mailing, "--out", office.letters)
    first = office.codes()
    into = ("--mailing", mailing, "--letters", office.letters)

    said = run("add", "picnic", *into, "--value", "name=Eve", "--value", "street=Hill 5")
    assert "goes up with livecount open picnic" in said
    run("reissue", "picnic", "--elector", "1", *into)
    early = office.codes()
    assert early["Eve"] in office.letter(4)
    assert early["Bo"] in office.letter(1)
    assert early["Bo"] != first["Bo"]
    assert {name for name in first if first[name] != early[name]} == {"Bo"}

    run("open", "picnic", "--reason", "as agreed")
    assert office.vote(first["Bo"], 1) == WRONG_CODE
    assert office.vote(early["Bo"], 2) == "accepted"
    assert office.vote(early["Eve"], 3) == "accepted"

    run("reissue", "picnic", "--elector", "2", *into, "--reason", "letter lost")
    run("add", "picnic", *into, "--value", "name=Fay", "--reason", "forgotten")
    late = office.codes()
    assert late["Cy"] in office.letter(2)
    assert office.vote(first["Cy"], 4) == WRONG_CODE
    assert office.vote(late["Cy"], 5) == "accepted"
    assert office.vote(late["Fay"], 6) == "accepted"
    run("reissue", "picnic", "--elector", "2", "--reason", "asked for another")
    assert office.vote(late["Cy"], 7) == WRONG_CODE, "and the vote that was cast stands"
    assert office.vote(first["Ann"], 8) == "accepted"
    refused = livecount("add", "picnic", *into, "--value", "name=Gus")
    assert (refused.exit_code, "none is spare" in refused.stderr) == (2, True)


def test_a_roll_that_an_opening_was_proposed_for_is_not_changed(office: Office) -> None:
    """The opening names the roll as it went up: a code written into the file afterwards would be worth nothing."""
    office.run(
        "codes", "picnic", "--electors", office.folder / "members.csv", "--out", office.mailing, "--spare"
    )
    file = office.folder / "rolls" / "picnic.roll"
    before = file.read_bytes()
    parts = [part.model_dump() for part in read_roll(before).parts(SHARDS)]
    answer = httpx.post(
        f"{os.environ['LIVECOUNT_OPERATOR_URL']}/v1/elections/picnic/open",
        json={"by": "ada", "reason": "", "roll": parts},
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    assert answer.status_code == 200, answer.text
    refused = livecount("add", "picnic", "--mailing", office.mailing, "--value", "name=Eve")
    assert refused.exit_code == 2
    assert f"the opening {answer.json()['control_id']} waits for the roll as it is" in refused.stderr
    assert file.read_bytes() == before
