"""From records to report files."""

import json
from pathlib import Path

import pytest

from shared.contract.elections import Rules
from shared.rcv.count.ties import UnresolvedTie
from shared.rcv.formats import rctab
from shared.rcv.formats.cvr.raw import Listeners
from shared.rcv.formats.rctab.records import PROGRESS_EVERY
from shared.rcv.formats.records import FormatError
from shared.rcv.reports.tabulated import Settings, Stamp
from shared.rcv.tabulation import count_records, tabulate_configuration, write_reports
from tests.fuzz.vendors import configuration
from tests.unit.rcv.reports.counted import ballots, contest

STAMP = Stamp("Livecount", "1", "2026-05-07T21:00:00+01:00")


def test_records_become_reports(tmp_path: Path) -> None:
    """Four files whose numbers are the records'."""
    records = ballots((4, "0>1"), (3, "1"), (2, "2>1"))
    counted = count_records(contest("ABC"), records, Settings("Test"))
    written = write_reports("tea", counted, STAMP, tmp_path / "out", numbered=False)
    assert sorted(path.name for path in written) == sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len(written) == 4
    report = json.loads((tmp_path / "out" / "tea_detailed_report.json").read_text())
    assert report["results"][0]["tally"] == {"A": "4", "B": "3", "C": "2"}


def test_each_seat_filled_after_another_has_its_reports(tmp_path: Path) -> None:
    """Numbered from 1."""
    records = ballots((4, "0>1"), (3, "1"), (2, "2>1"))
    counted = count_records(contest("ABC", method="sequential-irv", seats=2), records, Settings("Test"))
    written = write_reports("tea", counted, STAMP, tmp_path, numbered=True)
    assert {path.name[:6] for path in written} == {"tea_1_", "tea_2_"}


def test_nothing_is_written_where_a_tie_stays_open(tmp_path: Path) -> None:
    """Nobody is there to be asked."""
    of = contest("AB", rules=Rules(ties="ask"))
    with pytest.raises(UnresolvedTie):
        count_records(of, ballots((2, "0"), (2, "1")), Settings("Test"))
    assert list(tmp_path.iterdir()) == []


def test_no_report_is_written_over_a_source(tmp_path: Path) -> None:
    """Though a source is called as one of them; then none is written."""
    source = tmp_path / "c_rctab_cvr.csv"
    source.write_text("Id,Ann,Bob\n1,2,1\n2,1,\n")
    (tmp_path / "c.json").write_bytes(configuration("genericCsv", source.name))
    config, before = rctab.load(tmp_path / "c.json"), sorted(tmp_path.iterdir())
    with pytest.raises(
        FormatError, match=r"c_rctab_cvr\.csv: expected another file than the one that is read"
    ):
        tabulate_configuration(config, tmp_path, STAMP)
    assert sorted(tmp_path.iterdir()) == before
    assert source.read_text().startswith("Id,Ann,Bob")
    assert len(tabulate_configuration(config, tmp_path / "out", STAMP)) == 5


def test_whoever_waits_hears_how_many_ballots_have_been_read(tmp_path: Path) -> None:
    """Over all sources, and not for each of them anew."""
    source = "Id,Ann,Bob\n" + "".join(f"{number},2,1\n" for number in range(PROGRESS_EVERY + 5))
    (tmp_path / "one.csv").write_text(source)
    (tmp_path / "two.csv").write_text(source.replace("2,1", "1,2"))
    text = json.loads(configuration("genericCsv", "one.csv"))
    (first,) = text["cvrFileSources"]
    text["cvrFileSources"] = [first, first | {"filePath": "two.csv"}]
    (tmp_path / "c.json").write_text(json.dumps(text))
    heard: list[int] = []
    tabulate_configuration(
        rctab.load(tmp_path / "c.json"), tmp_path / "out", STAMP, hear=Listeners(progress=heard.append)
    )
    assert heard == [PROGRESS_EVERY, 2 * PROGRESS_EVERY]
