"""What is given as a cursor is read as one, or refused."""

import json
from base64 import urlsafe_b64encode

import pytest

from services.results.history import BadCursor, Places


@pytest.mark.parametrize(
    "text", ["[" * 5_000, "{}", "[[0,-1]]", "[[0,true]]", "[[0,1.5]]", f"[[0,{2**63}]]", "[[0]]", "null", "x"]
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    """However deep it is nested: that ended in a fault of our own."""
    with pytest.raises(BadCursor):
        Places().changes("picnic", urlsafe_b64encode(text.encode()).decode(), 10)


def test_a_cursor_is_given_back_as_it_came_when_nothing_has_changed() -> None:
    """Also one that another gateway made."""
    given = (
        urlsafe_b64encode(json.dumps([[0, 7], [2, 1]], separators=(",", ":")).encode()).decode().rstrip("=")
    )
    assert Places().changes("picnic", given, 10) == ([], given)
