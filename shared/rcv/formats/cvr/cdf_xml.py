"""NIST's Common Data Format for cast vote records (SP 1500-103, 1.0) as XML, Unisyn's too: see `cdf`.

The file is read twice: ballots may stand before the elections that say what their ids mean, and there may be more ballots
than memory holds.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from shared.rcv.formats.cvr import xml_file
from shared.rcv.formats.cvr.cdf import ID, Terms, records
from shared.rcv.formats.cvr.json_file import Node
from shared.rcv.formats.cvr.raw import RawRecord, Source
from shared.rcv.formats.cvr.xml_file import Element

ROOT: Final = "CastVoteRecordReport"

_LISTS: Final = frozenset(
    {"Candidate", "Contest", "ContestSelection", "CVRContest", "CVRContestSelection", "CVRSnapshot"}
    | {"CVRWriteIn", "SelectionPosition"}
)
"""What JSON has lists of: in XML, elements that may stand more than once."""


def read(path: Path, source: Source) -> Iterator[RawRecord]:
    """Yield the records of a file's contest. Raises FormatError naming the CVR and its line, OSError."""
    held = list(xml_file.children(path, ROOT, {"Election", "GpUnit"}))
    elections, units = (
        [_node(path, each) for each in held if each.name == kind] for kind in ("Election", "GpUnit")
    )
    terms = Terms(Node(path, "", {}), elections, units, source)
    ballots = xml_file.children(path, ROOT, {"CVR"})
    cvrs = (_node(path, ballot, f" {number}") for number, ballot in enumerate(ballots, 1))
    yield from records(cvrs, terms, "UniqueId")


def _node(path: Path, element: Element, number: str = "") -> Node:
    return Node(path, f"{element.name}{number} (line {element.line})", _values(element))


def _values(element: Element) -> dict[str, object]:
    """Return an element as the JSON of the format would have it."""
    found: dict[str, object] = (
        {ID: element.attributes["ObjectId"]} if "ObjectId" in element.attributes else {}
    )
    for child in element.children:
        if child.name in _LISTS:
            _listed(found, child.name, [_values(child)])
        elif child.name == "CandidateIds":
            _listed(found, child.name, child.text.split())
        elif child.name == "Status":
            _listed(found, child.name, [child.text.strip()])
        else:
            found[child.name] = _values(child) if child.children else child.text.strip()
    return found


def _listed(found: dict[str, object], name: str, more: Sequence[object]) -> None:
    listed = found.setdefault(name, [])
    assert isinstance(listed, list), "made here"
    listed.extend(more)
