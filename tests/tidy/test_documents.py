"""The documents' commands are the program's, what they point to is there, and they are short enough to be read.

That their commands do what they say is tried by tests/integration/test_readme_commands.py.
"""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.cli.capacity.__main__ import table
from services.cli.capacity.constants import measured
from tests.support.readers import ROOT, blocks, commands, documents

DOCUMENTS = documents()
TEXTS = {path: (ROOT / path).read_text() for path in DOCUMENTS}
TYPED = "\n".join(map(commands, TEXTS.values()))
INLINE = "\n".join(TEXTS.values())
COMMANDS = sorted(
    set(
        re.findall(r"^(?:\w+=\S+ )*livecount ([a-z-]+)", TYPED, re.MULTILINE)
        + re.findall(r"`livecount ([a-z-]+)", INLINE)
    )
)
TARGETS = sorted(
    set(re.findall(r"^make ([a-z-]+)", TYPED, re.MULTILINE) + re.findall(r"`make ([a-z-]+)", INLINE))
)
COMMAND_LIKE = re.compile(
    r"^\s*(?:\w+=\S+ )*(?:livecount|make|python|pytest|curl|docker|kubectl|uv) ", re.MULTILINE
)
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
NOT_RUN = "# not run by the tests: "
MAX_README_LINES = 120
MAX_ROOM_LINES = 100


STEPS = re.findall(r"`([\w/]+\.py)` `([\w.]+)`", TEXTS[Path("CONTRIBUTING.md")])


def livecount(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line."""
    argv = [str(Path(sys.executable).with_name("livecount")), *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, cwd=ROOT)


def test_the_documents_name_commands() -> None:
    """Else the tests below would try none."""
    assert {"up", "create", "codes", "open", "close", "certify", "asyncapi", "openapi"} <= set(COMMANDS)
    assert {"demo", "test", "check"} <= set(TARGETS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_documents_explains_itself(command: str) -> None:
    """`--help` answers with an example."""
    answer = livecount(command, "--help")

    assert answer.returncode == 0, answer.stderr
    assert "Example" in answer.stdout


@pytest.mark.parametrize("target", TARGETS)
def test_every_make_target_of_the_documents_exists(target: str) -> None:
    """Make would run it."""
    answer = subprocess.run(["make", "-n", target], capture_output=True, text=True, cwd=ROOT, timeout=30)

    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_everything_a_document_points_to_is_there(document: Path) -> None:
    """Links and pictures, from where it lies; and the files that it names, from the project's root."""
    links = [
        path.partition("#")[0] for path in re.findall(r"\]\(([^)]+)\)", TEXTS[document]) if "://" not in path
    ]
    files = re.findall(r"(?<![\w/])(?:infra|tests|services|shared)/[\w./-]+\.\w+", TEXTS[document])

    assert [path for path in links if not (ROOT / document.parent / path).exists()] == []
    assert [path for path in files if not (ROOT / path).exists()] == []


def test_the_readme_points_to_rooms_and_shows_pictures() -> None:
    """Else the test above would try nothing there."""
    links = re.findall(r"\]\(([^)]+)\)", TEXTS[Path("README.md")])

    assert {"shared/rcv", "services/intake", "SECURITY.md", "tests/bench/README.md"} <= set(links)
    assert re.search(r"!\[[^\]]+\]\(.+\.gif\)", TEXTS[Path("README.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_a_command_that_is_not_run_says_why(document: Path) -> None:
    """Commands stand in blocks that are run: ```sh. One of another kind begins with the reason."""
    fenced = [block for block in blocks(TEXTS[document]) if block[0] != "sh"]
    indented = [line for line in TEXTS[document].splitlines() if re.match(r" {4}", line)]
    unfenced = [
        line for line in indented if not any(line in content for _, _, content in blocks(TEXTS[document]))
    ]

    assert [line for line in unfenced if COMMAND_LIKE.match(line)] == []
    for kind, first, content in fenced:
        if COMMAND_LIKE.search(content):
            assert content.startswith(NOT_RUN), (
                f"{document}:{first}: a {kind or 'plain'} block holds a command"
            )


def test_documents_are_short() -> None:
    """The README is read in one go, and so is a room's."""
    lines = {path: text.count("\n") for path, text in TEXTS.items() if path.name == "README.md"}
    long = {
        str(path): count
        for path, count in lines.items()
        if count > (MAX_ROOM_LINES if path.parts[0] in {"services", "shared", "infra"} else 10_000)
    }

    assert lines[Path("README.md")] <= MAX_README_LINES
    assert long == {}


def test_the_readme_has_no_long_table() -> None:
    """Ten rows at most; figures are in tests/bench/README.md."""
    tables = re.findall(r"(?:^\|.*\n)+", TEXTS[Path("README.md")], re.MULTILINE)

    assert all(found.count("\n") <= 12 for found in tables)


@pytest.mark.parametrize(("command", "key"), [("asyncapi", "asyncapi"), ("openapi", "openapi")])
def test_the_generated_documents_are_made_from_the_code(command: str, key: str) -> None:
    """Both print JSON that names every topic or route."""
    answer = livecount(command)
    document = json.loads(answer.stdout)

    assert key in document
    assert len(document["channels" if command == "asyncapi" else "paths"]) >= 5


def test_the_settings_reference_is_what_the_code_says() -> None:
    """`livecount settings > infra/SETTINGS.md` makes it anew."""
    assert livecount("settings").stdout == (ROOT / "infra" / "SETTINGS.md").read_text()


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
    assert "\n".join(table(measured())) in TEXTS[Path("tests/bench/README.md")]


def test_the_version_is_the_changelog_s_first() -> None:
    """And the lock's."""
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    newest = re.search(r"^## (\S+)", TEXTS[Path("CHANGELOG.md")], re.MULTILINE)
    locked = re.search(r'name = "livecount"\nversion = "(.+)"', (ROOT / "uv.lock").read_text())

    assert version
    assert newest
    assert locked
    assert version[1] == newest[1] == locked[1]


@pytest.mark.parametrize(("path", "name"), STEPS, ids=str)
def test_each_step_of_the_walks_is_there(path: str, name: str) -> None:
    """A newcomer opens the file and finds the name."""
    found: list[ast.stmt] = ast.parse((ROOT / path).read_text()).body
    for part in name.split("."):
        there = [of for of in found if isinstance(of, Definition) and of.name == part]
        assert there, f"{path} defines no {name}"
        found = there[0].body


def test_both_walks_have_nine_steps() -> None:
    """More files than that nobody keeps in mind."""
    assert len(STEPS) == 2 * 9
