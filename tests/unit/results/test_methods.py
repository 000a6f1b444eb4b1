"""A contest's page, sentences and CSV by every method: seats, quotas, divided votes, scores."""

import csv
import re
from collections import Counter
from fractions import Fraction
from html import unescape
from io import StringIO
from itertools import pairwise
from typing import get_args

import pytest

from services.counting.rounds import Rounds as CountingRounds
from services.counting.tally import PartitionOf, Tally
from services.results.exports import rounds_csv
from services.results.pages import environment
from services.results.views.account import account
from services.results.views.contest import contest_page
from services.results.views.declaration import declaration
from services.results.views.next import FirstOut
from services.results.views.rounds import Rounds
from services.results.views.sankey import flows_between, sankey
from services.results.views.table import bar_width, colours_of
from services.results.views.whatif import WhatIfs
from services.validation.judge import Judge
from shared.contract.codec import decode_as, encode
from shared.contract.elections import Contest, ContestMethod, Method, Phase, Rules, TieRule
from shared.contract.standings import Ending, SettledBy, Standing, decimal
from shared.rcv.contract_rounds import what_if_of
from shared.rcv.count.profile import Profile, RankingCounts
from shared.rcv.count.rounds import Why
from shared.rcv.narrate import sentences, tables, transfers, words
from shared.rcv.narrate.counted import counted_in
from shared.rcv.narrate.tables import rounds_table
from shared.rcv.scenarios import what_if
from tests.support.elections import LOG_ID, ROOT_KEY, Life, contest, election
from tests.support.evidence import OUTPUTS
from tests.support.standings import PROFILE, college, standing, standing_by, surplus
from tests.support.strategies import SEVERAL_SEATS


def of(method: Method, phase: Phase = Phase.CLOSED) -> Standing:
    """Return a standing of a contest for as many seats as the method can fill, up to two."""
    return standing(5, phase, method=method, seats=2 if method in SEVERAL_SEATS else 1)


def page(found: Standing) -> str:
    """Return the text of the part of a contest's page that changes."""
    html = environment().get_template("standing.html").render(view=contest_page(found, 1))
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def sentences_of(found: Standing) -> list[str]:
    """Return the sentence of each round."""
    counted = counted_in(found)
    return [sentences.round_sentence(counted, round_) for round_ in counted.rounds]


def headline(found: Standing) -> str:
    """Return the one sentence that matters."""
    return sentences.headline(counted_in(found))


def lines(found: Standing) -> tuple[tables.Line, ...]:
    """Return the candidates in the table of all rounds."""
    return tables.rounds_table(counted_in(found)).lines


def moves(found: Standing) -> list[transfers.Transfers]:
    """Return where votes go after each round."""
    counted = counted_in(found)
    return [moved for round_ in counted.rounds if (moved := transfers.transfers(counted, round_))]


def rounds(found: Standing) -> Rounds:
    """Return what the page shows of the rounds."""
    shown = contest_page(found, 1).rounds
    assert shown is not None
    return shown


@pytest.mark.parametrize("phase", [Phase.OPEN, Phase.CLOSED])
@pytest.mark.parametrize("method", get_args(Method))
def test_every_method_has_a_page_and_words(method: Method, phase: Phase) -> None:
    """What the record carries is what it was; the page names the method and everybody elected."""
    found = of(method, phase)
    assert decode_as(Standing, encode(found)) == found
    assert words.how(found.contest) in page(found)
    names = counted_in(found).names
    assert found.elected
    assert all(names[winner] in headline(found) for winner in found.elected)


def test_every_code_of_a_count_has_its_words() -> None:
    """Methods, reasons to be elected or eliminated, to stop, and what settles a tie."""
    assert words.METHOD_IN_WORDS.keys() == set(get_args(ContestMethod))
    assert words.TIE_IN_WORDS.keys() == set(get_args(SettledBy)) - {"votes"}
    assert words.ENDING_IN_WORDS.keys() == set(Ending)
    assert words.ENDING_OF_BALLOT.keys() == set(Ending) - {Ending.RESIDUE}
    assert words.ELIMINATED_IN_WORDS.keys() | words.ELECTED_IN_WORDS.keys() | {"largest-surplus"} == set(
        get_args(Why)
    )


