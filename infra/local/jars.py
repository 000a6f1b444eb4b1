"""The Java archives that make up Apache Kafka: named and pinned by a lock file, fetched once, verified at each start.

Nothing is used whose SHA-256 is not the one in `infra/kafka/jars.lock`. All of it (45 MB) is read and hashed before each
start, in some 30 ms: cheaper than remembering that it was done before. The lock names coordinates, never a host: where
they come from is set for jgo (`[repositories]` in ~/.config/jgo.conf adds mirrors).

`python -m infra.local.jars` resolves the coordinates in ROOTS afresh and rewrites the lock.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import jgo
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import Artifact, MavenContext

KAFKA_VERSION = "4.3.1"
# slf4j-simple writes the broker's log to its standard error; it must be of slf4j-api's version.
ROOTS = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36")
LOCK_FILE = Path(__file__).parents[1] / "kafka" / "jars.lock"
FETCH_WORKERS = 8
FETCH_ATTEMPTS = 3


class JarError(RuntimeError):
    """A jar could not be fetched, or is not the one that the lock names."""


@dataclass(frozen=True, order=True)
class Jar:
    """One locked archive: Maven's group, artifact and version, and its SHA-256 in hexadecimal."""

    group: str
    artifact: str
    version: str
    sha256: str

    @classmethod
    def parse(cls, line: str, place: str) -> "Jar":
        """Read "group:artifact:version sha256". Raises JarError that names the place."""
        match line.replace(":", " ").split():
            case [group, artifact, version, sha256] if len(sha256) == 64:
                return cls(group, artifact, version, sha256)
        raise JarError(f"{place}: expected 'group:artifact:version sha256', found {line.strip()!r}")

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"

    @property
    def filename(self) -> str:
        """The archive's name in the cache."""
        return f"{self.artifact}-{self.version}.jar"


def cache_folder() -> Path:
    """Return where this user's archives are kept, one folder for each version of Kafka."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "livecount" / f"kafka-{KAFKA_VERSION}"


def read_lock(path: Path = LOCK_FILE) -> list[Jar]:
    """Return the locked jars, in the order of the class path. Raises JarError for a malformed line."""
    lines = enumerate(path.read_text().splitlines(), start=1)
    return [Jar.parse(line, f"{path}:{n}") for n, line in lines if line and not line.startswith("#")]


def class_path(jars: Iterable[Jar], folder: Path) -> str:
    """Return Java's class path of these jars, each fetched if missing, and verified. Raises JarError."""
    with ThreadPoolExecutor(FETCH_WORKERS) as workers:
        return os.pathsep.join(workers.map(lambda jar: str(_verified(jar, folder)), jars))


def _verified(jar: Jar, folder: Path) -> Path:
    path = folder / jar.filename
    if not path.exists():
        _fetch(jar, path)
    _verify(jar, path)
    return path


def _verify(jar: Jar, path: Path) -> None:
    found = _sha256(path)
    if found != jar.sha256:
        raise JarError(
            f"{jar} is not the locked archive: expected SHA-256 {jar.sha256}, found {found} in {path}. "
            "Delete that file to have it fetched again."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _fetch(jar: Jar, path: Path) -> None:
    """Put the verified archive at its path whole or not at all, whoever else is fetching it too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".fetch-") as scratch:
        fetched = _download(jar, Path(scratch))
        _verify(jar, fetched)
        fetched.replace(path)


def _download(jar: Jar, scratch: Path) -> Path:
    for attempt in range(1, FETCH_ATTEMPTS + 1):
        try:
            # A repository of its own for each attempt: jgo takes a half-written file for a whole one.
            return _artifact(jar, scratch / str(attempt)).resolve()
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
            reason = error
    raise JarError(f"cannot fetch {jar} after {FETCH_ATTEMPTS} attempts: {reason}") from reason


def _artifact(jar: Jar, repository: Path) -> Artifact:
    remotes = {**GlobalSettings.load().repositories, "central": MAVEN_CENTRAL_URL}
    context = MavenContext(repo_cache=repository, remote_repos=remotes)
    return context.project(jar.group, jar.artifact).at_version(jar.version).artifact()


def _resolved(roots: Sequence[str]) -> list[Jar]:
    found = jgo.resolve("+".join(roots), repositories=GlobalSettings.load().repositories)
    return sorted(
        Jar(artifact.groupId, artifact.artifactId, artifact.version, _sha256(artifact.resolve()))
        for artifact in found
    )


def write_lock(
    path: Path = LOCK_FILE, roots: Sequence[str] = ROOTS, maker: str = "infra.local.jars"
) -> list[Jar]:
    """Resolve the roots and all they need, and write their coordinates and SHA-256 sums."""
    jars = _resolved(roots)
    head = f"# Made by `python -m {maker}` from {' and '.join(roots)}.\n"
    path.write_text(head + "".join(f"{jar} {jar.sha256}\n" for jar in jars))
    return jars


if __name__ == "__main__":
    sys.stdout.write(f"{LOCK_FILE}: {len(write_lock())} jars\n")
