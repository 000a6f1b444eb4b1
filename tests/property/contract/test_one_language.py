"""Records of the log: any bytes are read as something, and what is written is read back as it was."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.contract.ballots import format_marks, marks_fault, parse_marks
from shared.contract.codec import (
    ADMITTED,
    UnknownVersion,
    Unreadable,
    decode_cast,
    decode_judged,
    encode_judged,
    encode_pack,
)
from shared.contract.packs import MAX_PACK_BALLOTS, MAX_PACK_BYTES, Ballot, Columns, Pack, pack_of
from shared.contract.verdict_ranges import AnonymousBallot, Verdict, Verdicts, verdict_range

MARKS = st.sampled_from(["", "0", "0>1", "2>>0=1", "x"])
SALT = bytes(16)


def ballots(contests: int) -> st.SearchStrategy[list[Ballot]]:
    """Draw ballots that rank so many contests."""
    rankings = st.tuples(*[MARKS] * contests)
    sixteen, ten = st.binary(min_size=16, max_size=16), st.binary(min_size=10, max_size=10)
    one = st.builds(Ballot, sixteen, st.integers(0, 2**31 - 2), st.integers(0, 99), ten, rankings)
    return st.lists(one, min_size=1, max_size=20)


packs = st.integers(1, 3).flatmap(ballots)
wrong = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**64 - 1),
    st.binary(max_size=20),
    st.text(max_size=20),
    st.lists(st.text(max_size=3), max_size=3),
)


@given(packs)
def test_a_pack_is_read_back_ballot_by_ballot_and_in_columns(cast: list[Ballot]) -> None:
    """Both ways give what was cast."""
    pack = decode_cast(encode_pack(pack_of("picnic", cast, SALT)))

    assert isinstance(pack, Pack)
    assert pack.each() == cast
    columns = Columns([pack, pack])
    assert [columns.ballot(row) for row in range(len(columns))] == [*cast, *cast]


@st.composite
def nearly(draw: st.DrawFn) -> bytes:
    """Draw a pack with at most one thing wrong."""
    record: list[Any] = msgspec.msgpack.decode(encode_pack(pack_of("picnic", draw(packs), SALT)))
    fault = draw(st.sampled_from(["field", "cut", "missing", "extra"]))
    place = draw(st.integers(0, len(record) - 1))
    if fault == "field":
        record[place] = draw(wrong)
    elif fault == "cut" and isinstance(record[place], bytes):
        record[place] = record[place][:-1]
    elif fault == "missing":
        del record[place]
    else:
        record.insert(place, draw(wrong))
    return msgspec.msgpack.encode(record)


@given(st.one_of(st.binary(max_size=200), nearly()))
def test_any_bytes_are_read_as_something(value: bytes) -> None:
    """Reading is total: a record, or what is wrong with it; what is read as a pack holds together."""
    found = decode_cast(value)
    assert found is not None
    if isinstance(found, Pack):
        assert len(found.each()) == found.ballots


@given(st.sampled_from([b"ballot-pack/2", b"verdicts/9"]), packs)
def test_a_version_that_is_admitted_and_unknown_stops_the_reader(version: bytes, cast: list[Ballot]) -> None:
    """One that is not admitted is unreadable, for every program alike."""
    record: list[Any] = msgspec.msgpack.decode(encode_pack(pack_of("picnic", cast, SALT)))
    value = msgspec.msgpack.encode([version.decode(), *record[1:]])

    assert isinstance(decode_cast(value), Unreadable)
    try:
        decode_cast(value, (*ADMITTED, version.decode()))
    except UnknownVersion as stop:
        assert stop.tag == version.decode()  # noqa: PT017
    else:
        raise AssertionError("expected the reader to stop")


def test_a_pack_has_bounds() -> None:
    """In ballots, and in bytes."""
    one = Ballot(bytes(16), 1, 0, bytes(10), ("0",))
    assert isinstance(decode_cast(encode_pack(pack_of("picnic", [one] * MAX_PACK_BALLOTS, SALT))), Pack)
    many = decode_cast(encode_pack(pack_of("picnic", [one] * (MAX_PACK_BALLOTS + 1), SALT)))
    wide = replace(one, rankings=("0>" * 2_000 + "0",))
    long = decode_cast(encode_pack(pack_of("picnic", [wide] * 20, SALT)))

    assert isinstance(many, Unreadable)
    assert str(MAX_PACK_BALLOTS) in many.why
    assert isinstance(long, Unreadable)
    assert str(MAX_PACK_BYTES) in long.why


verdicts = st.lists(
    st.lists(
        st.one_of(
            st.sampled_from(["closed", "bad-code"]).map(lambda reason: Verdict("picnic", reason, None)),
            st.tuples(st.integers(0, 3), st.tuples(MARKS, MARKS)).map(
                lambda of: Verdict("picnic", "accepted", AnonymousBallot(*of))
            ),
            st.lists(st.tuples(st.integers(0, 3), st.tuples(MARKS, MARKS)), min_size=2, max_size=2).map(
                lambda of: Verdict("picnic", "superseding", *[AnonymousBallot(*each) for each in of])
            ),
        ),
        min_size=1,
        max_size=5,
    ),
    min_size=1,
    max_size=6,
)


@given(verdicts, st.integers(0, 2**40), st.integers(0, 6))
def test_a_range_is_read_back_and_cut_anywhere(records: list[list[Verdict]], since: int, cut: int) -> None:
    """Whole, and from any record on."""
    each = [verdict for record in records for verdict in record]
    written = verdict_range(since, "picnic", [len(record) for record in records], each, bytes(32))
    found = decode_judged(encode_judged(written))

    assert isinstance(found, Verdicts)
    assert (list(found.each()), found.upto) == (each, since + len(records))
    cut = min(cut, len(records) - 1)
    rest = found.after(since + cut)
    assert list(rest.each()) == [verdict for record in records[cut:] for verdict in record]
    assert rest.ballots_of() == [len(record) for record in records[cut:]]


@given(st.binary(max_size=200))
def test_what_validation_never_wrote_is_an_error(value: bytes) -> None:
    """Never a record by chance."""
    try:
        decode_judged(value)
    except (UnknownVersion, ValueError):
        return
    raise AssertionError(f"read as a record: {value!r}")


@given(st.lists(st.lists(st.integers(0, 9), unique=True, max_size=3), max_size=8))
def test_marks_are_read_back_as_they_were_written(ranks: list[list[int]]) -> None:
    """But for the order within a rank and blanks at the end, which mean nothing."""
    marks = format_marks(ranks)
    expected = [tuple(sorted(rank)) for rank in ranks]
    while expected and not expected[-1]:
        expected.pop()

    assert list(parse_marks(marks)) == expected
    assert marks_fault(marks, 10, 8) is None
