"""A ballot is read once: repeated ids and files, in every vendor's records."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from shared.rcv.formats.cvr.raw import Listeners
from shared.rcv.formats.rctab.configuration import load
from shared.rcv.formats.rctab.records import read_records
from shared.rcv.formats.rctab.repeats import AGAIN, COPY, NUMBERED_ANEW
from shared.rcv.formats.records import FormatError
from tests.fuzz.vendors import configuration
from tests.support.sheets import write_sheet

Ballots = list[tuple[str, str, str]]
"""Batch, id and first choice of each, Ann or Bob."""

BY_COLUMNS = {"idColumnIndex": "1", "batchColumnIndex": "2", "firstVoteColumnIndex": "3"}


def generic_csv(path: Path, ballots: Ballots) -> None:
    """Write ballots of generic CSV."""
    rows = [f"{number},{batch},{'1,' if name == 'Ann' else ',1'}" for batch, number, name in ballots]
    path.write_text("\n".join(["Id,Batch,Ann,Bob", *rows, ""]))


def ess(path: Path, ballots: Ballots) -> None:
    """Write a workbook of ES&S."""
    write_sheet(path, [["Id", "Batch", "1st"], *([number, batch, name] for batch, number, name in ballots)])


def clear_ballot(path: Path, ballots: Ballots) -> None:
    """Write ballots of Clear Ballot; the batch is the scanner."""
    head = "Row,Box,Position,BallotID,PrecinctID,Style,PrecinctStyle,Scanner,Status,Remade"
    rows = [
        f"1,B,1,{number},P,1,S,{batch},0,0,{'1,0' if name == 'Ann' else '0,1'}"
        for batch, number, name in ballots
    ]
    path.write_text("\n".join([f"{head},C_1:1:1:N:Ann:NON,C_2:1:1:N:Bob:NON", *rows, ""]))


def dominion(path: Path, ballots: Ballots) -> None:
    """Write a folder of Dominion."""
    path.mkdir()
    candidates = [{"Description": name, "Id": name, "ContestId": 1} for name in ("Ann", "Bob")]
    (path / "ContestManifest.json").write_text('{"List":[{"Description":"Mayor","Id":1}]}')
    (path / "CandidateManifest.json").write_text(json.dumps({"List": candidates}))
    sessions = [
        {
            "TabulatorId": 4,
            "BatchId": batch,
            "RecordId": number,
            "Original": {
                "IsCurrent": True,
                "Contests": [{"Id": 1, "Marks": [{"CandidateId": name, "Rank": 1, "IsAmbiguous": False}]}],
            },
        }
        for batch, number, name in ballots
    ]
    (path / "CvrExport.json").write_text(json.dumps({"Sessions": sessions}))


def hart(path: Path, ballots: Ballots) -> None:
    """Write a folder of Hart; ids are unique without batches."""
    path.mkdir()
    for place, (_, number, name) in enumerate(ballots):
        option = f"<Option><Id>{name}</Id><Value>1</Value></Option>"
        contest = f"<Contests><Contest><Id>1</Id><Options>{option}</Options></Contest></Contests>"
        (path / f"{place}.xml").write_text(f"<Cvr>{contest}<CvrGuid>{number}</CvrGuid></Cvr>")


def cdf(path: Path, ballots: Ballots, device: str | None = "scanner") -> None:
    """Write NIST's records."""
    people = [{"@id": name, "Name": name} for name in ("Ann", "Bob")]
    selections = [{"@id": f"s{name}", "CandidateIds": [name]} for name in ("Ann", "Bob")]
    cvrs = [
        {
            "BallotPrePrintedId": number,
            "BatchId": batch,
            "CreatingDeviceId": device,
            "CVRSnapshot": [
                {
                    "@id": "s",
                    "CVRContest": [
                        {
                            "ContestId": "c",
                            "CVRContestSelection": [{"ContestSelectionId": f"s{name}", "Rank": 1}],
                        }
                    ],
                }
            ],
        }
        for batch, number, name in ballots
    ]
    election = {
        "Candidate": people,
        "Contest": [{"@id": "c", "Name": "Mayor", "ContestSelection": selections}],
    }
    path.write_text(json.dumps({"Election": [election], "CVR": cvrs}))


