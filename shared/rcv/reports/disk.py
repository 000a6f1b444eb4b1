"""Reports onto the disk: all of them, or none.

Each file is written beside its place under another name. When the last is whole, all are renamed. None is written over a
file that the reports were made of.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from shared.rcv.formats.records import FormatError
from shared.rcv.reports.files import ReportFile

_IS_READ = re.compile(r".*\.xml|CvrExport.*|.*Manifest\.json", re.IGNORECASE)
"""Names of files that readers of folders read."""


def write_files(folder: Path, files: Iterable[ReportFile], inputs: Sequence[Path] = ()) -> list[Path]:
    """Write `files` below `folder`, which is made if need be, and return their paths.

    Raises FormatError if one would be written over a file of `inputs`, which are files and folders; OSError if the disk refuses,
    and whatever making a text raises; then no report is there that was not before.
    """
    written: list[tuple[Path, Path]] = []
    try:
        for file in files:
            path = folder.joinpath(*file.path.parts)
            refuse_input(path, inputs)
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.part")
            written.append((beside, path))
            _write(beside, file.text)
        for beside, path in written:
            beside.replace(path)
    finally:
        for beside, _ in written:
            beside.unlink(missing_ok=True)
    return [path for _, path in written]


def refuse_input(path: Path, inputs: Iterable[Path]) -> None:
    """Raise FormatError if a file that is there is one of the inputs, or is read in a folder that is one. Raises OSError."""
    for each in inputs if path.exists() else ():
        if path.samefile(each) or (_IS_READ.fullmatch(path.name) and path.parent.samefile(each)):
            raise FormatError(path, "", f"expected another file than the one that is read, {each}")


def _write(path: Path, text: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(text)
