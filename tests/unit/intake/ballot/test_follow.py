"""Where a vote goes, in sentences: they say what the count does."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.ballot.follow import follow
from services.intake.ballot.words import FOLDER, SENTENCES
from shared.contract.ballots import format_marks
from shared.contract.elections import Contest, Method
from shared.rcv.count.normalise import normalise
from shared.runtime.process.languages import languages
from tests.support.budgets import town
from tests.support.elections import FRUIT, contest

ENGLISH = languages(FOLDER)["en"]
NAMES = tuple(name.title() for name in FRUIT)


def plain(of: Contest, *ranks: tuple[int, ...], out: frozenset[int] = frozenset()) -> tuple[str, list[str]]:
    """Return the line and the notes of a ranking as plain text."""
    found = follow(of, out, ranks)
    line, notes = (
        [ENGLISH.sentence(SENTENCES[key], values).striptags() for key, values in part] for part in found
    )
    return " ".join(line), notes


def by(method: Method, seats: int = 1, **rules: Any) -> Contest:
    """Return the contest of four fruit, by a method."""
    return contest(**rules).model_copy(update={"method": method, "seats": seats})


def test_a_vote_is_followed_from_one_candidate_to_the_next() -> None:
    """No pronoun stands for a candidate."""
    assert plain(contest(), (1,), (0,)) == (
        "Your vote goes to Banana. If Banana is eliminated, it goes to Apple. If Apple is eliminated too, it stops there.",
        ["You have ranked 2 of 4. That is allowed; the more you rank, the longer your vote counts."],
    )


def test_who_ranks_everybody_is_not_warned_that_it_stops() -> None:
    """The last one left is never out."""
    assert plain(contest(), (0,), (1,), (2,), (3,)) == (
        (
            "Your vote goes to Apple. If Apple is eliminated, it goes to Banana. If Banana is eliminated too, it goes to Cherry."
            " If Cherry is eliminated too, it goes to Damson."
        ),
        [],
    )


def test_nobody_ranked_is_allowed_and_said() -> None:
    """An empty contest is a ballot too."""
    assert plain(contest()) == (
        "You have ranked nobody. In this contest your vote goes to nobody; that is allowed.",
        [],
    )


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (by("plurality"), "Only first choices count"),
        (by("supplementary"), "not one of the two with the most votes"),
        (by("scottish-stv", 2), "has more votes than needed"),
        (by("meek", 2), "has more votes than needed"),
        (by("sequential-irv", 2), "Each seat is counted anew"),
        (by("stv-wigm"), "If Apple is eliminated, it goes to Banana."),
    ],
)
def test_each_method_has_its_words(of: Contest, words: str) -> None:
    """What becomes of a vote differs by method."""
    assert words in plain(of, (0,), (1,))[0]


@pytest.mark.parametrize(
    ("rules", "ranks", "line", "note"),
    [
        ({}, ((0,), (), (1,)), "goes to Banana", "number 2. That is passed over"),
        (
            {"max_skipped_ranks": 0},
            ((0,), (), (1,)),
            "If Apple is eliminated, it stops",
            "number 3 and later do not count",
        ),
        (
            {},
            ((0,), (1, 2)),
            "If Apple is eliminated, it stops there",
            "Banana and Cherry share number 2. By the rules",
        ),
        ({"overvote": "skip"}, ((0,), (1, 2), (3,)), "it goes to Damson", "that number is passed over"),
        (
            {"overvote": "exhaust-if-several-continue"},
            ((0,), (1, 2), (3,)),
            (
                "whichever of Banana and Cherry is alone still in the count; while several are, it stops there."
                " After that it goes to Damson."
            ),
            "counts only if just one of them",
        ),
        (
            {"max_ranks": 2},
            ((0,), (1,), (2,)),
            "If Banana is eliminated too, it stops",
            "Only the first 2 choices count",
        ),
    ],
)
def test_each_rule_is_said(rules: Any, ranks: Any, line: str, note: str) -> None:
    """Skipped, shared and too many ranks are explained as this contest's rules treat them."""
    found = plain(contest(**rules), *ranks)

    assert line in found[0]
    assert any(note in said for said in found[1]), found[1]


