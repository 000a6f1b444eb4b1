"""Golden elections: `elections/<name>/` holds ballots and a `.toml` for each way they are counted.

Such a file has the reckoning in prose, the commands of the real command line, and what they must give:

    [proves]        what the election shows and, beside it, what would undo it: then the result must be another
    [count]         for `livecount count … --json`: the document, stage by stage
    [budget]        for `livecount count budget.pb --json`: the document
    [whatif]        for `livecount whatif … --json`, or `count … --whatif`: the answers
    [report.STEM]   for `livecount tabulate`: the detailed report, round by round; STEM is the configuration's name
    files           the folder that holds what `livecount tabulate` or `livecount convert` must write, file by file

What is not said is nothing: no tie, no transfer, nobody elected, no vote that stopped. Words that only repeat the figures
(a stage's "action") have tests of their own.
"""

import json
import os
import pty
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from shlex import split
from typing import Any

from tests.unit.cli.front import Answer, livecount

FOLDER = Path(__file__).parent / "elections"

STAGE: Mapping[str, Any] = {
    "quota": None,
    "nontransferable": "0",
    "transfers": [],
    "elected": [],
    "eliminated": [],
}
ROUND: Mapping[str, Any] = {"inactive": {}, "elected": {}, "eliminated": {}}
REASONS = ("exhaustedChoices", "overvotes", "repeatedRankings", "skippedRankings")

Words = list[str]


@dataclass(frozen=True)
class Golden:
    """One way of counting the ballots of a folder."""

    path: Path
    expected: dict[str, Any]

    @property
    def name(self) -> str:
        """Folder and file: `kite-club/irv`."""
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def commands(self) -> list[Words]:
        """The commands, word by word."""
        return [split(command) for command in self.expected["commands"]]

    @property
    def inputs(self) -> set[str]:
        """The names of the files that the commands read."""
        return {word for words in self.commands for word in words if (self.path.parent / word).exists()}


def goldens() -> list[Golden]:
    """Return every golden election."""
    return [Golden(path, tomllib.loads(path.read_text())) for path in sorted(FOLDER.glob("*/*.toml"))]


def result(golden: Golden, words: Words, out: Path) -> dict[str, Any]:
    """Return what a command gives, in the terms of the `.toml`; `out` is where it may write."""
    answer = run(golden, words, out)
    assert answer.exit_code == 0, answer.stderr
    if words[0] == "count":
        count = json.loads(answer.stdout)
        if "budget" in golden.expected:
            return {"budget": count}
        answers = {"whatif": _answers(count.pop("whatif"))} if "whatif" in count else {}
        return {"count": _count(count), **answers}
    if words[0] == "whatif":
        return {"whatif": _answers(json.loads(answer.stdout))}
    if words[0] == "tabulate":
        return {"report": dict(_reports(out, Path(words[1]).stem.removesuffix("_config")))}
    return {}


def run(golden: Golden, words: Words, out: Path) -> Answer:
    """Run a command in the golden's folder; OUT is `out`."""
    folder = golden.path.parent
    here = [str(folder / word) if (folder / word).exists() else word for word in words]
    argv = [word.replace("OUT", str(out), 1) if word.startswith("OUT") else word for word in here]
    answers = golden.expected.get("answers")
    return at_a_terminal(argv, answers) if answers else livecount(*argv)


def at_a_terminal(argv: Sequence[str], answers: Sequence[str]) -> Answer:
    """Run the installed command with somebody at the terminal who types `answers`, one a line."""
    ours, theirs = pty.openpty()
    program = str(Path(sys.executable).with_name("livecount"))
    try:
        os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
        done = subprocess.run(
            [program, *argv], stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, text=True, timeout=60
        )
        return Answer(done.returncode, done.stdout, "")
    finally:
        os.close(ours)
        os.close(theirs)


def expected(golden: Golden, words: Words) -> dict[str, Any]:
    """Return what a command must give by the `.toml`, what that leaves out filled in."""
    right = golden.expected
    if "budget" in right:
        return {"budget": right["budget"]}
    if words[0] == "count":
        count = {"ties": [], **right["count"]}
        count["stages"] = [{**STAGE, **stage} for stage in count["stages"]]
        answers = {"whatif": _texts(_whatif(right))} if "--whatif" in words else {}
        return {"count": _in_order(_texts(count)), **answers}
    if words[0] == "whatif":
        heading = {key: right["count"][key] for key in ("method", "seats", "candidates")}
        return {"whatif": _texts({**heading, **_whatif(right)})}
    if words[0] == "tabulate":
        return {"report": {name: _filled(report) for name, report in right["report"].items()}}
    return {}


