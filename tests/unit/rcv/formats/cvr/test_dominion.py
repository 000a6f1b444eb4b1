"""Dominion: the reference folder, and small folders for what it does not have."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.rcv.formats.cvr import dominion, json_file
from shared.rcv.formats.cvr.raw import OVERVOTE, WRITE_IN, RawRecord, Source
from shared.rcv.formats.records import FormatError
from tests.support.reference import data

SOURCE = Source(".", "dominion", contest_id="7")


def mark(candidate: int, rank: int, *, ambiguous: bool = False) -> dict[str, Any]:
    """Return a mark."""
    return {"CandidateId": candidate, "Rank": rank, "IsAmbiguous": ambiguous}


def side(*marks: dict[str, Any], current: bool = True, contest: int = 7, **more: int) -> dict[str, Any]:
    """Return marks as the voter made them or as they were adjudicated, on one card."""
    contests = [{"Id": contest, "Marks": list(marks)}]
    return {"IsCurrent": current, "BallotTypeId": 1, "Cards": [{"Contests": contests}], **more}


def session(number: int, original: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a session."""
    return {"TabulatorId": 3, "BatchId": 4, "RecordId": number, "Original": original, **more}


def write(folder: Path, name: str, document: object) -> None:
    """Write a file of the export, as Dominion does: with a byte order mark."""
    (folder / name).write_text(json.dumps(document), encoding="utf-8-sig")


def export(folder: Path, *sessions: dict[str, Any], name: str = "CvrExport.json") -> Path:
    """Write an export with two contests; of the one, candidates 1, 2 and 9."""
    contests = [{"Id": 7, "Description": "Mayor"}, {"Id": 8, "Description": "Clerk"}]
    candidates = [{"Id": number, "ContestId": 7, "Description": "x"} for number in (1, 2, 9)]
    candidates += [{"Id": 5, "ContestId": 8, "Description": "y"}]
    write(folder, "ContestManifest.json", {"List": contests})
    write(folder, "CandidateManifest.json", {"List": candidates})
    write(folder, "PrecinctPortionManifest.json", {"List": [{"Id": 20, "Description": "North 1"}]})
    write(folder, name, {"Version": "5", "Sessions": list(sessions)})
    return folder


def read(folder: Path, source: Source = SOURCE) -> list[RawRecord]:
    """Return the records of a folder."""
    return list(dominion.read(folder, source))


def test_alaskas_thousand_ballots_are_read() -> None:
    """Candidates by their ids, the undeclared by the label, precinct portions by their names."""
    source = Source(".", "dominion", contest_id="1", undeclared_write_in_label="12")
    records = read(data("rctab", "_shared", "dominion_alaska", "alaska_input_data"), source)
    assert len(records) == 1000
    assert records[0].selections == ((1, "9"), (2, "1"), (3, WRITE_IN), (4, "8"), (5, "7"))
    assert records[0]._replace(selections=()) == RawRecord(
        "CvrExport.json, session 1", "1", (), None, "1", "1", "1", "42", "Precinct 1", ("42", "1", "1")
    )
    assert sum(len(record.selections) for record in records) == 4767


def test_marks_stand_in_the_order_of_their_ranks(tmp_path: Path) -> None:
    """Two at one rank are an overvote; a ballot without marks is blank."""
    folder = export(tmp_path, session(1, side(mark(2, 3), mark(1, 1), mark(9, 1))), session(2, side()))
    assert [record.selections for record in read(folder)] == [((1, "1"), (1, "9"), (3, "2")), ()]


def test_the_side_that_is_current_counts(tmp_path: Path) -> None:
    """The adjudicated one if the voter's is not; of neither nothing counts, and that is reported. RCTab counts the adjudicated one."""
    old = side(mark(1, 1), current=False)
    new = side(mark(2, 1))
    neither = session(1, old, Modified=side(mark(2, 1), current=False))
    folder = export(tmp_path, session(2, old), neither, session(3, old, Modified=new))
    notes: list[str] = []
    records = list(dominion.read(folder, SOURCE, notes.append))
    assert [(record.id, record.selections) for record in records] == [("3", ((1, "2"),))]
    assert notes == [dominion.NOT_CURRENT] * 2
    assert [record.id for record in read(folder, SOURCE._replace(as_rctab=True))] == ["1", "3"]


