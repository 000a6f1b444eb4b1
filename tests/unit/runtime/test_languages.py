"""Languages: each is complete, a further one is one file, and either direction of writing works."""

from datetime import timedelta
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po

import services.intake.ballot.words as ballot_words
import services.proofs.words as receipt_words
from services.intake.ballot.pages import Pages, View
from shared.contract.elections import Phase
from shared.runtime.process.catalogue import messages, update
from shared.runtime.process.languages import languages, preferred
from tests.unit.intake.ballot.place import LIFE, NOW

HOUSES = {"services.intake.ballot": ballot_words.FOLDER, "services.proofs": receipt_words.FOLDER}
CATALOGUES = [(house, path) for house, folder in HOUSES.items() for path in sorted(folder.glob("*.po"))]
KNOWN = languages(ballot_words.FOLDER)


@pytest.mark.parametrize("house", HOUSES)
def test_english_and_welsh_are_there(house: str) -> None:
    """By their own names."""
    known = languages(HOUSES[house])

    assert {code: language.name for code, language in known.items()} == {"en": "English", "cy": "Cymraeg"}


@pytest.mark.parametrize(("house", "path"), CATALOGUES)
def test_a_catalogue_is_complete(house: str, path: Path) -> None:
    """Every message of today's pages is translated with its placeholders, none is doubtful, none is left over."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem)
    wanted = {message.id for message in messages(house) if message.id}
    translated = {message.id: message for message in catalogue if message.id}

    assert set(translated) == wanted
    for message in translated.values():
        texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
        assert all(texts), message.id
        assert not message.fuzzy, message.id
        assert not [str(fault) for fault in message.check(catalogue)], message.id
        if not isinstance(message.id, str):
            assert len(texts) == catalogue.num_plurals, message.id
        else:
            names = {part.partition(")s")[0] for part in message.id.split("%(")[1:]}
            assert {part.partition(")s")[0] for part in texts[0].split("%(")[1:]} == names, message.id


def test_a_third_language_is_one_file(tmp_path: Path) -> None:
    """A catalogue made from the pages, and translated, is a language of its own, written from right to left."""
    path = update("services.intake.ballot", "ar", tmp_path)
    with path.open("rb") as file:
        catalogue = read_po(file, locale="ar")
    for message in catalogue:
        if message.id:
            one = message.id if isinstance(message.id, str) else message.id[1]
            message.string = (
                f"⟦{one}⟧" if isinstance(message.id, str) else (f"⟦{one}⟧",) * catalogue.num_plurals
            )
    with path.open("wb") as file:
        write_po(file, catalogue)
    known = languages(tmp_path)
    view, closed = View(known["ar"], "", "normal", kiosk=False), LIFE.announced(2, Phase.CLOSED)
    page = bytes(
        Pages(lambda: NOW, known=known).page("state", view, announced=closed, fields=None).body
    ).decode()

    assert '<html lang="ar" dir="rtl"' in page
    assert "⟦Voting has closed⟧" in page
    assert "العربية" in page


@pytest.mark.parametrize(("house", "path"), CATALOGUES)
def test_bringing_a_catalogue_up_to_date_changes_nothing_that_is(
    house: str, path: Path, tmp_path: Path
) -> None:
    """Each file is as the tool writes it, but for the day on which it was made."""
    (tmp_path / path.name).write_bytes(path.read_bytes())
    update(house, path.stem, tmp_path)
    before, after = ((folder / path.name).read_text().splitlines() for folder in (path.parent, tmp_path))

    assert [line for line in after if "Date" not in line] == [line for line in before if "Date" not in line]


@pytest.mark.parametrize(
    ("asked", "accepted", "code"),
    [
        (None, "", "en"),
        (None, "cy-GB, en;q=0.8", "cy"),
        (None, "fr, en;q=0.5, cy;q=0.9", "cy"),
        (None, "cy;q=0, en", "en"),
        (None, "cy;q=x, *", "en"),
        ("cy", "en", "cy"),
        ("xx", "cy", "cy"),
        ("en", "cy", "en"),
    ],
)
def test_the_language_asked_for_comes_before_the_browser_s(
    asked: str | None, accepted: str, code: str
) -> None:
    """And what nobody knows is English."""
    assert preferred(KNOWN, asked, accepted).code == code


@pytest.mark.parametrize(
    ("code", "minutes", "expected"),
    [
        ("en", 1, "in 1 minute"),
        ("en", 89, "in 89 minutes"),
        ("en", 90, "in 2 hours"),
        ("en", 2_880, "in 2 days"),
        ("en", 30 * 1_440, "in 30 days"),
        ("cy", 3 * 60, "ymhen 3 awr"),
        ("en", 0, ""),
        ("en", -5, ""),
    ],
)
def test_how_long_it_is_to_a_time(code: str, minutes: int, expected: str) -> None:
    """In the unit that fits, in the elector's language; nothing once it is past."""
    assert KNOWN[code].until(NOW + timedelta(minutes=minutes), NOW) == expected
