"""From a configuration's records to plain files: write-ins stay write-ins, or the format is refused."""

import json
from collections import Counter
from pathlib import Path

import pytest

from shared.rcv.conversion import convert_configuration, convert_plain, not_said, unranked
from shared.rcv.formats import rctab
from shared.rcv.formats.detect import read_ballots
from shared.rcv.formats.rctab import Configuration
from shared.rcv.formats.records import BallotFile, BallotGroup, FormatError
from shared.rcv.reports.tabulated import Stamp
from tests.fuzz.vendors import configuration
from tests.support.sheets import write_sheet
from tests.unit.rcv.formats.plain.reading import counts
from tests.unit.rcv.formats.rctab.test_repeats import configured, dominion

STAMP = Stamp("Livecount", "1", "2026-05-07T21:00:00+01:00")


def with_write_ins(folder: Path) -> Configuration:
    """Return a configuration whose votes rank a write-in."""
    (folder / "votes.csv").write_text("Id,Ann,Bob,w\n1,2,,1\n2,,1,\n")
    (folder / "c.json").write_bytes(configuration("genericCsv", "votes.csv", undeclaredWriteInLabel="w"))
    return rctab.load(folder / "c.json")


def test_blt_says_who_is_a_write_in(tmp_path: Path) -> None:
    """So that nobody who is undeclared can be elected by the file."""
    convert_configuration(with_write_ins(tmp_path), "blt", tmp_path / "out.blt", STAMP)
    file = read_ballots(tmp_path / "out.blt")
    assert (file.candidates, file.write_ins) == (("Ann", "Bob", "Undeclared Write-ins"), (2,))
    assert counts(file) == {"2>0": 1, "1": 1}


@pytest.mark.parametrize("to", ["abif", "preflib"])
def test_a_format_without_a_word_for_write_ins_is_refused(tmp_path: Path, to: str) -> None:
    """They would be candidates like all others."""
    with pytest.raises(FormatError, match="cannot say that candidates are undeclared write-ins"):
        convert_configuration(with_write_ins(tmp_path), to, tmp_path / "out", STAMP)