def test_two_sides_that_are_current_are_refused(tmp_path: Path) -> None:
    """Nobody knows which the officials mean; RCTab takes the voter's."""
    folder = export(tmp_path, session(1, side(mark(1, 1)), Modified=side(mark(2, 1))))
    with pytest.raises(
        FormatError, match=r"session 1: expected one side that is current \[IsCurrent\], found"
    ):
        read(folder)
    assert read(folder, SOURCE._replace(as_rctab=True))[0].selections == ((1, "1"),)


def test_an_ambiguous_mark_is_none(tmp_path: Path) -> None:
    """Whatever it marks."""
    folder = export(tmp_path, session(1, side(mark(1, 1, ambiguous=True), mark(2, 2))))
    assert read(folder)[0].selections == ((2, "2"),)


def test_adjudicated_marks_replace_those_that_are_not_current(tmp_path: Path) -> None:
    """The voter's own count while they are current; without either there is no record."""
    adjudicated = side(mark(2, 1))
    folder = export(
        tmp_path,
        session(1, side(mark(1, 1), current=False), Modified=adjudicated),
        session(2, side(mark(1, 1)), Modified=side(mark(2, 1), current=False)),
        session(3, side(mark(1, 1), current=False)),
    )
    assert [(r.id, r.selections) for r in read(folder)] == [("1", ((1, "2"),)), ("2", ((1, "1"),))]


def test_labels_name_write_ins_and_overvotes(tmp_path: Path) -> None:
    """Also where the manifest does not have their ids; a skipped rank is no selection."""
    source = SOURCE._replace(undeclared_write_in_label="30", overvote_label="31", skipped_rank_label="32")
    folder = export(tmp_path, session(1, side(mark(30, 1), mark(31, 2), mark(32, 3), mark(1, 4))))
    assert read(folder, source)[0].selections == ((1, WRITE_IN), (2, OVERVOTE), (4, "1"))


def test_contests_stand_on_any_card_or_on_none(tmp_path: Path) -> None:
    """Older exports have no cards; ballots without the contest are no records."""
    second = side(mark(5, 1), contest=8)
    second["Cards"].append(side(mark(1, 1))["Cards"][0])
    bare = {"IsCurrent": True, "Contests": [{"Id": 7, "Marks": [mark(2, 1)]}]}
    folder = export(tmp_path, session(1, second), session(2, bare), session(3, side(mark(5, 1), contest=8)))
    assert [(r.id, r.selections) for r in read(folder)] == [("1", ((1, "1"),)), ("2", ((1, "2"),))]


def test_split_files_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """Ten follows nine, and a gap loses nobody."""
    for number in (10, 2, 9):
        export(tmp_path, session(number, side(mark(1, 1))), name=f"CvrExport_{number}.json")
    records = read(tmp_path)
    assert [record.id for record in records] == ["2", "9", "10"]
    assert records[2].place == "CvrExport_10.json, session 1"


def test_precincts_and_portions_are_named_by_their_manifests(tmp_path: Path) -> None:
    """Where the export has them."""
    folder = export(tmp_path, session(1, side(PrecinctId=6, PrecinctPortionId=20)))
    write(folder, "PrecinctManifest.json", {"List": [{"Id": 6, "Description": "North"}]})
    (record,) = read(folder)
    assert (record.precinct, record.precinct_portion) == ("North", "North 1")
    assert (record.tabulator_id, record.batch, record.contest_id) == ("3", "4", "7")


