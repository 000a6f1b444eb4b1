"""Checks that ask for data beside the project, where there is none: one line says how many there are and why."""

from pathlib import Path

import pytest

from tests.support import reference

pytest_plugins = ["pytester"]

HOOKS = "from tests.conftest import pytest_report_teststatus, pytest_terminal_summary"
CHECKS = """
import pytest
from tests.support.reference import data

@pytest.fixture(scope="module")
def labour():
    return data("labour.json")

def test_at_hand():
    pass

@pytest.mark.parametrize("ward", ["a", "b", "c", "d"])
def test_of_data(ward):
    data("stv", f"{ward}.blt")

def test_of_a_fixture(labour):
    pass

def test_that_is_skipped_for_another_reason():
    pytest.skip("the moon is full")
"""


PLAIN = ("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:asyncio")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the reference data are looked for; nothing is there yet."""
    place = tmp_path / "beside" / "shared" / "data"
    monkeypatch.setattr(reference, "FOLDER", place)
    return place


def run(pytester: pytest.Pytester, *words: str) -> list[str]:
    """Return what a run of those checks prints, line by line."""
    pytester.makeconftest(HOOKS)
    pytester.makepyfile(CHECKS)
    return pytester.runpytest_inprocess(*PLAIN, *words).outlines


def left_out(lines: list[str]) -> list[str]:
    """Return the lines that say what was left out."""
    return [line for line in lines if "left out" in line.lower()]


def test_without_the_folder_one_line_says_so(pytester: pytest.Pytester, folder: Path) -> None:
    """Not one for each check; and a skip for another reason is printed as ever."""
    lines = run(pytester, "-rs")
    assert left_out(lines) == ["5 checks left out: ../shared/data is not beside this clone"]
    assert sum("SKIPPED" in line for line in lines) == 1
    assert "1 passed, 1 skipped" in lines[-1]


def test_of_a_folder_that_lacks_parts_they_are_named(pytester: pytest.Pytester, folder: Path) -> None:
    """Three are named, of more it is said how many."""
    folder.mkdir(parents=True)
    (folder / "labour.json").touch()
    assert left_out(run(pytester)) == [
        "4 checks left out: ../shared/data lacks stv/a.blt, stv/b.blt, stv/c.blt and 1 more"
    ]


def test_a_single_check_is_counted_as_one(pytester: pytest.Pytester, folder: Path) -> None:
    """Only what was asked to run is counted."""
    lines = run(pytester, "-q", "-k", "fixture")
    assert left_out(lines) == ["1 check left out: ../shared/data is not beside this clone"]


def test_where_all_is_there_no_line_is_printed(pytester: pytest.Pytester, folder: Path) -> None:
    """Nothing was left out."""
    (folder / "stv").mkdir(parents=True)
    for name in ("labour.json", *(f"stv/{ward}.blt" for ward in "abcd")):
        (folder / name).touch()
    lines = run(pytester)
    assert left_out(lines) == []
    assert "6 passed, 1 skipped" in lines[-1]
