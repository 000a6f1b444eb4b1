"""The auditor's judge, written as logs: these records give these verdicts, as the contract's words say."""

from typing import Any

import pytest

from services.audit.ledger import ForeignLog, LogIdentity, ShardLedger
from services.audit.recount import NoElection, recount_of
from shared.contract.codec import UnknownVersion, encode
from shared.contract.events import VersionAdmitted, signed
from shared.contract.verdicts import ControlJudged
from tests.support.elections import LOG_ID, ROOT, ROOT_KEY, Life, election
from tests.support.evidence import IDENTITY


@pytest.fixture
def life() -> Life:
    """A picnic's election."""
    return Life(election(), sections={35: 1})


def audit(life: Life, shard: int = 0) -> ShardLedger:
    """Return the audit of one shard, whose log is founded."""
    of = ShardLedger(shard, life.shards, IDENTITY)
    of.judge(life.founded(shard))
    return of


def verdicts(of: ShardLedger, *records: bytes) -> list[str]:
    """Return the verdicts of the ballots among the records."""
    found = [of.judge(record) for record in records]
    return [verdict.reason for judged in found if not isinstance(judged, ControlJudged) for verdict in judged]


def begun(life: Life) -> list[ShardLedger]:
    """Return the audit of every shard of an election that is open."""
    shards = []
    for shard, (founded, *records) in enumerate(life.begin()):
        of = ShardLedger(shard, life.shards, IDENTITY)
        verdicts(of, founded, *records)
        shards.append(of)
    return shards


def figures(of: ShardLedger, ballot: tuple[int, tuple[str, ...]] = (0, ("0>1", "1"))) -> tuple[int, int, int]:
    """Return how many ballots count, how many are retracted, and how many of those that count are as `ballot`."""
    count = of.count_of("picnic")
    return count.accepted, count.retracted, count.ballots[ballot]


def test_the_first_ballot_of_an_elector_stands(life: Life) -> None:
    """Its retry is the same ballot, another one comes too late."""
    (of,) = begun(life)
    again = life.cast(1)

    assert verdicts(of, life.pack(again, again), life.ballot(1), life.ballot(1, ballot=99)) == [
        "accepted",
        "same-ballot",
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
        (("paused", "opened"), "accepted"),
    ],
)
def test_the_controls_of_the_shard_decide_the_phase(
    life: Life, moves: tuple[str, ...], expected: str
) -> None:
    """A control that fits no phase has no effect."""
    configured, roll = life.configured(), life.roll()
    controls = [getattr(life, move)() for move in moves]

    assert verdicts(audit(life), configured, roll, *controls, life.ballot(1)) == [expected]


@pytest.mark.parametrize(
    ("ballot", "expected"),
    [
        ({"elector": 40}, "unknown-elector"),
        ({"elector": 1, "section": 2}, "unknown-section"),
        ({"elector": 1, "secret": b"forged -- "}, "bad-code"),
    ],
)
def test_who_is_not_on_the_roll_has_no_vote(life: Life, ballot: dict[str, Any], expected: str) -> None:
    """Number, section and code are all asked."""
    (of,) = begun(life)

    assert verdicts(of, life.ballot(**ballot)) == [expected]


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
    (of,) = begun(life)

    assert verdicts(of, life.ballot(1, *rankings)) == [expected]


def test_another_shards_elector_is_refused_here() -> None:
    """One elector's ballots meet in one shard."""
    life = Life(election(), shards=2)
    _, of = begun(life)

    assert verdicts(of, life.pack(life.cast(2), life.cast(3))) == ["wrong-shard", "accepted"]


def test_rubbish_is_malformed_and_belongs_to_no_election(life: Life) -> None:
    """It is in nobody's balance; nor are ballots before the election exists."""
    of = audit(life)

    assert verdicts(of, b"rubbish", life.ballot(1)) == ["malformed", "unknown-election"]
    assert not of.count_of("picnic").reasons


def test_a_record_of_a_newer_kind_stops_the_audit_where_the_log_admits_it(life: Life) -> None:
    """It is not guessed at; where the log does not admit it, it is rubbish for everybody."""
    newer = life.ballot(1).replace(b"ballot-pack/1", b"ballot-pack/9")
    of = audit(life)

    assert verdicts(of, newer) == ["malformed"]
    of.judge(encode(signed(VersionAdmitted(log=LOG_ID, version="ballot-pack/9"), (ROOT_KEY, ROOT))))
    with pytest.raises(UnknownVersion):
        of.judge(newer)


def test_another_elections_records_do_not_matter(life: Life) -> None:
    """Two elections share a log, each has its own account."""
    other = Life(election("feast"))
    (of,) = begun(life)
    records = (other.configured(), other.roll(), other.closed(), other.ballot(1), life.ballot(1))

    assert verdicts(of, *records) == ["not-open", "accepted"]
    assert of.count_of("picnic").reasons == {"accepted": 1}


def test_a_void_takes_the_ballot_out_and_a_restore_brings_it_back(life: Life) -> None:
    """The ballot's own id stays the same ballot; a new ballot is refused as void."""
    (of,) = begun(life)
    voids = (life.ballot(1), life.voided(1), life.voided(1), life.ballot(1), life.ballot(1, ballot=9))

    assert verdicts(of, *voids) == ["accepted", "same-ballot", "void-elector"]
    assert figures(of) == (0, 1, 0)
    verdicts(of, life.restored(1), life.restored(1))
    assert figures(of) == (1, 0, 1)


