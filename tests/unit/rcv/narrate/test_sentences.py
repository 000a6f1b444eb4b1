"""What a round says; the page and the terminal say the same."""

from dataclasses import replace

from shared.contract.elections import Contest
from shared.contract.standings import Ending, Transfer
from shared.rcv.narrate.sentences import round_sentence
from tests.unit.rcv.narrate.counted import contest, counted


def sentences_of(of: Contest, ballots: dict[str, int]) -> list[str]:
    """Return the sentences of a count, round by round."""
    found = counted(of, ballots)
    return [round_sentence(found, round_) for round_ in found.rounds]


def test_a_round_says_who_by_how_much_and_where_the_votes_go() -> None:
    """Votes, and their share of those that move."""
    assert sentences_of(contest(candidates=3), {"0": 5, "1": 4, "2>1": 2, "2": 1}) == [
        (
            "Clara is eliminated with 3 votes, 1 behind the next."
            " Of these votes 2 (66.7%) go to Basil and 1 (33.3%) is non-transferable."
        ),
        "Basil is elected with 6 of 11 votes (54.5%), 1 ahead of the next.",
    ]


def test_large_numbers_have_their_share() -> None:
    """Three quarters of three hundred."""
    first, _ = sentences_of(contest(candidates=3), {"0": 500, "1": 400, "2>1": 225, "2": 75})
    assert first == (
        "Clara is eliminated with 300 votes, 100 behind the next."
        " Of these votes 225 (75.0%) go to Basil and 75 (25.0%) are non-transferable."
    )


def test_all_going_one_way_is_said_in_one_word() -> None:
    """No list of one."""
    first, _ = sentences_of(contest(candidates=3), {"0": 5, "1": 4, "2>1": 2})
    assert first == "Clara is eliminated with 2 votes, 2 behind the next. All of these votes go to Basil."


def test_nobody_without_a_vote_is_said_to_hand_any_on() -> None:
    """Clara is eliminated without a vote, and that is all."""
    assert sentences_of(contest(candidates=3), {"0": 4, "1": 3})[0].startswith("Ada is elected")
    first, *_ = sentences_of(contest(candidates=3, finish="last-two"), {"0": 4, "1": 4})
    assert first == "Clara is eliminated without a vote."


def test_a_tie_comes_first() -> None:
    """Who is level, and what settles it."""
    first, *_ = sentences_of(contest(candidates=3), {"0": 4, "1>0": 3, "2>0": 3})
    assert first.startswith("Basil and Clara are level with 3 votes; the published lot settles it.")


def test_a_surplus_has_its_size() -> None:
    """Ada needs 10 of 29 and has 20: half of it is transferred."""
    of = contest("scottish-stv", seats=2, candidates=4)
    first, *_ = sentences_of(of, {"0>1": 20, "1": 3, "2": 4, "3": 2})
    assert first == (
        "Ada with 20 votes reaches the quota of 10 and is elected. "
        "The surplus of Ada, 10 votes, is transferred: all go to Basil."
    )


def test_the_last_seat_is_taken_by_who_is_left() -> None:
    """And nobody claims a quota that was not reached."""
    of = contest("scottish-stv", seats=2, candidates=3)
    *_, last = sentences_of(of, {"0": 20, "1": 4, "2": 3})
    assert last == "Basil takes the last seat: as many are left as there are seats."


def test_a_batch_is_one_sentence() -> None:
    """Three who cannot catch up, together."""
    first, *_ = sentences_of(contest(batch_elimination=True), {"0": 30, "1": 28, "2>0": 4, "3>1": 3, "4": 2})
    assert first == (
        "Emil, Dora and Clara are eliminated together: none of them could still catch up. "
        "Of 9 votes 4 (44.4%) go to Ada, 3 (33.3%) to Basil and 2 (22.2%) are non-transferable."
    )


def test_without_votes_nothing_is_decided() -> None:
    """And that is what is said."""
    assert sentences_of(contest(), {"": 3}) == ["Nobody has a vote, so nothing is decided."]


