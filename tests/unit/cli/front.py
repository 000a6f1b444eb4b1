"""The command line, tried: the real command as somebody at a shell runs it, or the same in this process, quicker."""

import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from services.cli import main

WARD = """4 2
9 1 2 0
8 2 1 0
4 3 2 0
3 4 3 0
0
"Ada Lovelace"
"Basil Brown"
"Clara Bow"
"Dora Maar"
"Tea"
"""


class Answer(NamedTuple):
    """What a command gave back."""

    exit_code: int
    stdout: str
    stderr: str


def shell(*words: str | Path, typed: str = "") -> Answer:
    """Run the installed command in a process of its own."""
    argv = [str(Path(sys.executable).with_name("livecount")), *map(str, words)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, input=typed)
    return Answer(done.returncode, done.stdout, done.stderr)


def livecount(*words: str | Path, columns: int = 80) -> Answer:
    """Run the command line in this process, on streams that are no terminal."""
    out, err = (TextIOWrapper(BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    code: object = 0
    environment = patch.dict(os.environ, {"COLUMNS": str(columns)})
    argv = patch.object(sys, "argv", ["livecount", *map(str, words)])
    with (
        environment,
        argv,
        patch.object(sys, "stdin", StringIO()),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
    out.seek(0)
    err.seek(0)
    return Answer(code if isinstance(code, int) else 0, out.read(), err.read())


def ward(folder: Path, text: str = WARD) -> Path:
    """Return a BLT file of four candidates for two seats."""
    file = folder / "ward.blt"
    file.write_text(text)
    return file
