"""JSON read quickly and piece by piece says what Python's own decoder says, and a repeated key is found however it is spelled."""

import json
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
