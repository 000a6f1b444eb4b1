"""Ballots on paper: what is drawn, what tellers may type, and that nothing is cast before two have written the same."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.cli import app
from services.cli.paper.drawing import Paper, write
from services.cli.paper.entry import Code, differences, forms, letters_of, read_letters, read_sheet
from services.cli.paper.letters import letter
from services.intake.admission import Admission
from services.intake.forms import read_form
from services.intake.outcomes import Admitted
from services.intake.roll import KnownRolls
from shared.contract.ballots import format_marks
from shared.contract.elections import CandidateOrder
from tests.support.elections import Life, contest, election
from tests.support.pdf import text_of

PICNIC = election()
LIFE = Life(PICNIC)
CODES = {elector: Code("adults", LIFE.code(elector)) for elector in range(40)}


def sheet(folder: Path, name: str, *lines: str) -> Path:
    """Write a teller's sheet."""
    file = folder / name
    file.write_text("\n".join(["number,fruit,drink", *lines]))
    return file


def test_a_paper_has_its_number_and_every_candidate_with_a_letter(tmp_path: Path) -> None:
    """One page a paper; the order is the rule's, the letter always the candidate's own."""
    fruit, drink = PICNIC.contests
    drawn = fruit.model_copy(update={"candidate_order": CandidateOrder.BY_BALLOT})
    definition = PICNIC.model_copy(update={"contests": (drawn, drink)})
    write(definition, [Paper(n, "adults") for n in range(6)], tmp_path / "papers.pdf")
    pages = [page for page in text_of((tmp_path / "papers.pdf").read_bytes()) if page]

    assert len(pages) == 6
    orders = set()
    for number, page in enumerate(pages):
        assert f"Ballot paper {number}" in page
        names = [one for one in page if one in ("Apple", "Banana", "Cherry", "Damson")]
        letters = [page[page.index(name) - 1] for name in names]
        assert dict(zip(names, letters, strict=True)) == {
            "Apple": "A",
            "Banana": "B",
            "Cherry": "C",
            "Damson": "D",
        }
        orders.add(tuple(names))
    assert len(orders) > 1


def test_a_party_stands_below_the_name(tmp_path: Path) -> None:
    """A party whose letters the font lacks is refused, as a name is."""
    fruit, drink = PICNIC.contests

    def drawn(party: str) -> list[str]:
        of_party = fruit.candidates[0].model_copy(update={"party": party})
        contests = (fruit.model_copy(update={"candidates": (of_party, *fruit.candidates[1:])}), drink)
        write(PICNIC.model_copy(update={"contests": contests}), [Paper(0, "adults")], tmp_path / "p.pdf")
        return [line for page in text_of((tmp_path / "p.pdf").read_bytes()) for line in page]

    lines = drawn("Hill & Dale")
    assert lines[lines.index("Apple") + 1] == "Hill & Dale"
    with pytest.raises(ValueError, match="the font has no"):
        drawn("丘")


def test_large_print_is_larger_and_the_same_definition_is_the_same_file(tmp_path: Path) -> None:
    """Names of 18 points; no date in it."""
    files = [tmp_path / name for name in ("a.pdf", "b.pdf", "large.pdf")]
    for file in files:
        write(PICNIC, [Paper(1, "adults")], file, "large" if file.stem == "large" else "normal")
    normal, again, large = (file.read_bytes() for file in files)

    assert normal == again
    assert large != normal


def test_each_page_of_a_paper_bears_its_number(tmp_path: Path) -> None:
    """Pages that got apart are put together again; each paper begins with page 1."""
    long = contest("long", tuple(f"candidate-{n}" for n in range(60)))
    definition = PICNIC.model_copy(update={"contests": (long,)})
    write(definition, [Paper(n, "adults") for n in (7, 8)], tmp_path / "papers.pdf", "large")
    pages = [page for page in text_of((tmp_path / "papers.pdf").read_bytes()) if page]
    feet = [one for page in pages for one in page if one.startswith("Ballot paper") and "page" in one]

    assert feet == [f"Ballot paper {paper}, page {n}" for paper in (7, 8) for n in (1, 2, 3, 4)]


def test_a_name_that_the_font_lacks_is_said(tmp_path: Path) -> None:
    """Never drawn as an empty box."""
    definition = PICNIC.model_copy(update={"title": "Ŵyl"})
    with pytest.raises(ValueError, match="--font"):
        write(definition, [Paper(1, "adults")], tmp_path / "papers.pdf")


def test_letters_go_on_after_z() -> None:
    """Every candidate of the largest contest has one."""
    assert [letter(place) for place in (0, 25, 26, 199)] == ["A", "Z", "AA", "GR"]
    assert len({letter(place) for place in range(200)}) == 200


