"""`livecount tabulate`, and `convert` of a configuration, on one written by hand."""

import json
from pathlib import Path

import pytest

from shared.rcv.formats.detect import read_ballots
from tests.golden.goldens import FOLDER as ELECTIONS
from tests.support.configurations import BALLOTS, configured
from tests.unit.cli.front import livecount, ward


def test_reports_are_written_where_asked(tmp_path: Path) -> None:
    """The folder is made, each file is named, the numbers are the ballots'."""
    out = tmp_path / "deep" / "results"
    answer = livecount("tabulate", configured(tmp_path), "--out", out)
    assert answer.exit_code == 0, answer.stderr
    assert answer.stdout.split() == [str(path) for path in map(Path, answer.stdout.split()) if path.is_file()]
    assert {path.name for path in out.iterdir()} == {
        f"tea_{kind}_report.{form}" for kind in ("detailed", "summary") for form in ("csv", "json")
    } | {"tea_rctab_cvr.csv"}
    report = json.loads((out / "tea_detailed_report.json").read_text())
    assert report["results"][0]["tally"] == {"Ada": "2", "Basil": "2", "Clara": "1"}


def test_a_ballot_that_is_wrong_is_reported_and_nothing_is_written(tmp_path: Path) -> None:
    """The sixth has rank 7, where two are allowed."""
    config, out = configured(tmp_path, (*BALLOTS, "7")), tmp_path / "out"
    answer = livecount("tabulate", config, "--out", out)
    assert answer.exit_code == 2
    assert "line 7: expected ranks from 1 to 2" in answer.stderr
    assert not out.exists()


def test_a_tie_nobody_is_there_to_break_names_its_round(tmp_path: Path) -> None:
    """And the configuration; nothing is written."""
    config, out = configured(tmp_path, ("1", " 1"), tiebreakMode="stopCountingAndAsk"), tmp_path / "out"
    answer = livecount("tabulate", config, "--out", out)
    assert answer.exit_code == 2
    assert answer.stderr.startswith(f"livecount: {config}: round 2: Ada, Basil are level")
    assert not out.exists()


@pytest.mark.parametrize(("to", "name"), [("blt", "tea.blt"), ("abif", "tea.abif"), ("preflib", "tea.toi")])
def test_records_are_merged_into_a_plain_file(tmp_path: Path, to: str, name: str) -> None:
    """Without the blank first rank, which those formats have no words for."""
    out = tmp_path / name
    answer = livecount("convert", configured(tmp_path, (*BALLOTS[:4], BALLOTS[0])), "--to", to, "--out", out)
    assert answer.stdout == f"5 ballots in {out}\n", answer.stderr
    file = read_ballots(out)
    assert file.candidates == ("Ada", "Basil", "Clara")
    assert {(group.marks, group.ballots) for group in file.ballots} == {
        ("0>1", 2),
        ("0", 1),
        ("1>0", 1),
        ("2>1", 1),
    }


def test_records_become_a_generic_csv(tmp_path: Path) -> None:
    """One line a ballot, with its source, id and precinct."""
    out = tmp_path / "ballots.csv"
    livecount("convert", configured(tmp_path), "--to", "csv", "--out", out)
    head, first, *_ = out.read_text().splitlines()
    assert head.startswith("Source Filepath,CVR Provider")
    assert first.startswith("tea_cvr.csv,genericCsv,")
    assert first.endswith("Ada,Basil")


def test_records_become_a_common_data_format(tmp_path: Path) -> None:
    """Each of the five."""
    out = tmp_path / "ballots.json"
    livecount("convert", configured(tmp_path), "--to", "cdf", "--out", out)
    assert len(json.loads(out.read_text())["CVR"]) == 5


def test_what_rctab_itself_would_pass_over_is_said(tmp_path: Path) -> None:
    """A minimum of votes; where there is none nothing is said."""
    out = tmp_path / "out"
    answer = livecount("tabulate", configured(tmp_path, minimumVoteThreshold="2"), "--out", out)
    notice = "rules.minimumVoteThreshold 2 is obeyed here; RCTab passes it over since October 2025"
    assert answer.stderr == f"livecount: {notice}\n"
    assert livecount("tabulate", configured(tmp_path), "--out", out).stderr == ""


def test_what_is_not_counted_is_said(tmp_path: Path) -> None:
    """Two marks that wait for an adjudicator; read as RCTab reads them they are votes."""
    config, out = ELECTIONS / "lantern" / "lantern_config.json", tmp_path / "out.csv"
    notice = "livecount: not counted, 2 times: mark that waits for an adjudicator is no vote yet\n"
    for command in (("tabulate", config), ("convert", config, "--to", "blt")):
        assert livecount(*command, "--out", out.with_suffix(f".{command[0]}")).stderr == notice
        assert livecount(*command, "--out", out.with_suffix(f".{command[0]}"), "--as-rctab").stderr == ""
    converted = livecount("convert", config, "--to", "rctab", "--out", out, "--as-rctab")
    assert converted.stderr == "livecount: rctab has no place for the title 'Lantern bearer'\n"
    refused = livecount("convert", ward(tmp_path), "--to", "csv", "--out", out, "--as-rctab")
    assert "--as-rctab is for an RCTab configuration" in refused.stderr


def test_a_contest_without_a_record_is_refused_and_one_of_blank_ballots_is_counted(tmp_path: Path) -> None:
    """As RCTab does: of no records nobody is elected by lot; of a blank ballot somebody is."""
    out = tmp_path / "out"
    refused = livecount("tabulate", configured(tmp_path, ()), "--out", out)
    assert refused.exit_code == 2
    assert refused.stderr.endswith("cvrFileSources: expected cast vote records, found none\n")
    assert not out.exists()
    assert livecount("tabulate", configured(tmp_path, ("", "")), "--out", out).exit_code == 0
    report = json.loads((out / "tea_detailed_report.json").read_text())
    assert report["summary"]["undervotes"] == 2
    assert [decided for decided in report["results"][-1]["tallyResults"] if "elected" in decided]


def test_a_list_of_faults_is_parted(tmp_path: Path) -> None:
    """On the one line that an error has: of a configuration, and of ballots that were read twice."""
    config = configured(tmp_path, minimumVoteThreshold="x", decimalPlacesForVoteArithmetic="99")
    answer = livecount("tabulate", config, "--out", tmp_path / "out")
    assert "2 things are wrong: rules.decimalPlaces" in answer.stderr
    assert "found '99'; rules.minimumVote" in answer.stderr
    config = configured(tmp_path)
    source = tmp_path / "tea_cvr.csv"
    source.write_text(source.read_text() + "1,Hill,1,2,\n2,Hill,1,2,\n")
    answer = livecount("tabulate", config, "--out", tmp_path / "out")
    assert answer.exit_code == 2
    assert "expected each ballot once: " in answer.stderr
    assert "line 7: found ballot '1' again, as in line 2; " in answer.stderr
    answer = livecount("tabulate", config, "--out", tmp_path / "out", "--as-rctab")
    assert answer.exit_code == 0
    assert "counted, though odd, 2 times: ballot with the id of another" in answer.stderr
