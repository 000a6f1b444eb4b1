"""The tree of a shard: every ballot is a leaf with its verdict, found by its receipt; whatever dies, no root is taken back."""

import struct
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from services.audit.ledger import ShardLedger
from services.proofs.files import TreeFiles
from services.proofs.lookup import find
from services.proofs.notes import BadNote, read_checkpoint
from services.proofs.pairs import Pair, PairedSource
from services.proofs.receipts import Receipt, check_receipt
from services.proofs.rows import SEGMENT, Segment, codes_of, find_in, places_of
from services.proofs.shard import Contradiction, Mismatch, ShardTree
from services.proofs.tiles import WIDTH, check_tiles, tree_at
from services.proofs.tree import root_hash
from shared.contract.codec import decode_cast, decode_judged, encode
from shared.contract.codes import VotingCode, commitment
from shared.contract.elections import Revote
from shared.contract.leaves import DIGEST_BYTES, leaf_of, record_leaf, who_digest
from shared.contract.packs import Ballot, Pack
from shared.contract.verdict_ranges import Verdict
from shared.contract.verdicts import ControlJudged, Reason
from shared.runtime.disk import LocalDisk
from shared.runtime.log import LogAway, SendFailed
from tests.simulation.process import Dead
from tests.support.elections import LOG_ID, ROOT, Life, election
from tests.support.evidence import IDENTITY, judged, picnic
from tests.support.proofs import Computer, ballot_salt, grown, pairs, signer, what_digest
from tests.unit.proofs.test_proofs import merkle_root


def who_of(ballot: Ballot) -> bytes:
    """Return what a ballot's receipt knows it by."""
    code = VotingCode(ballot.elector, ballot.section, ballot.secret)
    return who_digest(LOG_ID, "picnic", commitment(LOG_ID, "picnic", code), ballot.ballot_id)


def leaves_of(log: list[bytes], shard: int, shards: int = 2) -> list[bytes]:
    """Return a shard's leaves one by one, from the contract's words and the auditor's verdicts."""
    ledger, leaves = ShardLedger(shard, shards, IDENTITY), []
    for value in log:
        outcome, pack = ledger.judge(value), decode_cast(value)
        if isinstance(outcome, ControlJudged):
            leaves.append(record_leaf(value, outcome.why or outcome.effect))
        elif not isinstance(pack, Pack):
            leaves.append(record_leaf(value, "malformed"))
        else:
            for index, (ballot, verdict) in enumerate(zip(pack.each(), outcome, strict=True)):
                assert isinstance(verdict, Verdict)
                salt = ballot_salt(pack.salt, index)
                what = what_digest(salt, ballot.section, ballot.rankings)
                leaves.append(leaf_of(who_of(ballot), what, verdict.reason))
    return leaves


@pytest.mark.parametrize("together", [1, 3, 50])
def test_the_tree_is_that_of_every_ballot_with_its_verdict(tmp_path: Path, together: int) -> None:
    """However the verdicts are cut, and published again after a restart."""
    evidence = picnic(3, steps=150)
    for shard, log in enumerate(evidence.cast):
        ranges = judged(shard, log, 2, together)
        middle = len(ranges) // 2
        ranges[middle:middle] = ranges[max(0, middle - 2) : middle]
        files = grown(pairs(log, ranges), tmp_path / str(shard), shard)
        checkpoint = files.checkpoint()
        assert checkpoint is not None
        assert checkpoint.root == merkle_root(leaves_of(log, shard))
        check_tiles(files, checkpoint.size, checkpoint.root)