@given(st.lists(st.lists(st.integers(0, 3), unique=True, max_size=2), max_size=4))
def test_what_is_typed_is_read_back(ranks: list[list[int]]) -> None:
    """Ties and gaps included."""
    marks = format_marks(ranks)
    assert read_letters(letters_of(marks), contest()) == marks


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("7,A,A", "paper 7 stands twice"),
        ("x,A,A", "expected the number of a paper"),
        ("1,E,A", "no candidate has the letter 'E'"),
        ("1,A B C D A,A", "at most 4 fit"),
        ("1,A=A,A", "twice within one rank"),
        ("1,A", "expected 2 contests, found 1"),
    ],
)
def test_what_is_no_mark_of_a_paper_is_refused_with_its_line(tmp_path: Path, line: str, words: str) -> None:
    """And what was expected."""
    with pytest.raises(ValueError, match=rf"line 3: .*{words}"):
        read_sheet(sheet(tmp_path, "ada.csv", "7,A,B", line), PICNIC)


def test_a_quote_that_is_not_closed_swallows_no_ballots(tmp_path: Path) -> None:
    """Read loosely, the cell would go on to the end of the file, and papers 8 and 9 would be missing."""
    with pytest.raises(ValueError, match=r"ada\.csv: expected cells of CSV"):
        read_sheet(sheet(tmp_path, "ada.csv", '7,A,"B', "8,A,B", "9,A,B"), PICNIC)


def test_every_difference_of_two_tellers_is_shown(tmp_path: Path) -> None:
    """A paper that one of them has not, too; spelling is no difference."""
    ada = read_sheet(sheet(tmp_path, "ada.csv", "1,a  b,A", "2,C,", "3,,"), PICNIC)
    ben = read_sheet(sheet(tmp_path, "ben.csv", "1,A B,A", "2,C=D,"), PICNIC)

    assert list(differences(ada, ben, PICNIC)) == [
        (2, "fruit", "C", "C=D"),
        (3, "fruit", "", None),
        (3, "drink", "", None),
    ]


def test_papers_are_ballots_that_intake_takes_as_typed() -> None:
    """The same sheet gives the same ids, other marks another."""
    bodies = forms({5: ("2>0=1", ""), 3: ("", "1")}, CODES, PICNIC)
    rolls = KnownRolls()
    rolls.add(LIFE.known())
    admission = Admission(LIFE.announced(1, "open"), lambda: rolls.rolls["picnic"])  # type: ignore[arg-type]
    forms_read = [read_form(body) for body in bodies]
    admitted = [admission.admit(form) for form in forms_read]  # type: ignore[arg-type]

    assert [of.ballot.rankings for of in admitted if isinstance(of, Admitted)] == [("", "1"), ("2>0=1", "")]
    assert forms({5: ("2>0=1", ""), 3: ("", "1")}, CODES, PICNIC) == bodies
    other = msgspec.json.decode(forms({5: ("0", "")}, CODES, PICNIC)[0])["ballot_id"]
    assert other not in {msgspec.json.decode(body)["ballot_id"] for body in bodies}
    with pytest.raises(ValueError, match="paper 40: no code"):
        forms({40: ("", "")}, CODES, PICNIC)


def test_nothing_is_cast_while_two_tellers_differ(tmp_path: Path) -> None:
    """Nobody is even asked: there is no intake at this address, and nothing waits for one."""
    definition = tmp_path / "picnic.json"
    definition.write_text(PICNIC.model_dump_json())
    sheets = [
        str(sheet(tmp_path, name, "1,A,B", line))
        for name, line in (("ada.csv", "2,,A"), ("ben.csv", "2,A,A"))
    ]
    nowhere = ["--cast", "--codes", str(tmp_path / "codes.csv"), "--intake", "http://127.0.0.1:9"]
    found = CliRunner().invoke(app, ["compare", str(definition), *sheets, *nowhere])

    assert found.exit_code == 1
    assert "paper 2, fruit" in found.output
    assert "1 of 2 papers differ: nothing was cast" in found.output


def test_a_teller_types_papers_and_mistakes_are_asked_again(tmp_path: Path) -> None:
    """What was typed before is kept, and a paper is taken once."""
    definition, out = tmp_path / "picnic.json", tmp_path / "ada.csv"
    definition.write_text(PICNIC.model_dump_json())
    arguments = ["enter", str(definition), "--out", str(out)]
    CliRunner().invoke(app, arguments, input="4\nX\nb a\nA\n\n")
    CliRunner().invoke(app, arguments, input="4\n5\n\n\n\n")

    assert read_sheet(out, PICNIC) == {4: ("1>0", "0"), 5: ("", "")}
