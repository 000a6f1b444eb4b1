"""Each method, switch, format and report that the code has is shown by a golden election.

What there is comes from the code's own types, options and registries: whatever is added to them must have an election.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
import typer.main
from pydantic.fields import FieldInfo

from services.cli import app
from shared.contract.elections import Candidate, Contest, Method, Rules
from shared.contract.standings import Decision, Ending
from shared.rcv.formats.detect import READERS
from shared.rcv.formats.rctab import checks
from shared.rcv.formats.rctab.document import CvrSource, Document, OutputSettings
from tests.golden.goldens import Golden, expected, goldens, result

GOLDENS = goldens()
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
COUNTING = ("count", "whatif", "tabulate", "convert")


def switches(fields: dict[str, FieldInfo]) -> Iterator[str]:
    """Yield what has to be shown of a model's fields: each word of a Literal, a flag that is set, a number that is given."""
    for name, field in fields.items():
        if words := words_of(field.annotation):
            yield from (f"{name} {word}" for word in words)
        else:
            yield f"{name} {'true' if field.annotation is bool else 'set'}"


def words_of(annotation: Any) -> tuple[str, ...]:
    """Return the words of a Literal."""
    return get_args(annotation) if str(get_origin(annotation)) == "typing.Literal" else ()


RULES = [
    *(f"method {method}" for method in get_args(Method)),
    *switches(Rules.model_fields),
    *(f"candidate {name}" for name, field in Candidate.model_fields.items() if field.annotation is bool),
    *switches({name: Contest.model_fields[name] for name in ("seats", "section_shares")}),
]
OPTIONS = {
    f"{command} {option}"
    for command in COUNTING
    for parameter in COMMANDS[command].params
    for option in parameter.opts
    if option.startswith("--") and option != "--help"
}
FORMATS_WRITTEN = next(
    words_of(parameter.type_descriptor.annotation)
    for parameter in COMMANDS["convert"].params
    if parameter.name == "to"
)


def given(*, command: str = "") -> Iterator[tuple[Golden, list[str]]]:
    """Yield the commands of all golden elections: those of one name, if it is given."""
    for golden in GOLDENS:
        yield from ((golden, words) for words in golden.commands if command in {"", words[0]})


def configurations() -> Iterator[dict[str, Any]]:
    """Yield what the configurations of RCTab say that golden elections are counted by."""
    for golden, words in given(command="tabulate"):
        document: dict[str, Any] = json.loads((golden.path.parent / words[1]).read_text())
        yield document


CONFIGURATIONS = list(configurations())
SOURCES = [source for document in CONFIGURATIONS for source in document["cvrFileSources"]]


@pytest.mark.parametrize("rule", RULES)
def test_a_method_or_switch_has_a_golden_election(rule: str) -> None:
    """In which it makes a difference: `test_elections` undoes it."""
    assert [golden.name for golden in GOLDENS if rule in golden.expected["proves"]]


def test_no_golden_election_claims_what_there_is_not() -> None:
    """A claim that is misspelled would be one that nobody looks for."""
    assert {claim for golden in GOLDENS for claim in golden.expected["proves"]} <= set(RULES)


def test_the_contest_has_no_other_switches() -> None:
    """One that is added belongs above, or among those that change no count."""
    changing_nothing = {"id", "title", "note", "candidate_order"}
    elsewhere = {"method", "candidates", "rules", "lot", "budget"}
    assert set(Contest.model_fields) == {"seats", "section_shares"} | changing_nothing | elsewhere


@pytest.mark.parametrize("how", words_of(Decision.model_fields["settled_by"].annotation))
def test_whatever_settles_a_tie_has_a_golden_election(how: str) -> None:
    """But votes, which settle what is no tie."""
    ties = [tie for golden in GOLDENS for tie in golden.expected.get("count", {}).get("ties", [])]
    assert how == "votes" or how in {tie["settled_by"] for tie in ties}


@pytest.mark.parametrize("ending", Ending)
def test_whatever_ends_a_ballot_has_a_golden_election(ending: Ending) -> None:
    """Votes that come to nobody for that reason; or a report that counts what is blank."""
    stages = [stage for golden in GOLDENS for stage in golden.expected.get("count", {}).get("stages", [])]
    arrows = [arrow for stage in stages for arrow in stage.get("transfers", [])]
    reports = [report for golden in GOLDENS for report in golden.expected.get("report", {}).values()]
    blank = ending is Ending.BLANK and any(report["summary"]["undervotes"] for report in reports)
    assert blank or any(f"({ending})" in arrow for arrow in arrows)