@pytest.mark.parametrize("method", get_args(Method))
def test_a_csv_of_any_method_adds_up(method: Method) -> None:
    """Votes, inactive ones and residue make all ballots, in decimals where votes are divided."""
    found = of(method)
    lines = list(csv.DictReader(StringIO(rounds_csv(found))))
    for round_ in found.rounds:
        votes = [
            Fraction(line["votes"])
            for line in lines
            if line["round"] == str(round_.number) and line["section"] == "all"
        ]
        assert sum(votes) == found.balance.accepted


def test_a_csv_says_what_became_of_each_candidate() -> None:
    """Elected in one round, seated in those after it; scores in points."""
    stv = [line for line in csv.DictReader(StringIO(rounds_csv(surplus()))) if line["section"] == "all"]
    assert [line["outcome"] for line in stv if line["candidate_id"] == "apple"] == [
        "elected",
        *["seated"] * 3,
    ]
    assert next(line["votes"] for line in stv if line["candidate_id"] == "banana") == "5.00000"
    scored = csv.DictReader(StringIO(rounds_csv(college())))
    assert next(line["points"] for line in scored if line["candidate_id"] == "banana") == "30.62"


def test_a_surplus_is_followed_stage_by_stage() -> None:
    """Five places by the Scottish rules, worked out by hand: 7 of Apple's 18 votes move on, each paper at 7/18."""
    found = surplus()
    assert decimal(found.rounds[1].votes["banana"], found.places) == "9.27768"  # 5 + 11 x 0.38888
    assert sentences_of(found)[0] == (
        "Apple with 18 votes reaches the quota of 11 and is elected. The surplus of Apple, 7 votes, is transferred:"
        " 61.1% go to Banana, 33.3% to Damson and 5.6% to Cherry."
    )
    assert sentences_of(found)[2].startswith("Damson is eliminated with 6.33 votes, 2.94 behind the next.")
    assert headline(found) == "Apple and Banana are elected."


def test_a_page_of_seats_shows_quota_residue_and_the_withdrawn() -> None:
    """The quota is called so, what fixed places lost is a line, and who withdrew is not called eliminated."""
    shown = page(surplus())
    assert "2 of 2 seats filled" in shown
    assert "Quota: 11." in shown
    moved = rounds(surplus()).transfers
    assert moved is not None
    first = dict(zip(moved.columns[1:], moved.rows[0].cells, strict=True))
    assert first["Lost to rounding"].text == "0.00016"
    assert "Elderberry withdrawn" in shown
    assert lines(surplus())[-1].name == "Elderberry"


def test_moves_add_up_to_what_leaves() -> None:
    """Receivers, what a reason stopped and what was lost; a column for each source where several move."""
    methods: tuple[Method, ...] = ("scottish-stv", "meek", "stv-wigm")
    for method in methods:
        for table in moves(surplus(method=method)):
            assert sum(receiver.votes for receiver in table.receivers) == table.votes
            assert all(sum(receiver.by_source) == receiver.votes for receiver in table.receivers)
    (together,) = moves(of("supplementary"))
    assert together.sources == ("Cherry", "Damson")
    assert all(sum(receiver.by_source) == receiver.votes for receiver in together.receivers)
    assert "of the surplus of Apple" in moves(surplus())[0].what


def test_nothing_of_seats_is_a_fact_until_the_close() -> None:
    """Would be elected, at present, would be transferred, ahead, last."""
    live = surplus(Phase.OPEN)
    assert headline(live) == "Apple and Banana would be elected if it ended now."
    shown = page(live)
    assert "2 of 2 seats filled, if it ended now" in shown
    assert "reaches the quota of 11 at present. The surplus of Apple, 7 votes, would be transferred" in shown
    assert not re.search(r"\b(is|are) (elected|eliminated|transferred)\b|\bElected\b", shown)
    assert not re.search(r"\b(elected|eliminated)\b(?! if it ended now)", shown)


def test_whoever_is_elected_stays_in_the_table() -> None:
    """Those elected before keep the quota, and are marked in each round."""
    found = surplus()
    found = found.model_copy(update={"rounds": found.rounds[:2]})
    (apple,) = [row for row in rounds(found).shown.rows if row.name == "Apple"]
    assert (apple.tag, apple.cells[0].text) == ("Elected", "11")
    assert apple.cells[-1].text == "\N{MINUS SIGN}7.00"