def test_every_ballot_is_found_by_its_receipt_and_proved(tmp_path: Path) -> None:
    """The accepted one where the same ballot stands twice; a receipt of nobody finds nothing."""
    evidence = picnic(4, steps=150)
    reasons = set()
    for shard, log in enumerate(evidence.cast):
        files = grown(pairs(log, evidence.judged[shard]), tmp_path / str(shard), shard)
        live = ShardTree(LOG_ID, shard, files, None)
        live.apply(pairs(log, evidence.judged[shard]))
        for offset, value in enumerate(log):
            pack = decode_cast(value)
            for ballot in pack.each() if isinstance(pack, Pack) else ():
                found = find(files, live, who_of(ballot))
                assert found is not None
                row, proof = found
                assert row.offset <= offset or row.reason is Reason.ACCEPTED
                receipt = Receipt(
                    log=LOG_ID,
                    election="picnic",
                    ballot_id=ballot.ballot_id.hex(),
                    shard=shard,
                    who=who_of(ballot).hex(),
                    proof=proof,
                )
                code = str(VotingCode(ballot.elector, ballot.section, ballot.secret))
                assert "your ballot is record" in check_receipt(receipt, signer(shard), code)
                reasons.add(row.reason)
        assert find(files, live, b"nobody" + bytes(26)) is None
    assert {Reason.ACCEPTED, Reason.CLOSED, Reason.ALREADY_VOTED, Reason.BAD_CODE} <= reasons


def test_rows_are_found_in_a_full_segment_as_in_one_that_grows() -> None:
    """Two ballots with the same key are both found; a record is never."""
    segment = Segment(5 * SEGMENT)
    whos = [b"%032d" % (number % (SEGMENT - 2)) for number in range(SEGMENT - 1)]
    whos = [who[::-1] for who in whos]
    segment.add_record(0)
    places = [struct.pack("<QH", 70_000 + number, number % 512) for number in range(len(whos))]
    digests = np.frombuffer(b"".join(whos), np.uint8).reshape(-1, DIGEST_BYTES)
    segment.add(digests, digests, codes_of([("accepted", len(whos))]), b"".join(places))
    content = segment.encoded()
    for number in (0, 1, 77, SEGMENT - 2):
        rows = list(find_in(content, 5 * SEGMENT, whos[number]))
        assert rows == list(segment.find(whos[number]))
        assert number in [row.offset - 70_000 for row in rows]
        assert all(row.what == whos[number] for row in rows)
    assert [len(list(find_in(content, 0, whos[number]))) for number in (0, 1)] == [2, 1]
    assert list(find_in(content, 0, bytes(32))) == list(segment.find(bytes(32))) == []


def test_places_of_packs_are_their_offsets_and_the_ballots_within() -> None:
    """In one piece for packs that follow one another."""
    expected = [(7, 0), (7, 1), (7, 2), (8, 0), (9, 0), (9, 1)]
    assert places_of(7, [3, 1, 2]) == b"".join([struct.pack("<QH", *place) for place in expected])


def test_killed_at_any_moment_it_comes_to_the_same_root_and_takes_none_back() -> None:
    """At each call of the disk, with and without a loss of power; what was shown before is a beginning of what is shown after."""
    log = Life(election(electors=600), 1)
    cast = [*log.begin()[0], *(log.ballot(elector) for elector in range(WIDTH + 80)), log.closed()]
    values = pairs(cast, judged(0, cast, 1, 9))
    whole = Computer(0)
    calls = whole.run(values)
    last = read_checkpoint(whole.shown[-1], signer(0))
    roots: dict[int, bytes] = {}
    for call in range(1, calls, 11):
        computer = Computer(0)
        with pytest.raises(Dead):
            computer.run(values, call)
        if call % 2:
            computer.machine.lose_power()
        computer.run(values)
        sizes = []
        for note in computer.shown:
            found = read_checkpoint(note, signer(0))
            assert roots.setdefault(found.size, found.root) == found.root
            sizes.append(found.size)
        assert sizes == sorted(sizes), "a shown checkpoint goes back"
        assert read_checkpoint(computer.shown[-1], signer(0)) == last
    assert len(roots) > 20


def test_a_root_that_was_signed_is_not_contradicted(tmp_path: Path) -> None:
    """Another log in the place of the one that was signed: nothing more is signed. So it is if another process signs here."""
    evidence, other = picnic(5), picnic(6, steps=100)
    first = pairs(evidence.cast[0], evidence.judged[0])
    files = grown(first[:-1], tmp_path)
    with pytest.raises(Contradiction, match="another root of"):
        grown(pairs(other.cast[0], other.judged[0]), tmp_path)
    again = ShardTree(LOG_ID, 0, files, files.load())
    again.apply(first)
    grown(first, tmp_path)
    with pytest.raises(SendFailed, match="another process signs"):
        files.publish(again.drain())
    (tmp_path / "checkpoint").write_text("spoilt")
    with pytest.raises(BadNote):
        files.load()