def test_ranks_left_out_are_listed_as_alternatives() -> None:
    """No candidate has one or the other number."""
    assert plain(contest(), (0,), (), (), (1,))[1][0].startswith(
        "No candidate has number 2 or 3. That is passed over"
    )


def test_who_needs_one_choice_only_is_not_asked_for_more() -> None:
    """By plurality the first choice is the whole vote; a second one where one counts is said not to."""
    one = by("plurality", max_ranks=1)

    assert plain(by("plurality"), (0,))[1] == []
    assert plain(one, (0,), (1,))[1] == [
        "Only your first choice counts in this contest; the later ones do not."
    ]


def test_many_choices_are_not_named_one_by_one() -> None:
    """After four, the last is named."""
    many = contest(candidates=("a", "b", "c", "d", "e", "f"))
    line, _ = plain(many, (0,), (1,), (2,), (3,), (4,), (5,))

    assert line.endswith("If C is eliminated too, it goes to D. And so on in your order, down to F.")


def test_every_sentence_of_the_catalogue_can_be_said() -> None:
    """No key is without words, and no words without a key."""
    said = set()
    for of in (
        contest(),
        by("plurality"),
        by("supplementary"),
        by("meek", 2),
        by("sequential-irv", 2),
        contest(overvote="skip", max_skipped_ranks=0),
        contest(overvote="exhaust-if-several-continue", max_ranks=2),
        contest(max_ranks=1),
        contest(candidates=("a", "b", "c", "d", "e")),
        town(),
        town("ranked"),
    ):
        for ranks in (
            (),
            ((0,),),
            ((0,), (1,)),
            ((0,), (1,), (2,)),
            ((0,), (), (1,)),
            ((0, 1),),
            ((0, 1), (2,)),
            ((0,), (1, 2)),
            tuple((c,) for c in range(len(of.candidates))),
        ):
            for out in (frozenset[int](), frozenset({0})):
                found = follow(of, out, ranks)
                said |= {sentence.key for part in found for sentence in part}

    assert said == set(SENTENCES)


def test_a_share_of_a_budget_pays_for_what_is_chosen() -> None:
    """Ticked or ranked, without what has been withdrawn."""
    assert plain(town(), (2, 3), out=frozenset({3})) == (
        "Your share of the budget can help to pay for A youth centre.",
        ["Trees in the square has been withdrawn and cannot be funded."],
    )
    assert plain(town("ranked"), (3,), (), (2,))[0] == (
        "Your share of the budget can help to pay for Trees in the square and A youth centre: "
        "the higher a project stands, the more it counts."
    )
    assert plain(town())[0].startswith("You have chosen no project.")


@given(
    st.lists(st.lists(st.integers(0, 3), max_size=2, unique=True).map(tuple), max_size=4).filter(
        lambda ranks: len({c for rank in ranks for c in rank}) == sum(map(len, ranks))
    ),
    st.sampled_from(["exhaust", "skip", "exhaust-if-several-continue"]),
    st.sampled_from([None, 0, 1]),
    st.sampled_from([None, 1, 2]),
)
def test_the_first_candidate_named_is_the_count_s_first_choice(
    ranks: list[tuple[int, ...]], overvote: str, skips: int | None, most: int | None
) -> None:
    """What is said and what is counted come from one reading."""
    of = contest(overvote=overvote, max_skipped_ranks=skips, max_ranks=most)
    choices = normalise(format_marks(ranks), of.rules).candidates
    first = follow(of, frozenset(), ranks).line[0]

    if not choices:
        assert first.key in ("nobody", "nothing")
    elif isinstance(choices[0], int):
        assert first == ("first", {"name": NAMES[choices[0]]})
    else:
        assert first == ("first-several", {"names": tuple(NAMES[c] for c in choices[0])})
