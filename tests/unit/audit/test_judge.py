"""The auditor's judge, told as logs: these records give these verdicts, as the contract's words say."""

import pytest

from services.audit.judge import WrongSecret
from services.audit.ledger import ShardLedger
from services.audit.recount import NoElection, recount_of
from shared.contract.codec import UnknownVersion
from shared.contract.codes import election_key
from shared.contract.verdict_ranges import Verdict
from tests.support.elections import MASTER, Life, election


@pytest.fixture
def life() -> Life:
    """A picnic's election."""
    return Life(election())


def audit(shard: int = 0, shards: int = 1) -> ShardLedger:
    """Return the audit of one shard."""
    return ShardLedger(shard, shards, lambda name: election_key(MASTER, name))


def verdicts(of: ShardLedger, *records: bytes) -> list[str]:
    """Return the verdicts of the ballots among the records."""
    found = [of.take(record) for record in records]
    return [str(judged.reason) for judged in found if isinstance(judged, Verdict)]


def figures(of: ShardLedger, ballot: tuple[int, tuple[str, ...]] = (0, ("0>1", "1"))) -> tuple[int, int, int]:
    """Return how many ballots count, how many are retracted, and how many of those that count are as `ballot`."""
    count = of.count_of("picnic")
    return count.accepted, count.retracted, count.ballots[ballot]


def started(life: Life, *records: bytes) -> list[str]:
    """Return the verdicts of records in an election that is open."""
    return verdicts(audit(), life.configured(), life.opened(), *records)


def test_the_first_ballot_of_an_elector_stands(life: Life) -> None:
    """Its retry is the same ballot, another one comes too late."""
    assert started(life, life.ballot(1), life.ballot(1), life.ballot(1, ballot=99)) == [
        "accepted",
        "same-ballot",
        "already-voted",
    ]


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ((), "not-open"),
        (("opened",), "accepted"),
        (("opened", "paused"), "paused"),
        (("opened", "paused", "resumed"), "accepted"),
        (("opened", "paused", "closed"), "closed"),
        (("opened", "closed", "resumed"), "closed"),
        (("opened", "closed", "certified"), "closed"),
        (("paused", "opened"), "accepted"),
    ],
)
def test_the_controls_of_the_shard_decide_the_phase(
    life: Life, moves: tuple[str, ...], expected: str
) -> None:
    """A control that fits no phase has no effect."""
    controls = [getattr(life, move)() for move in moves]

    assert verdicts(audit(), life.configured(), *controls, life.ballot(1)) == [expected]


@pytest.mark.parametrize(
    ("ballot", "expected"),
    [
        ({"elector": 40}, "unknown-elector"),
        ({"elector": 1, "section": 2}, "unknown-section"),
        ({"elector": 1, "mac": 5}, "bad-code"),
    ],
)
def test_who_is_not_on_the_roll_has_no_vote(life: Life, ballot: dict[str, int], expected: str) -> None:
    """Number, section and code are all asked."""
    assert started(life, life.ballot(**ballot)) == [expected]


@pytest.mark.parametrize(
    ("rankings", "expected"),
    [
        (("0>1",), "unknown-contest"),
        (("0>4", "1"), "bad-ranking"),
        (("0>1>2>3>0", "1"), "bad-ranking"),
        (("0>", "1"), "bad-ranking"),
        (("", ""), "accepted"),
    ],
)
def test_a_ballot_must_fit(life: Life, rankings: tuple[str, ...], expected: str) -> None:
    """One ranking for each contest, of its candidates, in the one spelling; blank is a ranking."""
    assert started(life, life.ballot(1, *rankings)) == [expected]


def test_another_shards_elector_is_refused_here(life: Life) -> None:
    """One elector's ballots meet in one shard."""
    of = audit(shard=1, shards=2)

    assert verdicts(of, life.configured(), life.opened(), life.ballot(2), life.ballot(3)) == [
        "wrong-shard",
        "accepted",
    ]


def test_rubbish_is_malformed_and_belongs_to_no_election(life: Life) -> None:
    """It is in nobody's balance; nor are ballots before the election exists."""
    of = audit()

    assert verdicts(of, b"rubbish", life.ballot(1)) == ["malformed", "unknown-election"]
    assert not of.count_of("picnic").reasons


def test_a_record_of_a_newer_kind_stops_the_audit(life: Life) -> None:
    """It is not guessed at."""
    with pytest.raises(UnknownVersion):
        audit().take(b'["ballot-cast/9",1]')


def test_another_elections_records_do_not_matter(life: Life) -> None:
    """Two elections share a log, each has its own account."""
    other, of = Life(election("feast")), audit()
    records = (other.configured(), other.closed(), other.ballot(1), life.ballot(1))

    assert verdicts(of, life.configured(), life.opened(), *records) == ["not-open", "accepted"]
    assert of.count_of("picnic").reasons == {"accepted": 1}


def test_a_void_takes_the_ballot_out_and_a_restore_brings_it_back(life: Life) -> None:
    """The ballot's own id stays the same ballot; a new ballot is refused as void."""
    of = audit()
    start = (life.configured(), life.opened(), life.ballot(1))

    voided = verdicts(of, *start, life.voided(1), life.voided(1), life.ballot(1), life.ballot(1, ballot=9))

    assert voided == ["accepted", "same-ballot", "void-elector"]
    assert figures(of) == (0, 1, 0)
    verdicts(of, life.restored(1), life.restored(1))
    assert figures(of) == (1, 0, 1)


