"""Letters: one page an elector with the address, the code and its link, in files of a thousand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.paper import mail
from services.cli.paper.mail import Letter, read_letters, write_letters
from shared.contract.codes import new_code, voting_link
from tests.support.elections import election
from tests.support.pdf import text_of
from tests.unit.cli.front import livecount

PICNIC = election()


def letters(number: int) -> Iterator[Letter]:
    """So many letters."""
    for elector in range(number):
        code = str(new_code(elector, 0))
        yield Letter(
            (f"Zoë {elector}", "1 High Street"), str(elector), code, voting_link("http://v", "picnic", code)
        )


def test_each_elector_has_one_page_and_a_file_has_at_most_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the address, the code and where to type it; the file is its owner's alone."""
    monkeypatch.setattr(mail, "BATCH_LETTERS", 3)
    said: list[int] = []
    wanted = list(letters(7))
    files = write_letters(PICNIC, iter(wanted), tmp_path / "out", done=said.append)
    assert [file.name for file in files] == ["letters-0001.pdf", "letters-0002.pdf", "letters-0003.pdf"]
    assert said == [3, 6, 7]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    pages = [page for file in files for page in text_of(file.read_bytes()) if page]
    assert len(pages) == 7
    for page, letter in zip(pages, wanted, strict=True):
        assert page[0] == f"Zo\\353 {letter.elector}"
        assert letter.code in page
        assert "http://v/vote/picnic" in page


def test_a_name_that_the_font_cannot_write_is_named_before_anything_is_written(tmp_path: Path) -> None:
    """Not a box in its place."""
    wrong = Letter(("Łukasz",), "4", str(new_code(4, 0)), "http://v")
    with pytest.raises(ValueError, match="elector 4: the font has no 'Ł'"):
        write_letters(PICNIC, iter([wrong]), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_the_address_is_the_columns_of_that_kind_or_those_that_are_named(tmp_path: Path) -> None:
    """A number or an e-mail address is none."""
    code = new_code(2, 0)
    file = tmp_path / "mailing.csv"
    file.write_text(f"Number,Name,Email,Town,elector,code,link\n17,Ada,a@x,Bath,2,{code},http://v\n")
    assert next(read_letters(file)).address == ("Ada", "Bath")
    assert next(read_letters(file, ["Town", "Number"])).address == ("Bath", "17")
    with pytest.raises(ValueError, match="expected one of the columns Number, Name"):
        next(read_letters(file, ["Street"]))
    file.write_text("Name,elector,code,link\nAda,2,nonsense,http://v\n")
    with pytest.raises(ValueError, match="row 2: a voting code looks like"):
        next(read_letters(file))
    file.write_text("elector,section,code\n")
    with pytest.raises(ValueError, match="found no column link"):
        next(read_letters(file))


def test_the_command_writes_the_folder(tmp_path: Path) -> None:
    """From the definition and the mailing file."""
    assert livecount("new", "club", "--defaults", "--out", tmp_path / "club.yaml").exit_code == 0
    code = new_code(2, 0)
    (tmp_path / "mailing.csv").write_text(f"Name,elector,code,link\nAda,2,{code},http://v\n")
    said = livecount(
        "letters", tmp_path / "club.yaml", "--mailing", tmp_path / "mailing.csv", "--out", tmp_path / "out"
    )
    assert (said.exit_code, said.stderr) == (0, "")
    assert said.stdout == f"{tmp_path / 'out'}: 1 file, the last one letters-0001.pdf\n"