def test_each_seat_of_a_sequence_starts_afresh() -> None:
    """Whoever has a seat is out of the next run-off, and nobody gains from one to the next."""
    found = surplus(method="sequential-irv")
    apple, banana = rounds(found).every.rows[:2]
    assert [apple.cells[0].below, apple.cells[1].unseen] == ["elected", "elected"]
    assert (apple.cells[1].text, banana.cells[1].text) == ("", "16")
    assert {row.cells[-1].text for row in rounds(found).shown.rows} == {""}
    assert "Final round: round 2, for seat 2" in page(found)


def test_an_electoral_college_is_given_in_points() -> None:
    """Sections of 50, 30 and 20 points: the points that sections bring make each score, to the last fraction."""
    found = college()
    for round_ in found.rounds:
        for line in tables.section_lines(counted_in(found), round_):
            assert sum(line.brings) == Fraction(round_.scores[line.candidate].exact)
        assert sum(Fraction(score.exact) for score in round_.scores.values()) == 1
    # 50 x 4/9 of the board, 30 x 40/86 of the members, all 20 of the friends
    assert headline(found) == "Banana is elected in round 2 with 56.18% of the electoral college."
    assert sentences_of(found)[0].startswith("Cherry is eliminated with 28.70% of the electoral college, ")
    assert "More than 50% of the electoral college elects." in page(found)


@pytest.mark.parametrize(
    ("rule", "settled"),
    [
        ("lot", "the published lot"),
        ("random", "a draw from the published seed"),
        ("earlier-rounds-then-random", "the most recent round in which they differ"),
        ("candidate-order", "their order on the ballot"),
        ("permutation", "the order drawn from the published seed"),
    ],
)
def test_a_tie_says_what_settled_it(rule: TieRule, settled: str) -> None:
    """Banana and Cherry are level in the second round; in the first Banana was ahead."""
    rules = Rules(ties=rule, finish="last-two")
    fruit = contest().model_copy(update={"rules": rules, "lot": "7"})
    ballots = {(0, "0"): 9, (0, "1"): 5, (0, "2"): 4, (0, "3>2"): 1}
    first, second, *_ = sentences_of(standing_by(fruit, ballots, Phase.CLOSED))
    assert "level" not in first
    assert f"Banana and Cherry are level with 5 votes; {settled} settles it." in second


def test_the_votes_that_elect_have_their_name() -> None:
    """Majority for one, quota for several, and a percentage that has to be exceeded."""
    several = contest().model_copy(update={"seats": 2})
    assert words.threshold_name(contest()) == "Majority"
    assert words.threshold_name(contest(first_round_threshold=True)) == "Majority of the first round"
    assert words.threshold_name(several.model_copy(update={"method": "stv-wigm"})) == "Quota"
    assert words.threshold_name(several.model_copy(update={"method": "sequential-irv"})) == "Majority"
    assert (
        words.threshold_name(contest().model_copy(update={"rules": Rules(percentage=15)}))
        == "More than 15% of the votes"
    )


def test_everybody_stands_on_one_axis_and_who_has_left_is_not_gone() -> None:
    """A full bar is all continuing votes, the majority just beyond its middle; any round can be shown."""
    found = standing(5, Phase.CLOSED)
    last, first = contest_page(found, 1).rounds, contest_page(found, 1, 1).rounds
    assert last is not None
    assert first is not None
    banana = last.shown.rows[0]
    assert banana.cells[1].text == "55.0%"
    bar = banana.cells[2].bar
    assert bar is not None
    assert (bar.width, bar.mark) == ("55.00", "51.00")
    assert [(row.name, row.tag) for row in last.shown.rows if row.kind == "gone"] == [
        ("Cherry", "Eliminated in round 2"),
        ("Damson", "Eliminated in round 1"),
    ]
    assert [row.kind for row in first.shown.rows] == [""] * 4
    assert [step.current for step in first.steps] == [True, False, False]
    assert contest_page(found, 1, 99).rounds == last


