"""The Common Data Format as JSON: the reference files, and small ones for what they do not have."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.rcv.formats.cvr import cdf, json_file
from shared.rcv.formats.cvr.raw import OVERVOTE, WRITE_IN, RawRecord, Source
from shared.rcv.formats.records import FormatError
from tests.support.reference import data

SOURCE = Source(".", "cdf", contest_id="Mayor")
NAMES = {"a": "Ann", "b": "Bob", "o": "Over", "s": "Skipped", "w": "Somebody"}

REFERENCE = [
    ("_shared/cdf_json/cdf_json_file1_cvr.json", "aliases file 1", 15),
    ("_shared/cdf_json/cdf_json_file2_cvr.json", "aliases file 2", 15),
    (
        "test_set_0_skipped_first_choice/test_set_0_skipped_first_choice_cvr.json",
        "Nist Test Set 0 Skipped First Choice",
        12,
    ),
    ("test_set_1_exhaust_at_overvote/test_set_1_exhaust_at_overvote_cvr.json", "test set 1", 15),
    ("test_set_8_multi_cdf/test_set_8_multi_cdf_cvr_1.json", "Test Set 0", 12),
    ("test_set_8_multi_cdf/test_set_8_multi_cdf_cvr_2.json", "Test Set 0", 12),
]


def position(rank: int | None, **more: Any) -> dict[str, Any]:
    """Return a position with the rank at which it stands."""
    return {"Rank": rank, "HasIndication": "yes", **more}


def chosen(selection: str, *positions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a selection with its positions."""
    where = {"SelectionPosition": list(positions)} if positions else {}
    return {"ContestSelectionId": f"s-{selection}", **where, **more}


def snapshot(number: str, *selections: dict[str, Any], contest: str = "c-1", **more: Any) -> dict[str, Any]:
    """Return a snapshot with one contest."""
    held = {"ContestId": contest, "CVRContestSelection": list(selections)}
    return {"@id": number, "CVRContest": [held], **more}


