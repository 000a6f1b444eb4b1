"""Facts about the rules that changed programs got away with: each test is here because a mutant lived without it."""

import pytest

from shared.contract.elections import Contest, Rules
from shared.rcv.count.java import JavaRandom, hash_order, string_hash
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.count.profile import Profile
from shared.rcv.count.tabulate import tabulate_counts, trace
from shared.rcv.count.ties import Tie, TieBreaker, UnresolvedTie
from tests.support.elections import contest


def level(ties: str, lot: str = "7") -> Contest:
    """Return a contest of four in which ties are settled by `ties`."""
    rules = Rules.model_validate({"ties": ties})
    return contest().model_copy(update={"rules": rules, "lot": lot})


def test_an_unresolved_tie_says_who_is_level_and_what_is_sought() -> None:
    """Whoever has to answer reads this sentence."""
    four = level("ask")
    with pytest.raises(UnresolvedTie) as raised:
        TieBreaker(four).pick((0, 2), "loser", [[1, 5, 1, 0]])
    names = [four.candidates[c].name for c in (0, 2)]
    expected = f"round 2: {names[0]}, {names[1]} are level and the rules say to ask who should be the loser"
    assert str(raised.value) == expected
    assert raised.value.tie == Tie(2, (0, 2), "loser")


def test_whoever_is_asked_hears_of_the_round_and_decides() -> None:
    """The question names the round, all who are level, and what is sought; the answer stands."""
    heard: list[Tie] = []

    def answer(tie: Tie) -> int:
        heard.append(tie)
        return 2

    ties = TieBreaker(level("ask"), answer)
    assert ties.pick((0, 2, 3), "winner", [[1, 1, 1, 1]]) == (2, "asked")
    assert ties.again().pick((0, 2), "loser", []) == (2, "asked")
    assert heard == [Tie(2, (0, 2, 3), "winner"), Tie(1, (0, 2), "loser")]


def test_who_is_asked_after_looking_back_hears_the_same() -> None:
    """Earlier rounds leave two level: they are asked about, in the round it is."""
    with pytest.raises(UnresolvedTie) as raised:
        TieBreaker(level("earlier-rounds-then-ask")).pick((0, 1, 2), "loser", [[3, 3, 4, 0], [2, 2, 2, 0]])
    assert raised.value.tie == Tie(3, (0, 1), "loser")


def test_an_answer_must_be_one_of_the_level() -> None:
    """Nobody else can be picked."""
    with pytest.raises(AssertionError, match="3 is not among the level ones"):
        TieBreaker(level("ask"), lambda _: 3).pick((0, 2), "winner", [])


def test_earlier_rounds_decide_from_the_last_round_back() -> None:
    """The most recent round in which they differ settles it: most votes win, fewest lose."""
    ties = TieBreaker(level("earlier-rounds-then-random"))
    history = [[9, 1, 5, 0], [2, 3, 2, 0], [4, 4, 4, 0]]
    assert ties.pick((0, 1, 2), "winner", history) == (1, "earlier-rounds")
    assert ties.pick((0, 1, 2), "loser", history) == (2, "earlier-rounds")


def test_earlier_rounds_only_decide_between_those_who_are_still_level() -> None:
    """Who fell behind in a later round is not brought back by an earlier one."""
    ties = TieBreaker(level("earlier-rounds-then-random"))
    history = [[1, 9, 5, 0], [3, 2, 3, 0]]
    assert ties.pick((0, 1, 2), "winner", history) == (2, "earlier-rounds")


def test_one_alone_is_picked_by_votes() -> None:
    """Nothing is drawn where nobody is level."""
    for rule in ("lot", "earlier-rounds-then-random"):
        assert TieBreaker(level(rule)).pick((3,), "winner", [[1, 1, 1, 1]]) == (3, "votes")
        assert TieBreaker(level(rule)).pick_looking_back((3,), "winner", [[1, 1, 1, 1]]) == (3, "votes")


def test_a_generator_goes_on_from_tie_to_tie_and_starts_afresh_with_each_count() -> None:
    """RCTab seeds java.util.Random once a count: the next tie of the same four draws another number."""
    ties = TieBreaker(level("random", lot="1"))
    drawn = [ties.pick((0, 1, 2, 3), "winner", []) for _ in range(12)]
    again = ties.again()
    assert [again.pick((0, 1, 2, 3), "winner", []) for _ in range(12)] == drawn
    assert len({candidate for candidate, _ in drawn}) > 1
    assert {settled_by for _, settled_by in drawn} == {"random"}


