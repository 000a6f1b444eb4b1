"""The Common Data Format as XML: says what it says as JSON, in the spellings of vendors."""

import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest

from shared.rcv.formats.cvr import cdf
from shared.rcv.formats.cvr.raw import OVERVOTE, WRITE_IN, RawRecord, Source
from shared.rcv.formats.records import FormatError
from tests.support.reference import data
from tests.unit.rcv.formats.cvr.test_cdf_json import REFERENCE, SOURCE

NIST = "http://itl.nist.gov/ns/voting/1500-103/v1"

ELECTION = """<Election ObjectId="e1">
    <Candidate ObjectId="p1"><Name>Ann &amp; Co</Name></Candidate>
    <Candidate ObjectId="p2"><Name>Bob</Name></Candidate>
    <Candidate ObjectId="p3"><Name>overvote</Name></Candidate>
    <Contest ObjectId="c1" xsi:type="CandidateContest">
      <ContestSelection ObjectId="s1" xsi:type="CandidateSelection">
        <CandidateIds>p1 p2</CandidateIds>
      </ContestSelection>
      <ContestSelection ObjectId="s2" xsi:type="CandidateSelection">
        <CandidateIds>p2</CandidateIds>
      </ContestSelection>
      <ContestSelection ObjectId="s3"><CandidateIds>p3</CandidateIds></ContestSelection>
      <ContestSelection ObjectId="s4"><IsWriteIn>true</IsWriteIn></ContestSelection>
      <Name>Mayor</Name>
    </Contest>
  </Election>
  <GpUnit ObjectId="g1"><Name>North</Name><Type>precinct</Type></GpUnit>"""


def option(selection: str, rank: int, more: str = "") -> str:
    """Return a selection that has the rank on itself, as Unisyn's do."""
    position = "<SelectionPosition><HasIndication>yes</HasIndication><NumberVotes>1</NumberVotes></SelectionPosition>"
    where = f"<ContestSelectionId>{selection}</ContestSelectionId><Rank>{rank}</Rank>"
    return f"<CVRContestSelection>{where}{more}{position}</CVRContestSelection>"


def ballot(*options: str, contest: str = "c1", unit: str = "g1") -> str:
    """Return a ballot with one snapshot, complete but for line breaks."""
    held = f"<CVRContest><ContestId>{contest}</ContestId>{''.join(options)}</CVRContest>"
    snapshot = f'<CVRSnapshot ObjectId="n1">{held}<Type>original</Type></CVRSnapshot>'
    ids = "<CurrentSnapshotId>n1</CurrentSnapshotId><UniqueId>u-77</UniqueId>"
    return f"<CVR><BallotStyleUnitId>{unit}</BallotStyleUnitId>{snapshot}{ids}</CVR>"


def report(*ballots: str, static: str = ELECTION) -> str:
    """Return a report: its ballots stand before what their ids mean."""
    space = f'xmlns="{NIST}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    return f"<CastVoteRecordReport {space}>\n{''.join(ballots)}\n  {static}\n</CastVoteRecordReport>"


def read(folder: Path, text: str, source: Source = SOURCE) -> list[RawRecord]:
    """Return the records of a report."""
    (folder / "r.xml").write_text(text)
    return list(cdf.read(folder / "r.xml", source))


def as_xml(name: str, value: Any) -> str:
    """Return JSON of the format as its XML."""
    if isinstance(value, list):
        return "".join(as_xml(name, each) for each in value)
    if not isinstance(value, dict):
        return f"<{name}>{escape(str(value))}</{name}>"
    number = f" ObjectId={quoteattr(value['@id'])}" if "@id" in value else ""
    held = "".join(as_xml(key, each) for key, each in value.items() if not key.startswith("@"))
    return f"<{name}{number}>{held}</{name}>"


@pytest.mark.parametrize(("file", "contest", "ballots"), REFERENCE)
def test_reference_files_say_the_same_as_xml(tmp_path: Path, file: str, contest: str, ballots: int) -> None:
    """Ballot by ballot, but for the name of the file, the place and the ballot's own id."""
    path = data("rctab", *file.split("/"))
    text = as_xml("CastVoteRecordReport", json.loads(path.read_text()))
    source = SOURCE._replace(contest_id=contest)
    records = read(tmp_path, text, source)
    assert len(records) == ballots
    assert [r.selections for r in records] == [r.selections for r in cdf.read(path, source)]