def ballot(*selections: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a ballot with one snapshot."""
    return {"CVRSnapshot": [snapshot("now", *selections)], "CurrentSnapshotId": "now", **more}


def report(*ballots: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a report of two contests; of the one, five selections, of which one is a write-in."""
    selections: list[dict[str, Any]] = [
        {"@id": f"s-{short}", "CandidateIds": [f"p-{short}"]} for short in NAMES if short != "w"
    ]
    selections.append({"@id": "s-w", "IsWriteIn": "true"})
    contests = [
        {"@id": "c-2", "Name": "Clerk"},
        {"@id": "c-1", "Name": "Mayor", "ContestSelection": selections},
    ]
    candidates = [{"@id": f"p-{short}", "Name": name} for short, name in NAMES.items()]
    units = [{"@id": "u-1", "Name": "North"}]
    election = {"Candidate": candidates, "Contest": contests}
    return {"CVR": list(ballots), "Election": [election], "GpUnit": units, **more}


def read(folder: Path, document: object, source: Source = SOURCE) -> list[RawRecord]:
    """Return the records of a report."""
    (folder / "r.json").write_text(json.dumps(document))
    return list(cdf.read(folder / "r.json", source))


@pytest.mark.parametrize(("file", "contest", "ballots"), REFERENCE)
def test_reference_files_are_read(file: str, contest: str, ballots: int) -> None:
    """Each ballot is numbered in its file, and has its own id beside."""
    path = data("rctab", *file.split("/"))
    records = list(cdf.read(path, SOURCE._replace(contest_id=contest)))
    assert len(records) == ballots
    assert records[1].id == f"{path.name}(2)"
    assert records[1].vendor_id == "2"


def test_first_ballots_of_reference_files_say_what_they_say() -> None:
    """A repetition, and an overvote followed by a blank rank."""
    aliases = SOURCE._replace(contest_id="aliases file 1")
    path = data("rctab", "_shared", "cdf_json", "cdf_json_file1_cvr.json")
    named = [(1, "Candidate D Name File 1"), (2, "Candidate D Name File 1"), (3, "Candidate A Name File 1")]
    assert list(next(iter(cdf.read(path, aliases))).selections) == named
    path = data("rctab", "test_set_1_exhaust_at_overvote", "test_set_1_exhaust_at_overvote_cvr.json")
    first = next(iter(cdf.read(path, SOURCE._replace(contest_id="test set 1"))))
    assert [(rank, name[10]) for rank, name in first.selections] == [(1, "A"), (1, "B"), (3, "C"), (4, "D")]


def test_labels_and_write_ins_are_no_candidates(tmp_path: Path) -> None:
    """A selection may be a write-in, or a position of it; a skipped rank is no selection."""
    source = SOURCE._replace(overvote_label="Over", skipped_rank_label="Skipped")
    marks = [chosen(short, position(rank)) for rank, short in enumerate("osw", 1)]
    marks.append(chosen("a", position(4, CVRWriteIn={"Text": "Zed"}), position(5)))
    (record,) = read(tmp_path, report(ballot(*marks)), source)
    assert record.selections == ((1, OVERVOTE), (3, WRITE_IN), (4, WRITE_IN), (5, "Ann"))


@pytest.mark.parametrize("yes", ["true", "yes", True])
def test_a_write_in_says_so_in_several_ways(tmp_path: Path, yes: object) -> None:
    """As text, or as JSON's own true."""
    document = report(ballot(chosen("w", position(1))))
    document["Election"][0]["Contest"][1]["ContestSelection"][-1]["IsWriteIn"] = yes
    assert read(tmp_path, document)[0].selections == ((1, WRITE_IN),)


def test_positions_without_indication_or_allocation_do_not_count(tmp_path: Path) -> None:
    """Nor do selections that wait for adjudication."""
    marks = [
        chosen("a", position(1, HasIndication="no"), position(2, IsAllocable="no"), position(3)),
        chosen("b", position(1, IsAllocable="unknown")),
        chosen("b", position(2), Status="needs-adjudication"),
        chosen("b", position(4), Status=["needs-adjudication", "generated-rules"]),
    ]
    assert read(tmp_path, report(ballot(*marks)))[0].selections == ((1, "Bob"), (3, "Ann"))


STATES = [
    ({}, 1), ({"HasIndication": "yes"}, 1), ({"HasIndication": "no"}, 0), ({"HasIndication": "unknown"}, 0),
    ({"IsAllocable": "yes", "HasIndication": "no"}, 1), ({"IsAllocable": "yes", "HasIndication": "unknown"}, 1),
    ({"IsAllocable": "no", "HasIndication": "yes"}, 0), ({"IsAllocable": "unknown", "HasIndication": "yes"}, 1),
    ({"IsAllocable": "unknown", "HasIndication": "unknown"}, 0), ({"IsAllocable": "unknown", "HasIndication": "no"}, 0),
    ({"Status": ["invalidated-rules"]}, 0), ({"Status": "invalidated-rules", "IsAllocable": "yes"}, 1),
    ({"Status": ["adjudicated"]}, 1),
]  # fmt: skip
"""What a position says, and whether it is a vote by the specification."""


@pytest.mark.parametrize(("states", "votes"), STATES)
def test_allocation_decides_and_then_indication_and_status(
    tmp_path: Path, states: dict[str, Any], votes: int
) -> None:
    """A mark that waits for an adjudicator is no vote yet; RCTab takes whatever does not say no."""
    document = report(ballot(chosen("a", position(1, **states))))
    assert len(read(tmp_path, document)[0].selections) == votes
    in_rctab = "no" not in states.values()
    assert len(read(tmp_path, document, SOURCE._replace(as_rctab=True))[0].selections) == in_rctab


@pytest.mark.parametrize("where", ["selection", "contest"])
def test_what_the_contests_rules_have_invalidated_is_no_vote(tmp_path: Path, where: str) -> None:
    """A whole selection or contest; unless a position says that it is to be allocated."""
    held = ballot(chosen("a", position(1), position(2, IsAllocable="yes")), chosen("b", Rank=3))
    contest = held["CVRSnapshot"][0]["CVRContest"][0]
    invalid = [contest] if where == "contest" else contest["CVRContestSelection"]
    for each in invalid:
        each["Status"] = ["invalidated-rules"]
    assert read(tmp_path, report(held))[0].selections == ((2, "Ann"),)
    noted: list[str] = []
    assert list(cdf.read(tmp_path / "r.json", SOURCE, noted.append))
    assert set(noted) == {"mark that the contest's rules invalidate is no vote"}


def test_marks_that_wait_are_reported(tmp_path: Path) -> None:
    """To whoever asks."""
    held = ballot(
        chosen("a", position(1, HasIndication="unknown")),
        chosen("b", position(2), Status="needs-adjudication"),
    )
    (tmp_path / "r.json").write_text(json.dumps(report(held)))
    notes: list[str] = []
    assert [record.selections for record in cdf.read(tmp_path / "r.json", SOURCE, notes.append)] == [()]
    assert notes == [cdf.WAITING] * 2


@pytest.mark.parametrize("where", ["snapshot", "contest", "position"])
def test_what_needs_adjudication_waits_unless_it_is_allocable(tmp_path: Path, where: str) -> None:
    """That alone decides; a selection that needs it waits in any case, above."""
    held = ballot(chosen("a", position(1)), chosen("b", position(2, IsAllocable="yes")))
    whole = held["CVRSnapshot"][0]
    contest = whole["CVRContest"][0]
    marks = [each["SelectionPosition"][0] for each in contest["CVRContestSelection"]]
    for each in {"snapshot": [whole], "contest": [contest], "position": marks}[where]:
        each["Status"] = ["needs-adjudication"]
    assert read(tmp_path, report(held))[0].selections == ((2, "Bob"),)


def test_positions_of_a_ranked_selection_say_whether_it_is_marked(tmp_path: Path) -> None:
    """A selection may have its rank though nobody marked it."""
    held = ballot(chosen("a", position(None, HasIndication="no"), Rank=1), chosen("b", position(2), Rank=2))
    assert read(tmp_path, report(held))[0].selections == ((2, "Bob"),)
    as_rctab = read(tmp_path, report(held), SOURCE._replace(as_rctab=True))
    assert as_rctab[0].selections == ((1, "Ann"), (2, "Bob"))


def test_two_candidates_of_one_name_are_refused(tmp_path: Path) -> None:
    """Whoever reads knows them by their names: the votes of both would be one's."""
    document = report(ballot(chosen("a", position(1)), chosen("b", position(2))))
    document["Election"][0]["Candidate"][1]["Name"] = "Ann"
    with pytest.raises(
        FormatError, match=r"candidate 2: expected another \[Name\], found two .* called 'Ann'"
    ):
        read(tmp_path, document)


@pytest.mark.parametrize("most", [0, 1 << 26])
@pytest.mark.parametrize(
    ("once", "twice", "name"),
    [
        ('"Rank": 1', '"Rank": 1, "Rank": 2', "Rank"),
        ('"CVR": [', '"CVR": [], "CVR": [', "CVR"),
        ('"Version": "1"', '"Version": "1", "CVR": []', "CVR"),
        ('"Version": "1"', '"Version" : "1" ,"Version"\t:"2"', "Version"),
    ],
)
def test_a_key_that_stands_twice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, once: str, twice: str, name: str
) -> None:
    """Of a mark or of the whole file, at once or piece by piece: one of the two would be lost."""
    monkeypatch.setattr(json_file, "MAX_WHOLE_BYTES", most)
    text = json.dumps({"Version": "1"} | report(ballot(chosen("a", position(1)))))
    assert once in text
    (tmp_path / "r.json").write_text(text.replace(once, twice))
    with pytest.raises(
        FormatError, match=f"r.json: expected each key of an object once, found '{name}' again"
    ):
        list(cdf.read(tmp_path / "r.json", SOURCE))