def test_every_transfer_is_a_bar_and_a_line_of_one_table() -> None:
    """The parts of each bar begin where the one before ends; the line has the same receivers."""
    shown = rounds(surplus())
    assert shown.transfers is not None
    assert [flow.round for flow in shown.flows] == [row.name.split(":")[0] for row in shown.transfers.rows]
    for flow, row in zip(shown.flows, shown.transfers.rows, strict=True):
        ends = [float(part.left) + float(part.width) for part in flow.parts]
        starts = [float(part.left) for part in flow.parts[1:]]
        assert starts == pytest.approx(ends[:-1], abs=0.02)
        received = dict(zip(shown.transfers.columns[2:], row.cells[1:], strict=True))
        assert {part.name for part in flow.parts} == {name for name, cell in received.items() if cell.text}


EVERY_COUNT = (
    standing(3, Phase.OPEN),
    surplus(),
    surplus(method="meek"),
    surplus(method="stv-wigm"),
    college(),
    standing(2, Phase.CLOSED, method="sequential-irv", seats=2),
    standing(2, Phase.CLOSED, method="bottoms-up", seats=2),
)


@pytest.mark.parametrize(
    "found", EVERY_COUNT, ids=lambda found: f"{found.contest.method}-{found.contest.seats}"
)
def test_the_drawing_of_transfers_adds_up(found: Standing) -> None:
    """What reaches a part of a bar is the part, in every round; bars are full; bands of all that moves are there."""
    counted = counted_in(found)
    for before, after in pairwise(counted.rounds):
        reached: Counter[str] = Counter()
        for flow in flows_between(before, after):
            reached[flow.target] += flow.votes
        rest = sum(after.inactive.values()) + after.residue
        expected = {
            **{name: votes for name, votes in after.votes.items() if votes},
            **({"": rest} if rest else {}),
        }
        assert reached == (expected if before.run == after.run else {})
    drawn = sankey(counted, rounds_table(counted), colours_of(counted))
    assert drawn is not None
    for bar in drawn.bars:
        assert float(bar.parts[0].left) == 0
        assert float(bar.parts[-1].left) + float(bar.parts[-1].width) == pytest.approx(100, abs=0.02)
    runs = [(before, after) for before, after in pairwise(counted.rounds) if before.run == after.run]
    moving = sum(1 for band in drawn.bands if not band.stays)
    assert moving == sum(
        1 for before, _ in runs for of in before.transfers if of.votes and of.ending != "residue"
    )


def test_the_account_of_ballots_adds_up_and_explains_every_line() -> None:
    """Also what was taken out after it had been counted, which no reason of a record tells."""
    found = standing(3, Phase.OPEN)
    held = {
        "accepted": 70,
        "voided": 3,
        "duplicate": 2,
        "cast": 75,
        "reasons": {"accepted": 72, "already-voted": 2, "void-elector": 1},
    }
    table = account(found.model_copy(update={"balance": found.balance.model_copy(update=held)}))
    lines = {row.name: [] for row in table.rows}  # type: ignore[var-annotated]
    for row in table.rows:
        lines[row.name].append(int(row.cells[0].text))
        assert len(row.cells[1].text) > 20
    assert lines == {"Accepted": [70], "Duplicate": [2], "Voided": [2, 1], "All that were recorded": [75]}


def test_a_declaration_has_the_result_its_hashes_and_lines_to_sign_and_only_of_a_final_result() -> None:
    """A name, first and last votes, what became of each; of a live count there is none."""
    found = surplus()
    shown = declaration(found, 1)
    assert shown.result is not None
    assert [[row.name, *(cell.text for cell in row.cells)] for row in shown.result.rows] == [
        ["Apple", "18.00000", "11.00000", "elected"],
        ["Banana", "5.00000", "13.27768", "elected"],
        ["Damson", "4.00000", "6.33328", "eliminated"],
        ["Cherry", "4.00000", "4.38888", "eliminated"],
        ["Elderberry", "0.00000", "0.00000", "withdrawn"],
    ]
    facts = dict(shown.facts)
    assert (facts["Result"], facts["Definition"]) == (found.result_hash, found.config_hash)
    assert facts["Quota"] == "11"
    html = environment().get_template("declaration.html").render(view=shown)
    assert html.count("<li>") == 3
    assert "Apple and Banana are elected." in html
    live = environment().get_template("declaration.html").render(view=declaration(surplus(Phase.OPEN), 1))
    assert "No declaration yet" in live
    assert "Apple" not in live