def test_a_surplus_that_nobody_needs_is_called_so() -> None:
    """All seats are filled: the votes rest for that reason and no other, also beside votes that do move."""
    of = contest("stv-wigm", seats=2, candidates=3)
    found = counted(of, {"0>2": 9, "1>2": 8, "2": 3})
    first = found.rounds[0]
    unneeded = first.model_copy(
        update={
            "transfers": tuple(
                transfer.model_copy(update={"target": None, "ending": Ending.SURPLUS})
                for transfer in first.transfers
            )
        }
    )
    assert "The surpluses of Ada and Basil, 3 votes, are not needed: all seats are filled." in round_sentence(
        found, unneeded
    )
    provisional = replace(found, final=False)
    assert "would not be needed: all seats would be filled." in round_sentence(provisional, unneeded)
    half = first.model_copy(
        update={
            "transfers": (
                Transfer(source="ada", target="clara", ending=None, votes=10_000),
                Transfer(source="ada", target=None, ending=Ending.SURPLUS, votes=10_000),
            )
        }
    )
    assert "50.0% go to Clara and 50.0% are not needed." in round_sentence(found, half)


def test_by_meek_s_method_those_level_need_not_have_equal_votes() -> None:
    """Only equal votes are given; those within the surplus of each other are level too."""
    of = contest("meek", seats=2, candidates=4)
    found = counted(of, {"0": 9, "1": 4, "2": 4, "3": 2})
    decision = next(d for round_ in found.rounds for d in round_.decisions if d.tied)
    equal = next(round_ for round_ in found.rounds if decision in round_.decisions)
    assert "Basil and Clara are level with 4 votes; the published lot settles it." in round_sentence(
        found, equal
    )
    apart = equal.model_copy(update={"votes": equal.votes | {"clara": equal.votes["clara"] + 1}})
    assert "Basil and Clara are level; the published lot settles it." in round_sentence(found, apart)


def test_the_next_is_the_first_who_is_not_elected() -> None:
    """Of two who are elected the second is ahead of the third, however near the first is."""
    (only,) = sentences_of(contest("plurality", seats=2, candidates=3), {"0": 45, "1": 40, "2": 20})
    assert only == (
        "Ada is elected with 45 of 105 votes (42.9%), 25 ahead of the next. "
        "Basil is elected with 40 of 105 votes (38.1%), 20 ahead of the next."
    )


def test_only_whoever_has_the_fewest_votes_is_last() -> None:
    """Undeclared write-ins go first, whatever they have: they are neither last nor behind anybody."""
    of = contest(candidates=3)
    write_in = of.candidates[2].model_copy(update={"write_in": True})
    found = counted(
        of.model_copy(update={"candidates": (*of.candidates[:2], write_in)}), {"0": 4, "1": 3, "2>1": 3}
    )
    assert round_sentence(found, found.rounds[0]) == (
        "Clara is eliminated with 3 votes: undeclared write-ins go first. All of these votes go to Basil."
    )
    provisional = replace(found, final=False)
    assert round_sentence(provisional, found.rounds[0]).startswith("Clara would be eliminated with 3 votes:")


def test_a_small_surplus_is_said_to_wait() -> None:
    """By ERS97 and in Northern Ireland; and what elects below the quota, or with no rival, is said."""
    ballots = {"0": 16, "1": 14, "2>1": 5, "2>3": 4, "3": 13, "4>0>2>3": 6, "4>0": 1, "4": 1}
    second = sentences_of(contest("ers97", seats=2), ballots)[1]
    assert second.startswith(
        "Ada with 23 votes reaches the quota of 19.67 and is elected."
        " The surplus of Ada, 3.33 votes, waits: moved, it could not change who is last. Clara is eliminated"
    )
    few = sentences_of(contest("ers97", seats=2, candidates=4), {"0": 6, "1": 3, "2": 2, "3": 1})
    assert few[-1] == (
        "Basil with 3 votes is elected:"
        " not more candidates than there are seats can have as many of the votes still active."
    )
    last = sentences_of(contest("northern-ireland-stv", seats=2), {"0>2": 12, "1": 10, "2": 5, "3": 3})
    assert last[-1].endswith(
        "Basil takes the last seat with 10 votes: all others and all surpluses together are no more."
    )