def test_quotes_before_colons_in_texts_are_no_keys(tmp_path: Path) -> None:
    """However they are spelled."""
    document = report(ballot(chosen("a", position(1))), Notes='"a":" b" : "a":')
    for ascii_only in (True, False):
        text = json.dumps(document, ensure_ascii=ascii_only).replace(
            '\\"', "\\u0022" if ascii_only else '\\"'
        )
        (tmp_path / "r.json").write_text(text)
        assert len(list(cdf.read(tmp_path / "r.json", SOURCE))) == 1


@pytest.mark.parametrize("first", ["CVR", "Election"])
def test_a_large_report_is_read_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Whether its ballots stand before what their ids mean, or behind."""
    document = report(*(ballot(chosen("a", position(rank))) for rank in range(1, 30)))
    whole = read(tmp_path, document)
    monkeypatch.setattr(json_file, "MAX_WHOLE_BYTES", 0)
    monkeypatch.setattr(json_file, "_PIECE_CHARS", 50)
    assert read(tmp_path, {first: document.pop(first), **document}) == whole


def test_the_current_snapshot_counts(tmp_path: Path) -> None:
    """Whatever the types and the order of the others; one alone is current."""
    snapshots = [
        snapshot("x", chosen("a", Rank=1), Type="original"),
        snapshot("y", chosen("b", Rank=1), Type="modified"),
        snapshot("z", chosen("a", Rank=2), Type="interpreted"),
    ]
    ballots: list[dict[str, Any]] = [
        {"CVRSnapshot": snapshots, "CurrentSnapshotId": "y"},
        {"CVRSnapshot": snapshots[2:]},
    ]
    assert [r.selections for r in read(tmp_path, report(*ballots))] == [((1, "Bob"),), ((2, "Ann"),)]


def test_ballots_without_the_contest_are_not_numbered(tmp_path: Path) -> None:
    """A contest without selections is a blank ballot."""
    other = {"CVRSnapshot": [snapshot("n", contest="c-2")], "CurrentSnapshotId": "n"}
    bare = {"CVRSnapshot": [{"@id": "n"}], "CurrentSnapshotId": "n"}
    records = read(tmp_path, report(other, bare, ballot(BallotPrePrintedId="17", BallotStyleUnitId="u-1")))
    assert records == [
        RawRecord(
            "CVR 3", "r.json(1)", (), "North", vendor_id="17", identity=(str(tmp_path / "r.json"), "", "17")
        )
    ]


def test_a_report_that_names_no_units_names_precincts_by_their_ids(tmp_path: Path) -> None:
    """So they stay apart."""
    records = read(tmp_path, report(ballot(BallotStyleUnitId="u-9"), GpUnit=None))
    assert records[0].precinct == "u-9"


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (
            ballot(chosen("q", Rank=1)),
            "CVR 1, snapshot 1, contest 1, selection 1: expected a ContestSelection",
        ),
        (ballot(chosen("a")), r"expected a \[Rank\], or a list \[SelectionPosition\]"),
        (
            ballot(chosen("a", position(None))),
            r"position 1: expected a text or whole number \[Rank\], found noth",
        ),
        (ballot(chosen("a", Rank="first")), r"expected a whole number \[Rank\], found 'first'"),
        (ballot(BallotStyleUnitId="u-9"), r"CVR 1: expected a GpUnit .* \[BallotStyleUnitId\], found 'u-9'"),
        (ballot() | {"CurrentSnapshotId": "q"}, r"CVR 1: expected one CVRSnapshot 'q' .*, found 0"),
        ({"CVRSnapshot": [snapshot("x"), snapshot("y")]}, "CVR 1: expected one CVRSnapshot None"),
        (
            ballot(chosen("a", position(1, HasIndication=False))),
            r"position 1: expected yes, no or unknown \[HasIndication\], found False",
        ),
        (
            ballot(chosen("a", position(1, IsAllocable="maybe"))),
            r"position 1: expected yes, no or unknown \[IsAllocable\], found 'maybe'",
        ),
        (
            ballot(chosen("a", position(1, FractionalVotes=".5"))),
            r"position 1: expected a mark to be one whole vote \[FractionalVotes\], found '.5'",
        ),
        (
            ballot(chosen("a", position(2), Rank=1)),
            r"position 1: expected the selection's rank 1 \[Rank\], found 2",
        ),
        ({"CVRSnapshot": 3}, r"CVR 1: expected a list \[CVRSnapshot\], found 3"),
        ("ballot", "CVR 1: expected an object, found 'ballot'"),
    ],
)
def test_a_ballot_that_says_nonsense_is_refused(tmp_path: Path, held: Any, said: str) -> None:
    """With its file, its place and what was expected."""
    with pytest.raises(FormatError, match=rf"r\.json: .*{said}"):
        read(tmp_path, report(held))


def test_a_contest_twice_in_a_snapshot_is_refused(tmp_path: Path) -> None:
    """Neither is more the voter's than the other."""
    held = ballot()
    held["CVRSnapshot"][0]["CVRContest"] *= 2
    with pytest.raises(FormatError, match="contest 2: expected a contest once in a snapshot"):
        read(tmp_path, report(held))