def test_what_if_names_who_is_elected_and_where_every_vote_goes() -> None:
    """By hand: without Banana her 7 go to nobody, and Apple has 9 where Cherry has 4 and 2 of Damson's."""
    fruit = contest()
    held = standing_by(fruit, PROFILE, Phase.CLOSED)
    answers = what_if_of(what_if(Profile.of(fruit, 2, [(*of, n) for of, n in PROFILE.items()]), fruit), fruit)
    shown = contest_page(held.model_copy(update={"what_if": answers}), 1).rounds
    assert shown is not None
    assert shown.what_if is not None
    lines = {row.name: row.cells for row in shown.what_if.drop_outs.rows}
    assert [(cell.text, cell.strong) for cell in lines["Banana"][:2]] == [("Apple", True), ("7", False)]
    assert lines["Banana"][2].text == "100.0% no further choice"
    assert [(cell.text, cell.strong) for cell in lines["Apple"][:2]] == [("Banana", False), ("9", False)]
    assert lines["Apple"][2].text == "100.0% Banana"
    assert lines["Damson"][2].text == "66.7% Cherry, 33.3% no further choice"


def test_two_who_drop_out_are_answered_with_each_of_the_two() -> None:
    """By hand: without Banana, Apple has most unless she went too; a pair says the same in both places."""
    shown = asked(contest(), PROFILE, Phase.OPEN).of_two
    said = {(one.name, other.name): (other.elected, other.changes) for one in shown for other in one.others}
    assert said == {
        (one, other): (who, who != "Banana")
        for pair, who in {
            ("Apple", "Banana"): "Cherry",
            ("Apple", "Cherry"): "Banana",
            ("Apple", "Damson"): "Banana",
            ("Banana", "Cherry"): "Apple",
            ("Banana", "Damson"): "Apple",
            ("Cherry", "Damson"): "Banana",
        }.items()
        for one, other in (pair, pair[::-1])
    }
    assert {one.name: one.in_short for one in shown} == {
        "Apple": "Banana in 2 of 3",
        "Banana": "Apple in 2 of 3",
        "Cherry": "Banana in 2 of 3",
        "Damson": "Banana in 2 of 3",
    }


def asked(of: Contest, profile: RankingCounts, phase: Phase) -> WhatIfs:
    """Return what a page says of its what-ifs."""
    ballots = Profile.of(of, 2, [(*ranking, n) for ranking, n in profile.items()])
    answers = what_if_of(what_if(ballots, of, with_two=True), of)
    shown = contest_page(standing_by(of, profile, phase).model_copy(update={"what_if": answers}), 1).rounds
    assert shown is not None
    assert shown.what_if is not None
    return shown.what_if


def test_the_first_screen_says_whose_dropping_out_would_change_the_result() -> None:
    """Banana's own, and nobody else's; with two seats also that of one who has none, and whom it puts out."""
    assert asked(contest(), PROFILE, Phase.OPEN).in_short == (
        "If Banana dropped out, Apple would be elected. Whoever else dropped out, Banana would still be elected."
    )
    close = {(0, "0>2"): 8, (0, "1"): 7, (1, "2>1"): 6, (1, "3>1"): 5}
    said = asked(contest(), close, Phase.CLOSED).in_short
    assert said == (
        "If Banana dropped out, Apple would be elected."
        " If Apple dropped out, Cherry would be elected in place of Banana."
    )
    two = contest().model_copy(update={"seats": 2, "method": "bottoms-up"})
    assert asked(two, PROFILE, Phase.OPEN).in_short == (
        "If Apple or Banana dropped out, Cherry would be elected."
        " Anybody who has no seat could drop out, and the same would be elected."
    )