def test_ranks_may_stand_on_the_selection(tmp_path: Path) -> None:
    """Then its positions have none."""
    source = SOURCE._replace(overvote_label="overvote")
    (record,) = read(tmp_path, report(ballot(*(option(f"s{n}", 5 - n) for n in (1, 2, 3, 4)))), source)
    assert record.selections == ((1, WRITE_IN), (2, OVERVOTE), (3, "Bob"), (4, "Ann & Co"))
    assert record._replace(selections=()) == RawRecord(
        "CVR 1 (line 2)",
        "r.xml(1)",
        (),
        "North",
        vendor_id="u-77",
        identity=(str(tmp_path / "r.xml"), "", "u-77"),
    )


def test_a_ballot_without_the_contest_is_no_record_and_one_without_selections_blank(tmp_path: Path) -> None:
    """The one is not numbered."""
    records = read(tmp_path, report(ballot(contest="c9"), ballot()))
    assert [(record.id, record.selections) for record in records] == [("r.xml(1)", ())]


def test_prefixes_of_names_do_not_matter(tmp_path: Path) -> None:
    """Some vendors write all names with one."""
    text = report(ballot(option("s1", 1))).replace("</", "</v:").replace("<", "<v:").replace("<v:/v:", "</v:")
    (record,) = read(tmp_path, text.replace("xmlns=", "xmlns:v="))
    assert record.selections == ((1, "Ann & Co"),)


def test_selections_that_wait_for_adjudication_and_written_positions_are_known(tmp_path: Path) -> None:
    """The one is none, the other an undeclared write-in."""
    waits = option("s1", 1, "<Status>needs-adjudication</Status>")
    written = "<SelectionPosition><CVRWriteIn><Text>Zed</Text></CVRWriteIn><Rank>2</Rank></SelectionPosition>"
    blank = "<SelectionPosition><HasIndication>no</HasIndication><Rank>3</Rank></SelectionPosition>"
    where = "<ContestSelectionId>s2</ContestSelectionId>"
    other = f"<CVRContestSelection>{where}{written}{blank}</CVRContestSelection>"
    assert read(tmp_path, report(ballot(waits, other)))[0].selections == ((2, WRITE_IN),)


def test_many_ballots_are_read_piece_by_piece(tmp_path: Path) -> None:
    """More than one piece of the file holds."""
    records = read(tmp_path, report(*[ballot(option("s1", 1), option("s2", 2))] * 2_000))
    assert len(records) == 2_000
    assert {record.selections for record in records} == {((1, "Ann & Co"), (2, "Bob"))}
    assert records[-1].id == "r.xml(2000)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (report(ballot(option("s9", 1))), r"CVR 1 \(line 2\), snapshot 1, .*: expected a ContestSelection"),
        (report(ballot(unit="g9")), r"CVR 1 \(line 2\): expected a GpUnit of the report"),
        (report(static=""), "expected one contest 'Mayor' .*, found none at all"),
        (report(static=ELECTION + ELECTION), "expected one contest 'Mayor'"),
        (
            report(ballot(option("s1", 1, "<Rank>2</Rank>"))),
            "line 2: expected one <Rank> in a <CVRContestSelection>",
        ),
        (
            report(ballot().replace("<UniqueId>", "<UniqueId>u-7</UniqueId><UniqueId>")),
            "line 2: expected one <UniqueId> in a <CVR>",
        ),
        (report("<CVR>\n"), "line 21: expected XML: mismatched tag"),
        ("<Report/>", "line 1: expected <CastVoteRecordReport>, found <Report>"),
        ('<!DOCTYPE x SYSTEM "file:///etc/hostname">\n' + report(), "line 1: expected no document type"),
    ],
)
def test_a_report_that_says_nonsense_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """With its file, its line and what was expected."""
    with pytest.raises(FormatError, match=rf"r\.xml: {said}"):
        read(tmp_path, text)
