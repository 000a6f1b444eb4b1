"""Lines of CSV as Apache Commons CSV prints them, JSON as Jackson does."""

import csv
import io
import json
from decimal import Decimal

import pytest

from shared.rcv.reports.text import csv_line, json_text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("plain", "plain"),
        ("Vail, Christopher L.", '"Vail, Christopher L."'),
        ('Ann "Bo" Lee', '"Ann ""Bo"" Lee"'),
        ("two\nlines", '"two\nlines"'),
        ("#1", '"#1"'),
        (" begins in a blank", '" begins in a blank"'),
        ("ends in a blank ", '"ends in a blank "'),
        ("-1.0000", "-1.0000"),
        ("*Tie", "*Tie"),
        ("†Elect", "†Elect"),
        ("Ærøskøbing", "Ærøskøbing"),
    ],
)
def test_only_what_must_be_is_quoted(cell: str, text: str) -> None:
    """Commas, quotes, line breaks, early characters before "$", blanks at the end."""
    assert csv_line(["x", cell]) == f"x,{text}\r\n"


def test_an_empty_cell_is_quoted_where_it_begins_a_line() -> None:
    """Else the line would look empty."""
    assert csv_line(["", "a", None, ""]) == '"",a,,\r\n'


def test_a_line_without_cells_is_empty() -> None:
    """It parts the blocks of a report."""
    assert csv_line([]) == "\r\n"


def test_a_line_is_read_back_as_it_was() -> None:
    """Whatever the cells hold."""
    cells = ["", 'a"b', "c,d", "e\nf", " ", "#"]
    assert next(csv.reader(io.StringIO(csv_line(cells)))) == cells


def test_json_stands_in_order_and_two_blanks_deep() -> None:
    """Lists stay on their line, and objects within them are no deeper for that."""
    text = json_text({"b": [{"y": 1, "x": Decimal("6.0000")}], "a": {}, "c": [], "é": None})
    assert text == (
        '{\n  "a" : { },\n  "b" : [ {\n    "x" : "6.0000",\n    "y" : 1\n  } ],\n  "c" : [ ],\n  "é" : null\n}'
    )
    assert json.loads(text)["b"] == [{"x": "6.0000", "y": 1}]
