"""Which standings stay readable for ever: one a minute, one each fiftieth of the roll, and those around each turn."""

from services.counting.kept import KEPT_EVERY_REPUBLISH, Keeper
from services.counting.rounds import Rounds
from services.counting.tally import PartitionOf, Tally
from services.validation.judge import Judge
from shared.contract.elections import Phase
from shared.contract.events import CandidateWithdrawn, ElectionClosed
from shared.contract.standings import Standing
from shared.runtime.log import Outgoing
from tests.support.elections import LOG_ID, ROOT_KEY, Life, election
from tests.support.evidence import OUTPUTS
from tests.support.standings import standing


def at(sequence: int, accepted: int, phase: Phase = Phase.OPEN) -> Standing:
    """Return a standing of 6,000 electors with so many ballots."""
    found = standing(1, phase)
    balance = found.balance.model_copy(update={"accepted": accepted})
    return found.model_copy(update={"sequence": sequence, "balance": balance})


def kept(keeper: Keeper, found: Standing) -> list[int]:
    """Return the sequences that are kept now."""
    return [past.sequence for past in keeper.keep(found, b"%d" % found.sequence)]


def test_one_is_kept_when_a_minute_has_gone_by_and_none_before() -> None:
    """The first one, then the first after each minute; a repeated one never again."""
    keeper = Keeper()
    assert [kept(keeper, at(n, n)) for n in (1, 2, 3)] == [[1], [], []]
    keeper.is_due = True
    assert kept(keeper, at(3, 3)) == []
    assert [kept(keeper, at(n, n)) for n in (4, 5)] == [[4], []]


def test_a_fiftieth_of_the_roll_is_kept() -> None:
    """So a count of a few seconds has fifty places, and no more however many standings it has."""
    keeper = Keeper()
    found = [n for ballots in range(6_001) for n in kept(keeper, at(ballots, ballots))]
    assert found == list(range(0, 6_001, 120))


def test_before_and_after_a_turn_are_kept() -> None:
    """The standing just before the close and the one just after: what it changed can be shown."""
    keeper = Keeper()
    open_ = [kept(keeper, at(n, n)) for n in (1, 2, 3)]
    assert open_ == [[1], [], []]
    assert kept(keeper, at(4, 4, Phase.CLOSED)) == [3, 4]
    assert kept(keeper, at(5, 5, Phase.CLOSED)) == []


def test_what_is_kept_is_what_was_published_byte_for_byte() -> None:
    """The whole way from the log: opening, two ballots, a withdrawal, the close; again after a republish, nothing."""
    life = Life(election().model_copy(update={"live_tallies": True, "smallest_group": 1}), 1)
    judge, tally = Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS), Tally(0, 1, "tallies", PartitionOf(1))
    rounds = Rounds(0, "counts", "history")
    sent: list[Outgoing] = []

    def write(*records: bytes) -> None:
        judge.apply(records)
        tally.apply([of.value for of in judge.drain() if of.topic == OUTPUTS.judged])
        rounds.apply([of.value for of in tally.drain()])
        sent.extend(rounds.drain())

    write(*life.begin()[0])
    write(life.ordered(CandidateWithdrawn, contest="fruit", candidate="apple"))
    write(life.ordered(ElectionClosed))
    before = len(sent)
    for _ in range(KEPT_EVERY_REPUBLISH):
        rounds.republish()
    again = rounds.drain()

    published = {(of.key, of.value) for of in sent if of.topic == "counts"}
    history = [of for of in sent if of.topic == "history"]
    assert {(of.key.rpartition(b"/")[0], of.value) for of in history if of.key} <= published
    assert len({of.key for of in history}) == len(history) >= 3
    assert before == len(sent)
    assert {of.topic for of in again} == {"counts"}
