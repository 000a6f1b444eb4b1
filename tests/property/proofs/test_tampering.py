"""Random changes of everything that proofs rest on: each is found, and its place named. 10,000 in `make test`.

Rule 1: tiles, checkpoints and receipts are changed by a bit; records and verdicts too, as far as they can still be read.
"""

import os
import random
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from services.proofs.lookup import find
from services.proofs.notes import BadNote, Checkpoint, read_checkpoint, signed_note
from services.proofs.receipts import NotProved, Receipt, check_receipt
from services.proofs.shard import Mismatch, ShardTree
from services.proofs.tiles import WIDTH, BadTile, check_tiles
from services.proofs.tree import root_hash
from services.proofs.witness import Cosigner, Folder, Fork, compare, kept, see
from shared.contract.codec import UnknownVersion, decode_cast
from shared.contract.packs import Pack
from shared.contract.signing import public_key
from shared.runtime.watermark import Gap
from tests.property.audit.test_tampering import flipped
from tests.support.elections import LOG_ID, ROOT, Life, election
from tests.support.evidence import judged
from tests.support.proofs import FilesInMemory, grown, is_cosigned, pairs, signer
from tests.unit.proofs.test_shard import who_of

SEED = 7
TAMPERINGS = int(os.environ.get("LIVECOUNT_TAMPERINGS", "10000"))
BALLOTS = 3 * WIDTH + 70
"""Leaves: three full tiles at level 0 and one that is not full at each of two levels."""
SMALL = 120
"""Ballots, where a whole tree is made for each change."""

pytestmark = pytest.mark.timeout(600)


@cache
def log(ballots: int = BALLOTS) -> tuple[list[bytes], list[bytes]]:
    """Return a shard's cast records and verdicts."""
    life = Life(election(electors=BALLOTS), 1)
    made = [life.cast(elector) for elector in range(ballots)]
    packs = [life.pack(*made[at : at + 23]) for at in range(0, ballots, 23)]
    cast = [*life.begin()[0], *packs, b"rubbish", life.closed(), life.ballot(0, ballot=9_999)]
    return cast, judged(0, cast, 1, 5)


def tree_of(values: list[bytes]) -> tuple[FilesInMemory, Checkpoint]:
    """Return the files of a log's tree, and its unsigned checkpoint."""
    files = FilesInMemory()
    tree = ShardTree(LOG_ID, 0, files, None)
    tree.apply(values)
    for sent in tree.drain():
        files[sent.topic] = sent.value
    lines = files["checkpoint"].decode().splitlines()
    return files, Checkpoint(lines[0], tree.tree.size, root_hash(tree.tree.size, tree.tree.node))


def leaf_hashes(values: list[bytes]) -> list[bytes]:
    """Return the leaves' hashes of a log."""
    files, checkpoint = tree_of(values)
    tiles = sorted((path, content) for path, content in files.items() if path.startswith("tile/0/"))
    joined = b"".join(content for _, content in tiles)
    assert len(joined) == 32 * checkpoint.size
    return [joined[at : at + 32] for at in range(0, len(joined), 32)]


