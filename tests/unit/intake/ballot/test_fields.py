"""Posted forms: reading is total, and numbers become the ranks they say."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.ballot.fields import faults, ranks_of, read_fields, typed_code
from tests.unit.intake.ballot.place import PICNIC

FRUIT = PICNIC.contests[0]


@given(st.binary(max_size=200) | st.text(alphabet="0123456789.=&%+step", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """Nothing raises, and what is read belongs to the election."""
    fields = read_fields(body, PICNIC)
    if fields is not None:
        assert len(fields.typed) == len(PICNIC.contests)
        assert all(candidate < 4 for candidate in fields.typed[0])


@given(st.dictionaries(st.integers(0, 3), st.integers(1, 4)))
def test_numbers_become_ranks(numbers: dict[int, int]) -> None:
    """A candidate is at the rank of its number and nowhere else; no rank at the end is empty."""
    typed = {candidate: str(number) for candidate, number in numbers.items()}
    ranks = ranks_of(typed)

    assert {c: place for place, rank in enumerate(ranks, 1) for c in rank} == numbers
    assert not ranks or ranks[-1]
    assert faults(typed, FRUIT) == frozenset()


def test_what_is_no_number_of_this_contest_is_a_fault() -> None:
    """Zero, too large, signed, words, huge; digits of any script are numbers."""
    for text in ("0", "5", "-1", "1.5", "one", "9" * 400, "00001", "²"):
        assert faults({2: text}, FRUIT) == {2}
    assert faults({2: "٣"}, FRUIT) == frozenset()
    assert ranks_of({2: "٣"}) == ((), (), (2,))


def test_white_space_and_empty_fields_are_nothing_written() -> None:
    """As a browser sends them for candidates who are not ranked."""
    body = urlencode(
        {"step": "cast", "code": " ab\r\nc ", "ballot": "x", "0.0": " 1 ", "0.1": "", "1.0": " "}
    ).encode()
    fields = read_fields(body, PICNIC)

    assert fields == ("cast", "abc", "x", ({0: "1"}, {}))


@pytest.mark.parametrize(
    "typed",
    [
        "00002-0-V5MV-SGK2-S5H3-Z0Z8",
        "  00002 0 V5MV SGK2 S5H3 Z0Z8\n",
        "00002\N{EN DASH}0\N{EN DASH}V5MV\N{MINUS SIGN}SGK2\N{NON-BREAKING HYPHEN}S5H3-Z0Z8",
        "00002 - 0 - V5MV - SGK2 - S5H3 - Z0Z8",
        "00002-0-V5MV-\r\nSGK2-S5H3-Z0Z8",
        "\ufeff00002-0-V5\u200bMV-SGK2-S5H3-Z0Z8",
    ],
)
def test_a_code_is_the_same_however_its_parts_are_set_apart(typed: str) -> None:
    """Codes are typed from letters, and copied from documents and messages."""
    assert typed_code(typed) == "00002-0-V5MV-SGK2-S5H3-Z0Z8"