def test_a_report_without_the_contest_or_with_two_is_refused(tmp_path: Path) -> None:
    """With the names of those it has."""
    with pytest.raises(FormatError, match=r"expected one contest 'Sheriff' .*, found 'Clerk', 'Mayor'"):
        read(tmp_path, report(), SOURCE._replace(contest_id="Sheriff"))
    document = report()
    document["Election"] *= 2
    with pytest.raises(FormatError, match="found 'Clerk', 'Mayor', 'Clerk', 'Mayor'"):
        read(tmp_path, document)


def test_ids_that_stand_for_several_things_or_none_are_refused(tmp_path: Path) -> None:
    """Of candidates, of selections and of units."""
    document = report()
    document["GpUnit"] *= 2
    with pytest.raises(FormatError, match="GpUnit 2: expected one GpUnit 'u-1', found several"):
        read(tmp_path, document)
    document = report(ballot(chosen("a", Rank=1)))
    document["Election"][0]["Candidate"] = []
    with pytest.raises(FormatError, match=r"expected a Candidate of an Election .*, found 'p-a'"):
        read(tmp_path, document)
    document["Election"][0]["Contest"][1]["ContestSelection"][0]["CandidateIds"] = []
    with pytest.raises(FormatError, match=r"expected a list of candidates \[CandidateIds\]"):
        read(tmp_path, document)


