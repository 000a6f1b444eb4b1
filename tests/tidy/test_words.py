"""One thing has one word: shared/contract/README.md has it, and no synonym stands beside it."""

import sys
from pathlib import Path

import pytest

from tests.tidy.words import BANNED, ROOT, as_words, hits

NOT_YET_CLEAN = (
    *("services/audit", "services/cli", "services/counting", "services/intake", "services/operator"),
    *("services/validation", "shared/contract", "shared/rcv", "shared/runtime"),
    *("tests/bench", "tests/fuzz", "tests/golden", "tests/integration", "tests/mutation"),
    *("tests/property", "tests/simulation", "tests/support", "tests/unit"),
)
"""Rooms that still hold synonyms: `python -m tests.tidy.words` prints the places. To be emptied, then deleted."""


def test_no_synonym_stands_in_a_room_that_is_clean() -> None:
    """Code, documents, templates and the names of files; what is left elsewhere is printed."""
    found = list(hits())
    left = [hit for hit in found if hit.room in NOT_YET_CLEAN]
    sys.stdout.write(f"{len(left)} synonyms are left in {len({hit.room for hit in left})} rooms\n")

    assert [str(hit) for hit in found if hit.room not in NOT_YET_CLEAN] == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("class ContestPaper:", ["paper"]),
        ("a paper ballot, a ballot paper, a paper batch", []),
        ("self._desks.told()", ["told", "desks"]),
        ("Bradshaw is out; she is out of choices", ["is out"]),
        ("indoors, newspaper, retelling", []),
    ],
)
def test_a_synonym_is_found_in_names_and_in_prose(line: str, words: list[str]) -> None:
    """In any case and in any place of a name, but not within another word."""
    found = [hit[0] for banned in BANNED for hit in banned.pattern.finditer(as_words(line))]

    assert sorted(found) == sorted(words)


def test_the_glossary_itself_is_written_in_its_words() -> None:
    """And it is where the test says it is."""
    assert (ROOT / "shared" / "contract" / "README.md").is_file()
    assert not [hit for hit in hits() if Path(hit.path) == Path("shared/contract/README.md")]
