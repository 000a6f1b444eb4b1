"""Which failures are the caller's, and the one line each of them is. Any other is a fault of ours, shown in full."""

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


IN_VALUES = "Value error, "
"""What pydantic and typer put before the words of a check."""


def one_line(fault: Exception) -> str | None:
    """Return the sentence for an expected failure, or None if it is our own."""
    if _is(fault, "pydantic", "ValidationError"):
        return first_error(fault)  # type: ignore[arg-type]
    if hasattr(fault, "format_message"):  # typer's: an option it does not know, a value it cannot take
        return _flat(fault.format_message()).replace(IN_VALUES, "")
    if isinstance(fault, OSError) and fault.filename and fault.strerror:
        return f"{fault.filename}: {fault.strerror}"
    if isinstance(fault, OSError | ValueError | RuntimeError) or _is(
        fault, "shared.contract.codec", "UnknownVersion"
    ):
        first, *listed = str(fault).split("\n  ")
        return _flat(f"{first}: {'; '.join(listed)}" if listed else first)
    return None


def first_error(fault: "ValidationError") -> str:
    """Return where and what the first error of a definition is."""
    first = fault.errors()[0]
    said = first["msg"].removeprefix(IN_VALUES)
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), said)))


def is_unanswered(fault: BaseException) -> bool:
    """Return whether a failure comes from a server that nobody could connect to."""
    if _is(fault, "httpx", "ConnectError") or _is(fault, "aiokafka.errors", "KafkaConnectionError"):
        return True
    return fault.__cause__ is not None and is_unanswered(fault.__cause__)


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Let every error about a file begin with its name."""
    from pydantic import ValidationError

    from shared.rcv.formats.records import FormatError

    try:
        yield
    except FormatError:
        raise
    except ValidationError as fault:
        raise ValueError(f"{file}: {first_error(fault)}") from fault
    except ValueError as fault:
        raise ValueError(f"{file}: {fault}") from fault


@contextmanager
def csv_of(file: Path) -> Iterator[None]:
    """Refuse a file whose quotes are not closed: read loosely, such a cell swallows the rows behind it."""
    try:
        yield
    except csv.Error as fault:
        raise ValueError(f"{file}: expected cells of CSV: {fault}") from fault


def _is(fault: BaseException, module: str, name: str) -> bool:
    """Return whether a fault is of a class that only a module already loaded can have raised."""
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(fault, kind)


def _flat(sentence: str) -> str:
    return " ".join(sentence.split())
