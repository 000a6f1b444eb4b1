"""Every parser on damaged files: a few seconds of what `python -m tests.fuzz` does for as long as one likes."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS
from tests.fuzz.vendors import workbook

EXAMPLES = 150


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


@pytest.mark.parametrize("name", TARGETS)
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


DIGITS = b"9" * 5_000
"""More than Python reads as a number."""

ENDLESS = TARGETS["ess_sheet"].seeds[0].replace(b'<c r="A2"><v>7', b'<c r="A2" s="0"><v>1e300')
DURATIONS = '<styleSheet><cellXfs><xf numFmtId="46"/></cellXfs></styleSheet>'
"""A sheet with a number that, in this style, is a longer time than Python knows."""


def damage(name: str, sound: bytes, damaged: bytes) -> tuple[str, bytes]:
    """Return a target and its first file with one stretch replaced."""
    seed = TARGETS[name].seeds[0]
    assert sound in seed, sound
    return name, seed.replace(sound, damaged, 1)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("blt", b"4 2\n 0\n3 1 0\n0\n"),
        ("ess", TARGETS["ess"].seeds[0][1:]),
        ("ess", workbook(ENDLESS, {"xl/styles.xml": DURATIONS})),
        ("ess", workbook(ENDLESS, {"xl/sharedStrings.xml": '<sst uniqueCount="4294967295"/>'})),
        damage("ess_sheet", b'r="D2"', b'r="XFD1048576"'),
        damage("ess_sheet", b'r="D2"', b'r="A99999999"'),
        damage("ess_sheet", b'r="D2"', b'r="A' + b"M" * 40 + b'1"'),
        damage("ess_sheet", b'r="D2"', b'r="A' + b"0" * 40 + b'99999999"'),
        damage("ess_sheet", b'<row r="2"><c r="A2">', b'<row r="100000000"><c>'),
        ("cdf_xml", b'<?xml version="1.0" encoding="utf-4"?><CastVoteRecordReport/>'),
        ("cdf_xml", b'<?xml version="1.0" encoding="hex"?><CastVoteRecordReport/>'),
        ("hart", b'<?xml version="1.0" encoding="utf-4"?><Cvr/>'),
        damage("rctab", b'"singleWinnerMajority"', b'["x"]'),
        damage("rctab", b'"useCandidateOrder"', b"{}"),
        damage("rctab", b'"numberOfWinners": "1"', b'"numberOfWinners": "' + DIGITS + b'"'),
        damage(
            "rctab",
            b'"singleWinnerMajority",\n  "numberOfWinners": "1"',
            b'"multiPassIrv", "numberOfWinners": "999"',
        ),
        damage("rctab", b'"name": "Ann"', b'"name": "' + b"A" * 201 + b'"'),
        ("rctab", b"[" * 100_000),
        ("rctab", b'{"rules": "\xff"}'),
        ("rctab", b"\xef\xbb\xbf" + TARGETS["rctab"].seeds[0]),
        ("generic_csv", b"Id,Ann\n1," + DIGITS + b"\n"),
        damage("clear_ballot", b":1:1:Number", b":1:" + DIGITS + b":Number"),
        damage("dominion", b'"Rank":1', b'"Rank":"' + DIGITS + b'"'),
        damage("cdf_json", b'"Rank": 1', b'"Rank": "' + DIGITS + b'"'),
        damage("cdf_xml", b"<Rank>1", b"<Rank>" + DIGITS),
    ],
    ids=lambda of: of if isinstance(of, str) else "",
)
def test_what_fuzzing_found_stays_mended(name: str, data: bytes, tmp_path: Path) -> None:
    """Inputs that once broke a parser, cut down to what matters."""
    path = tmp_path / TARGETS[name].file
    path.write_bytes(data)
    TARGETS[name].try_one(path)
