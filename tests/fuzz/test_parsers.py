"""Every parser on damaged files: a few seconds of what `python -m tests.fuzz` does for as long as one likes."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

EXAMPLES = 150
APART = {"ess_sheet"}
"""Only fuzzed in processes of their own: the library that reads Excel ends the process when it lacks memory."""


@st.composite
def damaged(draw: st.DrawFn, seeds: tuple[bytes, ...], words: tuple[str, ...]) -> bytes:
    """Draw a file in which some stretches are cut, doubled, moved or replaced by words of the format or any bytes."""
    file = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(file)))
        end = draw(st.integers(start, min(len(file), start + 12)))
        middle = draw(
            st.sampled_from([b"", file[start:end] * 2, *(word.encode() for word in words)])
            | st.binary(max_size=4)
        )
        file = file[:start] + middle + file[end:]
    return file


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in APART])
def test_a_damaged_file_is_read_or_refused(name: str, tmp_path: Path) -> None:
    """Whatever the damage: a whole value or a clear refusal, and what was read is written and read back."""
    target = TARGETS[name]

    @settings(max_examples=EXAMPLES)
    @given(damaged(target.seeds, target.words))
    def try_one(data: bytes) -> None:
        path = tmp_path / target.file
        path.write_bytes(data)
        target.try_one(path)

    try_one()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("blt", b"4 2\n 0\n3 1 0\n0\n"),
    ],
)
def test_what_fuzzing_found_stays_mended(name: str, data: bytes, tmp_path: Path) -> None:
    """Inputs that once broke a parser, cut down to what matters."""
    path = tmp_path / TARGETS[name].file
    path.write_bytes(data)
    TARGETS[name].try_one(path)
