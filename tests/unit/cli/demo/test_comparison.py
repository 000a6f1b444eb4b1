"""The table at the end of the demo finds what differs."""

from collections.abc import Mapping
from io import StringIO

from rich.console import Console

from services.cli.demo import official
from services.cli.demo.official import compare
from services.cli.demo.show import comparison_table
from shared.contract.elections import Phase
from shared.contract.standings import Balance, Ending, Round, Standing, Status, Transfer


def round_of(number: int, votes: Mapping[str, int], to: Mapping[str | None, int], source: str) -> Round:
    """Return a round whose source loses its votes `to` others."""
    transfers = [
        Transfer(source=source, target=target, ending=None if target else Ending.EXHAUSTED, votes=n)
        for target, n in to.items()
    ]
    sections = official.LEADER_BY_SECTION if "jeremy-corbyn" in votes else {}
    return Round(
        number=number,
        votes=dict(votes),
        by_section=dict(sections),
        inactive={},
        threshold=None,
        decisions=(),
        transfers=tuple(transfers),
    )


def standing(place: int, rounds: tuple[Round, ...], accepted: int = official.BALLOTS) -> Standing:
    """Return a certified standing of one contest of the election."""
    election = official.election()
    contest = election.contests[place]
    reasons = {"accepted": accepted, "same-ballot": 3}
    return Standing(
        election=election.id,
        election_title=election.title,
        epoch=election.epoch,
        config_hash="0" * 64,
        contest=contest,
        sections=election.sections,
        sequence=accepted + 3,
        watermark=(accepted + 3,),
        heads=("0" * 64,),
        phases=(Phase.CLOSED,),
        status=Status.CERTIFIED,
        withheld=False,
        balance=Balance(
            cast=accepted + 3, accepted=accepted, duplicate=3, late=0, voided=0, rejected=0, reasons=reasons
        ),
        turnout=(),
        rounds=rounds,
        elected=(official.ELECTED[contest.id],),
        result_hash="0" * 64,
    )


LEADER = standing(0, (round_of(1, official.LEADER_ROUNDS[0], {}, "liz-kendall"),))
DEPUTY_ROUNDS = tuple(
    round_of(number, votes, to, source)
    for number, (votes, (source, to)) in enumerate(
        zip(official.DEPUTY_ROUNDS, (*official.DEPUTY_TRANSFERS, ("caroline-flint", {})), strict=True), 1
    )
)
DEPUTY = standing(1, DEPUTY_ROUNDS)


def test_the_official_figures_agree_with_themselves_even_if_ballots_came_twice() -> None:
    """A ballot that was sent again is a duplicate, and no difference."""
    lines = compare(LEADER, DEPUTY)

    assert all(line.agrees for line in lines)
    assert {line.official for line in lines} >= {251_417, 13_601, 8_415, 18_604, 4_228, 11_996, 198_962}


def test_a_vote_too_many_in_one_section_is_found_and_shown() -> None:
    """One vote, in one section, of one candidate."""
    first = LEADER.rounds[0]
    members = first.by_section["members"] | {"liz-kendall": 13_602}
    planted = first.model_copy(update={"by_section": first.by_section | {"members": members}})

    lines = compare(LEADER.model_copy(update={"rounds": (planted,)}), DEPUTY)

    assert [(line.place, line.what, line.official, line.counted) for line in lines if not line.agrees] == [
        ("leader: members", "liz-kendall", 13_601, 13_602)
    ]
    console = Console(width=80, record=True, file=StringIO())
    console.print(comparison_table(lines))
    assert console.export_text().count("✗") == 1


def test_a_transfer_a_missing_round_and_a_lost_ballot_are_found() -> None:
    """Each is a line of its own."""
    moved = DEPUTY_ROUNDS[0].transfers
    fewer = (moved[0].model_copy(update={"votes": moved[0].votes - 1}), *moved[1:])
    rounds = (DEPUTY_ROUNDS[0].model_copy(update={"transfers": fewer}), DEPUTY_ROUNDS[1])

    lines = compare(LEADER, standing(1, rounds, official.BALLOTS - 1))

    wrong = [(line.place, line.what) for line in lines if not line.agrees]
    assert wrong == [
        ("deputy", "rounds"),
        *[("deputy: round 3", name) for name in official.DEPUTY_ROUNDS[2]],
        ("deputy: ben-bradshaw to", moved[0].target),
        ("deputy", "ballots accepted"),
    ]


def test_a_balance_that_does_not_hold_is_a_difference() -> None:
    """Every ballot record has to be accounted for."""
    balance = DEPUTY.balance.model_copy(update={"duplicate": 2})

    lines = compare(LEADER, DEPUTY.model_copy(update={"balance": balance}))

    assert [line.what for line in lines if not line.agrees] == ["balance holds"]