@pytest.mark.parametrize(
    ("marked", "said"),
    [
        (side(PrecinctId=6), r"Original: expected \[PrecinctId\] to stand in PrecinctManifest.json, found 6"),
        (side(PrecinctPortionId=6), r"expected \[PrecinctPortionId\] to stand in PrecinctPortionManifest"),
        (side(mark(5, 1)), r"session 1, Original, card 1, contest 1, mark 1: expected \[CandidateId\] to be"),
        (
            side({"CandidateId": 1, "IsAmbiguous": False}),
            r"expected a text or whole number \[Rank\], found n",
        ),
        (side(mark(1, -1)), r"expected a whole number \[Rank\], found '-1'"),
        (side({"CandidateId": 1, "Rank": 1}), r"expected true or false \[IsAmbiguous\], found nothing"),
        ({"IsCurrent": True}, r"session 1, Original: expected a list \[Contests\]"),
        ({}, r"Original: expected true or false \[IsCurrent\]"),
        ([], r"session 1, Original: expected an object, found \[\]"),
    ],
)
def test_a_session_that_says_nonsense_is_refused(tmp_path: Path, marked: Any, said: str) -> None:
    """With its file, its place and what was expected."""
    with pytest.raises(FormatError, match=rf"CvrExport\.json: .*{said}"):
        read(export(tmp_path, session(1, marked)))


def test_a_contest_that_the_manifest_lacks_is_reported_with_those_it_has(tmp_path: Path) -> None:
    """By id and name."""
    source = SOURCE._replace(contest_id="Mayor")
    with pytest.raises(FormatError, match=r"expected a contest 'Mayor' .* found 7 \(Mayor\), 8 \(Clerk\)"):
        read(export(tmp_path), source)


def test_an_export_is_whole_or_split(tmp_path: Path) -> None:
    """One that is both would be counted twice or in part, one that is neither has nothing to count."""
    export(tmp_path)
    (tmp_path / "CvrExport_1.json").write_text("{}")
    with pytest.raises(FormatError, match="and on, found both"):
        read(tmp_path)
    (tmp_path / "CvrExport.json").unlink()
    (tmp_path / "CvrExport_1.json").unlink()
    with pytest.raises(FormatError, match="found neither"):
        read(tmp_path)


def test_what_is_no_json_and_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    """With the file's name."""
    export(tmp_path)
    (tmp_path / "CvrExport.json").write_text('{"Sessions": [')
    with pytest.raises(FormatError, match=r"CvrExport\.json: expected JSON in UTF-8"):
        read(tmp_path)
    with pytest.raises(FormatError, match="expected a folder with manifests"):
        read(tmp_path / "CvrExport.json")


