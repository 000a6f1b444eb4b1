"""What a published standing must be: everything that its watermark covers, and nothing else."""

from shared.contract.elections import Election
from shared.contract.standings import Standing, results_of
from tests.simulation.invariants import hold
from tests.simulation.truth import Log, Sum, Truth

OVER = ("closed",)


def check_standing(standing: Standing, truth: Truth, log: Log) -> None:
    """Hold a standing against a cold count of the log up to its watermark."""
    where = f"{standing.key} at {standing.watermark}"
    ahead = any(upto > end for upto, end in zip(standing.watermark, truth.end, strict=True))
    hold(not ahead, "a standing covers what there is", where)
    expected = truth.at(standing.watermark)
    hold(standing.balance.holds, "promise 3, ballots balance", where)
    hold(
        standing.balance == expected.balance,
        "promise 2, the account",
        (where, standing.balance, expected.balance),
    )
    hold(
        _phases(standing) == expected.phases,
        "promise 8, phases",
        (where, standing.phases, expected.phases),
    )
    hold(_turnout(standing) == _turnout_of(truth.definition, expected, standing), "promise 2, turnout", where)
    contest = truth.definition.contest(standing.contest.id)
    cold = truth.recount(contest, expected)
    over = all(phase in OVER for phase in expected.phases)
    hold(
        standing.withheld == (not truth.definition.live_tallies and not over),
        "promise 5, what is withheld",
        where,
    )
    heads = () if standing.withheld else log.heads_at(standing.watermark)
    hold(standing.heads == heads, "promise 6, heads of the chain", where)
    if standing.withheld:
        hold(not standing.rounds and not standing.elected, "promise 5, nothing is shown early", where)
    else:
        results = results_of(standing.rounds, standing.elected, standing.places, standing.spending)
        hold(results == cold, "promise 2, a cold count agrees", (where, results, cold))
    certified = _is_certified(standing.contest.id, standing.result_hash, expected)
    hold(
        (standing.status == "certified") == certified,
        "promise 4, what is certified",
        (where, standing.status),
    )


def _is_certified(contest: str, result_hash: str, found: Sum) -> bool:
    """Return whether one certificate stands in every shard: then it names this very result."""
    certificate = found.certificates[0]
    if certificate is None or any(of != certificate for of in found.certificates):
        return False
    recounted = certificate.result_hashes.get(contest)
    hold(recounted == result_hash, "promise 4, a certificate stands over what was recounted", contest)
    return True


def _phases(standing: Standing) -> tuple[str | None, ...]:
    return tuple(None if phase is None else str(phase) for phase in standing.phases)


def _turnout(standing: Standing) -> list[int]:
    return [turnout.accepted for turnout in standing.turnout]


def _turnout_of(definition: Election, found: Sum, shown: Standing) -> list[int]:
    """Return the ballots of each section, those that are shown together added up."""
    ids = [section.id for section in definition.sections]
    together = {of: first for first, group in shown.together.items() for of in group}
    ballots = dict.fromkeys([of for of in ids if together.get(of, of) == of], 0)
    for (section, _), number in found.ballots.items():
        of = ids[section]
        ballots[together.get(of, of)] += number
    return list(ballots.values())