def test_a_void_before_the_vote_refuses_it_until_it_is_taken_back(life: Life) -> None:
    """Nothing is retracted, for nothing was cast."""
    (of,) = begun(life)
    records = (life.voided(1), life.ballot(1), life.restored(1), life.ballot(1, ballot=2))

    assert verdicts(of, *records) == ["void-elector", "accepted"]


def test_a_candidate_withdraws_and_is_reinstated(life: Life) -> None:
    """Whoever is not in the contest cannot withdraw, nor can the last one."""
    of = audit(life)
    configured = life.configured()
    drinks = [life.withdrawn(name, "drink") for name in ("water", "juice", "tea")]

    verdicts(of, configured, *drinks, life.withdrawn("apple"), life.reinstated("banana"))
    assert of.count_of("picnic").withdrawn == {("drink", "water"), ("fruit", "apple")}
    verdicts(of, life.reinstated("water", "drink"), life.withdrawn("juice", "drink"))
    assert of.count_of("picnic").withdrawn == {("drink", "juice"), ("fruit", "apple")}


def test_a_withdrawal_is_in_force_once_every_shard_holds_it() -> None:
    """Until then the candidate is counted, and the report says what is half done."""
    life = Life(election(), shards=2)
    shards = begun(life)
    for of in shards:
        verdicts(of, life.ballot(of.shard, "0>1", "0"))
    opened, withdrawal = life.last_control, life.withdrawn("apple")
    verdicts(shards[0], withdrawal)

    half = recount_of("picnic", [shard.count_of("picnic") for shard in shards])
    verdicts(shards[1], withdrawal)
    whole = recount_of("picnic", [shard.count_of("picnic") for shard in shards])

    assert (half.withdrawn, half.half_withdrawn) == ((), (("fruit", "apple"),))
    assert half.contests["fruit"].results.elected == ("apple",)
    assert half.last_controls == (life.last_control, opened)
    assert whole.last_controls == (life.last_control,) * 2
    assert (whole.withdrawn, whole.half_withdrawn) == ((("fruit", "apple"),), ())
    assert whole.contests["fruit"].results.elected == ("banana",)


def test_a_certificate_falls_with_a_later_order(life: Life) -> None:
    """It stands at the effects it names; a void after it has its effect, and drops it."""
    (of,) = begun(life)
    verdicts(of, life.ballot(1), life.closed())
    effects = of.count_of("picnic").effects

    verdicts(of, life.certified("00" * 32))
    assert of.count_of("picnic").certificate is None
    verdicts(of, life.certified(effects))
    assert of.count_of("picnic").certificate is not None
    verdicts(of, life.voided(1))

    assert of.count_of("picnic").certificate is None
    assert figures(of) == (0, 1, 0)


def test_another_log_cannot_be_judged(life: Life) -> None:
    """By its id, by its root key, or for want of a founding record."""
    for identity in (LogIdentity("cd" * 16, ROOT_KEY), LogIdentity(LOG_ID, "00" * 32)):
        with pytest.raises(ForeignLog):
            ShardLedger(0, 1, identity).judge(life.founded())
    with pytest.raises(ForeignLog, match="does not found a log"):
        ShardLedger(0, 1, IDENTITY).judge(life.ballot(1))


def test_shards_add_up_to_a_report_that_balances() -> None:
    """Two shards, a duplicate and a void: every ballot is accounted for."""
    life = Life(election(), shards=2)
    shards = begun(life)
    verdicts(shards[0], life.ballot(0, "0", "1"), life.ballot(0, "0", "1"), life.ballot(2, "1", "1"))
    verdicts(shards[1], life.ballot(1, "0", "0"), life.ballot(3), life.voided(3))

    report = recount_of("picnic", [shard.count_of("picnic") for shard in shards])

    balance = report.balance
    assert (balance.cast, balance.accepted, balance.duplicate, balance.voided) == (5, 3, 1, 1)
    assert report.contests["fruit"].results.rounds[0] == {"apple": 2, "banana": 1, "cherry": 0, "damson": 0}
    assert report.contests["fruit"].results.elected == ("apple",)


def test_an_election_missing_from_every_shard_is_not_reported() -> None:
    """In some it may be missing yet: an order on its way."""
    life = Life(election(), shards=2)
    shards = [audit(life, shard) for shard in range(2)]

    with pytest.raises(NoElection, match="configured in no shard"):
        recount_of("picnic", [shard.count_of("picnic") for shard in shards])

    verdicts(shards[0], life.configured())
    assert recount_of("picnic", [shard.count_of("picnic") for shard in shards]).watermark == (2, 1)


def test_an_election_that_differs_between_shards_is_not_reported() -> None:
    """Nobody could say what was voted on."""
    shards = []
    for shard, electors in enumerate((40, 50)):
        life = Life(election(electors=electors), shards=2)
        shards.append(audit(life, shard))
        verdicts(shards[-1], life.configured())

    with pytest.raises(NoElection, match="not configured alike"):
        recount_of("picnic", [shard.count_of("picnic") for shard in shards])


def test_ballots_are_reported_with_their_sections(life: Life) -> None:
    """One contest by an electoral college: the child's one vote weighs as much as the adults' two."""
    college = life.definition.contests[0].model_copy(update={"method": "electoral-college"})
    life.definition = life.definition.model_copy(update={"contests": (college,)})
    (of,) = begun(life)

    verdicts(of, life.ballot(0, "0"), life.ballot(1, "1"), life.ballot(35, "0"))

    (counted,) = recount_of("picnic", [of.count_of("picnic")]).contests.values()
    assert counted.results.rounds == ({"apple": 2, "banana": 1, "cherry": 0, "damson": 0},)
    assert counted.results.elected == ("apple",)
