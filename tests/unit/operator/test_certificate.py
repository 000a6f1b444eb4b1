"""The certificate as a document: what it says is what the certificate and its standings hold, and nothing without both."""

from hashlib import sha256
from pathlib import Path

import pytest

from services.operator.book import Account, Entry
from services.operator.certificate.document import BeyondLetters, as_html, as_pdf
from services.operator.certificate.view import Document, NoCertificate, document_of
from shared.contract.elections import Election, Phase
from shared.contract.events import (
    ElectionAnnounced,
    ElectionCertified,
    ElectionClosed,
    ElectionConfigured,
    ElectorVoided,
)
from shared.contract.standings import Standing
from shared.contract.verdicts import ControlJudged
from tests.support import budgets, standings
from tests.support.elections import LOG_ID, OFFICER_KEY, announced, election
from tests.support.pdf import text_of
from tests.unit.cli.front import livecount

HEAD = "ab" * 32
FRUIT = standings.surplus(name="picnic")


def certified(standing: Standing = FRUIT, *after: type) -> tuple[ElectionAnnounced, Account]:
    """An election of one contest that was certified, and controls after that."""
    definition = Election.model_validate(
        {**election().model_dump(), "contests": [standing.contest], "sections": standing.sections}
    )
    said = {"log": LOG_ID, "election": "picnic", "by": "Ada <b>", "at": "2026-05-01T20:00:00+00:00"}
    said["reason"] = "as agreed"
    controls = [
        ElectionConfigured(**said, control_id="0" * 32, follows="0" * 32, definition=definition),
        ElectionClosed(**said, control_id="1" * 32, follows="0" * 32),
        ElectionCertified(
            **said,
            control_id="2" * 32,
            follows="1" * 32,
            watermark=(34,),
            heads=(HEAD,),
            effects=(HEAD,),
            result_hashes={standing.contest.id: standing.result_hash},
            replaces="9" * 32,
        ),
        *(kind(**said, control_id="3" * 32, follows="2" * 32, elector=4) for kind in after),
    ]
    entries = {
        of.control_id: Entry(
            of,
            {
                0: ControlJudged(
                    shard=0, source=n, control=of, signers=(OFFICER_KEY,), effect="applied", head=HEAD
                )
            },
        )
        for n, of in enumerate(controls)
    }
    return announced(definition, Phase.CLOSED, shards=1), Account(entries)


def document(standing: Standing = FRUIT) -> Document:
    """The document of that certificate."""
    return document_of(*certified(standing), {standing.contest.id: standing}, "0.2.0")


def test_a_document_says_who_what_and_by_which_hashes() -> None:
    """Rounds as the standing has them, the balance, hashes, versions, signers, and the certificate it corrects."""
    of = document()
    assert of.replaces == "9" * 32
    assert (of.by, of.reason, of.at) == ("Ada <b>", "as agreed", "2026-05-01T20:00:00+00:00")
    assert [signer.partition(" (")[2] for signer in of.signers] == [f"{OFFICER_KEY})"]
    (contest,) = of.contests
    assert contest.result_hash == FRUIT.result_hash
    table = contest.rounds[0]
    names = {c.id: c.name for c in FRUIT.contest.candidates}
    first = {row[0]: row[1].partition(" ")[0].replace(",", "") for row in table.rows}
    for candidate, units in FRUIT.rounds[0].votes.items():
        assert float(first[names[candidate]]) == units / 10**FRUIT.places
    assert of.balance.rows == (
        tuple(str(getattr(FRUIT.balance, name.lower())) for name in of.balance.columns),
    )
    assert of.shards.rows == (("0", "34", HEAD, HEAD),)
    assert dict(of.facts)["Log"] == LOG_ID
    assert "Livecount 0.2.0" in dict(of.facts)["Counted by"]


def test_html_and_pdf_hold_it_all_and_run_nothing() -> None:
    """Names are text; the same document is the same bytes."""
    of = document()
    page = as_html(of).decode()
    assert "Ada &lt;b&gt;" in page
    assert "<script" not in page
    assert "Test data" in page
    for text in (FRUIT.result_hash, OFFICER_KEY, HEAD, of.contests[0].headline, "9" * 32):
        assert text in page
    pdf = as_pdf(of)
    assert sha256(pdf).digest() == sha256(as_pdf(document())).digest()
    words = " ".join(" ".join(texts) for texts in text_of(pdf))
    assert "TEST DATA" in words
    for text in (FRUIT.result_hash, OFFICER_KEY):
        assert text[:32] in words


@pytest.mark.parametrize("name", ["Ольга", "Νίκη", "علي", "李"])
def test_a_name_beyond_the_pdf_s_letters_is_refused_and_never_drawn_as_another(name: str) -> None:
    """The HTML has it, for a browser to print; Western letters are drawn."""
    first, *others = FRUIT.contest.candidates
    contest = FRUIT.contest.model_copy(
        update={"candidates": (first.model_copy(update={"name": name}), *others)}
    )
    of = document(FRUIT.model_copy(update={"contest": contest}))
    assert name in as_html(of).decode()
    with pytest.raises(BeyondLetters, match=r"certificate\.html"):
        as_pdf(of)
    western = contest.model_copy(
        update={"candidates": (first.model_copy(update={"name": "Zoë Åström"}), *others)}
    )
    assert as_pdf(document(FRUIT.model_copy(update={"contest": western}))).startswith(b"%PDF")


def test_without_a_certificate_that_stands_there_is_no_document() -> None:
    """A later void drops it; a standing of other rounds is not the one that it names."""
    with pytest.raises(NoCertificate, match="no certificate that stands"):
        document_of(*certified(FRUIT, ElectorVoided), {FRUIT.contest.id: FRUIT}, "0.2.0")
    other = FRUIT.model_copy(update={"result_hash": "0" * 64})
    for found in ({FRUIT.contest.id: other}, {}):
        with pytest.raises(NoCertificate, match="is not published here yet"):
            document_of(*certified(), found, "0.2.0")


def test_the_command_wants_html_or_pdf(tmp_path: Path) -> None:
    """Before anything is asked of the operator."""
    said = livecount("certificate", "picnic", "--out", tmp_path / "certificate.doc")
    assert said.exit_code == 2
    assert "ends in .html or .pdf" in said.stderr


def test_a_budget_s_certificate_has_every_project_and_why() -> None:
    """A sentence each, and a table."""
    spent = budgets.spent()
    of = document(spent)
    assert of.contests[0].headline == "3 of 5 projects are funded, with £35,000.50 of £50,050."
    assert of.contests[0].rounds[0].rows[0] == ("Cycle lanes", "£18,000", "130", "funded")
    page = as_html(of).decode()
    assert "<caption>Projects</caption>" in page
    assert "Cycle lanes (£18,000) is funded: each of its 130 supporters pays at most £138.46." in page
    assert "A longer pier (£40,000) is not funded: its 10 supporters together have £3,103.10 left" in page
    assert as_pdf(of).startswith(b"%PDF")