@pytest.mark.parametrize(
    ("safe_up_to", "electors", "words"),
    [
        (None, 40, ""),
        (0, 40, "No: 40 electors can still vote, and even one ballot might change who is elected."),
        (
            3,
            40,
            "No: 40 electors can still vote. Whatever the next 3 of them vote, Banana is elected; more might",
        ),
        (40, 40, "Yes: Banana is elected even if all 40 electors who have not voted yet vote otherwise."),
    ],
)
def test_the_first_screen_says_whether_it_is_certain(
    safe_up_to: int | None, electors: int, words: str
) -> None:
    """Of the electors who have not voted."""
    open_ = standing_by(contest(), PROFILE, Phase.OPEN)
    line = open_.turnout[0].model_copy(update={"electors": open_.turnout[0].accepted + electors})
    others = [of.model_copy(update={"electors": of.accepted}) for of in open_.turnout[1:]]
    answers = what_if_of(
        what_if(Profile.of(contest(), 2, [(*of, n) for of, n in PROFILE.items()]), contest()), contest()
    ).model_copy(update={"safe_up_to": safe_up_to})
    shown = contest_page(open_.model_copy(update={"what_if": answers, "turnout": (line, *others)}), 1).rounds
    assert shown is not None
    assert shown.what_if is not None
    assert shown.what_if.safe.startswith(words)
    assert bool(shown.what_if.safe) == bool(words)


def test_every_final_stands_by_its_candidate_too() -> None:
    """What a phone shows in place of the table: the same shares, who wins most first."""
    shown = asked(contest(), PROFILE, Phase.CLOSED)
    grid = [[cell.text for cell in row.cells if cell.text] for row in shown.finals.rows]
    assert [[other.share for other in one.against] for one in shown.finalists] == grid
    assert [one.name for one in shown.finalists] == [row.name for row in shown.finals.rows]
    first = shown.finalists[0]
    assert (first.name, first.won) == ("Banana", "wins 3 of 3")
    assert [other.wins for other in first.against] == [True] * 3


def first_out(found: Standing) -> FirstOut:
    """Return who goes first."""
    out = rounds(found).first_out
    assert out is not None
    return out


def test_by_quota_too_the_first_to_go_is_who_goes() -> None:
    """Not who reaches the quota in the first round."""
    held = surplus(Phase.OPEN)
    assert rounds(held).story[-1].sentence.startswith("Apple with 18 votes reaches the quota")
    assert first_out(held).sentence.startswith("Cherry is last at present")


def test_who_goes_first_is_said_while_ballots_come() -> None:
    """Not after the close. Where the votes go is a bar of all of them, nobody's part included."""
    out = first_out(standing(5, Phase.OPEN))
    assert out.who == "Damson is last at present with 15 votes, 5 behind the next."
    assert out.sentence.startswith(out.who)
    assert [(part.name, part.share, part.colour) for part in out.parts] == [
        ("Cherry", "66.7%", "c2"),
        ("Nobody: no further choice", "33.3%", "none"),
    ]
    assert rounds(standing(5, Phase.CLOSED)).first_out is None


def test_many_receivers_are_named_up_to_four() -> None:
    """The others are one part, and all parts together are the whole bar."""
    of = contest(candidates=tuple("abcdefgh"))
    profile = {(0, f"7>{place}"): place + 1 for place in range(7)} | {
        (0, str(place)): 40 + place for place in range(7)
    }
    out = first_out(standing_by(of, profile, Phase.OPEN))
    assert [part.name for part in out.parts] == ["G", "F", "E", "D", "3 others"]
    assert float(out.parts[-1].left) + float(out.parts[-1].width) == pytest.approx(100, abs=0.02)


def test_bars_are_drawn_to_the_longest() -> None:
    """Of 100; nothing is drawn of nothing."""
    assert (bar_width(1, 3), bar_width(3, 3), bar_width(0, 0)) == ("33.33", "100.00", "0")


