"""Long files of one kind of nonsense are refused about as fast as they are read: no parser's work grows by the square."""

from pathlib import Path

import pytest

from tests.fuzz.targets import PLAIN

LONG = 50_000
NONSENSE = (
    b"(",
    b"[",
    b"{",
    b'"',
    b"\\",
    b"/*",
    b"/",
    b" ",
    b"\t ",
    b"1 ",
    b"0 ",
    b"1=",
    b"{1},",
    b", ",
    b"a ",
    b"a>",
    b"#",
    b"\n",
    b"=",
)


@pytest.mark.timeout(30)  # by the square it would take minutes
@pytest.mark.parametrize("name", PLAIN)
def test_nonsense_is_refused_at_once(name: str, tmp_path: Path) -> None:
    """After every beginning that is right, a long run of what is not."""
    target = PLAIN[name]
    path = tmp_path / target.file
    for seed in target.seeds:
        lines = seed.splitlines(keepends=True)
        for kept in sorted({0, 1, len(lines) // 2, len(lines) - 1, len(lines)}):
            for piece in NONSENSE:
                path.write_bytes(b"".join(lines[:kept]) + piece * (LONG // len(piece)) + b"x\n")
                target.try_one(path)