def test_a_flipped_bit_of_any_tile_is_found_and_the_tile_named() -> None:
    """Whether it is a tile of leaves or one above them, full or not; also one that is missing or cut."""
    rng = random.Random(SEED)
    files, checkpoint = tree_of(pairs(*log()))
    paths = [path for path in files if path.startswith("tile/")]
    check_tiles(files, checkpoint.size, checkpoint.root)
    named: Counter[str] = Counter()
    for number in range(3 * TAMPERINGS // 10):
        path = rng.choice(paths)
        changed = FilesInMemory(files)
        changed[path] = flipped(files[path], rng)[1] if number % 10 else files[path][:-32]
        with pytest.raises(BadTile) as found:
            check_tiles(changed, checkpoint.size, checkpoint.root)
        assert str(found.value).startswith(f"{path}:"), (path, str(found.value))
        named[path] += 1
    assert set(named) == set(paths)


def test_a_flipped_bit_of_a_checkpoint_is_found() -> None:
    """Its text, the signer's name, the signature; what remains readable says the very same."""
    rng = random.Random(SEED)
    _, checkpoint = tree_of(pairs(*log()))
    note = signed_note(checkpoint.text(), signer(0), ROOT)
    for _ in range(3 * TAMPERINGS // 10):
        place, changed = flipped(note.encode(), rng)
        try:
            found = read_checkpoint(changed.decode(), signer(0))
        except (BadNote, UnicodeDecodeError):
            continue
        assert found == checkpoint, f"byte {place}"
        assert place >= len(note) - 4, "only the padding of the last line says nothing"


def test_a_flipped_bit_of_a_receipt_is_found(tmp_path: Path) -> None:
    """In any place: it is no receipt, or proves nothing; only the ballot id needs the voting code to be held against."""
    rng = random.Random(SEED)
    cast, verdicts = log()
    files = grown(pairs(cast, verdicts), tmp_path)
    pack = decode_cast(cast[8])
    assert isinstance(pack, Pack)
    ballot = pack.each()[3]
    live = ShardTree(LOG_ID, 0, files, None)
    live.apply(pairs(cast, verdicts))
    found = find(files, live, who_of(ballot))
    assert found is not None
    receipt = Receipt(
        log=LOG_ID,
        election="picnic",
        ballot_id=ballot.ballot_id.hex(),
        shard=0,
        who=who_of(ballot).hex(),
        proof=found[1],
    )
    code = Life(election(electors=BALLOTS), 1).code(ballot.elector)
    text = receipt.model_dump_json().encode()
    assert len(text) < 2_048
    check_receipt(receipt, signer(0), code)
    for _ in range(3 * TAMPERINGS // 10):
        place, changed = flipped(text, rng)
        try:
            read = Receipt.model_validate_json(changed)
            said = check_receipt(read, signer(0), code)
        except (ValueError, NotProved):
            continue
        assert read == receipt or _same_but_case(text, changed), f"byte {place}: {said}"


def test_a_changed_record_or_verdict_is_found_and_its_leaf_named() -> None:
    """The log as it is now against the leaves that were signed: the first that differs, or where it cannot be read."""
    rng = random.Random(SEED)
    cast, verdicts = log(SMALL)
    signed = leaf_hashes(pairs(cast, verdicts))
    first = _first_leaves(cast)
    unread = unhashed = 0
    for _ in range(TAMPERINGS // 10):
        records = [*cast], [*verdicts]
        which = rng.randrange(2)
        offset = rng.randrange(len(records[which]))
        place, records[which][offset] = flipped(records[which][offset], rng)
        try:
            found = leaf_hashes(pairs(*records))
        except (Mismatch, Gap, UnknownVersion, ValueError, IndexError, AssertionError):
            unread += 1
            continue
        differs = next((at for at, leaf in enumerate(signed) if at >= len(found) or found[at] != leaf), None)
        if differs is None:
            unhashed += 1  # of a verdict the head and the rankings, which the chain and the audit hold
            assert which == 1, f"cast record {offset}, byte {place}"
        elif which == 0:
            assert first[offset] <= differs < first[offset + 1], f"record {offset}: leaf {differs}"
    assert unread + unhashed < TAMPERINGS // 10 * 0.9


def test_a_fork_that_one_witness_is_shown_is_found_by_comparing_two(tmp_path: Path) -> None:
    """Each sees a log whose every root is signed and consistent; their folders name the first leaf that is not the same."""
    rng = random.Random(SEED)
    cast, verdicts = log()
    values = pairs(cast, verdicts)
    cosigners = [Cosigner(name, bytes([number]) * 32) for number, name in enumerate(("ann", "ben"), 1)]
    for number in range(6):
        dropped = rng.randrange(5, len(cast) - 3)
        other = [*cast[:dropped], *cast[dropped + 1 :]]
        forked = pairs(other, judged(0, other, 1, 5))
        folders = [Folder(tmp_path / f"{number}-{of.name}") for of in cosigners]
        for folder, log_, cosigner in zip(folders, (values, forked), cosigners, strict=True):
            for end in (len(log_) // 2, len(log_)):
                files, checkpoint = tree_of(log_[:end])
                note = signed_note(checkpoint.text(), signer(0), ROOT)
                assert see(folder, note, signer(0), files, cosigner, 1_800_000_000) == checkpoint
            held = (folder.read("checkpoint") or b"").decode()
            assert is_cosigned(held, cosigner.name, public_key(cosigner.private))
            assert not is_cosigned(held, cosigner.name, public_key(ROOT))
        with pytest.raises(Fork, match=f"leaf {_first_leaves(cast)[dropped]} is not the same in "):
            compare(folders[0], folders[1], signer(0))
        assert compare(folders[0], folders[0], signer(0)) == len(leaf_hashes(values))
        files, checkpoint = tree_of(forked)
        grown_on, longer = tree_of(pairs(other + [b"more"] * 60, judged(0, other + [b"more"] * 60, 1, 5)))
        for shown, found in ((files, checkpoint), (grown_on, longer)):
            before = kept(folders[0], signer(0))
            with pytest.raises(Fork):
                see(folders[0], signed_note(found.text(), signer(0), ROOT), signer(0), shown, cosigners[0], 1)
            assert kept(folders[0], signer(0)) == before


def _first_leaves(cast: list[bytes]) -> list[int]:
    """Return the first leaf of each record, and one beyond."""
    first = [0]
    for value in cast:
        record = decode_cast(value)
        first.append(first[-1] + (record.ballots if isinstance(record, Pack) else 1))
    return first


def _same_but_case(text: bytes, changed: bytes) -> bool:
    """Whether only a letter's case differs, in hexadecimal digits or base64's last ones: it says the same."""
    return text.lower() == changed.lower()
