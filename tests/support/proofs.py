"""Trees of a log in memory, and their files on a disk that loses what was not synced."""

import random
import struct
from base64 import b64decode
from collections import Counter
from collections.abc import Sequence
from hashlib import shake_128
from pathlib import Path

import msgspec

from services.proofs.files import TreeFiles
from services.proofs.notes import NamedKey, origin_of
from services.proofs.shard import ShardTree
from shared.contract.codec import decode_judged
from shared.contract.leaves import hashed, joined
from shared.contract.packs import SALT_BYTES, SECTION_BYTES
from shared.contract.signing import is_signed
from shared.runtime.disk import Disk, LocalDisk
from shared.runtime.snapshots import Snapshot, Snapshots
from tests.simulation.disk import Machine, SimDisk
from tests.simulation.process import Process
from tests.support.elections import LOG_ID, ROOT, ROOT_KEY

FOLDER = Path("/proofs")


def ballot_salt(salt: bytes, index: int) -> bytes:
    """Return the salt of the ballot at `index` of a pack, made by itself."""
    return shake_128(joined(b"salt", salt)).digest(SALT_BYTES * (index + 1))[-SALT_BYTES:]


def what_digest(salt: bytes, section: int, rankings: Sequence[str]) -> bytes:
    """Return the part of a leaf that hides section and rankings, made by itself; `salt` is the ballot's own."""
    return hashed(b"what", salt, section.to_bytes(SECTION_BYTES), *[marks.encode() for marks in rankings])


def signer(shard: int) -> NamedKey:
    """Return who signs a shard's checkpoints."""
    return NamedKey(origin_of(LOG_ID, shard), ROOT_KEY)


def pairs(cast: Sequence[bytes], judged: Sequence[bytes]) -> list[bytes]:
    """Return each judged record with the cast records that it judges, as a PairedSource gives them."""
    records = [(value, decode_judged(value)) for value in judged]
    return [msgspec.msgpack.encode((value, cast[of.since : of.upto])) for value, of in records]


def grown(values: Sequence[bytes], folder: Path, shard: int = 0, disk: Disk | None = None) -> TreeFiles:
    """Return the files of the tree of these pairs."""
    files = TreeFiles(folder, signer(shard), ROOT, disk or LocalDisk())
    tree = ShardTree(LOG_ID, shard, files, files.load())
    tree.apply(values)
    files.publish(tree.drain())
    return files


def is_cosigned(note: str, name: str, key: str) -> bool:
    """Return whether a witness of this name and public key has cosigned a checkpoint (C2SP tlog-cosignature, cosignature/v1)."""
    text, _, lines = note.rpartition("\n\n")
    for line in lines.splitlines():
        _, signer, body = line.split(" ")
        if signer == name:
            _, at_s, signature = struct.unpack(">4sQ64s", b64decode(body))
            return is_signed(key, signature.hex(), f"cosignature/v1\ntime {at_s}\n{text}\n".encode())
    return False


class FilesInMemory(dict[str, bytes]):
    """A tree's files by path, on no disk."""

    def read(self, path: str) -> bytes | None:
        """Return a file."""
        return self.get(path)

    def write(self, path: str, content: bytes) -> None:
        """Write a full tile."""
        assert path not in self, "a full tile never changes"
        self[path] = content


class Computer:
    """A machine with a disk, on which a follower is started again and again."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.occurred: Counter[str] = Counter()
        self.machine = Machine(self.random, self._occurs)
        self.shown: list[str] = []
        """Every checkpoint that anybody could have read."""

    def run(self, values: Sequence[bytes], dies_at_call: int = -1) -> int:
        """Follow pairs as the harness does, until the disk's n-th call; return how many calls there were."""
        process = Process("proofs")
        disk = SimDisk(self.machine, process)
        disk.dies_at_call = dies_at_call
        files = TreeFiles(FOLDER, signer(0), ROOT, disk)
        snapshots = Snapshots(Path("/snapshots"), "tree/1", disk, "1")
        tree = ShardTree(LOG_ID, 0, files, files.load())
        snapshot = snapshots.load("shard-0")
        position = 0
        if snapshot is not None:
            tree.restore(snapshot.state)
            position = snapshot.position
        while position < len(values):
            batch = values[position : position + self.random.randint(1, 6)]
            tree.apply(batch)
            position += len(batch)
            files.publish(tree.drain())
            self.shown.append(files.note)
            if self.random.random() < 0.5:
                snapshots.write("shard-0", Snapshot(position, tree.save(), b"last", b"first"))
        return disk.calls

    def _occurs(self, fault: str, rate: float) -> bool:
        happens = bool(rate) and self.random.random() < rate
        self.occurred[fault] += happens
        return happens
