"""The same judging and first-preference counts in Quix Streams, exactly once, run in the peers' environment.

Run as `python judge_quixstreams.py BOOTSTRAP NAME FOLDER CAST JUDGED COUNTS ELECTION SHARDS ELECTORS CONTESTS CANDIDATES KEY ROLL`.

Rule 1: who has voted is in a dictionary, not in the library's store, which keeps state by message key and is slower: that favours it.
Rule 2: one transaction a second; the settings of its consumer and producer are Kafka Streams' here.
"""

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-not-found]  # in the environment of peers
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from quixstreams import Application, message_context  # type: ignore[import-not-found]  # as above

ID_BYTES, SECRET_BYTES, COMMITMENT_BYTES = 16, 10, 10
PUBLISH_S = 0.1


class Judging:
    """The judge of one partition."""

    def __init__(self, about: list[str]) -> None:
        self.election = about[0]
        self.shards, self.electors, self.contests, self.candidates = map(int, about[1:5])
        cipher = Cipher(algorithms.AES(bytes.fromhex(about[5])), modes.ECB())
        self.commit = cipher.encryptor().update
        self.roll = Path(about[6]).read_bytes().partition(b"\n")[2]
        self.voted: dict[int, bytes] = {}
        self.counts: Counter[str] = Counter()
        self.fitting: set[str] = set()
        self.open = False
        self.published_s = 0.0

    def judge(self, value: bytes, shard: int) -> list[Any]:
        """Return the outcome of each ballot of a record."""
        if value[:1] == b"{":
            self.open = b"election-opened/" in value or (self.open and b"election-closed/" not in value)
            outcomes: list[Any] = ["control"]
        else:
            outcomes = self.pack(value, shard)
        self.counts["judged"] += 1
        return outcomes

    def pack(self, value: bytes, shard: int) -> list[Any]:
        """Return the outcome of each ballot of a pack."""
        _, election, ids, electors, sections, secrets, _, marks = msgpack.unpackb(value)
        columns = [column.split(" ") for column in marks]
        outcomes = []
        for i in range(len(electors) // 4):
            ranking = [column[i] for column in columns]
            block = electors[4 * i : 4 * i + 4] + sections[2 * i : 2 * i + 2] + secrets[10 * i : 10 * i + 10]
            ballot_id = ids[ID_BYTES * i : ID_BYTES * (i + 1)]
            outcome = self.outcome(election, block, ballot_id, ranking, shard)
            self.counts[outcome] += 1
            outcomes.append([outcome, *ranking] if outcome == "accepted" else [outcome])
        return outcomes

    def outcome(self, election: str, block: bytes, ballot_id: bytes, marks: list[str], shard: int) -> str:
        """Return what becomes of one ballot."""
        elector = int.from_bytes(block[:4], "little")
        fault = self.fault(election, block, elector, shard) or self.vote_fault(elector, ballot_id, marks)
        if fault:
            return fault
        self.voted[elector] = ballot_id
        for contest, ranking in enumerate(marks):
            self.counts[f"first/{contest}/{ranking.partition('>')[0]}"] += 1
        return "accepted"

    def fault(self, election: str, block: bytes, elector: int, shard: int) -> str:
        """Return why a code is none of this shard's electors."""
        if election != self.election:
            return "unknown-election"
        if elector % self.shards != shard:
            return "wrong-shard"
        if elector >= self.electors:
            return "unknown-elector"
        if block[4:6] != b"\0\0":
            return "unknown-section"
        own = (int.from_bytes(self.commit(block)) ^ int.from_bytes(block)).to_bytes(16)[:COMMITMENT_BYTES]
        known = self.roll[COMMITMENT_BYTES * elector : COMMITMENT_BYTES * (elector + 1)]
        return "" if own == known else "bad-code"

    def vote_fault(self, elector: int, ballot_id: bytes, marks: list[str]) -> str:
        """Return why a genuine elector's ballot does not count."""
        before = self.voted.get(elector)
        if not self.open:
            return "closed"
        if before is not None:
            return "same-ballot" if before == ballot_id else "already-voted"
        if len(marks) != self.contests:
            return "unknown-contest"
        return "" if all(map(self.fits, marks)) else "bad-ranking"

    def fits(self, marks: str) -> bool:
        """Return whether marks name candidates of the contest."""
        if marks not in self.fitting:
            if any(int(rank or 0) >= self.candidates for rank in marks.split(">")):
                return False
            self.fitting.add(marks)
        return True

    def due(self, value: bytes) -> bool:
        """Return whether counts are to be published: ten times a second, and after a control."""
        now_s = time.monotonic()
        if value[:1] != b"{" and now_s - self.published_s < PUBLISH_S:
            return False
        self.published_s = now_s
        return True


def main() -> None:
    """Judge until it is ended."""
    bootstrap, name, folder, cast, judged, counts, *about = sys.argv[1:]
    app = Application(
        broker_address=bootstrap,
        consumer_group=name,
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        commit_interval=1.0,
        use_changelog_topics=False,
        auto_create_topics=False,
        state_dir=folder,
        consumer_extra_config={"max.partition.fetch.bytes": 2_097_152},
        producer_extra_config={"linger.ms": 5, "batch.size": 262_144},
        loglevel="WARNING",
    )
    judges: dict[int, Judging] = {}
    said: dict[int, bytes] = {}

    def judge(value: bytes) -> bytes:
        shard = message_context().partition
        if shard not in judges:
            judges[shard] = Judging(about)
        outcomes = judges[shard].judge(value, shard)
        if judges[shard].due(value):
            said[shard] = json.dumps({"shard": shard, **judges[shard].counts}).encode()
        return json.dumps(outcomes, separators=(",", ":")).encode()

    plain = {"key_serializer": "bytes", "value_serializer": "bytes"}
    stream = app.dataframe(app.topic(cast, key_deserializer="bytes", value_deserializer="bytes"))
    stream = stream.apply(judge)
    stream.to_topic(app.topic(judged, **plain))
    due = stream.filter(lambda _: message_context().partition in said)
    due.apply(lambda _: said.pop(message_context().partition)).to_topic(app.topic(counts, **plain))
    app.run()


if __name__ == "__main__":
    main()
