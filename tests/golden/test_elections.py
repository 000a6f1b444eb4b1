"""Every golden election, by the real command line; and each can fail."""

from pathlib import Path
from typing import Any

import pytest

from tests.golden.goldens import Golden, expected, goldens, result, run, undone, undone_configuration
from tests.support.reports import content
from tests.unit.cli.front import shell

GOLDENS = goldens()
KEYS = {"title", "source", "reckoning", "commands", "answers", "files"} | {
    "proves",
    "count",
    "budget",
    "whatif",
    "report",
}
CLAIMS = [
    pytest.param(golden, claim, undo, id=f"{golden.name}, {claim}")
    for golden in GOLDENS
    for claim, undo in golden.expected["proves"].items()
]


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.name)
def test_the_count_is_the_one_worked_out_by_hand(golden: Golden, tmp_path: Path) -> None:
    """Each command gives every figure of the file, and no other; and writes its files, and no other."""
    written: dict[str, Path] = {}
    for number, words in enumerate(golden.commands):
        out = tmp_path / str(number)
        out.mkdir()
        assert result(golden, words, out) == expected(golden, words), " ".join(words)
        written |= files(out)
    if folder := golden.expected.get("files"):
        right = files(golden.path.parent / folder)
        assert sorted(written) == sorted(right)
        for name, path in right.items():
            assert content(written[name]) == content(path), name


@pytest.mark.parametrize(("golden", "claim", "undo"), CLAIMS)
def test_what_is_undone_gives_another_result(golden: Golden, claim: str, undo: str, tmp_path: Path) -> None:
    """The same ballots by another rule: an election that would come out the same would prove nothing of the rule."""
    words = golden.commands[0]
    if words[0] == "tabulate":
        changed = undone_configuration(golden.path.parent / words[1], undo, tmp_path)
        words = [words[0], str(changed), *words[2:]]
    else:
        words = undone(words, undo)
    other = result(Golden(golden.path, {**golden.expected, "answers": None}), words, tmp_path / "out")
    assert facts(other) != facts(expected(golden, words))


def facts(given: dict[str, Any]) -> Any:
    """Return what was counted, without the names of the method and the lot."""
    if "count" in given:
        return [given["count"][key] for key in ("stages", "elected", "ties")]
    return {name: report["rounds"] for name, report in given["report"].items()}


def files(folder: Path) -> dict[str, Path]:
    """Return all files below a folder, by their paths in it."""
    return {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}


def test_the_installed_command_says_the_same(tmp_path: Path) -> None:
    """In a process of its own, to the byte."""
    golden = next(golden for golden in GOLDENS if golden.name == "kite-club/irv")
    words = golden.commands[0]
    here = run(golden, words, tmp_path)
    there = shell(words[0], golden.path.parent / words[1], *words[2:])
    assert (there.exit_code, there.stdout) == (0, here.stdout)


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.name)
def test_a_golden_election_says_how_its_values_were_found(golden: Golden) -> None:
    """In prose; and it has no key that nobody reads."""
    assert golden.expected["title"]
    assert golden.expected["reckoning"].strip()
    assert set(golden.expected) <= KEYS


def test_every_file_of_ballots_is_counted() -> None:
    """One that no command names would prove nothing."""
    for folder in {golden.path.parent for golden in GOLDENS}:
        named = {name for golden in GOLDENS if golden.path.parent == folder for name in golden.inputs}
        sources = "".join(path.read_text() for path in folder.glob("*_config.json"))
        ballots = {path.name for path in folder.iterdir() if path.suffix != ".toml"}
        outputs = {golden.expected.get("files") for golden in GOLDENS}
        assert {name for name in ballots - named - outputs if f'"{name}"' not in sources} == set(), (
            folder.name
        )