def test_a_void_before_the_vote_refuses_it_until_it_is_taken_back(life: Life) -> None:
    """Nothing is retracted, for nothing was cast."""
    records = (life.voided(1), life.ballot(1), life.restored(1), life.ballot(1, ballot=2))

    assert started(life, *records) == ["void-elector", "accepted"]


def test_a_candidate_withdraws_and_is_reinstated(life: Life) -> None:
    """Whoever is not in the contest cannot withdraw, nor can the last one."""
    of = audit()
    drinks = [life.withdrawn(name, "drink") for name in ("water", "juice", "tea")]

    verdicts(of, life.configured(), *drinks, life.withdrawn("apple"), life.reinstated("banana"))
    assert of.count_of("picnic").withdrawn == {("drink", "water"), ("fruit", "apple")}
    verdicts(of, life.reinstated("water", "drink"), life.withdrawn("juice", "drink"))
    assert of.count_of("picnic").withdrawn == {("drink", "juice"), ("fruit", "apple")}


def test_a_withdrawal_is_in_force_once_every_shard_holds_it(life: Life) -> None:
    """Until then the candidate is counted, and the report says what is half done."""
    shards = [audit(shard, 2) for shard in range(2)]
    for of in shards:
        verdicts(of, life.configured(), life.opened(), life.ballot(of.shard, "0>1", "0"))
    verdicts(shards[0], life.withdrawn("apple"))

    half = recount_of("picnic", [shard.count_of("picnic") for shard in shards])
    verdicts(shards[1], life.withdrawn("apple"))
    whole = recount_of("picnic", [shard.count_of("picnic") for shard in shards])

    assert (half.withdrawn, half.half_withdrawn) == ((), (("fruit", "apple"),))
    assert half.contests["fruit"].results.elected == ("apple",)
    assert (whole.withdrawn, whole.half_withdrawn) == ((("fruit", "apple"),), ())
    assert whole.contests["fruit"].results.elected == ("banana",)


def test_a_certified_result_no_longer_changes(life: Life) -> None:
    """A void after the certificate has no effect."""
    of = audit()
    records = (life.opened(), life.ballot(1), life.closed(), life.certified(), life.voided(1))

    verdicts(of, life.configured(), *records)

    assert figures(of) == (1, 0, 1)


def test_another_secret_cannot_judge(life: Life) -> None:
    """Every code would seem false."""
    with pytest.raises(WrongSecret, match="opened under key other"):
        verdicts(audit(), life.configured(), life.opened(code_key="other"))


def test_shards_add_up_to_a_report_that_balances(life: Life) -> None:
    """Two shards, a duplicate and a void: every record is accounted for."""
    shards = [audit(shard, 2) for shard in range(2)]
    for shard in shards:
        verdicts(shard, life.configured(), life.opened())
    verdicts(shards[0], life.ballot(0, "0", "1"), life.ballot(0, "0", "1"), life.ballot(2, "1", "1"))
    verdicts(shards[1], life.ballot(1, "0", "0"), life.ballot(3), life.voided(3))

    report = recount_of("picnic", [shard.count_of("picnic") for shard in shards])

    balance = report.balance
    assert (balance.cast, balance.accepted, balance.duplicate, balance.voided) == (5, 3, 1, 1)
    assert report.contests["fruit"].results.rounds[0] == {"apple": 2, "banana": 1, "cherry": 0, "damson": 0}
    assert report.contests["fruit"].results.elected == ("apple",)


def test_an_election_missing_from_every_shard_is_not_reported(life: Life) -> None:
    """In some it may be missing yet: an order on its way."""
    shards = [audit(shard, 2) for shard in range(2)]

    with pytest.raises(NoElection, match="configured in no shard"):
        recount_of("picnic", [shard.count_of("picnic") for shard in shards])

    verdicts(shards[0], life.configured())
    assert recount_of("picnic", [shard.count_of("picnic") for shard in shards]).watermark == (1, 0)


def test_an_election_that_differs_between_shards_is_not_reported(life: Life) -> None:
    """Nobody could say what was voted on."""
    shards = [audit(shard, 2) for shard in range(2)]
    for shard, electors in zip(shards, (40, 50), strict=True):
        verdicts(shard, Life(election(electors=electors)).configured())

    with pytest.raises(NoElection, match="not configured alike"):
        recount_of("picnic", [shard.count_of("picnic") for shard in shards])


def test_ballots_are_reported_with_their_sections(life: Life) -> None:
    """One contest by an electoral college: the child's one vote weighs as much as the adults' two."""
    college = life.definition.contests[0].model_copy(update={"method": "electoral-college"})
    life.definition = life.definition.model_copy(update={"contests": (college,)})
    of = audit()
    cast = [life.ballot(0, "0"), life.ballot(1, "1"), life.ballot(35, "0", section=1)]

    verdicts(of, life.configured(), life.opened(), *cast)

    (counted,) = recount_of("picnic", [of.count_of("picnic")]).contests.values()
    assert counted.results.rounds == ({"apple": 2, "banana": 1, "cherry": 0, "damson": 0},)
    assert counted.results.elected == ("apple",)
