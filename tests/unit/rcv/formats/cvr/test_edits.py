"""One edit anywhere in one of four ballots: the file is refused, or has those ballots, or that one is no ballot."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rcv.formats.rctab.configuration import load
from shared.rcv.formats.rctab.records import read_records
from shared.rcv.formats.records import FormatError
from tests.fuzz.vendors import PART, VENDORS, configuration, workbook


class Vendor(NamedTuple):
    """A vendor's file: what stands before its ballots, one of them with its number as `{}`, and what stands behind."""

    provider: str
    file: str
    before: str
    ballot: str
    behind: str
    between: str = ""
    packed: Callable[[bytes], bytes] = bytes
    """Makes the file of its text."""


def _parted(name: str, begin: str, end: str, number: str) -> tuple[str, str, str]:
    """Return what stands before, between and behind two words of the vendor's sample; `number` becomes the ballot's own."""
    text = VENDORS[name].seeds[0].decode()
    start = text.index(begin)
    stop = text.rindex(end)
    return text[:start], text[start:stop].replace(number, "{}"), text[stop:]


_SHEET = _parted("ess_sheet", '<row r="2">', "</sheetData>", '2"')
_MANIFESTS = VENDORS["dominion"].seeds[0].split(PART)[:4]
_EXPORT = VENDORS["dominion"].seeds[0].split(PART)[4].decode()
_SESSIONS = _EXPORT.index('{"TabulatorId"'), _EXPORT.rindex("]}")
_CDF = json.dumps(json.loads(VENDORS["cdf_json"].seeds[0]))
_CVRS = _CDF.index('{"@type": "CVR.CVR", '), _CDF.rindex("]}")

FILES = {
    "generic_csv": Vendor("genericCsv", "votes.csv", "Id,Ann,Bob\n", "{},1,2\n", ""),
    "clear_ballot": Vendor("clearBallot", "votes.csv", *_parted("clear_ballot", '1,"R",1,"R+1"', '2,"R",2,"R+2"', "R+1")[:2], ""),
    "ess": Vendor("ess", "votes.xlsx", *_SHEET, packed=workbook),
    "dominion": Vendor(
        "dominion", "d/CvrExport.json", _EXPORT[: _SESSIONS[0]], _EXPORT[slice(*_SESSIONS)].replace('"X"', '"{}"'), "]}", ","
    ),
    "cdf_json": Vendor(
        "cdf", "votes.json", _CDF[: _CVRS[0]], _CDF[slice(*_CVRS)].replace('PrintedId": "1"', 'PrintedId": "{}"'), "]}", ","
    ),
    "cdf_xml": Vendor("cdf", "votes.xml", *_parted("cdf_xml", "<CVR>", "<Election ", "PrintedId>1<")),
}  # fmt: skip
SIGNS = st.text(" \t\n,;:[]{}()<>/=\"'&#|.-x01", max_size=3)


def ballots(folder: Path, vendor: Vendor, each: list[str]) -> int:
    """Return how many ballots a file of these has. Raises FormatError."""
    (folder / "d").mkdir(exist_ok=True)
    for name, content in zip(
        ("Contest", "Candidate", "Precinct", "PrecinctPortion"), _MANIFESTS, strict=True
    ):
        (folder / "d" / f"{name}Manifest.json").write_bytes(content)
    text = vendor.before + vendor.between.join(each) + vendor.behind
    (folder / vendor.file).write_bytes(vendor.packed(text.encode()))
    source = "d" if vendor.provider == "dominion" else vendor.file
    labels = {
        "ess": {"overvoteDelimiter": "//", "undeclaredWriteInLabel": "w", "skippedRankLabel": "under"},
        "dominion": {"undeclaredWriteInLabel": "8"},
    }.get(vendor.provider, {})
    (folder / "config.json").write_bytes(configuration(vendor.provider, source, **labels))
    return sum(1 for _ in read_records(load(folder / "config.json")))


@pytest.mark.parametrize("name", FILES)
def test_an_edit_never_turns_one_ballot_into_several(name: str, tmp_path: Path) -> None:
    """Whatever signs, wherever; and what is not edited is read."""
    vendor = FILES[name]
    sound = [
        vendor.ballot.replace("{}", f'{number}"' if name == "ess" else f"{number}").replace(
            "<v>7<", f"<v>{number}<"
        )
        for number in range(2, 6)
    ]
    if name == "cdf_xml":
        sound = [vendor.ballot.replace("{}", f"PrintedId>{number}<") for number in range(2, 6)]
    assert ballots(tmp_path, vendor, sound) == 4

    @given(st.integers(0, 2000), st.integers(0, 2), SIGNS)
    def edit(at: int, cut: int, put: str) -> None:
        first = sound[0]
        at %= len(first) - 1
        edited = first[:at] + put + first[at + cut :]
        try:
            found = ballots(tmp_path, vendor, [edited, *sound[1:]])
        except (FormatError, UnicodeDecodeError):
            return
        assert 3 <= found <= 4, edited

    edit()
