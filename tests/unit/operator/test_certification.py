"""When a result may be certified."""

import pytest

from services.operator.certification import disagreements, obstacles
from shared.contract.agreement import differences
from shared.contract.elections import Phase, config_hash
from shared.contract.recounts import Recount, Recounted
from shared.contract.standings import Balance, Results, Round, Standing, Status, result_hash, results_of
from tests.support.elections import election

BALANCE = Balance(cast=5, accepted=5, duplicate=0, late=0, voided=0, rejected=0, reasons={"accepted": 5})
ELECTION = election()
HEADS = ("0" * 64, "1" * 64)


def round_(number: int, inactive: dict[str, int], **votes: int) -> Round:
    """Return a round of votes."""
    return Round(
        number=number,
        votes=votes,
        by_section={},
        inactive=inactive,
        threshold=None,
        decisions=(),
        transfers=(),
    )


def standing(contest: str = "drink", **changes: object) -> Standing:
    """Return a final standing of two rounds."""
    rounds = (round_(1, {"blank": 0}, water=3, juice=2), round_(2, {"blank": 1}, water=4))
    values = {
        "election": "picnic",
        "election_title": "Picnic",
        "epoch": "test",
        "config_hash": config_hash(ELECTION),
        "contest": ELECTION.contest(contest),
        "sections": ELECTION.sections,
        "sequence": 8,
        "watermark": (4, 4),
        "heads": HEADS,
        "phases": (Phase.CLOSED, Phase.CLOSED),
        "status": Status.COMPLETE,
        "withheld": False,
        "balance": BALANCE,
        "turnout": ({"section": "adults", "electors": 30, "accepted": 5},),
        "rounds": rounds,
        "elected": ("water",),
        "result_hash": result_hash(results_of(rounds, ("water",))),
    }
    return Standing.model_validate({**values, **changes})


RESULTS = Results(
    rounds=({"water": 3, "juice": 2}, {"water": 4}), inactive=({}, {"blank": 1}), elected=("water",)
)


def report(results: Results = RESULTS, **changes: object) -> Recount:
    """Return a recount that agrees with `standing()`, but for the changes."""
    values = {
        "election": "picnic",
        "config_hash": config_hash(ELECTION),
        "watermark": (4, 4),
        "heads": HEADS,
        "effects": HEADS,
        "last_controls": ("1" * 32,) * 2,
        "phases": (Phase.CLOSED, Phase.CLOSED),
        "turnout": {"adults": 5},
        "balance": BALANCE,
        "contests": {"drink": Recounted(results=results, result_hash=result_hash(results))},
    }
    return Recount.model_validate({**values, **changes})


def test_a_recount_that_agrees_in_everything_has_no_difference() -> None:
    """A reason without ballots is no difference, nor is the order of candidates."""
    assert differences(standing(), RESULTS) == []
    assert disagreements([standing()], report()) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"rounds": ({"water": 2, "juice": 3}, {"water": 4})},
            "round 1, votes juice: published 2, recounted 3",
        ),
        ({"rounds": ({"water": 3, "juice": 2},)}, "round 2 (votes): only published"),
        ({"inactive": ({}, {"blank": 2})}, "round 2, inactive blank: published 1, recounted 2"),
        ({"elected": ("juice",)}, "elected: published water, recounted juice"),
    ],
)
def test_every_difference_is_named(change: dict[str, object], expected: str) -> None:
    """Round by round, with both numbers; the hash differs too."""
    found = differences(standing(), RESULTS.model_copy(update=change))

    assert found[0] == expected
    assert found[-1].startswith("result hash: published ")


def test_a_difference_of_divided_votes_is_shown_in_decimals() -> None:
    """A hundred-thousandth of a vote, which the published standing gives to one candidate more."""
    recounted = RESULTS.model_copy(update={"rounds": ({"water": 299_999, "juice": 2}, {"water": 4})})

    found = differences(standing(places=5), recounted)

    assert found[0] == "round 1, votes water: published 0.00003, recounted 2.99999"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"watermark": (4, 5)}, "drink: watermark: published (4, 4), recounted (4, 5)"),
        ({"heads": HEADS[::-1]}, f"drink: shard 0, head of the chain: published {HEADS[0]}, recounted "),
        (
            {"phases": (Phase.CLOSED, None)},
            "drink: phases: published closed, closed, recounted closed, unknown",
        ),
        ({"turnout": {"adults": 4}}, "drink: turnout of adults: published 5, recounted 4"),
        ({"config_hash": "other"}, "drink: the recount is of another definition"),
        ({"contests": {}}, "drink: the recount does not hold this contest"),
        (
            {"half_withdrawn": (("drink", "juice"),)},
            "drink: the withdrawal or reinstatement of juice stands in",
        ),
        ({"balance": BALANCE.model_copy(update={"cast": 6, "late": 1})}, "drink: balance: published "),
    ],
)
def test_a_recount_of_something_else_is_no_evidence(changes: dict[str, object], expected: str) -> None:
    """Watermark, definition, balance and contests must be the same."""
    assert disagreements([standing()], report(RESULTS, **changes))[0].startswith(expected)


def test_final_standings_of_every_contest_have_no_obstacle() -> None:
    """Both contests, closed in every shard."""
    assert obstacles(ELECTION, {name: standing(name) for name in ("fruit", "drink")}) == []


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"drink": standing()}, "fruit: no standing yet"),
        (
            {"fruit": standing("fruit", status=Status.PARTIAL), "drink": standing()},
            "fruit: not final yet: unofficial-partial",
        ),
        (
            {
                "fruit": standing("fruit"),
                "drink": standing(balance=BALANCE.model_copy(update={"accepted": 4})),
            },
            "drink: the ballots do not balance",
        ),
        (
            {"fruit": standing("fruit", watermark=(4, 5)), "drink": standing()},
            "the contests stand at different watermarks",
        ),
    ],
)
def test_what_is_not_final_is_an_obstacle(found: dict[str, Standing], expected: str) -> None:
    """Each is named with its contest."""
    assert obstacles(ELECTION, found)[0].startswith(expected)
