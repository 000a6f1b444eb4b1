"""What is written is read back, for every format and all it can hold."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.ballots import parse_marks
from shared.rcv.contests import CountOptions, contest_of, profile_of
from shared.rcv.conversion import ballots_of, convert_plain
from shared.rcv.count.tabulate import tabulate
from shared.rcv.formats import rctab
from shared.rcv.formats.detect import READERS, WRITERS, read_ballots, write_ballots
from shared.rcv.formats.plain import abif, blt, csv_file, preflib
from shared.rcv.formats.plain.holds import Holds
from shared.rcv.formats.records import BallotFile, BallotGroup, FormatError
from shared.rcv.reports.tabulated import Stamp
from tests.fuzz.vendors import configuration
from tests.support.strategies import marks

HOLDS = {"blt": blt.HOLDS, "preflib": preflib.HOLDS, "abif": abif.HOLDS, "csv": csv_file.HOLDS}
STAMP = Stamp("Livecount", "1", "2026-05-07T21:00:00+01:00")
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
    assert back.seats == (file.seats if to in ("blt", "abif") else None)
    assert (back.excluded, back.sections) == (file.excluded, file.sections)


def test_every_format_is_read_and_written(tmp_path: Path) -> None:
    """What one can write, the other can read: no format is forgotten by the test above."""
    assert set(SUFFIXES) == set(WRITERS)
    assert set(SUFFIXES.values()) <= set(READERS)


@given(st.data())
def test_rctabs_csv_of_a_plain_file_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Every rank of every ballot; candidates are those whom a ballot names. Sections stay in the column of precincts."""
    drawn = data.draw(contests(csv_file.HOLDS))
    file = replace(drawn, candidates=tuple(f"N{place} {name}" for place, name in enumerate(drawn.candidates)))
    path = tmp_path_factory.mktemp("rctab", numbered=True) / "votes_rctab_cvr.csv"
    assert convert_plain(file, "rctab", path, STAMP, "votes.csv") == sum(
        group.ballots for group in file.ballots
    )
    if not any(mark.isdigit() for group in file.ballots for mark in group.marks):
        return  # a file that names nobody has no candidates
    assert _by_name(read_ballots(path)) == _by_name(file)


@given(st.data(), st.sampled_from([*sorted(WRITERS), "rctab"]), st.sampled_from(sorted(WRITERS)))
def test_what_goes_through_two_formats_is_counted_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, first: str, second: str
) -> None:
    """Over all pairs: what one format holds is written as another, read back, and comes to the same rounds."""
    holds = Holds(
        "both",
        **{
            thing: all(getattr(HOLDS[to], thing) for to in {first, second} - {"rctab"})
            for thing in ("blank_ranks", "blank_ballots", "unnamed")
        },
    )
    drawn = data.draw(contests(holds))
    named = tuple(f"N{place} {name}" for place, name in enumerate(drawn.candidates))
    all_named = BallotGroup(">".join(map(str, range(len(named)))), 1)
    file = replace(drawn, candidates=named, ballots=(*drawn.ballots, all_named))
    folder = tmp_path_factory.mktemp("pairs", numbered=True)
    between = folder / f"a{SUFFIXES.get(first, '_rctab_cvr.csv')}"
    convert_plain(file, first, between, STAMP, "votes")
    back = folder / f"b{SUFFIXES[second]}"
    convert_plain(read_ballots(between), second, back, STAMP, "votes")
    assert _by_name(read_ballots(back)) == _by_name(file)
    assert _rounds(read_ballots(back)) == _rounds(file)


@given(st.data())
def test_a_report_of_records_is_counted_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """NIST's format, too: its records are read back by a configuration, as anybody else would."""
    drawn = data.draw(contests(Holds("records", blank_ranks=True, blank_ballots=True)))
    named = tuple(f"N{place} {name}" for place, name in enumerate(drawn.candidates))
    file = replace(drawn, title="Mayor", candidates=named, ballots=(*drawn.ballots, BallotGroup("0", 1)))
    folder = tmp_path_factory.mktemp("records", numbered=True)
    convert_plain(file, "cdf", folder / "votes.json", STAMP, "votes")
    document = json.loads(configuration("cdf", "votes.json"))
    document["candidates"] = [{"name": name} for name in named]
    document["rules"]["maxRankingsAllowed"] = "max"
    (folder / "config.json").write_text(json.dumps(document))
    found = rctab.load(folder / "config.json")
    back = ballots_of(rctab.contest_of(found), rctab.read_records(found))
    assert _by_name(back) == _by_name(file)
    assert _rounds(back) == _rounds(file)


def _rounds(file: BallotFile) -> list[dict[str, int]]:
    """Return the votes of each candidate, by name, in each round of an instant run-off."""
    contest = contest_of(replace(file, title="T", seats=None), CountOptions("irv"))
    count = tabulate(profile_of(file, contest), contest)
    return [dict(sorted(zip(file.candidates, round_.votes, strict=True))) for round_ in count.rounds]


def _by_name(file: BallotFile) -> Counter[tuple[tuple[str, ...], ...]]:
    """Return how many ballots have which names at which ranks."""
    held: Counter[tuple[tuple[str, ...], ...]] = Counter()
    for group in file.ballots:
        ranks = parse_marks(group.marks)
        named = (tuple(sorted(file.candidates[c] if c >= 0 else "*" for c in rank)) for rank in ranks)
        held[tuple(named)] += group.ballots
    return held


@pytest.mark.parametrize("name", ["Overvote", "undervote", "skipped", "*", "-", "#1", "N/A", "ADA", "Ada;Bo"])
def test_a_name_that_rctabs_csv_uses_otherwise_is_refused(tmp_path: Path, name: str) -> None:
    """It would be read back as no name at all."""
    file = BallotFile("Tea", ("Ada", "Bo", name), (BallotGroup("2", 2),))
    with pytest.raises(FormatError, match="cannot hold this name"):
        convert_plain(file, "rctab", tmp_path / "x.csv", STAMP, "tea.blt")
    assert not list(tmp_path.iterdir())