@pytest.mark.parametrize("option", sorted(OPTIONS))
def test_an_option_of_the_command_line_has_a_golden_election(option: str) -> None:
    """Of the commands that count and write; `whatif` has the options of `count`, which counts."""
    command, _, name = option.partition(" ")
    commands = (command, "count") if command == "whatif" else (command,)
    assert [golden.name for each in commands for golden, words in given(command=each) if name in words]


@pytest.mark.parametrize("suffix", [*READERS, ""])
def test_a_plain_format_is_read_by_a_golden_election(suffix: str) -> None:
    """By its suffix; and a file without one."""
    assert [golden.name for golden, words in given(command="count") if Path(words[1]).suffix == suffix]


@pytest.mark.parametrize("provider", checks.PROVIDERS)
def test_a_vendors_records_are_read_by_a_golden_election(provider: str) -> None:
    """NIST's as JSON and as XML."""
    paths = {source["filePath"] for source in SOURCES if source["provider"] == provider}
    assert paths
    assert provider != "cdf" or {Path(path).suffix for path in paths} == {".json", ".xml"}


@pytest.mark.parametrize("form", FORMATS_WRITTEN)
def test_a_format_is_written_by_a_golden_election(form: str) -> None:
    """And the file is compared."""
    assert [
        golden.name
        for golden, words in given(command="convert")
        if words[words.index("--to") + 1] == form and "files" in golden.expected
    ]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("tiebreakMode", checks.TIEBREAK_MODES),
        ("overvoteRule", checks.OVERVOTE_RULES),
        ("winnerElectionMode", checks.ELECTION_MODES),
    ],
)
def test_each_word_of_a_configuration_has_a_golden_election(key: str, words: tuple[str, ...]) -> None:
    """The rules that RCTab has names for."""
    assert {document["rules"][key] for document in CONFIGURATIONS} == set(words)


def keys_of(model: Any) -> set[str]:
    """Return the keys of a part of the configuration, as files have them."""
    return {field.alias for field in model.model_fields.values()}


def test_each_key_of_a_configuration_is_set_by_a_golden_election() -> None:
    """To more than nothing, false or 0."""
    rules = Document.model_fields["rules"].annotation
    candidate = get_args(Document.model_fields["candidates"].annotation)[0]
    said = {
        "outputSettings": [document["outputSettings"] for document in CONFIGURATIONS],
        "cvrFileSources": SOURCES,
        "candidates": [each for document in CONFIGURATIONS for each in document["candidates"]],
        "rules": [document["rules"] for document in CONFIGURATIONS],
    }
    parts = {
        "outputSettings": OutputSettings,
        "cvrFileSources": CvrSource,
        "candidates": candidate,
        "rules": rules,
    }
    for part, model in parts.items():
        held = {
            key for each in said[part] for key, value in each.items() if value not in (False, "", "0", [])
        }
        assert keys_of(model) <= held, part


def test_each_kind_of_report_is_compared_in_full(tmp_path: Path) -> None:
    """What any golden election writes is of a kind that some golden election holds against a file."""
    kinds = {
        kind(path)
        for golden in GOLDENS
        if (files := golden.expected.get("files"))
        for path in below(golden.path.parent / files)
    }
    for number, (golden, words) in enumerate(given(command="tabulate")):
        if "answers" in golden.expected:
            continue
        out = tmp_path / str(number)
        assert result(golden, words, out) == expected(golden, words)
        assert {kind(path) for path in below(out)} <= kinds


def below(folder: Path) -> Iterator[str]:
    """Yield the paths of the files below a folder."""
    yield from (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def kind(path: str) -> str:
    """Return a report's folder and what its name ends in: "Tabulate by Batch/_batch_detailed_report.csv"."""
    folder, _, name = path.rpartition("/")
    endings = (
        "_batch_detailed_report",
        "_precinct_detailed_report",
        "_detailed_report",
        "_summary_report",
        "_cdf_cvr",
        "_rctab_cvr",
    )
    ending = next((ending for ending in endings if Path(name).stem.endswith(ending)), name)
    return f"{folder}/{ending}{Path(name).suffix}"