def cdf_xml(path: Path, ballots: Ballots) -> None:
    """Write NIST's records as XML."""
    people = "".join(
        f'<Candidate ObjectId="{name}"><Name>{name}</Name></Candidate>' for name in ("Ann", "Bob")
    )
    selections = "".join(
        f'<ContestSelection ObjectId="s{name}"><CandidateIds>{name}</CandidateIds></ContestSelection>'
        for name in ("Ann", "Bob")
    )
    cvrs = "\n".join(
        f'<CVR><BatchId>{batch}</BatchId><CreatingDeviceId>d</CreatingDeviceId><CVRSnapshot ObjectId="s"><CVRContest>'
        f"<CVRContestSelection><ContestSelectionId>s{name}</ContestSelectionId><Rank>1</Rank></CVRContestSelection>"
        f"<ContestId>c</ContestId></CVRContest></CVRSnapshot><UniqueId>{number}</UniqueId></CVR>"
        for batch, number, name in ballots
    )
    contest = f'<Contest ObjectId="c">{selections}<Name>Mayor</Name></Contest>'
    election = f"<Election>{people}{contest}</Election>"
    path.write_text(f"<CastVoteRecordReport>{cvrs}{election}</CastVoteRecordReport>")


VENDORS = {
    "genericCsv": (generic_csv, "genericCsv", "{}.csv", "line 3"),
    "ess": (ess, "ess", "{}.xlsx", "row 3"),
    "clearBallot": (clear_ballot, "clearBallot", "{}.csv", "line 3"),
    "dominion": (dominion, "dominion", "{}", "CvrExport.json, session 2"),
    "hart": (hart, "hart", "{}", "1.xml, line 1"),
    "cdf_json": (cdf, "cdf", "{}.json", "CVR 2"),
    "cdf_xml": (cdf_xml, "cdf", "{}.xml", r"CVR 2 \(line 2\)"),
}


def written(folder: Path, vendor: str, *sources: Ballots) -> Path:
    """Return a configuration of sources of a vendor."""
    write, provider, name, _ = VENDORS[vendor]
    for number, ballots in enumerate(sources, 1):
        write(folder / name.format(number), ballots)
    return configured(folder, provider, *(name.format(number) for number in range(1, len(sources) + 1)))


def configured(folder: Path, provider: str, *names: str, **more: Any) -> Path:
    """Return a configuration of files that are there."""
    columns = BY_COLUMNS if provider in {"ess", "genericCsv"} else {}
    config: dict[str, Any] = json.loads(configuration(provider, names[0], **{**columns, **more}))
    (one,) = config["cvrFileSources"]
    config["cvrFileSources"] = [one | {"filePath": name} for name in names]
    config["candidates"] = [{"name": "Ann"}, {"name": "Bob"}]
    (folder / "config.json").write_text(json.dumps(config))
    return folder / "config.json"


def count(config: Path, *, as_rctab: bool = False) -> tuple[int, list[str]]:
    """Return how many ballots are read, and what is remarked."""
    remarks: list[str] = []
    records = list(read_records(load(config, as_rctab=as_rctab), Listeners(odd=remarks.append)))
    return len(records), remarks


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_ballot_with_the_id_of_another_is_refused(vendor: str, tmp_path: Path) -> None:
    """Whatever it says; RCTab counts it."""
    config = written(tmp_path, vendor, [("b", "7", "Ann"), ("b", "7", "Bob"), ("b", "8", "Ann")])
    place = VENDORS[vendor][3]
    with pytest.raises(
        FormatError, match=rf"expected each ballot once\n.*{place}: found ballot '.*7' again, as in "
    ) as fault:
        count(config)
    assert str(fault.value).count("\n") == 1
    assert count(config, as_rctab=True) == (3, [AGAIN])


