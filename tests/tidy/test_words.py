"""One thing has one word: shared/contract/README.md has it, and no synonym stands beside it."""

from pathlib import Path

import pytest

from tests.tidy.words import BANNED, ROOT, as_words, hits


def test_no_synonym_stands_anywhere() -> None:
    """In code, documents, templates and the names of files."""
    assert [str(hit) for hit in hits()] == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("class ContestPaper:", ["paper"]),
        ("a paper ballot, a ballot paper, a paper batch, on the page and on paper", []),
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