def undone(words: Words, undo: str) -> Words:
    """Return a command of `count` with other options: `--method irv`, `without --share`."""
    given, _, without = undo.partition("without")
    changed = split(given)
    left = words
    for name in (*without.split(), *(word for word in changed if word.startswith("--"))):
        left = list(_without(left, name))
    return [*left, *changed]


def _without(words: Words, name: str) -> Iterator[str]:
    """Yield the words without an option and its value."""
    before = ""
    for word in words:
        is_value = before == name and not word.startswith("--")
        if word != name and not is_value:
            yield word
        before = word


def undone_configuration(path: Path, undo: str, folder: Path) -> Path:
    """Write a configuration with other values, `rules.hareQuota=true`, below `folder`; its sources stay where they are."""
    document = json.loads(path.read_text())
    for source in document["cvrFileSources"]:
        source["filePath"] = str(path.parent / source["filePath"])
    for change in undo.split():
        where, _, value = change.partition("=")
        *parents, last = where.split(".")
        found: Any = document
        for key in parents:
            found = found[int(key) if isinstance(found, list) else key]
        if isinstance(found, list):
            found[int(last) :] = [json.loads(value)]
        else:
            found[last] = json.loads(value) if value else ""
    changed = folder / path.name
    changed.write_text(json.dumps(document))
    return changed


def _count(document: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON of a count as the `.toml` has it."""
    for number, stage in enumerate(document["stages"], 1):
        assert stage.pop("stage") == number
        assert stage.pop("action")
        stage["transfers"] = [_arrow(transfer) for transfer in stage["transfers"]]
    return _in_order(_texts(document))


def _answers(document: dict[str, Any]) -> Any:
    """Return the JSON of what-ifs as the `.toml` has it."""
    for drop in document.get("drop", []):
        drop["transfers"] = [_arrow(transfer) for transfer in drop["transfers"]]
    return _texts(document)


def _whatif(right: dict[str, Any]) -> dict[str, Any]:
    """Return the answers of a `.toml`; if it names nobody who is certain to be elected, nobody is."""
    answers: dict[str, Any] = right["whatif"]
    return {**answers, "safe": {"elected": None, **answers["safe"]}} if "safe" in answers else answers


def _arrow(transfer: dict[str, Any]) -> str:
    """Return a transfer as the `.toml` has it: "Cid -> Bel 4", "Dot -> nobody (choices) 1"."""
    source, to, votes = (transfer.pop(key) for key in ("from", "to", "votes"))
    target = f"nobody ({transfer.pop('why')})" if to is None else to
    assert not transfer, f"a transfer says more: {transfer}"
    return f"{source} -> {target} {votes}"


def _in_order(count: dict[str, Any]) -> dict[str, Any]:
    """Return a count with those lists sorted whose order says nothing."""
    for stage in count["stages"]:
        stage["transfers"].sort()
        stage["eliminated"].sort()
    for tie in count["ties"]:
        tie["candidates"].sort()
    return count


def _texts(value: Any) -> Any:
    """Return a value with its numbers as text."""
    return _mapped(value, lambda leaf: None if leaf is None else str(leaf))


def _numbers(value: Any) -> Any:
    """Return a value with its texts as exact numbers: "4.0" and 4 are the same."""
    return _mapped(value, Decimal)


def _mapped(value: Any, each: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _mapped(part, each) for key, part in value.items()}
    return [_mapped(part, each) for part in value] if isinstance(value, list) else each(value)


def _reports(out: Path, stem: str) -> Iterator[tuple[str, Any]]:
    """Yield every detailed report below `out`, by its path; the configuration's name in it is STEM."""
    for path in out.rglob("*_detailed_report.json"):
        document = json.loads(path.read_text())
        name = path.name.removesuffix("_detailed_report.json").replace(stem, "STEM", 1)
        rounds = [_round(number, round_) for number, round_ in enumerate(document["results"], 1)]
        yield (
            str(path.relative_to(out).with_name(name)),
            {"summary": _numbers(document["summary"]), "rounds": rounds},
        )


def _round(number: int, round_: dict[str, Any]) -> dict[str, Any]:
    assert round_.pop("round") == number
    outcomes: dict[str, dict[str, Any]] = {"elected": {}, "eliminated": {}}
    for decided in round_.pop("tallyResults"):
        moved = decided.pop("transfers")
        ((outcome, candidate),) = decided.items()
        outcomes[outcome][candidate] = moved
    inactive = round_.pop("inactiveBallots")
    numbers: dict[str, Any] = _numbers({**round_, "inactive": inactive, **outcomes})
    return numbers


def _filled(report: dict[str, Any]) -> dict[str, Any]:
    rounds = [{**ROUND, **round_} for round_ in report["rounds"]]
    for round_ in rounds:
        round_["inactive"] = {**dict.fromkeys(REASONS, 0), **round_["inactive"]}
    filled: dict[str, Any] = _numbers({**report, "rounds": rounds})
    return filled
