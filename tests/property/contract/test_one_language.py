"""The hot records have two readers; they accept the same bytes and read the same values."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.contract.ballots import format_marks, marks_fault, parse_marks
from shared.contract.codec import (
    HotBallot,
    UnknownVersion,
    Unreadable,
    decode_cast,
    decode_judged,
    encode,
)
from shared.contract.events import BallotCast
from shared.contract.verdict_ranges import HotVerdicts
from shared.contract.verdicts import Verdicts

ballot_fields = [
    st.just("ballot-cast/1"),
    st.text("0123456789abcdef", min_size=32, max_size=32),
    st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,2}", fullmatch=True),
    st.integers(0, 2**31 - 2),
    st.integers(0, 99),
    st.integers(0, 2**60 - 1),
    st.lists(st.sampled_from(["", "0", "0>1", "2>>0=1"]), max_size=4),
]
verdict_fields = [
    st.just("verdicts/1"),
    st.integers(0, 2**40),
    st.sampled_from(["", "picnic"]),
    st.lists(st.tuples(st.sampled_from(["accepted", "closed"]), st.sampled_from([0, 1, 2, 999])), max_size=2),
    st.lists(st.tuples(st.integers(-1, 99), st.lists(st.sampled_from(["", "0>1"]), max_size=3)), max_size=2),
    st.text("0123456789abcdef", min_size=63, max_size=65),
]
wrong = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
    st.lists(st.one_of(st.integers(), st.text(max_size=3)), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@st.composite
def nearly(draw: st.DrawFn, fields: list[st.SearchStrategy[Any]]) -> bytes:
    """Draw a record with at most one thing wrong."""
    record = [draw(field) for field in fields]
    fault = draw(st.sampled_from(["none", "field", "missing", "extra"]))
    place = draw(st.integers(0, len(record) - 1))
    if fault == "field":
        record[place] = draw(wrong)
    elif fault == "missing":
        del record[place]
    elif fault == "extra":
        record.insert(place, draw(wrong))
    return json.dumps(record).encode()


def readings(
    value: bytes, model: type[BallotCast] | type[Verdicts], read: Callable[[bytes], object]
) -> tuple[Any, Any]:
    """Return what each reader makes of the bytes, None for a refusal."""
    try:
        slow: Any = json.loads(encode(model.model_validate_json(value)))
    except ValidationError:
        slow = None
    try:
        record = read(value)
    except (UnknownVersion, ValueError):
        return slow, None
    hot = isinstance(record, HotBallot | HotVerdicts)
    return slow, json.loads(msgspec.json.encode(record)) if hot else None


@given(nearly(ballot_fields))
@example(b'["ballot-cast/1","00000000000000000000000000000000","a",5.0,0,0,[]]')
@example(b'["ballot-cast/1","00000000000000000000000000000000","a",true,0,0,[]]')
@example(b'["ballot-cast/1","00000000000000000000000000000000\\n","a",1,0,0,[]]')
@example(b'["ballot-cast/1","00000000000000000000000000000000","a\\n",1,0,0,[]]')
@example(b'{"type":"ballot-cast/1"}')
def test_both_readers_of_a_ballot_accept_the_same_language(value: bytes) -> None:
    """Neither reader takes what the other refuses, and what both take reads alike."""
    slow, fast = readings(value, BallotCast, decode_cast)

    assert slow == fast


HEAD = "0" * 64


@given(nearly(verdict_fields))
@example(f'["verdicts/1",0,"a",[["accepted",1]],[[0,["0"]]],"{HEAD}"]'.encode())
@example(f'["verdicts/1",0,"a",[["accepted",1]],[[0,["0"],1]],"{HEAD}"]'.encode())
@example(f'["verdicts/1",0,"a",[["accepted",1]],[[false,["0"]]],"{HEAD}"]'.encode())
@example(f'["verdicts/1",0,"a",[["accepted",true]],[[0,["0"]]],"{HEAD}"]'.encode())
@example(f'["verdicts/1",0,"a",[["closed",1000]],[],"{HEAD}"]'.encode())
@example(f'["verdicts/1",0,"a",[["closed",1001]],[],"{HEAD}"]'.encode())
@example(f'["verdicts/1",0,"a",[],[],"{HEAD}"]'.encode())
def test_both_readers_of_a_verdict_accept_the_same_language(value: bytes) -> None:
    """The same for the second hot record."""
    slow, fast = readings(value, Verdicts, decode_judged)

    assert slow == fast


@given(st.one_of(st.binary(max_size=200), nearly(ballot_fields)))
def test_any_bytes_are_read_as_something(value: bytes) -> None:
    """Reading is total: a record, what is wrong with it, or a version that stops the shard."""
    try:
        assert decode_cast(value) is not None
    except UnknownVersion as stop:
        assert stop.tag  # noqa: PT017


@given(st.lists(st.lists(st.integers(0, 9), unique=True, max_size=3), max_size=8))
def test_marks_are_read_back_as_they_were_written(ranks: list[list[int]]) -> None:
    """But for the order within a rank and blanks at the end, which mean nothing."""
    marks = format_marks(ranks)
    expected = [tuple(sorted(rank)) for rank in ranks]
    while expected and not expected[-1]:
        expected.pop()

    assert list(parse_marks(marks)) == expected
    assert marks_fault(marks, 10, 8) is None


def test_rubbish_says_what_is_wrong_with_it() -> None:
    """What cannot be read has a reason."""
    found = decode_cast(b'["ballot-cast/1"]')

    assert isinstance(found, Unreadable)
    assert "length 7" in found.why
