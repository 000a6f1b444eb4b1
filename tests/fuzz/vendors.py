"""Files of cast vote records, vendor by vendor, and the configuration that names them: what is fuzzed of each.

An input may be several files: its parts, between lines of `~~~`, are written under the names that the target lists.
"""

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Final
from zipfile import ZipFile

from shared.contract.ballots import marks_fault
from shared.rcv.formats.rctab.configuration import contest_of, load
from shared.rcv.formats.rctab.records import read_records
from shared.rcv.formats.records import FormatError
from tests.fuzz.files import Target

PART: Final = b"\n~~~\n"
MAX_RANKS: Final = 5
MOST_RANKS: Final = 1_000
LONGEST: Final = 20_000
"""Characters of a message: about all that is wrong with a file of the size that is fuzzed."""


def configuration(provider: str, source: str, **settings: str) -> bytes:
    """Return a sound configuration of one contest with one source."""
    columns = {"firstVoteColumnIndex": "2", "firstVoteRowIndex": "2", "idColumnIndex": "1"}
    by_column = (
        columns if provider in {"ess", "genericCsv"} else {"contestId": "Mayor" if provider == "cdf" else "1"}
    )
    return json.dumps(
        {
            "tabulatorVersion": "2.0.1",
            "outputSettings": {"contestName": "Mayor"},
            "cvrFileSources": [{"filePath": source, "provider": provider, **by_column, **settings}],
            "candidates": [
                {"name": "Ann", "code": "7", "aliases": ["a"]},
                {"name": "Bob", "aliases": ["B", "b", "Bob, B"]},
            ],
            "rules": {
                "tiebreakMode": "useCandidateOrder",
                "overvoteRule": "exhaustImmediately",
                "winnerElectionMode": "singleWinnerMajority",
                "numberOfWinners": "1",
                "decimalPlacesForVoteArithmetic": "4",
                "maxSkippedRanksAllowed": "unlimited",
                "maxRankingsAllowed": str(MAX_RANKS),
            },
        },
        indent=1,
    ).encode()


def records(path: Path) -> None:
    """Read all records of a configuration, and assert that each has marks in their one spelling.

    A refusal is a FormatError or an OSError, and names a file that is there or was looked for; any other is a fault.
    """
    try:
        found = load(path)
        candidates = len(contest_of(found).candidates)
        for record in read_records(found):
            assert marks_fault(record.marks, candidates, found.max_ranks or MOST_RANKS) is None, record
    except (FormatError, OSError) as fault:
        _check_sentence(fault, path.parent)


def _check_sentence(fault: FormatError | OSError, folder: Path) -> None:
    if isinstance(fault, OSError):
        assert fault.filename, fault
        return
    sentence = str(fault)
    assert sentence.startswith(str(folder)), sentence
    assert len(sentence) < LONGEST, f"{sentence[:500]} and so on"


def source(config: bytes, *names: str) -> Callable[[Path], None]:
    """Return what is tried of a source's files, given in one input under a configuration that stays as it is."""

    def try_one(path: Path) -> None:
        parts = path.read_bytes().split(PART)
        for name, part in zip(names, parts, strict=False):
            place = path.parent / name
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(part)
        for name in names[len(parts) :]:
            (path.parent / name).unlink(missing_ok=True)
        (path.parent / "one_config.json").write_bytes(config)
        records(path.parent / "one_config.json")

    return try_one


def sheet(path: Path) -> None:
    """Try the text of a sheet, put into a workbook."""
    (path.parent / "votes.xlsx").write_bytes(workbook(path.read_bytes()))
    (path.parent / "one_config.json").write_bytes(_ESS)
    records(path.parent / "one_config.json")


def workbook(text: bytes, more: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """Return the smallest Excel workbook whose only sheet is this text, with more parts by name."""
    packed = BytesIO()
    with ZipFile(packed, "w") as book:
        for name, content in {**_WORKBOOK, **more}.items():
            book.writestr(name, content)
        book.writestr("xl/worksheets/sheet1.xml", text)
    return packed.getvalue()


def beside(name: str, content: bytes, try_one: Callable[[Path], None]) -> Callable[[Path], None]:
    """Return a trial that finds another file beside its own."""

    def try_with(path: Path) -> None:
        (path.parent / name).write_bytes(content)
        try_one(path)

    return try_with


_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_SHEETS: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_WORKBOOK: Final = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_SHEETS}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
    f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