@pytest.mark.parametrize("rule", ["candidate-order", "lot", "permutation"])
def test_of_an_order_a_winner_is_the_first_and_a_loser_the_last(rule: str) -> None:
    """Picking winners one by one walks the order, picking losers walks it backwards."""
    ties = TieBreaker(level(rule))
    order = walk(ties, "winner")
    assert walk(ties, "loser") == order[::-1]
    assert ties.pick((0, 1, 2, 3), "winner", [])[1] == rule
    assert order == [0, 1, 2, 3] or rule != "candidate-order"


def walk(ties: TieBreaker, sought: str) -> list[int]:
    """Return who is picked of four, then of the other three, and so on."""
    left, picked = [0, 1, 2, 3], []
    while left:
        candidate, _ = ties.pick(left, "winner" if sought == "winner" else "loser", [])
        left.remove(candidate)
        picked.append(candidate)
    return picked


@pytest.mark.parametrize("rule", ["permutation", "candidate-order"])
def test_an_order_names_no_undeclared_write_ins(rule: str) -> None:
    """They are never the last of those who are level: an order is of declared names."""
    four = level(rule)
    candidates = (four.candidates[0].model_copy(update={"write_in": True}), *four.candidates[1:])
    ties = TieBreaker(four.model_copy(update={"candidates": candidates}))
    assert walk(ties, "loser")[-1] == 0


def test_javas_doubles_are_javas() -> None:
    """What new java.util.Random(42) says twice to nextDouble()."""
    random = JavaRandom(42)
    assert (random.next_double(), random.next_double()) == (0.7275636800328681, 0.6832234717598454)


@pytest.mark.parametrize(
    ("bound", "numbers"),
    [
        ((1 << 30) + 1, (117392763, 102948884, 662969970, 595021505, 196118093, 969067502)),
        (3 << 28, (757124762, 117392763, 661904880, 102948884, 662969970, 595021505)),
        (715_827_883, (117392763, 102948884, 662969970, 595021505, 713427636, 196118093)),
        ((1 << 31) - 1, (1562431130, 117392763, 1467211248, 102948884, 662969970, 2023087525)),
    ],
)
def test_javas_numbers_are_drawn_again_where_they_would_not_be_even(
    bound: int, numbers: tuple[int, ...]
) -> None:
    """What new java.util.Random(42) says to nextInt(bound), run in Java: of some bounds every second draw is lost."""
    random = JavaRandom(42)
    assert tuple(random.below(bound) for _ in numbers) == numbers


def test_the_level_are_drawn_from_in_the_order_of_their_names() -> None:
    """Random(42) says 0.73 to nextDouble(): the second by name of two, whatever their places."""
    four = level("random", "42")
    names = ("Damson", "Cherry", "Banana", "Apple")
    candidates = tuple(
        of.model_copy(update={"name": name}) for of, name in zip(four.candidates, names, strict=True)
    )
    ties = TieBreaker(four.model_copy(update={"candidates": candidates}))
    assert ties.pick([0, 1], "loser", []) == (0, "random")


def test_strings_are_hashed_by_their_16_bit_units() -> None:
    """Java's "\u0100a" has the hash 256 * 31 + 97."""
    assert string_hash("\u0100a") == 256 * 31 + 97
    assert string_hash("\ud800a") == 0xD800 * 31 + 97, "half of a pair is a unit too"


def test_within_a_bucket_the_order_of_arrival_stays() -> None:
    """Of sixteen buckets "a" and "q" share one, "b" and "c" do not."""
    for sized in (False, True):
        assert hash_order(["q", "a"], sized=sized) == ["q", "a"]
        assert hash_order(["c", "b"], sized=sized) == ["b", "c"]


def test_a_set_made_at_once_has_room_for_all() -> None:
    """Twelve strings: HashSet(Collection) makes 32 buckets of them, one that grew has 16 until the thirteenth."""
    names = [*"abcdefghijk", "q"]
    assert hash_order(names) == [*"aqbcdefghijk"]
    assert hash_order(names, sized=True) == names
    assert hash_order([*"abcdefghijkl", "q"]) == [*"abcdefghijkl", "q"]


