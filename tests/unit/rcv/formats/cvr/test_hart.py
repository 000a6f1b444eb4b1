"""Hart: the reference folder, and small folders for what it does not have."""

from pathlib import Path

import pytest

from shared.rcv.formats.cvr import hart
from shared.rcv.formats.cvr.raw import OVERVOTE, WRITE_IN, RawRecord, Source
from shared.rcv.formats.records import FormatError
from tests.support.reference import data

SOURCE = Source(".", "hart", contest_id="mayor")
SPLIT = "<PrecinctSplit><Name>North</Name><Id>n-1</Id></PrecinctSplit><BatchNumber>8</BatchNumber>"


def option(code: str, value: str) -> str:
    """Return an option with the ranks at which it is marked."""
    return f"<Option><Name>?</Name><Id>{code}</Id><Value>{value}</Value></Option>"


def ballot(*options: str, contest: str = "mayor", guid: str = "g1") -> str:
    """Return a ballot with one contest."""
    contests = (
        f"<Contests><Contest><Id>{contest}</Id><Options>{''.join(options)}</Options></Contest></Contests>"
    )
    return f'<Cvr xmlns="http://tempuri.org/CVRDesign.xsd">{contests}{SPLIT}<CvrGuid>{guid}</CvrGuid></Cvr>'


def read(folder: Path, *ballots: str, source: Source = SOURCE) -> list[RawRecord]:
    """Return the records of ballots, written to files in a folder; each gets its number as id."""
    for number, text in enumerate(ballots, 1):
        (folder / f"{number}.xml").write_text(text.replace(">g1<", f">g{number}<"))
    return list(hart.read(folder, source))


@pytest.mark.parametrize(
    ("contest", "name", "marks"),
    [
        ("b651b997-417a-46d9-a676-a43d4df94ddc", "1_e84522d1-adce-43df-8b49-13adb8bcc2e1.xml", 6),
        ("e9ca8235-893e-43df-93eb-3cc61eeb133c", "1_e84522d1-adce-43df-8b49-13adb8bcc2e1.xml", 3),
    ],
)
def test_the_archives_nine_ballots_of_each_contest_are_read(contest: str, name: str, marks: int) -> None:
    """Of its eighteen files; in the order of their names."""
    folder = data("rctab", "_shared", "hart_cvr_archive")
    records = list(hart.read(folder, Source(".", "hart", contest_id=contest)))
    assert len(records) == 9
    (record,) = (each for each in records if each.place.startswith(name))
    assert len(record.selections) == marks
    assert (record.id, record.precinct, record.batch) == (name[2:-4], "1032", "1")
    assert [each.place for each in records] == sorted(each.place for each in records)


def test_steve_carlson_leads_and_tony_hernandez_follows_on_a_ballots_ranks() -> None:
    """One candidate a rank, by the options' ids."""
    contest = "b651b997-417a-46d9-a676-a43d4df94ddc"
    folder = data("rctab", "_shared", "hart_cvr_archive")
    records = {r.id: r for r in hart.read(folder, Source(".", "hart", contest_id=contest))}
    selections = records["e84522d1-adce-43df-8b49-13adb8bcc2e1"].selections
    assert selections[:2] == (
        (1, "24483a8b-b4c9-4f2f-8aa9-c1e867c9d88e"),
        (2, "6f2df7d3-5c83-4fc7-b4a5-c2eca9e5fdb4"),
    )


def test_each_digit_is_a_rank(tmp_path: Path) -> None:
    """Several at one rank are an overvote, one at several a repetition, none a blank ballot."""
    first, second = read(
        tmp_path, ballot(option("a", "0101"), option("b", "0100")), ballot(option("a", "000"))
    )
    assert first.selections == ((2, "a"), (2, "b"), (4, "a"))
    assert second.selections == ()
    assert (first.vendor_id, first.contest_id, first.precinct_portion) == ("g1", "mayor", "n-1")


