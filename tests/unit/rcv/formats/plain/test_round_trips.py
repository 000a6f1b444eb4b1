"""What is written is read back, for every format and all it can hold."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rcv.formats.detect import READERS, WRITERS, read_ballots, write_ballots
from shared.rcv.formats.plain import abif, blt, csv_file, preflib
from shared.rcv.formats.plain.holds import Holds
from shared.rcv.formats.records import BallotFile, BallotGroup
from tests.support.strategies import marks

HOLDS = {"blt": blt.HOLDS, "preflib": preflib.HOLDS, "abif": abif.HOLDS, "csv": csv_file.HOLDS}
SUFFIXES = {"blt": ".blt", "preflib": ".toi", "abif": ".abif", "csv": ".csv"}

_letters = st.characters(exclude_categories=("C", "Z"), include_characters=" ")
_awkward = st.sampled_from(
    ['"', "'", "\\", "[", "]", "{", "}", "#", "//", ",", ";", ">", "/", "*", ":", "C1", "0", "-"]
)
names = (
    st.lists(_awkward | st.text(_letters, max_size=8), min_size=1, max_size=6)
    .map(lambda parts: "".join(parts).strip())
    .filter(
        lambda name: (
            name and "=" not in name and name.lower() not in ("*", "overvote", "skipped", "undervote")
        )
    )
)


@st.composite
def contests(draw: st.DrawFn, holds: Holds) -> BallotFile:
    """Draw a contest that a format can hold."""
    candidates = tuple(draw(st.lists(names, min_size=1, max_size=6, unique=True)))
    places = range(len(candidates))
    sections = draw(st.lists(names, min_size=1, max_size=3, unique=True)) if holds.sections else ["all"]
    ballot = st.builds(
        BallotGroup,
        marks(len(candidates)) | st.sampled_from(["*", "0>*>0"]),
        st.integers(1, 9),
        st.integers(0, len(sections) - 1),
    )
    return BallotFile(
        draw(names),
        candidates,
        tuple(draw(st.lists(ballot.filter(lambda drawn: _held(drawn.marks, holds)), max_size=8))),
        seats=draw(st.integers(1, 9)),
        excluded=tuple(sorted(draw(st.sets(st.sampled_from(places))))) if holds.excluded else (),
        sections=tuple(sections),
    )


def _held(drawn: str, holds: Holds) -> bool:
    ranks = drawn.split(">") if drawn else []
    return (
        (holds.blank_ballots or bool(ranks))
        and (holds.blank_ranks or "" not in ranks)
        and (holds.unnamed or "*" not in ranks)
    )


def _merged(file: BallotFile) -> dict[tuple[str, str], int]:
    held: dict[tuple[str, str], int] = {}
    for drawn, ballots, section in file.ballots:
        key = file.sections[section], drawn
        held[key] = held.get(key, 0) + ballots
    return held


@given(st.data(), st.sampled_from(sorted(WRITERS)))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, to: str
) -> None:
    """Names, ballots and sections always; title, seats and withdrawals where the format has words for them."""
    file = data.draw(contests(HOLDS[to]))
    path = tmp_path_factory.mktemp("trips", numbered=True) / f"votes{SUFFIXES[to]}"
    write_ballots(file, path, to)
    back = read_ballots(path)
    assert back.candidates == file.candidates
    assert _merged(back) == _merged(file)
    assert back.title == ("votes" if to == "csv" else file.title)
    assert back.seats == (file.seats if to == "blt" else None)
    assert (back.excluded, back.sections) == (file.excluded, file.sections)


def test_every_format_is_read_and_written(tmp_path: Path) -> None:
    """What one can write, the other can read: no format is forgotten by the test above."""
    assert set(SUFFIXES) == set(WRITERS)
    assert set(SUFFIXES.values()) <= set(READERS)