@pytest.mark.parametrize("piece", [3, 40, 1 << 20])
def test_a_large_file_is_read_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    """And says the same, wherever a piece ends."""
    sessions = [session(number, side(mark(1, 1), mark(2, 2))) for number in range(30)]
    whole = read(export(tmp_path, *sessions))
    monkeypatch.setattr(json_file, "MAX_WHOLE_BYTES", 0)
    monkeypatch.setattr(json_file, "_PIECE_CHARS", piece)
    assert read(tmp_path) == whole


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"Sessions": [{"a": NaN}]}', "NaN is no number"),
        ('{"Sessions": [],}', "Expecting value"),
        (f'{{"Sessions": [{json.dumps(session(1, side()))}', "']' is missing"),
        (f'{{"Sessions": [{json.dumps(session(1, side()))},,{{}}]}}', "Expecting value"),
        (f'{{"Sessions": [{json.dumps(session(1, side()))} {{}}]}}', "']' is missing"),
        ('{"Version": "5"}', r"expected a list \[Sessions\], found nothing"),
        ('{"Sessions": 3}', r"expected a list \[Sessions\], found 3"),
        ('["Sessions"]', "'{' is missing"),
        ('{"Version" 5}', "':' is missing"),
        ('{"Sessions": [3]}', "session 1: expected an object, found 3"),
        ('{"Version": "\xff', "invalid start byte|Unterminated"),
    ],
)
def test_a_large_file_that_is_damaged_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    """Where it stops making sense."""
    monkeypatch.setattr(json_file, "MAX_WHOLE_BYTES", 0)
    export(tmp_path, session(1, side()))
    (tmp_path / "CvrExport.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(FormatError, match=message):
        read(tmp_path)


def conditions(folder: Path, **named: int) -> None:
    """Write the manifest of outstack conditions."""
    listed = [{"Id": number, "Description": name} for name, number in named.items()]
    write(folder, "OutstackConditionManifest.json", {"List": listed})


def marked_with(*numbers: int, card: tuple[int, ...] = ()) -> dict[str, Any]:
    """Return a side whose contest, and card, have these outstack conditions."""
    made = side(mark(1, 1))
    made["Cards"][0]["Contests"][0]["OutstackConditionIds"] = list(numbers)
    made["Cards"][0]["OutstackConditionIds"] = list(card)
    return made


def test_a_contest_that_is_invalid_is_no_record(tmp_path: Path) -> None:
    """Whichever number the manifest gives that; others are about marks, which the rules of the count judge."""
    sides = marked_with(), marked_with(3), marked_with(7), marked_with(5, 3), marked_with(card=(3,))
    folder = export(tmp_path, *(session(number, each) for number, each in enumerate(sides, 1)))
    conditions(folder, Overvote=5, InvalidContest=3, BlankContest=7)
    notes: list[str] = []
    records = list(dominion.read(folder, SOURCE, notes.append))
    assert [record.id for record in records] == ["1", "3"]
    assert notes == [dominion.INVALID] * 3


@pytest.mark.parametrize("manifest", [None, {"Overvote": 5}])
def test_without_a_word_in_the_manifest_7_is_invalid(tmp_path: Path, manifest: dict[str, int] | None) -> None:
    """RCTab's rule, for exports whose manifest leaves it out."""
    folder = export(tmp_path, session(1, marked_with(5)), session(2, marked_with(7)))
    if manifest is not None:
        conditions(folder, **manifest)
    assert [record.id for record in read(folder)] == ["1"]


def test_a_rank_that_the_contest_does_not_have_is_refused(tmp_path: Path) -> None:
    """By the number in its manifest; without one, by the rules alone."""
    folder = export(tmp_path, session(1, side(mark(1, 1), mark(2, 3))))
    assert len(read(folder)) == 1
    write(folder, "ContestManifest.json", {"List": [{"Id": 7, "Description": "Mayor", "NumOfRanks": 2}]})
    with pytest.raises(FormatError, match=r"mark 2: expected a rank up to 2 \[NumOfRanks\], found 3"):
        read(folder)


def test_a_contest_stands_once_in_a_session(tmp_path: Path) -> None:
    """On one card; and contests stand on cards or, without any, on the side itself: never one ballot as two."""
    twice = side(mark(1, 1))
    twice["Cards"].append(twice["Cards"][0])
    with pytest.raises(
        FormatError, match="session 1, Original, card 2, contest 1: expected contest 7 once in a session"
    ):
        read(export(tmp_path, session(1, twice)))
    both = side(mark(1, 1)) | {"Contests": []}
    with pytest.raises(
        FormatError, match=r"session 1, Original: expected \[Cards\] or \[Contests\], found both"
    ):
        read(export(tmp_path, session(1, both)))


@pytest.mark.parametrize("name", ["ContestManifest", "CandidateManifest", "PrecinctPortionManifest"])
def test_an_id_stands_for_one_thing(tmp_path: Path, name: str) -> None:
    """Of its manifest, and of the contest."""
    folder = export(tmp_path, session(1, side(mark(1, 1))))
    entries = [{"Id": 7, "ContestId": 7, "Description": text} for text in ("x", "y")]
    write(folder, f"{name}.json", {"List": entries})
    with pytest.raises(
        FormatError, match=rf"{name}.json: .* 2: expected another \[Id\], found 7 for 'x' and 'y'"
    ):
        read(folder)
