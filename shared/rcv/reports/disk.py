"""Reports onto the disk: all of them, or none.

Each file is written beside its place under another name. When the last is whole, all are renamed.
"""

from collections.abc import Iterable
from pathlib import Path

from shared.rcv.reports.files import ReportFile


def write_files(folder: Path, files: Iterable[ReportFile]) -> list[Path]:
    """Write `files` below `folder`, which is made if need be, and return their paths.

    Raises OSError if the disk refuses, and whatever making a text raises; then no report is there that was not before.
    """
    written: list[tuple[Path, Path]] = []
    try:
        for file in files:
            path = folder.joinpath(*file.path.parts)
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


def _write(path: Path, text: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(text)
