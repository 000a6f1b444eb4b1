"""What is given as a cursor is read as one, or refused; a contest's course is told in order, whatever is written twice."""

import json
from base64 import urlsafe_b64encode

import pytest

from services.results.course import Course
from services.results.history import BadCursor, Places
from shared.contract.codec import UnknownVersion, encode
from shared.contract.elections import Phase
from shared.runtime.log import Keyed
from tests.support.standings import college, standing


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


def kept(times: int, offset: int, at_ms: int) -> Keyed:
    """Return a record of the history."""
    found = standing(times, Phase.OPEN)
    return Keyed(offset, f"{found.key}/{found.sequence}", encode(found), at_ms, 0)


def times(course: Course, **asked: int) -> list[tuple[int, int]]:
    """Return offset and time of each moment."""
    return [(each.place.offset, each.place.as_of_ms) for each in course.of("picnic/fruit", **asked)]


def test_a_course_is_in_the_order_of_the_log_whatever_came_twice() -> None:
    """Kept again: where it lies now, and when it came first. Published anew by a counting that lost its state: left out."""
    course = Course()
    for record in (kept(1, 0, 10), kept(3, 1, 30), kept(1, 2, 40), kept(2, 3, 50), kept(4, 4, 60)):
        course.note(record)
    assert times(course) == [(2, 10), (1, 30), (4, 60)]
    second = standing(2, Phase.OPEN).sequence
    assert times(course, after=second) == [(1, 30), (4, 60)]
    assert times(course, upto=second) == [(2, 10), (3, 50)]
    assert course.at("picnic/fruit", second) is not None
    assert course.at("picnic/fruit", second + 1) is None
    assert course.at("picnic/drink", second) is None


def test_parts_are_of_votes_or_of_an_electoral_college() -> None:
    """Most first, and one in all."""
    course, found = Course(), college()
    course.note(Keyed(0, f"{found.key}/{found.sequence}", encode(found), 1, 0))
    (only,) = course.of(found.key)
    strengths = only.rounds[0].strengths()
    assert sum(strengths.values()) == 1
    assert list(strengths.values()) == sorted(strengths.values(), reverse=True)
    assert {name: f"{float(100 * part):.2f}" for name, part in strengths.items()} == {
        name: score.points for name, score in found.rounds[0].scores.items()
    }


@pytest.mark.parametrize("value", [b"", b"{}", b"[]", encode(standing(1, Phase.OPEN))[:-1]])
def test_what_is_no_standing_is_no_moment(value: bytes) -> None:
    """The projection passes it over."""
    with pytest.raises(ValueError, match="not a standing"):
        Course().note(Keyed(0, "picnic/fruit/3", value, 1, 0))


def test_a_standing_of_another_version_is_no_moment() -> None:
    """So nothing of it is misread."""
    other = encode(standing(1, Phase.OPEN)).replace(b"standing/4", b"standing/9", 1)
    with pytest.raises(UnknownVersion):
        Course().note(Keyed(0, "picnic/fruit/3", other, 1, 0))