@pytest.mark.parametrize("vendor", sorted(VENDORS.keys() - {"hart"}))
def test_each_batch_may_number_its_ballots(vendor: str, tmp_path: Path) -> None:
    """Where the vendor says which batch, or scanner, a ballot is of."""
    config = written(tmp_path, vendor, [("b", "7", "Ann"), ("c", "7", "Ann"), ("c", "8", "Ann")])
    assert count(config) == (3, [])


@pytest.mark.parametrize("vendor", VENDORS)
def test_ballots_of_one_source_in_another_are_refused(vendor: str, tmp_path: Path) -> None:
    """An export and a later, longer one, beside a source that numbers anew."""
    first = [("b", "7", "Ann"), ("b", "8", "Bob")]
    anew = [("b", "7", "Bob"), ("b", "9", "Bob")]
    config = written(tmp_path, vendor, anew, first, [*first, ("b", "10", "Ann")])
    with pytest.raises(FormatError, match="expected each ballot once") as fault:
        count(config)
    assert str(fault.value).count(" again, as in ") == 2
    assert count(config, as_rctab=True) == (7, [NUMBERED_ANEW] * 3)


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_source_may_number_its_ballots(vendor: str, tmp_path: Path) -> None:
    """That is remarked: where two agree, it may be by chance."""
    first = [("b", "7", "Ann"), ("b", "8", "Bob")]
    config = written(tmp_path, vendor, first, [("b", "7", "Ann"), ("b", "8", "Ann")])
    assert count(config) == (4, [NUMBERED_ANEW] * 2)


def test_ids_of_nists_records_hold_in_one_file_unless_a_device_is_named(tmp_path: Path) -> None:
    """RCTab's own test has two equal files."""
    for name in ("1.json", "2.json"):
        cdf(tmp_path / name, [("b", "7", "Ann"), ("b", "8", "Bob")], device=None)
    assert count(configured(tmp_path, "cdf", "1.json", "2.json")) == (4, [])


def test_ids_that_dominion_withholds_are_no_ids(tmp_path: Path) -> None:
    """Officials publish X in their place."""
    assert count(written(tmp_path, "dominion", [("b", "X", "Ann")] * 3)) == (3, [])


@pytest.mark.parametrize("vendor", ["genericCsv", "ess"])
def test_a_copy_of_a_file_without_ids_is_refused(vendor: str, tmp_path: Path) -> None:
    """Byte for byte: of other ballots nobody could say that they are others."""
    config = written(tmp_path, vendor, [("b", "7", "Ann")])
    name = VENDORS[vendor][2]
    (tmp_path / name.format(2)).write_bytes((tmp_path / name.format(1)).read_bytes())
    config = configured(tmp_path, vendor, name.format(1), name.format(2), idColumnIndex="")
    with pytest.raises(
        FormatError, match=r"/2\..*: expected other ballots than those of .*/1\..*, found a copy"
    ):
        count(config)
    assert count(config, as_rctab=True) == (2, [COPY])


@pytest.mark.parametrize("other", ["./1.csv", "../{}/1.csv", "link.csv", "hard.csv", "1.csv"])
def test_a_file_is_listed_once_whatever_it_is_called(other: str, tmp_path: Path) -> None:
    """Another spelling of its path, or a link to it."""
    written(tmp_path, "genericCsv", [("b", "7", "Ann")])
    (tmp_path / "link.csv").symlink_to("1.csv")
    os.link(tmp_path / "1.csv", tmp_path / "hard.csv")
    config = configured(tmp_path, "genericCsv", "1.csv", other.format(tmp_path.name))
    with pytest.raises(
        FormatError, match=r"cvrFileSources, number 2, filePath: .* stands twice, as number 1"
    ):
        load(config)


def test_ten_ballots_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    """In a file that somebody pasted twice."""
    config = written(tmp_path, "genericCsv", [("b", str(number), "Ann") for number in range(12)] * 2)
    with pytest.raises(FormatError, match=r"\n  and 2 more$") as fault:
        count(config)
    assert "line 14: found ballot 'b, 0' again, as in line 2\n" in str(fault.value)
