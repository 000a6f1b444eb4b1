"""A contest's rankings may be published once its result is certified, whole or not at all."""

import pytest

from services.audit.ledger import LogIdentity, ShardCount, ShardLedger
from services.audit.recount import NotPublic, public_profile, recount_of
from shared.contract.events import ElectionCertified
from tests.support.elections import LOG_ID, ROOT_KEY, Life, election

SHARDS = 2
VOTES = {"0>1": 6, "1": 5, "": 4, "2>0": 4}


def counted(logs: list[list[bytes]]) -> list[ShardCount]:
    """Return what the auditor makes of each shard."""
    found = []
    for shard, log in enumerate(logs):
        ledger = ShardLedger(shard, SHARDS, LogIdentity(LOG_ID, ROOT_KEY))
        for value in log:
            ledger.judge(value)
        found.append(ledger.count_of("picnic"))
    return found


def certified(smallest: int, *, result: str = "") -> tuple[Life, list[list[bytes]]]:
    """Return a closed election whose certificate names its results, or another one."""
    life = Life(election(electors=40).model_copy(update={"smallest_group": smallest}), SHARDS)
    logs = life.begin()
    votes = [marks for marks, times in VOTES.items() for _ in range(times)]
    for elector, marks in enumerate(votes):
        logs[elector % SHARDS].append(life.pack(life.cast(elector, marks, "0")))
    end = [life.withdrawn("damson"), life.closed()]
    for log in logs:
        log.extend(end)
    recount = recount_of("picnic", counted(logs))
    order = life.ordered(
        ElectionCertified,
        watermark=recount.watermark,
        heads=recount.heads,
        effects=recount.effects,
        result_hashes={name: result or of.result_hash for name, of in recount.contests.items()},
    )
    for log in logs:
        log.append(order)
    return life, logs


@pytest.mark.parametrize("smallest", [1, 2, 4])
def test_a_certified_profile_has_every_ranking_and_no_section(smallest: int) -> None:
    """Each is held by as many ballots as the definition asks for, over all shards and sections; who withdrew is marked."""
    _, logs = certified(smallest)
    found = public_profile("picnic", "fruit", counted(logs))
    assert found.ballots == VOTES
    assert [found.contest.candidates[place].id for place in found.contest.excluded] == ["damson"]


@pytest.mark.parametrize(("smallest", "few"), [(5, "2"), (6, "3"), (10, "4")])
def test_one_rare_ranking_keeps_all_back(smallest: int, few: str) -> None:
    """What a file left out could be reckoned: so nothing is written."""
    with pytest.raises(
        NotPublic, match=f"of 4 different rankings {few} are held by fewer than {smallest} ballots"
    ):
        public_profile("picnic", "fruit", counted(certified(smallest)[1]))


def test_nothing_is_published_before_the_certificate_nor_once_it_is_opened_again() -> None:
    """In every shard; and a certificate of another result is none of this."""
    life, logs = certified(1)
    open_again = [*logs[0], life.voided(0)], logs[1]
    one_shard = logs[0], logs[1][:-1]
    for records in ([log[:-1] for log in logs], one_shard, open_again, certified(1, result="0" * 64)[1]):
        with pytest.raises(NotPublic, match="not certified as it stands"):
            public_profile("picnic", "fruit", counted(list(map(list, records))))
    with pytest.raises(NotPublic, match="has no contest 'salad'; it has fruit, drink"):
        public_profile("picnic", "salad", counted(logs))