def test_the_level_are_listed_as_a_set_made_at_once_before_one_is_drawn() -> None:
    """RCTab copies the tied into a HashSet for each earlier round it looks at."""
    names = (*"abcdefghijk", "q")
    of = contest(candidates=names)
    candidates = tuple(
        c.model_copy(update={"name": name}) for c, name in zip(of.candidates, names, strict=True)
    )
    for seed in range(20):
        twelve = of.model_copy(
            update={
                "candidates": candidates,
                "lot": str(seed),
                "rules": level("earlier-rounds-then-random").rules,
            }
        )
        picked, settled_by = TieBreaker(twelve).pick(range(12), "winner", [[1] * 12])
        expected = hash_order(names, sized=True)[int(JavaRandom(seed).next_double() * 12)]
        assert (names[picked], settled_by) == (expected, "random")


def test_rctabs_draws_need_a_whole_number() -> None:
    """A seed that is none is named, with the contest."""
    with pytest.raises(ValueError, match=r"contest 'fruit': ties are drawn as RCTab does.*found 'words'"):
        TieBreaker(level("random", lot="words"))


def test_a_count_records_who_was_level_and_what_settled_it() -> None:
    """Two ballots for two candidates: a tie for the last place of two, settled by the order given."""
    count = tabulate_counts({(0, "0"): 1, (0, "1"): 1, (0, "2"): 3, (0, "3"): 2}, level("candidate-order"), 1)
    first = count.rounds[0].decisions
    assert [(d.candidate, d.outcome, d.why, d.margin, d.tied, d.settled_by) for d in first] == [
        (1, "eliminated", "fewest", 0, (0, 1), "candidate-order")
    ]
    assert count.rounds[0].inactive == dict.fromkeys(ENDINGS, 0)


WARD = {(0, "0>1"): 7, (0, "1>2"): 4, (0, "2>1"): 2, (0, "3>2"): 1}
"""Two seats, quota 5: apple's surplus of 2 goes to banana, who is elected."""


def ward(seats: int = 2, ties: str = "lot") -> Contest:
    """Return the fruit contest by Scottish STV."""
    return level(ties).model_copy(update={"method": "scottish-stv", "seats": seats})


def test_stages_are_numbered_from_one_and_the_last_moves_nothing() -> None:
    """A stage that fills the last seat ends the count: no surplus moves, no ballot either."""
    count = tabulate_counts(WARD, ward(), 1)
    assert [stage.number for stage in count.rounds] == [1, 2]
    assert [stage.elected for stage in count.rounds] == [(0,), (1,)]
    assert count.rounds[0].transfers
    assert count.rounds[-1].transfers == ()


def test_a_trace_of_scottish_stv_has_a_snapshot_for_each_stage() -> None:
    """Where the ballots were is recorded for every stage, not only counted."""
    rankings = Profile(4, 1, ward().rules)
    rankings.add([(section, marks, ballots) for (section, marks), ballots in WARD.items()])
    traced = trace(rankings, ward())
    assert len(traced.snapshots) == len(traced.count.rounds) == 2


def test_whoever_is_asked_in_scottish_stv_hears_who_is_to_be_excluded() -> None:
    """Two level for the last place, at every stage: one of them is to lose."""
    heard: list[Tie] = []

    def answer(tie: Tie) -> int:
        heard.append(tie)
        return tie.candidates[0]

    counts = {(0, "0"): 3, (0, "1"): 3, (0, "2"): 1, (0, "3"): 1}
    tabulate_counts(counts, ward(1, "ask"), 1, answer)
    assert heard[0] == Tie(1, (2, 3), "loser")


def test_votes_are_whole_numbers_of_units_where_64_bits_do_not_hold_them() -> None:
    """Three million million ballots: a ballot passes on all but what five places cut off, to the unit."""
    many = 10**12
    counts = {(0, "0>1"): 2 * many + 1, (0, "1"): 1, (0, "2"): many // 2, (0, "3"): many // 3}
    first, second = tabulate_counts(counts, ward(), 1).rounds[:2]
    surplus = first.votes[0] - (first.threshold or 0)
    each = 10**5 * surplus // first.votes[0]
    assert second.votes[1] == 10**5 + each * (2 * many + 1)
    assert all(type(units) is int for units in second.votes)