def test_a_write_in_that_was_rejected_is_no_vote(tmp_path: Path) -> None:
    """One that nobody has looked at yet is."""
    written = "<WriteInData><WriteInDataStatus>{}</WriteInDataStatus></WriteInData></Option>"
    options = [option("a", "100")]
    options += [
        option("w", rank).replace("</Option>", written.format(status))
        for rank, status in (("010", "Rejected"), ("001", "Unresolved"))
    ]
    source = SOURCE._replace(undeclared_write_in_label="w")
    assert read(tmp_path, ballot(*options), source=source)[0].selections == ((1, "a"), (3, WRITE_IN))
    notes: list[str] = []
    assert len(list(hart.read(tmp_path, source, notes.append))) == 1
    assert notes == [hart.REJECTED]
    in_rctab = read(tmp_path, ballot(*options), source=source._replace(as_rctab=True))
    assert in_rctab[0].selections == ((1, "a"), (2, WRITE_IN), (3, WRITE_IN))


def test_labels_name_write_ins_and_overvotes(tmp_path: Path) -> None:
    """By the options' ids; a skipped rank is no selection."""
    source = SOURCE._replace(undeclared_write_in_label="w", overvote_label="o", skipped_rank_label="s")
    text = ballot(option("w", "100"), option("o", "010"), option("s", "001"))
    assert read(tmp_path, text, source=source)[0].selections == ((1, WRITE_IN), (2, OVERVOTE))


def test_ballots_without_the_contest_and_other_files_are_no_records(tmp_path: Path) -> None:
    """Signatures stand beside the ballots and end in .xml too."""
    (tmp_path / "1.xml.sig.xml").write_text("<Signature/>")
    (tmp_path / "notes.txt").write_text("notes")
    assert read(tmp_path, ballot(contest="clerk")) == []


def test_a_contest_without_options_is_blank(tmp_path: Path) -> None:
    """Whether it has an empty list of them or none."""
    text = ballot().replace("<Options></Options>", "")
    assert [record.selections for record in read(tmp_path, ballot(), text)] == [(), ()]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ballot(option("a", "12")), "line 1: expected a digit a rank, 0 or 1, .* found '12'"),
        (ballot(option("a", "")), "line 1: expected a digit a rank, 0 or 1, .* found ''"),
        (ballot("<Option><Value>1</Value></Option>"), "line 1: expected the option's <Id>"),
        (ballot(guid=""), "expected the ballot's id, <CvrGuid>"),
        ("<Ballot/>", "line 1: expected <Cvr>, found <Ballot>"),
        ("<Cvr>\n<Contests></Cvr>", "line 2: expected XML: mismatched tag"),
        ("", "line 1: expected XML: no element found"),
        ('<!DOCTYPE Cvr [<!ENTITY a "aaaa">]>\n<Cvr>&a;</Cvr>', "line 1: expected no document type"),
        ("<Cvr>" + "<a>" * 60, "line 1: expected at most 50 elements within each other"),
    ],
)
def test_a_ballot_that_says_nonsense_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """With its file, its line and what was expected."""
    with pytest.raises(FormatError, match=rf"1\.xml: {said}"):
        read(tmp_path, text)


def test_a_folder_without_ballots_is_refused(tmp_path: Path) -> None:
    """And a file where a folder should be."""
    with pytest.raises(FormatError, match="expected XML files, found none"):
        read(tmp_path)
    (tmp_path / "a.xml").write_text(ballot())
    with pytest.raises(FormatError, match="expected a folder with one XML file a ballot"):
        read(tmp_path / "a.xml")


def test_another_contest_of_a_ballot_is_no_record(tmp_path: Path) -> None:
    """In a file of its own, too."""
    text = ballot(option("a", "1"), guid="g")
    assert len(read(tmp_path, text, ballot(option("a", "1"), guid="g", contest="clerk"))) == 1
