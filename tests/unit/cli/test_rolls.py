"""The officer's own list becomes numbers, sections, codes and links; what is wrong with it is shown by row."""

import csv
from pathlib import Path

import pytest

from services.cli.clients.operator import new_codes
from services.cli.rolls import numbered, put_elector, read_list, spare_elector, write_mailing
from shared.contract.codes import commitment, parse_code
from shared.contract.elections import Election, Phase, Section
from shared.contract.events import ElectionAnnounced
from shared.contract.rolls import read_roll, section_ranges
from shared.rcv.definitions.templates import TEMPLATES, write_definition
from tests.support import elections
from tests.support.elections import LOG_ID, election
from tests.support.sheets import write_sheet
from tests.unit.cli.front import livecount

SECTIONS = (
    Section(id="north", name="Northern ward", electors=2),
    Section(id="south", name="South", electors=3),
)
LIST = """Name;Email;Section
Zoë;zoe@example.org;South
Ada;ada@example.org;northern ward

"Basil; the elder";basil@example.org;south
Clara;clara@example.org;NORTH
Dora;dora@example.org;south
"""


def announced(sections: tuple[Section, ...] = SECTIONS) -> ElectionAnnounced:
    """An election of these sections."""
    definition = Election.model_validate({**election().model_dump(), "sections": sections})
    return elections.announced(definition, Phase.CONFIGURED)


def test_an_election_without_electors_has_a_roll_of_nobody() -> None:
    """It can be opened, closed and certified as any other."""
    nobody = announced((Section(id="north", name="Northern ward", electors=0),))
    codes, roll = new_codes(nobody)

    assert codes == []
    assert [part.electors for part in roll.parts(2)] == [0, 0]
    assert read_roll(roll.encoded()).head == roll.head


def test_each_row_gets_a_number_of_its_section_and_a_code_that_the_roll_knows(tmp_path: Path) -> None:
    """In the list's order, its own columns kept; the file is its owner's alone."""
    (tmp_path / "list.csv").write_text(LIST)
    found, about = read_list(tmp_path / "list.csv", SECTIONS), announced()
    out = tmp_path / "mailing.csv"
    roll = write_mailing(found, about, out, "https://vote.example.org")

    assert out.stat().st_mode & 0o777 == 0o600
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["Name"] for row in rows] == ["Zoë", "Ada", "Basil; the elder", "Clara", "Dora"]
    assert [int(row["elector"]) for row in rows] == [2, 0, 3, 1, 4]
    ranges = section_ranges(about.definition)
    for row in rows:
        code = parse_code(row["code"])
        assert code.elector == int(row["elector"])
        assert code.elector in ranges[SECTIONS[code.section].id]
        assert roll.commitments[code.elector].tobytes() == commitment(LOG_ID, "picnic", code)
        assert row["link"] == f"https://vote.example.org/vote/picnic#code={row['code']}"
    assert len({row["code"] for row in rows}) == 5


def test_a_workbook_is_read_as_its_csv_is(tmp_path: Path) -> None:
    """Its first sheet, blank rows left out."""
    rows = list(csv.reader(LIST.splitlines(), delimiter=";"))
    found = read_list(write_sheet(tmp_path / "list.xlsx", rows), SECTIONS)
    assert (found.faults, found.columns) == ([], ["Name", "Email", "Section"])
    assert numbered(found, announced()).tolist() == [2, 0, 3, 1, 4]
    (tmp_path / "list.xlsx").write_bytes(b"PK no workbook")
    with pytest.raises(ValueError, match="expected a workbook"):
        read_list(tmp_path / "list.xlsx", SECTIONS)


