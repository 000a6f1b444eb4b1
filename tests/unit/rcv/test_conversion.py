"""From a configuration's records to plain files: write-ins stay write-ins, or the format is refused."""

import json
from pathlib import Path

import pytest

from shared.rcv.conversion import convert_configuration
from shared.rcv.formats import rctab
from shared.rcv.formats.detect import read_ballots
from shared.rcv.formats.rctab import Configuration
from shared.rcv.formats.records import FormatError
from shared.rcv.reports.tabulated import Stamp
from tests.fuzz.vendors import configuration
from tests.support.sheets import write_sheet
from tests.unit.rcv.formats.plain.reading import counts

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