def test_a_tree_that_is_not_as_far_as_the_signed_one_signs_nothing(tmp_path: Path) -> None:
    """After a restore from nothing the tree grows again up to what was signed, and only then on."""
    evidence = picnic(5)
    values = pairs(evidence.cast[0], evidence.judged[0])
    files = grown(values[:-5], tmp_path)
    note = files.note
    tree = ShardTree(LOG_ID, 0, files, files.load())
    for value in values[:-6]:
        tree.apply([value])
        assert [sent.topic for sent in tree.drain() if sent.topic == "checkpoint"] == []
    tree.apply(values[-6:])
    files.publish(tree.drain())
    assert files.note != note
    checkpoint = files.checkpoint()
    assert checkpoint is not None
    assert root_hash(checkpoint.size, tree_at(files, checkpoint.size).node) == checkpoint.root


def test_a_verdict_that_does_not_fit_its_record_stops_the_shard(tmp_path: Path) -> None:
    """Verdicts on a ballot, where the log holds a control."""
    evidence = picnic(5)
    log, verdicts = evidence.cast[0], evidence.judged[0]
    tree = ShardTree(LOG_ID, 0, grown(pairs(log, verdicts)[:3], tmp_path), None)
    wrong = [log[0]] * len(log)
    with pytest.raises(Mismatch, match="offset 5: verdicts on ballots, found SignedRecord"):
        tree.apply(pairs(wrong, verdicts))


def test_what_is_no_verdict_or_joins_nothing_stops_no_tree(tmp_path: Path) -> None:
    """It is passed over, and reported while something is missing; the tree comes to the same root."""
    (cast, *_), (ranges, *_) = (evidence := picnic(3, steps=60)).cast, evidence.judged
    values = pairs(cast, ranges)
    plain = grown(values, tmp_path / "plain").checkpoint()
    files = TreeFiles(tmp_path / "bad", signer(0), ROOT, LocalDisk())
    tree = ShardTree(LOG_ID, 0, files, None)
    for garbage in (b"garbage", b"", b"\xdd\xff\xff\xff\xff", b'["verdicts/9",1]'):
        tree.apply([msgspec.msgpack.encode((garbage, ()))])
    tree.apply([values[-1]])
    assert "missing" in tree.trouble()
    saved = ShardTree(LOG_ID, 0, files, None)
    saved.restore(tree.save())
    assert saved.trouble() == tree.trouble()

    tree.apply([*values[:3], msgspec.msgpack.encode((b"garbage", ())), *values[3:]])
    files.publish(tree.drain())

    assert tree.trouble() == ""
    assert files.checkpoint() == plain


def test_a_verdict_on_records_that_the_log_has_lost_is_waited_for(tmp_path: Path) -> None:
    """It is not passed over: the run ends, and tries again."""
    (cast, *_), (ranges, *_) = (evidence := picnic(3, steps=60)).cast, evidence.judged
    files = TreeFiles(tmp_path, signer(0), ROOT, LocalDisk())
    tree = ShardTree(LOG_ID, 0, files, None)
    tree.apply(pairs(cast, ranges[:2]))
    with pytest.raises(LogAway, match="no cast record"):
        tree.apply([msgspec.msgpack.encode((ranges[2], ()))])


@pytest.mark.asyncio
async def test_a_pair_has_no_records_where_its_verdict_is_none_or_is_beyond_the_log() -> None:
    """So that one record of a topic stops no shard before its tree has seen it."""
    (cast, *_), (ranges, *_) = (evidence := picnic(3, steps=60)).cast, evidence.judged
    beyond = judged_record_beyond(ranges)
    source = PairedSource(Listed([ranges[0], b"garbage", b"", beyond]), Listed(list(cast)))
    source.seek(0)
    found = [msgspec.msgpack.decode(pair.value) for pair in await source.read(9, 1)]

    assert found == [
        [ranges[0], list(cast[: decode_judged(ranges[0]).upto])],
        *([value, []] for value in (b"garbage", b"", beyond)),
    ]
    assert msgspec.msgpack.decode(await source.reread(1)) == [b"garbage", []]