def test_a_file_that_is_no_report_is_refused(tmp_path: Path) -> None:
    """Each time with what it lacks."""
    with pytest.raises(FormatError, match="expected an object, found "):
        read(tmp_path, [])
    with pytest.raises(FormatError, match=r"expected a list \[Election\]"):
        read(tmp_path, {})
    with pytest.raises(FormatError, match=r"expected a list \[CVR\]"):
        read(tmp_path, {key: value for key, value in report().items() if key != "CVR"})
    (tmp_path / "r.json").write_bytes(b'{"CVR": "\xff"}')
    with pytest.raises(FormatError, match="expected JSON in UTF-8"):
        list(cdf.read(tmp_path / "r.json", SOURCE))


@pytest.mark.parametrize("votes", [0, 2])
def test_a_mark_is_one_vote(tmp_path: Path, votes: int) -> None:
    """One that says to be several, or none and allocable, is refused; RCTab reads it as one."""
    document = report(ballot(chosen("a", position(1, NumberVotes=votes))))
    with pytest.raises(FormatError, match=rf"expected a mark to be one vote \[NumberVotes\], found {votes}"):
        read(tmp_path, document)
    assert read(tmp_path, document, SOURCE._replace(as_rctab=True))[0].selections == ((1, "Ann"),)
    not_indicated = report(ballot(chosen("a", position(1, NumberVotes=votes, HasIndication="no"))))
    assert read(tmp_path, not_indicated)[0].selections == ()
