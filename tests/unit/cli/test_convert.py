"""`livecount convert`, from the shell."""

import json
from pathlib import Path

import pytest

from shared.rcv.formats.detect import read_ballots
from tests.support.configurations import configured
from tests.unit.cli.front import livecount, ward


@pytest.mark.parametrize(
    ("to", "name"), [("csv", "a.csv"), ("abif", "a.abif"), ("preflib", "a.soi"), ("blt", "a.blt")]
)
def test_a_plain_file_says_the_same_in_another_format(tmp_path: Path, to: str, name: str) -> None:
    """The same candidates, and as many ballots of each ranking."""
    file, out = ward(tmp_path), tmp_path / name
    answer = livecount("convert", file, "--to", to, "--out", out)
    assert answer.stdout == f"24 ballots in {out}\n"
    before, after = read_ballots(file), read_ballots(out)
    assert after.candidates == before.candidates
    assert sorted(after.ballots) == sorted(before.ballots)


def test_cast_vote_records_have_each_ballot(tmp_path: Path) -> None:
    """24 of them in the common data format."""
    out = tmp_path / "ward.json"
    livecount("convert", ward(tmp_path), "--to", "cdf", "--out", out)
    report = json.loads(out.read_text())
    assert report["@type"] == "CVR.CastVoteRecordReport"
    assert len(report["CVR"]) == 24
    assert {candidate["Name"] for candidate in report["Election"][0]["Candidate"]} == {
        "Ada Lovelace",
        "Basil Brown",
        "Clara Bow",
        "Dora Maar",
    }


def test_nothing_is_written_of_a_file_that_is_wrong(tmp_path: Path) -> None:
    """Neither a new file nor over one that was there."""
    out = tmp_path / "out.csv"
    out.write_text("precious")
    answer = livecount("convert", ward(tmp_path, "2 1\n1 3 0\n0\n"), "--to", "csv", "--out", out)
    assert answer.exit_code == 2
    assert out.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "ward.blt"]


def test_what_a_format_cannot_say_is_refused(tmp_path: Path) -> None:
    """Sections have no place in BLT."""
    file = tmp_path / "tea.csv"
    file.write_text("count,section,rank1\n1,adults,Ada\n9,children,Basil\n")
    answer = livecount("convert", file, "--to", "blt", "--out", tmp_path / "tea.blt")
    assert answer.exit_code == 2
    assert "sections" in answer.stderr
    assert not (tmp_path / "tea.blt").exists()


def test_no_file_is_written_over_one_that_is_read(tmp_path: Path) -> None:
    """A plain file, a configuration or its source, by any name: the ballots would be gone."""
    file, config = ward(tmp_path), configured(tmp_path)
    source = config.with_name("tea_cvr.csv")
    (tmp_path / "link.blt").symlink_to(file)
    before = {path: path.read_bytes() for path in (file, config, source)}
    for read, to, out in (
        (file, "blt", file),
        (file, "csv", tmp_path / "link.blt"),
        (config, "cdf", config),
        (config, "csv", source),
    ):
        answer = livecount("convert", read, "--to", to, "--out", out)
        assert answer.exit_code == 2
        assert "expected another file than" in answer.stderr
    assert {path: path.read_bytes() for path in before} == before