def judged_record_beyond(ranges: Sequence[bytes]) -> bytes:
    """Return a verdict on a record that the log does not hold."""
    control = next(of for of in map(decode_judged, ranges) if isinstance(of, ControlJudged))
    return encode(control.model_copy(update={"source": 999_999}))


class Listed:
    """A source of a shard that holds these records."""

    def __init__(self, values: list[bytes]) -> None:
        self._values = values
        self._at = 0

    def seek(self, position: int) -> None:
        """Read from here on."""
        self._at = position

    async def read(self, max_records: int, wait_ms: int) -> list[Pair]:  # noqa: ARG002  the port asks for it
        """Return the next records."""
        start, self._at = self._at, min(len(self._values), self._at + max_records)
        return [Pair(number, self._values[number]) for number in range(start, self._at)]

    async def ask_end(self) -> int:
        """Return how many there are."""
        return len(self._values)

    async def reread(self, offset: int) -> bytes:
        """Return a record."""
        return self._values[offset]

    def connection(self) -> object:
        """Nothing changes."""
        return None

    def end(self) -> int:
        """Return what was heard of last: nothing."""
        return 0

    def heard_s(self) -> float:
        """Return when that was."""
        return 0.0


def test_a_ballot_that_a_later_one_supersedes_is_known(tmp_path: Path) -> None:
    """Where the last ballot counts, whoever looks the first one up learns it, after a restart too; elsewhere nothing is kept."""
    again = {"revote": Revote.LAST_COUNTS, "live_tallies": False}
    life, fair = Life(election().model_copy(update=again)), Life(election("fair"))
    votes = [
        life.cast(elector, marks, "1", ballot=number)
        for number, (elector, marks) in enumerate(((4, "0"), (5, "1"), (4, "2"), (4, "3")))
    ]
    cast = [*life.begin()[0], *fair.begin()[0][1:], fair.ballot(4), *map(life.pack, votes), life.closed()]
    values = pairs(cast, judged(0, cast, 1))
    files = grown(values, tmp_path)
    tree, restarted = (ShardTree(LOG_ID, 0, files, None) for _ in range(2))
    tree.apply(values[:-3])
    restarted.restore(tree.save())
    restarted.apply(values[-3:])
    rows = [found[0] for vote in votes if (found := find(files, restarted, who_of(vote)))]

    assert [row.reason for row in rows] == ["accepted", "accepted", "superseding", "superseding"]
    assert [row.leaf in restarted.superseded.leaves for row in rows] == [True, False, True, False]
    assert not restarted.superseded.follows("fair")


def test_packs_that_rank_other_contests_stand_among_those_of_an_election_whose_last_ballot_counts(
    tmp_path: Path,
) -> None:
    """One range judges them together; each has its leaf, and who voted again is still known."""
    again = {"revote": Revote.LAST_COUNTS, "live_tallies": False}
    life = Life(election().model_copy(update=again))
    first, odd, second = life.cast(4, "0", "1"), life.cast(5, "0"), life.cast(4, "1", "0", ballot=99)
    cast = [*life.begin()[0], *map(life.pack, (first, odd, second))]
    ranges = judged(0, cast, 1, together=len(cast))
    files = grown(pairs(cast, ranges), tmp_path)
    tree = ShardTree(LOG_ID, 0, files, None)
    tree.apply(pairs(cast, ranges))
    rows = [found[0] for vote in (first, odd, second) if (found := find(files, tree, who_of(vote)))]

    assert [row.reason for row in rows] == ["accepted", "unknown-contest", "superseding"]
    assert tree.superseded.leaves == {rows[0].leaf}
    checkpoint = files.checkpoint()
    assert checkpoint is not None
    assert checkpoint.root == merkle_root(leaves_of(cast, 0, shards=1))
