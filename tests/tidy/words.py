"""The glossary, held: which words may not be used, since shared/contract/README.md has another for the same thing.

`python -m tests.tidy.words` prints every place, room by room.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
KINDS: Final = (".py", ".md", ".html", ".js", ".css", ".yml", ".yaml", ".sh")
SKIPPED: Final = {".git", ".venv", ".livecount", "__pycache__", "results", "bundles"}
HERE: Final = {Path("tests/tidy/words.py"), Path("tests/tidy/test_words.py")}
ROOT_FILES: Final = "."


@dataclass(frozen=True)
class Banned:
    """A word as a pattern, the word to use, and the paths in which it is right."""

    pattern: re.Pattern[str]
    instead: str
    right_in: re.Pattern[str] | None = None


def _banned(pattern: str, instead: str, right_in: str | None = None) -> Banned:
    return Banned(re.compile(rf"\b(?:{pattern})\b"), instead, re.compile(right_in) if right_in else None)


BANNED: Final = (
    _banned(
        r"(?<!ballot )(?<!on )papers?(?! (?:ballots?|batch|batches)\b)",
        "ballot, rankings",
        r"cli/(?:commands/)?paper|cli/commands/(?:operator|rolls)|cli/README|cli/__init__",  # where it is made of paper
    ),
    _banned(r"tell(?!\(\))|tells|telling|told|untold|retold|retells?", "say, publish; pending"),
    _banned(r"desks?", "admission, service"),
    _banned(r"doors?", "service, command line"),
    _banned(r"a hand on", "a plain sentence"),
    _banned(
        r"recount(?:s|ed|ing)?",
        "count, tabulate: a recount is the auditor's alone",
        r"audit|operator|recount|certif|verif|bundle|agree|standing|lifecycle|election|events|\.md$|results/|demo"
        r"|contract/topics|narrate/words|support/evidence|tests/(?:simulation|chaos|integration|tidy|bench)",
    ),
    _banned(r"cold recounts?|recounted live", "cold count"),
    _banned(
        r"voters?",
        "elector",
        r"\.md$|formats/|infra/|docker-compose|fuzz/targets|bench/reading|peers/fund_pabutools|mistakes|test_definitions",
    ),
    _banned(r"fallen|faller", "eliminated"),
    _banned(r"(?:is|are) out(?! of)", "is eliminated"),
)
"""Patterns are matched against lower-case words: `ContestPaper` and `contest_paper` are both "contest paper"."""


@dataclass(frozen=True, order=True)
class Hit:
    """A place where a banned word stands."""

    room: str
    path: str
    line: int
    word: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.word!r}: use {self.instead}"


def room_of(path: Path) -> str:
    """Return the room that a file is in: its first two folders, or "." for the files of the root."""
    folders = path.parts[:-1]
    return "/".join(folders[:2]) or ROOT_FILES


def hits() -> Iterator[Hit]:
    """Yield every banned word in code, documents and templates, and in the names of their files."""
    for file in sorted(ROOT.rglob("*")):
        path = file.relative_to(ROOT)
        if file.suffix in KINDS and not SKIPPED & set(path.parts) and path not in HERE and file.is_file():
            lines = [str(path.with_suffix("")), *file.read_text().splitlines()]
            for number, line in enumerate(lines):
                for banned in BANNED:
                    if banned.right_in is None or not banned.right_in.search(str(path)):
                        for found in banned.pattern.finditer(as_words(line)):
                            yield Hit(room_of(path), str(path), number, found[0], banned.instead)


def as_words(line: str) -> str:
    """Return a line in lower case, with names of code taken apart."""
    return re.sub(r"_|(?<=[a-z0-9])(?=[A-Z])", " ", line).lower()


if __name__ == "__main__":
    left = sorted(hits())
    for hit in left:
        sys.stdout.write(f"{hit}\n")
    for room in sorted({hit.room for hit in left}):
        sys.stdout.write(f"{room}: {sum(hit.room == room for hit in left)}\n")
