"""The README's commands are the program's, and what it points to is there."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.cli.capacity.__main__ import table
from services.cli.capacity.constants import measured

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = sorted(
    set(
        re.findall(r"^ {4}livecount ([a-z]+)", README, re.MULTILINE)
        + re.findall(r"`livecount ([a-z]+)", README)
    )
)
TARGETS = sorted(set(re.findall(r"(?:^ {4}|`)make ([a-z-]+)", README, re.MULTILINE)))


def livecount(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run the front door."""
    argv = [str(Path(sys.executable).with_name("livecount")), *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, cwd=ROOT)


def test_the_readme_names_commands() -> None:
    """Else the tests below would try none."""
    assert {"up", "create", "codes", "open", "close", "certify", "asyncapi", "openapi"} <= set(COMMANDS)
    assert {"demo", "test", "check"} <= set(TARGETS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_readme_explains_itself(command: str) -> None:
    """`--help` answers with an example."""
    answer = livecount(command, "--help")

    assert answer.returncode == 0, answer.stderr
    assert "Example" in answer.stdout


@pytest.mark.parametrize("target", TARGETS)
def test_every_make_target_of_the_readme_exists(target: str) -> None:
    """Make would run it."""
    answer = subprocess.run(["make", "-n", target], capture_output=True, text=True, cwd=ROOT, timeout=30)

    assert answer.returncode == 0, answer.stderr


def test_every_file_the_readme_points_to_is_there() -> None:
    """Links, pictures, and the files of its commands."""
    links = [path for path in re.findall(r"\]\(([^)]+)\)", README) if "://" not in path]
    files = re.findall(r"(?:infra|tests|services|shared)/[\w./-]+\.\w+", README)

    assert links
    assert files
    assert [path for path in (*links, *files) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(("command", "key"), [("asyncapi", "asyncapi"), ("openapi", "openapi")])
def test_the_documents_are_made_from_the_code(command: str, key: str) -> None:
    """Both print JSON that names every topic or route."""
    answer = livecount(command)
    document = json.loads(answer.stdout)

    assert key in document
    assert len(document["channels" if command == "asyncapi" else "paths"]) >= 5


def test_a_bad_election_file_is_named_in_one_line(tmp_path: Path) -> None:
    """Exit code 2, the file, and what was expected."""
    file = tmp_path / "election.json"
    file.write_text('{"id": "Not A Slug"}')
    answer = livecount("create", str(file))

    assert answer.returncode == 2
    assert "election.json" in answer.stderr
    assert len(answer.stderr.strip().splitlines()) <= 3


def test_the_table_of_deployments_is_what_was_measured() -> None:
    """`python -m services.cli.capacity` prints it anew after `make bench-stages`."""
    assert "\n".join(table(measured())) in README