_SHEET: Final = (
    f'<worksheet xmlns="{_SHEETS}"><sheetData>'
    '<row r="1"><c r="A1" t="inlineStr"><is><t>Id</t></is></c><c r="B1" t="inlineStr"><is><t>1st</t></is></c></row>'
    '<row r="2"><c r="A2"><v>7</v></c><c r="B2" t="inlineStr"><is><t>Ann</t></is></c>'
    '<c r="C2" t="inlineStr"><is><t>B//Ann</t></is></c><c r="D2" t="str"><v>w</v></c><c r="F2" t="inlineStr"><is><t>under</t></is></c></row>'
    "</sheetData></worksheet>"
).encode()
_ESS: Final = configuration(
    "ess",
    "votes.xlsx",
    overvoteDelimiter="//",
    undeclaredWriteInLabel="w",
    skippedRankLabel="under",
)
_CDF_JSON: Final = json.dumps(
    {
        "@type": "CVR.CastVoteRecordReport",
        "Election": [
            {
                "@id": "e",
                "@type": "CVR.Election",
                "Candidate": [
                    {"@id": "a", "@type": "CVR.Candidate", "Name": "Ann"},
                    {"@id": "b", "Name": "Bob"},
                ],
                "Contest": [
                    {
                        "@id": "1",
                        "@type": "CVR.CandidateContest",
                        "Name": "Mayor",
                        "ContestSelection": [
                            {"@id": "ca", "@type": "CVR.CandidateSelection", "CandidateIds": ["a"]},
                            {"@id": "cb", "@type": "CVR.CandidateSelection", "CandidateIds": ["b"]},
                        ],
                    }
                ],
            }
        ],
        "GpUnit": [{"@id": "g", "@type": "CVR.GpUnit", "Type": "precinct", "Name": "P1"}],
        "CVR": [
            {
                "@type": "CVR.CVR",
                "BallotPrePrintedId": "1",
                "BatchId": "x",
                "BallotStyleUnitId": "g",
                "CurrentSnapshotId": "s",
                "CVRSnapshot": [
                    {
                        "@id": "s",
                        "Type": "original",
                        "CVRContest": [
                            {
                                "ContestId": "1",
                                "CVRContestSelection": [
                                    {
                                        "ContestSelectionId": "ca",
                                        "SelectionPosition": [
                                            {
                                                "HasIndication": "yes",
                                                "IsAllocable": "yes",
                                                "NumberVotes": 1,
                                                "Rank": 1,
                                            }
                                        ],
                                    },
                                    {
                                        "ContestSelectionId": "cb",
                                        "Rank": 2,
                                        "SelectionPosition": [{"Rank": 2}],
                                    },
                                ],
                            }
                        ],
                    }
                ],
            }
        ],
    },
    indent=1,
).encode()
_CDF_XML: Final = b"""<?xml version="1.0" encoding="UTF-8"?>
<CastVoteRecordReport xmlns="http://itl.nist.gov/ns/voting/1500-103/v1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<CVR><BallotPrePrintedId>1</BallotPrePrintedId><BatchId>x</BatchId><BallotStyleUnitId>g</BallotStyleUnitId>
<CurrentSnapshotId>s</CurrentSnapshotId><CVRSnapshot ObjectId="s"><CVRContest><ContestId>1</ContestId>
<CVRContestSelection><ContestSelectionId>ca</ContestSelectionId><Rank>1</Rank><SelectionPosition>
<HasIndication>yes</HasIndication><IsAllocable>yes</IsAllocable><NumberVotes>1</NumberVotes><Rank>1</Rank>
</SelectionPosition></CVRContestSelection></CVRContest><Type>original</Type></CVRSnapshot></CVR>
<Election ObjectId="e"><Candidate ObjectId="a"><Name>Ann</Name></Candidate>
<Candidate ObjectId="b"><Name>Bob</Name></Candidate><Contest ObjectId="1" xsi:type="CandidateContest">
<ContestSelection ObjectId="ca" xsi:type="CandidateSelection"><CandidateIds>a</CandidateIds></ContestSelection>
<ContestSelection ObjectId="cb"><CandidateIds>b</CandidateIds></ContestSelection><Name>Mayor</Name></Contest></Election>
<GpUnit ObjectId="g"><Name>P1</Name><Type>precinct</Type></GpUnit></CastVoteRecordReport>
"""
_DOMINION_CANDIDATES: Final = (
    b'{"List":[{"Description":"Ann","Id":7,"ContestId":1,"Type":"Regular"},'
    b'{"Description":"w","Id":8,"ContestId":1,"Type":"WriteIn"}]}'
)
_DOMINION_EXPORT: Final = (
    b'{"Version":"5","Sessions":[{"TabulatorId":4,"BatchId":1,"RecordId":"X","CountingGroupId":1,'
    b'"Original":{"PrecinctPortionId":1,"BallotTypeId":1,"IsCurrent":true,"Cards":[{"Id":1,"Contests":[{"Id":1,'
    b'"Marks":[{"CandidateId":7,"Rank":1,"IsAmbiguous":false},{"CandidateId":8,"Rank":2,"IsAmbiguous":true}]}]}]},'
    b'"Modified":{"PrecinctPortionId":1,"IsCurrent":false,"Contests":[{"Id":1,"Marks":[]}]}}]}'
)
_DOMINION: Final = (
    ("d/ContestManifest.json", b'{"List":[{"Description":"Mayor","Id":1,"NumOfRanks":5}]}'),
    ("d/CandidateManifest.json", _DOMINION_CANDIDATES),
    ("d/PrecinctManifest.json", b'{"List":[{"Description":"P1","Id":1}]}'),
    ("d/PrecinctPortionManifest.json", b'{"List":[{"Description":"P1a","Id":1,"PrecinctId":1}]}'),
    ("d/CvrExport.json", _DOMINION_EXPORT),
)
_HART: Final = b"""<?xml version="1.0" encoding="utf-8"?><Cvr xmlns="http://tempuri.org/CVRDesign.xsd"><Contests>
<Contest><Name>Mayor</Name><Id>1</Id><Options><Option><Name>Ann</Name><Id>a</Id><Value>10010</Value></Option>
<Option><Id>b</Id><Value>01</Value><WriteInData><Text>Zed</Text></WriteInData></Option></Options></Contest></Contests>
<BatchSequence>14</BatchSequence><PrecinctSplit><Name>P1</Name><Id>p</Id></PrecinctSplit><BatchNumber>1</BatchNumber>
<CvrGuid>c5f6</CvrGuid></Cvr>
"""
_CLEAR_BALLOT: Final = (
    b'"RowNumber","BoxID","BoxPosition","BallotID","PrecinctID","BallotStyleID","PrecinctStyleName","ScanComputerName",'
    b'"Status","Remade","Choice_1_1:1:1:Number of Winners 1:Ann:NON","Choice_1_1:1:2:Number of Winners 1:Ann:NON",'
    b'"Choice_2_1:1:1:Number of Winners 1:Bob, B:NON","Choice_3_1:Other:1:Number of Winners 1:Zed:NON"\n'
    b'1,"R",1,"R+1",76,1,"3804","S",0,0,1,0,0,0\n2,"R",2,"R+2",22,1,"33","S",0,0,0,1,1,1\n'
)
_GENERIC: Final = b"Id,Ann,Bob,w\n1,1,2,\n2,,1,1\n3,5,,\n"