@pytest.mark.parametrize("method", ["scottish-stv", "meek", "stv-wigm", "electoral-college"])
def test_ballots_become_a_page(method: Method) -> None:
    """Cast, judged, tallied, counted, encoded, shown: the page has the votes of the ballots that were cast."""
    definition = election(method=method, seats=2 if method in SEVERAL_SEATS else 1)
    life = Life(definition, sections={elector: elector % 2 for elector in range(40)})
    ballots = ["0>1>2"] * 11 + ["0>3"] * 6 + ["1>2"] * 5 + ["2"] * 4 + ["3>2>1"] * 4
    cast = life.pack(*[life.cast(elector, marks, "0") for elector, marks in enumerate(ballots)])
    judge = Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS)
    tally, counting = Tally(0, 1, "tallies", PartitionOf(1)), CountingRounds(0, "counts")
    judge.apply([*life.begin()[0], cast, life.closed()])
    tally.apply([out.value for out in judge.drain() if out.topic == OUTPUTS.judged])
    counting.apply([outgoing.value for outgoing in tally.drain()])
    standings = [decode_as(Standing, outgoing.value) for outgoing in counting.drain()]

    (found,) = [standing for standing in standings if standing.contest.id == "fruit"]
    assert found.rounds[0].votes["apple"] == 17 * 10**found.places
    first = next(row for row in rounds(found).every.rows if row.name == "Apple")
    assert f"Apple {first.cells[0].text}" in page(found)
    assert found.elected[0] == "apple"


def test_a_name_from_right_to_left_turns_no_figures_around() -> None:
    """In sentences it stands in isolates, as elements isolate it elsewhere; what is downloaded has the name as it is."""
    dora = "דורה"
    fruit = contest()
    named = fruit.model_copy(
        update={"candidates": (*fruit.candidates[:3], fruit.candidates[3].model_copy(update={"name": dora}))}
    )
    found = standing_by(named, PROFILE, Phase.OPEN)

    assert f"\u2068{dora}\u2069 is last at present with 3 votes" in page(found)
    assert "\u2068" not in rounds_csv(found)
    assert "\u2068" not in page(standing_by(fruit, PROFILE, Phase.OPEN))


def test_who_is_out_folds_away_where_there_are_many() -> None:
    """With the votes they had at the end; up to eight stand below those in the count."""
    few, many = (contest(candidates=tuple(f"c{n}" for n in range(size))) for size in (10, 20))
    ballots = {(0, f"{n}>0"): 30 - n for n in range(20)}
    short = rounds(standing_by(few, {key: n for key, n in ballots.items() if n > 20}, Phase.CLOSED))
    long = rounds(standing_by(many, ballots, Phase.CLOSED))
    assert short.out is None
    assert long.out is not None
    out = long.out.table.rows
    assert len(out) + len(long.shown.rows) == 20
    assert (out[-1].name, *(cell.text for cell in out[-1].cells)) == ("C19", "Eliminated in round 1", "11")


def test_a_section_s_share_is_divided_as_its_votes_are() -> None:
    """By hand, round 2: of the board's 50 points banana has 4 of 9 votes; friends' 20 points are all hers."""
    board, members, friends = rounds(college()).shares
    assert board.what == "9 votes bring 50.00 of 100 points"
    assert [(part.name, part.share, part.left, part.width) for part in board.parts] == [
        ("Banana", "22.22 points", "0.00", "44.44"),
        ("Apple", "27.78 points", "44.44", "55.55"),
    ]
    assert [part.width for part in members.parts] == ["27.90", "32.09"]
    assert friends.what == "300 votes bring 20.00 of 100 points"


def test_a_paused_vote_says_so() -> None:
    """In the badge and in words; after the close nothing is paused."""
    assert contest_page(standing(3, Phase.PAUSED), 1).badge == "Paused"
    assert "Voting is paused" in page(standing(3, Phase.PAUSED))
    assert "paused" not in page(standing(3, Phase.CLOSED))


def test_a_seat_says_since_when_and_how_far_above_the_quota() -> None:
    """Apple has a seat in all four rounds, 7 above the quota of 11; Banana in the last one alone."""
    apple, banana = rounds(surplus()).seats
    assert (apple.name, apple.when, apple.before) == (
        "Apple",
        "in round 1, with the quota, 7 above it",
        "0.00",
    )
    assert (banana.name, banana.before) == ("Banana", "75.00")


def test_rounds_of_run_offs_stand_by_the_seat_that_they_are_about() -> None:
    """A first round of each names its seat; other methods' rounds name none."""
    found = rounds(of("sequential-irv"))
    firsts = {step.number: step.seat for step in found.steps if step.seat}
    assert list(firsts.values()) == [1, 2]
    assert min(firsts) == 1
    assert not any(step.seat for step in rounds(surplus()).steps)
