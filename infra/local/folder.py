"""A deployment's data folder: one deployment at a time uses it, and says in it where it can be reached.

`addresses` is a file of shell assignments, such as LIVECOUNT_KAFKA=127.0.0.1:21432. It is there while the deployment
is ready. A deployment that was killed leaves it behind; then nothing holds the
lock on the folder, which ends with the process.
"""

import fcntl
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ADDRESSES = "addresses"


class FolderInUseError(RuntimeError):
    """Another deployment uses the folder."""


class StaleAddressesError(RuntimeError):
    """The addresses are those of a deployment that has ended."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep every other deployment out of the folder, which is made if need be. Raises FolderInUseError."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUseError(
                f"{folder}: another deployment runs in this folder; end it, or take another folder"
            ) from None
        (folder / ADDRESSES).unlink(missing_ok=True)
        yield


@contextmanager
def announced(folder: Path, settings: Mapping[str, str]) -> Iterator[None]:
    """Say the settings by which others reach the deployment, by their names as variables, for as long as it is ready."""
    path = folder / ADDRESSES
    part = path.with_suffix(".part")
    part.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items()))
    part.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def read_addresses(folder: Path) -> dict[str, str]:
    """Return the settings of the deployment that runs in the folder; none if none does. Raises StaleAddressesError."""
    path = folder / ADDRESSES
    if not path.is_file():
        return {}
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            pairs = [word.partition("=") for word in shlex.split(path.read_text())]
            return {name: value for name, _, value in pairs}
    raise StaleAddressesError(f"{path} was left behind by a deployment that has ended; start it again")
