"""JSON read quickly and piece by piece says what Python's own decoder says, and a repeated key is found however it is spelled."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rcv.formats.cvr import json_file
from shared.rcv.formats.records import FormatError

_TEXTS = [
    '"a"',
    r'"\":"',
    r'"\" :"',
    r'"\u0022:"',
    r'"\u003a"',
    r'"b\"\u003A"',
    '"{"',
    '"}{"',
    '"],["',
    '":"',
]
_KEYS = ['"a"', '"b"', '"c"', r'"d\":"']
_BLANKS = st.sampled_from(["", "", "", " ", "\n", "\t", "\r"])


def _object(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(st.sampled_from(_KEYS), _BLANKS, _BLANKS, values)
    members = pairs.map(lambda pair: f"{pair[0]}{pair[1]}:{pair[2]}{pair[3]}")
    return st.lists(members, max_size=3).map(lambda parts: "{" + ",".join(parts) + "}")


def _nested(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, max_size=3).map(lambda parts: f"[{','.join(parts)}]") | _object(values)


_OBJECTS = _object(st.recursive(st.sampled_from([*_TEXTS, "1", "true", "null"]), _nested, max_leaves=8))


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


@given(
    objects=st.lists(_OBJECTS, max_size=12),
    between=st.sampled_from([",", ", ", " ,\n", ",,", " "]),
    piece=st.sampled_from([3, 20, 60, 1 << 20]),
    most=st.sampled_from([0, 1 << 20]),
)
def test_a_list_is_read_as_python_reads_it(objects: list[str], between: str, piece: int, most: int) -> None:
    """Or refused where that refuses it, at once or piece by piece."""
    text = f'{{"A": 1, "L": [{between.join(objects)}], "Z": {{}}}}'
    try:
        expected = json.loads(text, object_pairs_hook=_once)["L"]
    except ValueError:
        expected = None
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "x.json"
        path.write_text(text, newline="")
        patch.setattr(json_file, "MAX_WHOLE_BYTES", most)
        patch.setattr(json_file, "_PIECE_CHARS", piece)
        if expected is None:
            with pytest.raises(FormatError):
                list(json_file.listed(path, "L", "element"))
        else:
            assert [node.values for node in json_file.listed(path, "L", "element")] == expected


@pytest.mark.parametrize("read", [json_file.listed, lambda *asked: json_file.parted(*asked)[1]])
@pytest.mark.parametrize("most", [0, 1 << 20])
@pytest.mark.parametrize(
    "text",
    [
        '{"L": [{"a": 1}]}{"L": [{"a": 2}]}',
        '{"L": [{"a": 1}]}, {"L": [{"a": 2}]}',
        '{"L": [{"a": 1}]} ]',
        '{} {"L": [{"a": 1}]}',
        '{"L": {"a": 1}}',
        '{"L": [{"a": 1}], 7: 8}',
        '{"L": [{"a": 1}], [7]: 8}',
    ],
)
def test_no_object_of_a_list_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    read: Callable[[Path, str, str], Iterable[object]],
    most: int,
    text: str,
) -> None:
    """At once or piece by piece: of two exports in one file the second would be lost."""
    monkeypatch.setattr(json_file, "MAX_WHOLE_BYTES", most)
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(FormatError):
        list(read(path, "L", "element"))


@pytest.mark.parametrize("piece", range(1, 20))
@pytest.mark.parametrize("number", ["1.5", "-0.25", "1.5e3", "1E+2", "120"])
def test_a_number_may_be_parted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int, number: str
) -> None:
    """Where a piece ends within it."""
    monkeypatch.setattr(json_file, "MAX_WHOLE_BYTES", 0)
    monkeypatch.setattr(json_file, "_PIECE_CHARS", piece)
    path = tmp_path / "x.json"
    path.write_text(f'{{"A": {number}, "L": [{{"a": {number}}}], "Z": {number} }}')
    report, elements = json_file.parted(path, "L", "element")
    assert report.values == {"A": float(number), "Z": float(number)}
    assert [element.values for element in elements] == [{"a": float(number)}]


@pytest.mark.timeout(20)
def test_braces_in_texts_do_not_make_it_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each text opens one that nothing closes, so no place is found at which the piece could be cut."""
    monkeypatch.setattr(json_file, "MAX_WHOLE_BYTES", 0)
    path = tmp_path / "x.json"
    objects = ", ".join(['{"a": 1, "b": "{"}'] * 20_000)
    path.write_text(f'{{"L": [{objects}]}}')
    assert sum(1 for _ in json_file.listed(path, "L", "element")) == 20_000
