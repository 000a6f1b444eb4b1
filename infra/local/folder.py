"""A deployment's data folder: one deployment at a time uses it, and says in it where it can be reached.

`addresses` is a file of shell assignments, such as LIVECOUNT_KAFKA=127.0.0.1:21432. It is there while the deployment
is ready. A deployment that was killed leaves it behind; then nothing holds the
lock on the folder, which ends with the process.

From a checkout the folder is `.livecount` in the working directory; a program that is installed has the place where the platform
expects data, unless there is a `.livecount` already. The file `form` says in which form the data are: a program that cannot read
them says so and leaves them alone.
"""

import fcntl
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ADDRESSES = "addresses"
LOCAL = Path(".livecount")
CHECKOUT = Path(__file__).parents[2] / "pyproject.toml"
FORM = 2
"""The form of the data that this program writes and reads: that of the log, 2 since Livecount 0.2."""


class FolderInUseError(RuntimeError):
    """Another deployment uses the folder."""


class StaleAddressesError(RuntimeError):
    """The addresses are those of a deployment that has ended."""


class OtherFormError(RuntimeError):
    """The folder's data are in a form that this program does not read."""


def data_folder() -> Path:
    """Return the folder to use where none is named: LIVECOUNT_DATA_DIR, or as the top of this file says."""
    from platformdirs import user_data_path

    if named := os.environ.get("LIVECOUNT_DATA_DIR"):
        return Path(named)
    return LOCAL if LOCAL.is_dir() or CHECKOUT.is_file() else user_data_path("livecount", appauthor=False)


def require_form(folder: Path) -> None:
    """Raise OtherFormError if the folder holds data that this program cannot read; an empty one is of this form."""
    form = folder / "form"
    if form.is_file():
        found = form.read_text().strip()
    else:  # 0.1 had no file `form`, and its logs no id
        found = (
            "1" if (folder / "kafka").is_dir() and not (folder / "keys" / "log-id").is_file() else str(FORM)
        )
    if found != str(FORM):
        age = "an older" if found.isdecimal() and int(found) < FORM else "a newer"
        raise OtherFormError(
            f"{folder} holds data in form {found}, of {age} Livecount; this program reads form {FORM}. Nothing was changed: "
            "use that program for them, or take another folder with --data-dir"
        )


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
        (folder / "form").write_text(f"{FORM}\n")
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
