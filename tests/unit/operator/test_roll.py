"""The roll and its voting codes."""

import pytest
from services.operator.roll import CHUNK_LINES, codes_csv, section_ranges

from shared.contract.codes import code_mac, election_key, parse_code
from tests.support.elections import MASTER, election

KEY = election_key(MASTER, "picnic")


def test_numbers_run_section_after_section() -> None:
    """Forty electors: thirty adults, then ten children."""
    assert section_ranges(election()) == {"adults": range(30), "children": range(30, 40)}


def test_the_file_holds_a_genuine_code_for_every_elector() -> None:
    """Each code says its own row and bears its MAC."""
    head, *rows = "".join(codes_csv(election(), KEY)).splitlines()

    assert head == "elector,section,code"
    assert len(rows) == 40
    for number, row in enumerate(rows):
        elector, section, text = row.split(",")
        code = parse_code(text)
        assert (int(elector), section) == (number, "adults" if number < 30 else "children")
        assert (code.elector, code.section) == (number, 0 if number < 30 else 1)
        assert code.mac == code_mac(KEY, code.elector, code.section)


def test_one_section_can_be_asked_for() -> None:
    """Its codes are the same as in the whole roll."""
    whole = "".join(codes_csv(election(), KEY)).splitlines()
    children = "".join(codes_csv(election(), KEY, "children")).splitlines()

    assert children == [whole[0], *whole[31:]]


def test_an_unknown_section_is_named_with_those_there_are() -> None:
    """Before anything is sent."""
    with pytest.raises(KeyError, match="no section 'dogs' in picnic: adults, children"):
        codes_csv(election(), KEY, "dogs")


def test_a_large_roll_comes_in_bounded_chunks() -> None:
    """No chunk holds more lines than its limit."""
    chunks = list(codes_csv(election(electors=2_500), KEY))

    assert [chunk.count("\n") for chunk in chunks] == [CHUNK_LINES, CHUNK_LINES, 501]