def test_every_fault_is_shown_with_its_row(tmp_path: Path) -> None:
    """Unknown sections, cells too many, no identity, and one elector twice however it is spelt."""
    (tmp_path / "list.csv").write_text(
        "email,section\na@x,north\nA@x ,south\nb@x,west\n,north\nc@x,south,more\nd@x\n"
    )
    assert read_list(tmp_path / "list.csv", SECTIONS).faults == [
        "row 4: expected a section of north, south, found 'west'",
        "row 5: expected something in email, found nothing",
        "row 6: expected 2 cells, found 3",
        "row 7: expected a section of north, south, found ''",
        "row 3: the same elector as row 2",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a row of column names"),
        ("name\nAda\n", "expected a column section"),
        ("name,Name,section\n", "different columns"),
        ("name,code,section\n", "none named elector, code, link"),
        ('name,section\n"Ada,north\n', "expected CSV"),
    ],
)
def test_what_is_no_list_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    """Which names the file."""
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(ValueError, match=said):
        read_list(tmp_path / "list.csv", SECTIONS)


def test_a_list_of_another_size_makes_no_codes(tmp_path: Path) -> None:
    """Nothing is written."""
    (tmp_path / "list.csv").write_text(LIST.replace("Dora;dora@example.org;south\n", ""))
    with pytest.raises(
        ValueError, match="expected 3 electors of section south, as the definition says, found 2"
    ):
        numbered(read_list(tmp_path / "list.csv", SECTIONS), announced())


def test_the_command_shows_counts_and_faults(tmp_path: Path) -> None:
    """One section needs no column for it."""
    (tmp_path / "club.yaml").write_text(write_definition(TEMPLATES["committee"], "club"))
    file = tmp_path / "list.csv"
    file.write_text("name\n" + "".join(f"Elector {n}\n" for n in range(30)))
    answer = livecount("roll", file, "--definition", tmp_path / "club.yaml")
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert "Members: 30\n" in answer.stdout
    file.write_text("name\nAda\nAda\n")
    answer = livecount("roll", file, "--definition", tmp_path / "club.yaml")
    assert answer.exit_code == 1
    assert "row 3: the same elector as row 2" in answer.stderr
    assert (
        "the definition says 30: write electors: 2 into it, or make the codes with --spare" in answer.stdout
    )


def test_a_spare_number_has_a_commitment_and_no_code_until_somebody_is_added(tmp_path: Path) -> None:
    """The list may be shorter than the roll; the next spare number of the section is used, and only one."""
    (tmp_path / "list.csv").write_text(LIST.replace("Dora;dora@example.org;south\n", ""))
    about, mailing = announced(), tmp_path / "mailing.csv"
    roll = write_mailing(read_list(tmp_path / "list.csv", SECTIONS), about, mailing, "http://x", spare=True)
    assert len({row.tobytes() for row in roll.commitments}) == 5
    assert spare_elector(mailing, about, "south") == 4

    put_elector(mailing, 4, "CODE", "http://x/4", {"Name": "Dora"})
    put_elector(mailing, 2, "NEW", "http://x/2")
    with mailing.open(newline="") as file:
        rows = {row["elector"]: row for row in csv.DictReader(file)}
    assert (rows["4"]["Name"], rows["4"]["Email"], rows["4"]["code"]) == ("Dora", "", "CODE")
    assert (rows["2"]["Name"], rows["2"]["code"], rows["2"]["link"]) == ("Zoë", "NEW", "http://x/2")
    assert mailing.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ValueError, match="none is spare"):
        spare_elector(mailing, about, "south")
    with pytest.raises(ValueError, match="expected elector 77 in it"):
        put_elector(mailing, 77, "C", "L")
    with pytest.raises(ValueError, match="expected a column of Name, Email, Section, found 'code'"):
        put_elector(mailing, 4, "C", "L", {"code": "mine"})


def test_a_list_longer_than_the_roll_has_no_spare_numbers(tmp_path: Path) -> None:
    """`spare` lets a list be shorter, not longer."""
    (tmp_path / "list.csv").write_text(LIST + "Eve;eve@example.org;south\n")
    with pytest.raises(ValueError, match="expected at most 3 electors of section south"):
        numbered(read_list(tmp_path / "list.csv", SECTIONS), announced(), spare=True)