_JSON_WORDS: Final = ("[", "]", "{", "}", ",", ":", "null", "true", "-1", "1e9", '""', "NaN")
_XML_WORDS: Final = (
    "<!DOCTYPE a [<!ENTITY b 'c'>]>",
    "&b;",
    "</",
    "/>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "&#0;",
    ' xmlns=""',
)

VENDORS: Final[dict[str, Target]] = {
    "rctab": Target(
        "one_config.json",
        beside("votes.csv", _GENERIC, records),
        (configuration("genericCsv", "votes.csv", undeclaredWriteInLabel="w"),),
        (*_JSON_WORDS, "max", "unlimited", "bottomsUp", "multiPassIrv", '"randomSeed": "1",', '"excluded": true,'),
    ),
    "ess": Target("input", source(_ESS, "votes.xlsx"), (workbook(_SHEET),), ("PK\x03\x04", "PK\x01\x02", "PK\x05\x06")),
    "ess_sheet": Target("input", sheet, (_SHEET,), (*_XML_WORDS, ' t="s"', ' t="str"', "//", "over", "under", "1E400")),
    "generic_csv": Target(
        "input",
        source(configuration("genericCsv", "votes.csv", undeclaredWriteInLabel="w"), "votes.csv"),
        (_GENERIC, b'"Id","Ann",B\n1,2,1\n'),
        (",", '"', "\n", "99999999999", "1.0", "-1"),
    ),
    "clear_ballot": Target(
        "input", source(configuration("clearBallot", "votes.csv"), "votes.csv"), (_CLEAR_BALLOT,), (",", '"', ":", "Choice_", "\n")
    ),
    "dominion": Target(
        "input",
        source(configuration("dominion", "d", undeclaredWriteInLabel="8"), *(name for name, _ in _DOMINION)),
        (PART.join(part for _, part in _DOMINION),),
        (*_JSON_WORDS, "\n~~~\n"),
    ),
    "hart": Target("input", source(configuration("hart", "h"), "h/1_a.xml", "h/2.xml"), (_HART, _HART + PART + _HART), _XML_WORDS),
    "cdf_json": Target("input", source(configuration("cdf", "votes.json"), "votes.json"), (_CDF_JSON,), _JSON_WORDS),
    "cdf_xml": Target("input", source(configuration("cdf", "votes.xml"), "votes.xml"), (_CDF_XML,), _XML_WORDS),
}  # fmt: skip
