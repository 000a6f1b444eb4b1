"""Which files there are, and how they reach the disk."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from shared.rcv.reports.disk import write_files
from shared.rcv.reports.files import ReportFile, report_files
from shared.rcv.reports.tabulated import Settings
from tests.unit.rcv.reports.counted import STAMP, ballots, contest, count, two_elected_at_once


def test_a_contest_has_its_reports_its_slices_and_its_ballots() -> None:
    """As the configuration asks for them."""
    settings = Settings("Test", by_precinct=True, cdf=True)
    paths = [str(file.path) for file in report_files("stem", [two_elected_at_once(settings)], STAMP)]
    assert sorted(paths) == [
        "Tabulate by Precinct/stem_Hill_precinct_detailed_report.csv",
        "Tabulate by Precinct/stem_Hill_precinct_detailed_report.json",
        "Tabulate by Precinct/stem_Town_precinct_detailed_report.csv",
        "Tabulate by Precinct/stem_Town_precinct_detailed_report.json",
        "stem_cdf_cvr.json",
        "stem_detailed_report.csv",
        "stem_detailed_report.json",
        "stem_summary_report.csv",
        "stem_summary_report.json",
    ]


def test_runs_are_numbered() -> None:
    """Each seat of a sequential contest has its own files."""
    counted = count(contest("AB"), ballots((2, "0"), (1, "1")))
    paths = {str(file.path) for file in report_files("stem", [counted, counted], STAMP, numbered=True)}
    assert {"stem_1_detailed_report.json", "stem_2_detailed_report.json"} <= paths


def test_results_by_batch_need_a_batch() -> None:
    """Asked for where no ballot names one, they are refused in a sentence."""
    counted = two_elected_at_once(Settings("Test", by_batch=True))
    with pytest.raises(ValueError, match="by batch are asked for, and no cast vote record names one"):
        list(report_files("stem", [counted], STAMP))


def test_a_document_names_its_slice_and_counts_things_as_numbers() -> None:
    """Votes are strings, with their own text."""
    counted = two_elected_at_once(Settings("Test", by_precinct=True))
    texts = {str(file.path): "".join(file.text) for file in report_files("stem", [counted], STAMP)}
    hill = json.loads(texts["Tabulate by Precinct/stem_Hill_precinct_detailed_report.json"])
    assert hill["config"]["precinct"] == "Hill"
    assert hill["config"]["generatedBy"] == "Livecount 1.2.3"
    assert hill["summary"] == {
        "finalThreshold": "5",
        "numCandidates": 3,
        "numWinners": 2,
        "totalNumBallots": "6",
        "undervotes": 1,
    }
    final = json.loads(texts["stem_detailed_report.json"])["results"][-1]
    assert final["inactiveBallots"]["finalRoundSurplus"] == "1.9992"
    assert "inactiveBallots" not in json.loads(texts["stem_summary_report.json"])["results"][0]


def test_files_are_written_with_their_folders(tmp_path: Path) -> None:
    """And nothing else is left there."""
    files = [
        ReportFile(PurePosixPath("a.csv"), ["x\n", "†\n"]),
        ReportFile(PurePosixPath("sub", "b.csv"), ["y"]),
    ]
    assert write_files(tmp_path / "out", files) == [
        tmp_path / "out" / "a.csv",
        tmp_path / "out" / "sub" / "b.csv",
    ]
    assert (tmp_path / "out" / "a.csv").read_bytes() == "x\n†\n".encode()
    assert sorted(p.name for p in (tmp_path / "out").rglob("*")) == ["a.csv", "b.csv", "sub"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    """No report is half written, and none of the others is replaced."""

    def fails() -> Iterator[str]:
        yield "half"
        raise ValueError("no more")

    (tmp_path / "a.csv").write_text("old")
    files = [ReportFile(PurePosixPath("a.csv"), ["new"]), ReportFile(PurePosixPath("b.csv"), fails())]
    with pytest.raises(ValueError, match="no more"):
        write_files(tmp_path, files)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.csv", "old")]


def test_a_run_that_excludes_a_winner_counts_the_others(tmp_path: Path) -> None:
    """The spreadsheet counts who stands, the document who is on the ballot."""
    of = contest("ABC")
    standing = of.model_copy(
        update={"candidates": (of.candidates[0].model_copy(update={"excluded": True}), *of.candidates[1:])}
    )
    counted = replace(count(standing, ballots((3, "0>1"), (2, "1"), (1, "2"))), settings=Settings("Test"))
    write_files(tmp_path, report_files("s", [counted], STAMP))
    assert "Number of Candidates,2\n" in (tmp_path / "s_detailed_report.csv").read_text()
    assert json.loads((tmp_path / "s_detailed_report.json").read_text())["summary"]["numCandidates"] == 3


def test_slices_add_up_to_the_whole() -> None:
    """Ballots that name no precinct have a slice of their own, under the name that RCTab gives it."""
    records = [*ballots((2, "0"), precinct="Hill"), *ballots((2, "0"), (1, "1"))]
    counted = count(contest("AB"), records, Settings("Test", by_precinct=True))
    slices = {
        file.path.name: json.loads("".join(file.text))["summary"]["totalNumBallots"]
        for file in report_files("tea", [counted], STAMP)
        if file.path.parent.name and file.path.suffix == ".json"
    }
    assert slices == {
        "tea_Hill_precinct_detailed_report.json": "2",
        "tea_missing_precinct_id_precinct_detailed_report.json": "3",
    }
