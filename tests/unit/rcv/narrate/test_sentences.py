"""What a round says."""

from shared.contract.elections import Contest
from shared.rcv.count.rounds import Count
from shared.rcv.narrate.sentences import round_sentence
from shared.rcv.narrate.voice import voice_of
from tests.unit.rcv.narrate.counted import contest, count


def told(of: Contest, papers: dict[str, int]) -> list[str]:
    """Return the sentences of a count, round by round."""
    counted: Count = count(of, papers)
    return [round_sentence(round_, voice_of(of, counted)) for round_ in counted.rounds]


def test_small_numbers_are_told_as_votes() -> None:
    """Who is out, by how much, and where the papers go."""
    assert told(contest(candidates=3), {"0": 5, "1": 4, "2>1": 2, "2": 1}) == [
        "Clara is out with 3 votes, 1 behind the next; of these 2 go to Basil and 1 to nobody.",
        "Basil is elected with 6 of 11 votes (54.5%), 1 ahead of the next.",
    ]


def test_large_numbers_are_told_as_shares() -> None:
    """From a hundred votes on."""
    first, _ = told(contest(candidates=3), {"0": 500, "1": 400, "2>1": 225, "2": 75})
    assert (
        first
        == "Clara is out with 300 votes, 100 behind the next; of these 75% go to Basil and 25% to nobody."
    )


def test_all_going_one_way_is_said_in_one_word() -> None:
    """No list of one."""
    first, _ = told(contest(candidates=3), {"0": 5, "1": 4, "2>1": 2})
    assert first == "Clara is out with 2 votes, 2 behind the next; of these all go to Basil."


def test_nobody_without_a_vote_is_said_to_hand_any_on() -> None:
    """Emil is out without a vote, and that is all."""
    assert told(contest(candidates=3), {"0": 4, "1": 3})[0].startswith("Ada is elected")
    first, *_ = told(contest(candidates=3, finish="last-two"), {"0": 4, "1": 4})
    assert first == "Clara is out without a vote."


def test_a_tie_is_told_first() -> None:
    """Who is level, and what settles it."""
    first, *_ = told(contest(candidates=3), {"0": 4, "1>0": 3, "2>0": 3})
    assert first.startswith("Basil and Clara are level with 3 votes; the published lot settles it.")


def test_a_surplus_is_told_with_its_size() -> None:
    """Ada needs 10 of 29 and has 20: half of it moves on."""
    of = contest("scottish-stv", seats=2, candidates=4)
    first, *_ = told(of, {"0>1": 20, "1": 3, "2": 4, "3": 2})
    assert first == (
        "Ada with 20 votes reaches the quota of 10 and is elected. "
        "The surplus of Ada, 10 votes, moves on: all go to Basil."
    )


def test_the_last_seat_is_taken_by_who_is_left() -> None:
    """And nobody claims a quota that was not reached."""
    of = contest("scottish-stv", seats=2, candidates=3)
    *_, last = told(of, {"0": 20, "1": 4, "2": 3})
    assert last == "Basil takes the last seat: as many are left as there are seats."


def test_a_batch_is_told_as_one() -> None:
    """Three who cannot catch up, together."""
    first, *_ = told(contest(batch_elimination=True), {"0": 30, "1": 28, "2>0": 4, "3>1": 3, "4": 2})
    assert first == (
        "Emil, Dora and Clara are out together, for none of them could still catch up; "
        "of 9 votes 4 go to Ada, 3 to Basil and 2 to nobody."
    )


def test_without_votes_nothing_is_decided() -> None:
    """And that is what is said."""
    assert told(contest(), {"": 3}) == ["Nobody has a vote, so nothing is decided."]
