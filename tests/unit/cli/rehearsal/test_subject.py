"""What is rehearsed: each elector leads back to a record, and what cannot be live is refused before anything starts."""

import json
from pathlib import Path

import pytest

from services.cli.rehearsal.subject import NotLive, SectionRanking, Subject, configured, plain
from shared.rcv.contests import CountOptions
from shared.rcv.formats.rctab import load
from shared.rcv.reports.disk import write_files
from shared.rcv.reports.tabulated import Stamp
from shared.rcv.tabulation import tabulate_configuration
from tests.support.configurations import configuration
from tests.support.configurations import configured as written
from tests.support.elections import contest
from tests.unit.cli.front import livecount, ward
from tests.unit.cli.rehearsal.held import subject

STAMP = Stamp("Livecount", "tests", "2026-01-01T00:00:00Z")
PLACES = ("Hill", "Dale", "Hill", "", "Dale")


def by_precinct(folder: Path) -> Path:
    """Return a configuration of five records from two precincts, and one from nowhere, reported by precinct."""
    config = written(folder)
    source = folder / "tea_cvr.csv"
    head, *lines = source.read_text().splitlines()
    moved = [line.replace("Hill", place) for line, place in zip(lines, PLACES, strict=True)]
    source.write_text("\n".join([head, *moved]) + "\n")
    config_json = configuration(source.name, {})
    config_json["outputSettings"].update(tabulateByPrecinct=True, generateCdfJson=True)
    config.write_text(json.dumps(config_json))
    return config


def test_sections_are_the_precincts_and_electors_stand_by_section(tmp_path: Path) -> None:
    """In the order in which precincts first come; a record that names none has a section of its own."""
    about = configured(by_precinct(tmp_path), STAMP)
    assert about.sections == ["Precinct Hill", "Precinct Dale", "elsewhere"]
    assert about.ballots == [
        SectionRanking(0, "0>1"),
        SectionRanking(0, "1>0"),
        SectionRanking(1, "0"),
        SectionRanking(1, ">1"),
        SectionRanking(2, "2>1"),
    ]
    sections = about.election("tea").sections
    assert [(section.id, section.electors) for section in sections] == [
        ("precinct-hill", 2),
        ("precinct-dale", 2),
        ("elsewhere", 1),
    ]


def test_what_counts_is_reported_as_tabulate_reports_the_file(tmp_path: Path) -> None:
    """Every file byte for byte, slices and cast vote records with their ids; a lost ballot is missing there."""
    config = by_precinct(tmp_path)
    about = configured(config, STAMP)
    found = {elector: [ballot] for elector, ballot in enumerate(about.ballots)}
    cold = tabulate_configuration(load(config), tmp_path / "cold", STAMP)
    live = write_files(tmp_path / "live", about.reports(found))
    assert [path.name for path in live] == [path.name for path in cold]
    assert [path.read_bytes() for path in live] == [path.read_bytes() for path in cold]
    short = write_files(tmp_path / "short", about.reports({**found, 0: []}))
    assert [path.name for path in short] == [path.name for path in cold]
    records = json.loads(short[-1].read_text())["CVR"]
    assert len(records) == len(about.ballots) - 1
    double = write_files(tmp_path / "double", about.reports({**found, 0: [about.ballots[0]] * 2}))
    assert len(json.loads(double[-1].read_text())["CVR"]) == len(about.ballots) + 1


def test_a_plain_file_is_reported_as_count_does(tmp_path: Path) -> None:
    """The JSON of `count --json`."""
    file = ward(tmp_path)
    about = plain(file, CountOptions("scottish-stv"))
    assert (len(about.ballots), about.contest.seats) == (24, 2)
    (live,) = write_files(
        tmp_path, about.reports({elector: [ballot] for elector, ballot in enumerate(about.ballots)})
    )
    assert live.name == "ward_count.json"
    assert live.read_text() == livecount("count", file, "--method", "scottish-stv", "--json").stdout


def test_a_tie_that_somebody_must_be_asked_about_is_not_live(tmp_path: Path) -> None:
    """Nobody sits there."""
    with pytest.raises(NotLive, match="nobody can be asked about a tie in a live count"):
        configured(written(tmp_path, tiebreakMode="stopCountingAndAsk"), STAMP)


def test_a_ballot_that_does_not_fit_is_not_live() -> None:
    """It has more ranks than there are candidates."""
    with pytest.raises(NotLive, match=r"record 1 cannot be cast as a live ballot: 5 ranks, at most 4 fit"):
        subject(contest(), [SectionRanking(0, "0"), SectionRanking(0, "0>1>2>3>0")])


def test_more_precincts_than_sections_are_not_live() -> None:
    """The contract's limit."""
    with pytest.raises(NotLive, match="expected at most 100 sections, found 101"):
        subject(contest(), [], [str(number) for number in range(101)])


def test_an_election_has_an_id_whatever_its_file_is_called() -> None:
    """Short enough to be numbered."""
    about = subject(contest(), [])
    assert about.name == "rehearsal"
    for stem, name in (("Ward 7 (North)", "ward-7-north"), ("東京", "rehearsal"), ("x" * 60, "x" * 40)):
        assert Subject(stem, about.contest, ("all",), (), about.reports, about.called).name == name
