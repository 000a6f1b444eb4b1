"""Clear Ballot: the reference files, and small ones for what they do not have."""

from pathlib import Path

import pytest

from shared.rcv.formats.cvr import clear_ballot
from shared.rcv.formats.cvr.raw import OVERVOTE, WRITE_IN, RawRecord, Source
from shared.rcv.formats.records import FormatError
from tests.support.reference import data

SOURCE = Source(".", "clearBallot", contest_id="Mayor")
FIRST = "RowNumber,BoxID,BoxPosition,BallotID,PrecinctID,BallotStyleID,PrecinctStyleName,Scan,Status,Remade"
ROW = "1,B,1,B+1,76,1,s,Station,0,0"


def read(folder: Path, choices: str, *rows: str, source: Source = SOURCE) -> list[RawRecord]:
    """Return the records of a file: the heads of its choices, and their cells."""
    (folder / "c.csv").write_text(
        "\n".join([f"{FIRST},{choices}", *(f"{ROW},{cells}" for cells in rows)]) + "\n"
    )
    return list(clear_ballot.read(folder / "c.csv", source))


def head(*choices: str, contest: str = "Mayor") -> str:
    """Return heads of columns, of ranks and candidates."""
    return ",".join(f"Choice_1_1:{contest}:{choice[0]}:Vote For 1:{choice[1:]}:NON" for choice in choices)


def test_kansas_fifty_ballots_are_read() -> None:
    """Five ranks each."""
    path = data("rctab", "clear_ballot_kansas_primary", "clear_ballot_kansas_primary.cvr.csv")
    records = list(clear_ballot.read(path, SOURCE._replace(contest_id="Democratic Primary")))
    assert len(records) == 50
    assert records[0].selections == (
        (1, "Amy Klobuchar"), (2, "Julian Castro"), (3, "Tulsi Gabbard"), (4, "Joe Biden"), (5, "Steven Bullock")
    )  # fmt: skip
    assert records[0]._replace(selections=(), identity=()) == RawRecord(
        "line 2", "ED-004+10003", (), "1", None, "ED-004+10003", "Democratic Primary", "Don-DeFord"
    )
    assert records[0].identity == ("Don-DeFord", "ED-004+10003")


def test_portlands_contest_has_a_comma_in_its_name() -> None:
    """All 178 ballots have the contest; most are blank."""
    path = data("rctab", "clear_ballot_with_inline_comma", "clear_ballot_with_inline_comma_cvr.csv")
    records = list(clear_ballot.read(path, SOURCE._replace(contest_id="City of Portland, Auditor")))
    assert len(records) == 178
    assert records[0].selections == ()
    named = {name for record in records for _, name in record.selections}
    assert named <= {"Simone test Rede", "Write-in-28", "Lisa Simpson"}
    assert named


def test_columns_of_ranks_that_the_rules_do_not_allow_are_not_read(tmp_path: Path) -> None:
    """A ballot that is marked in no other has the contest all the same."""
    (tmp_path / "c.csv").write_text(
        f"{FIRST},{head('1Ann', '2Bob', '3Cy')}\n{ROW},1,0,1\n{ROW},0,0,1\n{ROW},,,\n"
    )
    records = list(clear_ballot.read(tmp_path / "c.csv", SOURCE, 2))
    assert [record.selections for record in records] == [((1, "Ann"),), ()]


def test_marks_stand_in_the_order_of_their_ranks(tmp_path: Path) -> None:
    """Two at one rank are an overvote; nothing but zeros is a blank ballot."""
    records = read(tmp_path, head("2Ann", "1Ann", "1Bob"), "1,0,1", "0,1,1", "0,0,0")
    assert [r.selections for r in records] == [((1, "Bob"), (2, "Ann")), ((1, "Ann"), (1, "Bob")), ()]


def test_columns_that_stand_elsewhere_are_refused(tmp_path: Path) -> None:
    """They are found by their places, and their names must not say otherwise."""
    moved = FIRST.replace("BoxPosition,BallotID", "BallotID,BoxPosition")
    (tmp_path / "c.csv").write_text(f"{moved},{head('1Ann')}\n{ROW},1\n")
    with pytest.raises(FormatError, match="line 1, column 3: expected BallotID in column 4"):
        list(clear_ballot.read(tmp_path / "c.csv", SOURCE))


def test_labels_name_write_ins_and_overvotes(tmp_path: Path) -> None:
    """By the choice's name; a skipped rank is no selection."""
    source = SOURCE._replace(undeclared_write_in_label="W", overvote_label="O", skipped_rank_label="S")
    (record,) = read(tmp_path, head("1W", "2O", "3S"), "1,1,1", source=source)
    assert record.selections == ((1, WRITE_IN), (2, OVERVOTE))


def test_other_contests_are_left_alone(tmp_path: Path) -> None:
    """Whatever the form of their heads and cells; a ballot whose columns are all blank does not have the contest."""
    choices = f"Choice_1:Clerk:Vote For 1:Cy,{head('1Di', contest='Mayor: East')},{head('1Ann', '2Ann')}"
    records = read(tmp_path, choices, "?,1,1,0", "1,1,,")
    assert [(r.place, r.selections) for r in records] == [("line 2", ((1, "Ann"),))]


def test_contests_and_candidates_may_have_colons_in_their_names(tmp_path: Path) -> None:
    """The contest's name is known, the party stands last."""
    source = SOURCE._replace(contest_id="Mayor: East")
    (record,) = read(tmp_path, head("1Ann: the second", contest="Mayor: East"), "1", source=source)
    assert record.selections == ((1, "Ann: the second"),)


@pytest.mark.parametrize(
    ("choices", "cells", "said"),
    [
        (head("1Ann"), "2", "line 2, column 11: expected 0 or 1, found '2'"),
        (head("1Ann", "2Ann"), "1,", "line 2, column 12: expected 0 or 1, found ''"),
        (head("1Ann"), "1,0", "line 2: expected 11 columns, found 12"),
        (head("xAnn"), "1", "line 1, column 11: expected Choice:contest:rank:rule:candidate:party"),
        ("Choice_1:Mayor:Vote For 1:Ann", "1", "line 1, column 11: expected Choice:contest:rank:rule"),
        (head("1Ann", contest="Clerk"), "1", r"line 1: expected choices of a contest 'Mayor' \[contestId\]"),
        (head("1Ann"), '"1', "line 2: expected CSV"),
    ],
)
def test_a_file_that_says_nonsense_is_refused(tmp_path: Path, choices: str, cells: str, said: str) -> None:
    """With its line, its column and what was expected."""
    with pytest.raises(FormatError, match=said):
        read(tmp_path, choices, cells)


def test_a_file_without_choices_is_refused(tmp_path: Path) -> None:
    """An empty one too."""
    for text in ("", f"{FIRST}\n"):
        (tmp_path / "c.csv").write_text(text)
        with pytest.raises(FormatError, match="line 1: expected 10 columns and then choices"):
            list(clear_ballot.read(tmp_path / "c.csv", SOURCE))


def test_a_choice_has_one_column(tmp_path: Path) -> None:
    """A candidate of two parties has two."""
    with pytest.raises(FormatError, match=r"line 1, column 12: expected another choice, found .* again"):
        read(tmp_path, head("1Ann", "1Ann"), "1,0")
    two = head("1Ann", "1Ann").replace("NON", "ONE", 1)
    assert read(tmp_path, two, "1,1")[0].selections == ((1, "Ann"), (1, "Ann"))
