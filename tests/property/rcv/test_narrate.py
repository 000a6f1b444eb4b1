"""Whatever is counted can be put into words, for readers and terminals of every width, and its tables add up."""

import json
import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from services.cli.terminal.look import ASCII
from services.cli.terminal.screen import screen
from shared.rcv.count.tabulate import tabulate_counts
from shared.rcv.narrate.counted import counted_of
from shared.rcv.narrate.document import document
from shared.rcv.narrate.sentences import headline, round_sentence
from shared.rcv.narrate.tables import resting, rounds_table
from tests.support.strategies import MAX_SECTIONS, contests, profiles

NAMES = [f"section {place}" for place in range(MAX_SECTIONS)]


@settings(max_examples=100)
@given(st.data())
def test_any_count_is_narrated_and_adds_up(data: st.DataObject) -> None:
    """Columns make all ballots; a provisional sentence states nothing as a fact; nobody is called by an id."""
    contest = data.draw(contests())
    try:
        count = tabulate_counts(data.draw(profiles(contest)), contest, MAX_SECTIONS)
    except ValueError:  # the rules cannot be carried out: somebody would have to be asked
        return
    counted = counted_of(contest, count, NAMES)
    table = rounds_table(counted)
    for place, round_ in enumerate(counted.rounds):
        rest = sum(resting(counted, round_, section) for section in counted.sections)
        assert rest == sum(round_.inactive.values()) + round_.residue
        if not round_.scores:
            assert table.totals[place] == sum(round_.votes.values())
    provisional = replace(counted, final=False)
    for round_ in provisional.rounds:
        sentence = round_sentence(provisional, round_)
        assert not re.search(r"\b(is|are) (elected|eliminated|transferred)\b", sentence), sentence
        assert round_sentence(counted, round_)
    assert headline(counted)
    assert json.loads(json.dumps(document(counted)))["elected"] == [counted.names[c] for c in counted.elected]


@settings(max_examples=40)
@given(st.data(), st.integers(40, 200))
def test_any_count_fits_a_terminal(data: st.DataObject, width: int) -> None:
    """No line is wider than it, and an old one is sent nothing but ASCII."""
    contest = data.draw(contests())
    try:
        count = tabulate_counts(data.draw(profiles(contest)), contest, MAX_SECTIONS)
    except ValueError:
        return
    console = Console(width=width, highlight=False, force_terminal=False)
    with console.capture() as captured:
        for part in screen(counted_of(contest, count, NAMES), width, ASCII):
            console.print(part)
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= width
    assert all(line.isascii() for line in lines)