def test_a_write_in_without_a_label_is_not_written_as_a_blank_rank(tmp_path: Path) -> None:
    """A source may have blank cells for write-ins, and no word."""
    write_sheet(tmp_path / "votes.xlsx", [["id", "1st", "2nd"], ["a", "", "Ann"], ["b", "Bob", "Ann"]])
    document = json.loads(configuration("ess", "votes.xlsx"))
    document["cvrFileSources"][0]["treatBlankAsUndeclaredWriteIn"] = True
    (tmp_path / "c.json").write_text(json.dumps(document))
    found = rctab.load(tmp_path / "c.json")
    with pytest.raises(
        FormatError, match=r"CSV needs a word for undeclared write-ins \[undeclaredWriteInLabel\]"
    ):
        convert_configuration(found, "csv", tmp_path / "out.csv", STAMP)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    "names",
    [("Ann", "ANN"), ("Jos\u00e9", "Jos_"), ("\u65e5\u672c", "\u4e2d\u56fd"), ("A_b-2", "A b", "A_b")],
)
def test_candidates_keep_ids_of_their_own_in_nists_records(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Whatever is left of a name in an id: two of one id would be one candidate."""
    ballots = tuple(BallotGroup(str(place), place + 1) for place in range(len(names)))
    convert_plain(BallotFile("Mayor", names, ballots), "cdf", tmp_path / "out.json", STAMP, "votes")
    document = json.loads(configuration("cdf", "out.json"))
    document["candidates"] = [{"name": name} for name in names]
    (tmp_path / "c.json").write_text(json.dumps(document))
    found = Counter(record.marks for record in rctab.read_records(rctab.load(tmp_path / "c.json")))
    assert found == {str(place): place + 1 for place in range(len(names))}


def test_ballots_keep_ids_of_their_own_in_nists_records(tmp_path: Path) -> None:
    """Though Dominion numbers anew in each batch; where it does not, the ids are its own."""
    dominion(tmp_path / "d", [("1", "7", "Ann"), ("2", "7", "Bob"), ("2", "8", "Bob")])
    config = rctab.load(configured(tmp_path, "dominion", "d"))
    convert_configuration(config, "cdf", tmp_path / "out.json", STAMP)
    ballots = json.loads((tmp_path / "out.json").read_text())["CVR"]
    assert [each["BallotPrePrintedId"] for each in ballots] == ["4-1-7", "4-2-7", "4-2-8"]
    assert len({each["CurrentSnapshotId"] for each in ballots}) == 3
    records = list(rctab.read_records(rctab.load(configured(tmp_path, "cdf", "out.json"))))
    assert [record.marks for record in records] == ["0", "1", "1"]


@pytest.mark.parametrize("to", ["abif", "preflib", "csv", "cdf", "rctab"])
@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("[tie 2 1]", "cannot say who is picked of level"),
        ("-2", "cannot say that candidates are withdrawn: Bo"),
    ],
)
def test_what_decides_an_election_is_not_lost_on_the_way(
    tmp_path: Path, to: str, option: str, said: str
) -> None:
    """An order for ties, or that somebody has withdrawn: only BLT has words for them."""
    (tmp_path / "v.blt").write_text(
        f'2 1\n{option}\n1 1 2 0\n1 2 1 0\n0\n"Ann"\n"Bo"\n"T"\n'.replace("\\\n", "\n")
    )
    file = read_ballots(tmp_path / "v.blt")
    with pytest.raises(FormatError, match=said):
        convert_plain(file, to, tmp_path / "out", STAMP, "v.blt")
    convert_plain(file, "blt", tmp_path / "out.blt", STAMP, "v.blt")
    assert read_ballots(tmp_path / "out.blt") == file


@pytest.mark.parametrize("name", ["undervote", "Ann\nLee", "skipped"])
def test_a_name_that_csv_would_read_as_none_or_two_is_refused(tmp_path: Path, name: str) -> None:
    """Of a configuration's candidates, too."""
    (tmp_path / "votes.csv").write_text("Id,b,B\n1,1,2\n")
    document = json.loads(configuration("genericCsv", "votes.csv"))
    document["candidates"] = [{"name": name, "aliases": ["b"]}, {"name": "Bob", "aliases": ["B"]}]
    (tmp_path / "c.json").write_text(json.dumps(document))
    with pytest.raises(FormatError, match="CSV cannot hold this name under a rank"):
        convert_configuration(rctab.load(tmp_path / "c.json"), "csv", tmp_path / "out.csv", STAMP)


def test_a_source_is_not_written_over(tmp_path: Path) -> None:
    """Nor the configuration, nor a file in a folder that is a source."""
    dominion(tmp_path / "d", [("1", "7", "Ann")])
    config = rctab.load(configured(tmp_path, "dominion", "d"))
    for out in (tmp_path / "d" / "CvrExport.json", tmp_path / "d" / "CandidateManifest.json", config.path):
        before = out.read_bytes()
        with pytest.raises(FormatError, match="expected another file than the one that is read"):
            convert_configuration(config, "cdf", out, STAMP)
        assert out.read_bytes() == before
    for _ in range(2):
        convert_configuration(config, "cdf", tmp_path / "d" / "records.json", STAMP)


def test_what_a_format_has_no_place_for_is_named() -> None:
    """The ballots are all there; whoever counts them has to say the rest."""
    assert not_said("Mayor", 2, "blt") == not_said("Mayor", 2, "abif") == not_said("", 1, "csv") == []
    assert not_said("Mayor", 2, "preflib") == not_said("Mayor", 2, "cdf") == ["number of seats, 2"]
    assert (
        not_said("Mayor", 2, "csv")
        == not_said("Mayor", 2, "rctab")
        == ["title 'Mayor'", "number of seats, 2"]
    )


def test_every_selection_of_converted_records_is_defined(tmp_path: Path) -> None:
    """Aliases as their candidates', overvotes of unnamed candidates, write-ins as such: so the records are read back."""
    rows = [["id", "1st", "2nd"], ["x", "a", "Bob"], ["y", "OV", "b"], ["z", "w", "B"]]
    write_sheet(tmp_path / "votes.xlsx", rows)
    source = configuration("ess", "votes.xlsx", overvoteLabel="OV", undeclaredWriteInLabel="w")
    (tmp_path / "c.json").write_bytes(source)
    first = rctab.load(tmp_path / "c.json")
    convert_configuration(first, "cdf", tmp_path / "out.json", STAMP)
    document = json.loads((tmp_path / "out.json").read_text())
    (held,) = document["Election"][0]["Contest"]
    defined = [selection["@id"] for selection in held["ContestSelection"]]
    assert len(set(defined)) == len(defined) == 7
    assert [each["@id"] for each in held["ContestSelection"] if each.get("IsWriteIn")] == [
        "cs-undeclared_write-ins"
    ]
    (tmp_path / "d.json").write_bytes(configuration("cdf", "out.json", undeclaredWriteInLabel="w"))
    again = rctab.load(tmp_path / "d.json")
    marks = [[record.marks for record in rctab.read_records(each)] for each in (first, again)]
    assert marks == [["0>1", "*>1", "2>1"]] * 2


def test_overvotes_of_a_plain_file_are_defined_in_its_records(tmp_path: Path) -> None:
    """Though no configuration has a label for them."""
    convert_plain(
        BallotFile("Mayor", ("Ann", "Bob"), (BallotGroup("*>1", 2),)), "cdf", tmp_path / "o.json", STAMP, "v"
    )
    (tmp_path / "c.json").write_bytes(configuration("cdf", "o.json"))
    assert [record.marks for record in rctab.read_records(rctab.load(tmp_path / "c.json"))] == ["*>1"] * 2


def test_candidates_whom_nobody_ranks_are_named_where_the_format_has_no_place_for_them() -> None:
    """RCTab's CSV has no declarations; the other formats list everybody."""
    file = BallotFile("Mayor", ("Ann", "Bob", "Cy"), (BallotGroup("1", 2), BallotGroup("", 1)))
    assert unranked(file, "rctab") == ["Ann", "Cy"]
    assert unranked(file, "csv") == []
