"""How the second tabulator decides between candidates who are level."""

from hashlib import blake2b

import pytest

from services.audit.tabulate import Round, tabulate
from services.audit.tabulate.java import JavaRandom, in_hash_order
from services.audit.tabulate.ties import Ties
from shared.contract.elections import TieRule
from tests.support.letters import cast, letters


def test_java_draws_what_its_documentation_says() -> None:
    """From seed 42: nextDouble 0.7275636800328681, 0.6832234717598454; nextInt(10) 0, 3, 8."""
    doubles, whole = JavaRandom(42), JavaRandom(42)
    assert [doubles.place(10**15) for _ in range(2)] == [727563680032868, 683223471759845]
    assert [whole.below(10) for _ in range(3)] == [0, 3, 8]


def test_a_power_of_two_is_drawn_from_the_high_bits() -> None:
    """From seed 42 nextInt(16) is -1170105035 as 31 bits, over 2**27."""
    assert JavaRandom(42).below(16) == (2**32 - 1170105035) >> 28


def test_a_shuffle_is_a_permutation_that_the_seed_fixes() -> None:
    """Each place is exchanged with one at or before it, from the end."""
    deck = list("abcdef")
    draws = JavaRandom(7)
    expected = list(deck)
    for size in (6, 5, 4, 3, 2):
        other = draws.below(size)
        expected[size - 1], expected[other] = expected[other], expected[size - 1]
    assert JavaRandom(7).shuffled(deck) == expected
    assert sorted(expected) == deck


def level(rule: TieRule, lot: str = "5", earlier: tuple[Round, ...] = ()) -> Ties:
    """Return the tie rule of a contest of four."""
    return Ties(letters(4, ties=rule, lot=lot), earlier, None)


def test_of_the_lot_the_lowest_falls_and_the_highest_wins() -> None:
    """The digests can be computed by anybody."""
    order = sorted("abc", key=lambda c: blake2b(f"5/{c}".encode()).hexdigest())
    assert (level("lot").loser(list("cab")), level("lot").winner(list("cab"))) == (order[0], order[-1])


def test_a_random_draw_picks_from_the_names_in_order() -> None:
    """One generator for the whole count: the second draw goes on where the first one ended."""
    ties, draws = level("random", "42"), JavaRandom(42)
    expected = ["abcd"[draws.place(4)], "bd"[draws.place(2)]]
    assert [ties.loser(list("dbca")), ties.winner(list("db"))] == expected


def test_names_are_in_the_order_of_their_utf16_units() -> None:
    """A character beyond the basic plane sorts before U+FF21, though its code point is higher."""
    names = {"a": "\uff21", "b": "\U0001d400"}
    of = letters(2, ties="random", lot="42")
    renamed = of.model_copy(
        update={"candidates": tuple(c.model_copy(update={"name": names[c.id]}) for c in of.candidates)}
    )
    assert Ties(renamed, (), None).loser(["a", "b"]) == "ba"[JavaRandom(42).place(2)]


def test_in_a_given_order_the_latest_falls_and_the_earliest_wins() -> None:
    """Whatever the order of the names."""
    ties = level("candidate-order")
    assert (ties.loser(["c", "b"]), ties.winner(["c", "b"])) == ("c", "b")


def test_a_permutation_is_drawn_once_from_all_who_were_declared() -> None:
    """The excluded are shuffled too; write-ins have no place: of those level with them another one falls."""
    order = [c for c in JavaRandom(9).shuffled(["a", "b", "c"]) if c != "b"]
    ties = Ties(letters(4, ties="permutation", lot="9", excluded="b", write_in="d"), (), None)
    assert (ties.loser(["a", "c", "d"]), ties.winner(["a", "c"])) == (order[-1], order[0])


def test_earlier_rounds_are_looked_at_from_the_last_one_back() -> None:
    """In round 2 c had more; in round 1 b had fewer than a."""
    earlier = (Round({"a": 3, "b": 2, "c": 1}, {}), Round({"a": 4, "b": 4, "c": 5}, {}))
    ties = level("earlier-rounds-then-random", earlier=earlier)
    assert (ties.loser(list("abc")), ties.winner(list("abc"))) == ("b", "c")


def test_who_was_level_in_every_round_is_drawn() -> None:
    """Among those left in question only."""
    earlier = (Round({"a": 3, "b": 2, "c": 2}, {}),)
    assert (
        level("earlier-rounds-then-random", "42", earlier).loser(list("cba")) == "bc"[JavaRandom(42).place(2)]
    )


@pytest.mark.parametrize("rule", ["lot", "random", "candidate-order", "permutation"])
def test_a_tie_for_the_last_place_is_settled_and_the_count_goes_on(rule: TieRule) -> None:
    """One of two falls, and a wins."""
    rounds = tabulate(cast(a=3, b=2, c=2), letters(3, ties=rule, lot="1"))
    assert len(rounds[0].eliminated) == 1
    assert rounds[1].elected == ("a",)


def test_java_holds_strings_by_their_hash_codes() -> None:
    """Codes 65, 97 and 2112, the last of "Aa" and "BB" both, in 16 buckets: 1, 1, and 0 for either, as they came."""
    assert in_hash_order(["w", "x", "y", "z"], ["a", "BB", "A", "Aa"]) == ["x", "z", "w", "y"]


def test_twelve_strings_need_more_buckets() -> None:
    """The code of "P" is 80, of "A" 65: with 16 buckets they lie in 0 and 1, with 32 in 16 and 1."""
    names = list("PABCDEFGHIJK")
    assert in_hash_order(names[:11], names[:11])[0] == "P"
    assert in_hash_order(names, names)[-1] == "P"
