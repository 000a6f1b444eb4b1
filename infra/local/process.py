"""A child process: started, waited for, stopped within bounds, and never left behind.

* A child leads its own process group, so that Ctrl-C reaches only its parent, which stops children in order.
* Its output is a file, never a pipe: a terminal that has been paused must not stall a service.
* While it runs it holds a lock on that file, so a second child with the same log, and so the same folder, cannot start.
  (Two Kafkas on one folder destroy each other's metadata before either notices.)
* However its parent ends, kill -9 included, the child ends too. A second process sees to it, the leash: a shell that
  waits on a pipe which only the parent holds open, and kills the child's group when that pipe closes. (Linux's
  parent-death signal follows the thread that forked, not the process, and other systems have none.)
"""

import fcntl
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

POLL_S = 0.02
TAIL_LINES = 25


@dataclass(frozen=True)
class Host:
    """Where a program runs: the address it listens on, and what stands before its command to run it there."""

    address: str = "127.0.0.1"
    prefix: tuple[str, ...] = ()


HERE: Final = Host()


class ChildFailedError(RuntimeError):
    """A child ended, or was not ready within its bound; the message holds the end of its log."""


def wait_until(condition: Callable[[], bool], bound_s: float) -> bool:
    """Return whether the condition came true within the bound. Blocks the calling thread."""
    deadline = time.monotonic() + bound_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


class Child:
    """One program under our care. It may be started again after it ended; its log file goes on."""

    def __init__(
        self, name: str, argv: Sequence[str], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.argv = list(argv)
        self.log = log
        self._env = None if env is None else {**os.environ, **env}
        self._process: subprocess.Popen[bytes] | None = None
        self._leash: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int:
        """The process's id. It must have been started."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code (negative: the signal's number) once it has ended, else None."""
        assert self._process is not None, f"{self.name} was never started"
        code = self._process.poll()
        if code is not None:
            self._unleash()
        return code

    @property
    def ending(self) -> str:
        """How it ended, in words: "exit code 1", "signal SIGKILL". It must have ended."""
        code = self.returncode
        assert code is not None, f"{self.name} still runs"
        return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self.returncode is None

    def spawn(self) -> None:
        """Start it; return at once. Raises ChildFailedError if another process holds its log."""
        assert not self.running, f"{self.name} is already running"
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # What Kafka, Valkey and the services write is for its owner's eyes only.
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            self._lock(log)
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                process_group=0,
                umask=0o077,
            )
        self._leash = _leash(self._process.pid)

    def wait_ready(self, ready: Callable[[], bool], bound_s: float) -> None:
        """Wait until `ready()`; if it ends first, or the bound passes, kill it and raise ChildFailedError."""
        if wait_until(lambda: not self.running or ready(), bound_s) and self.running:
            return
        fate = f"was not ready within {bound_s:g} s" if self.running else f"ended with {self.ending}"
        self.kill()
        raise ChildFailedError(f"{self.name} {fate}; the end of {self.log}:\n{self.tail()}")

    def stop(self, bound_s: float) -> bool:
        """Ask it to end (SIGTERM); kill its whole group if the bound passes. Return whether it ended when asked."""
        self.send(signal.SIGTERM)
        in_order = wait_until(lambda: not self.running, bound_s)
        self.kill()
        return in_order

    def kill(self) -> None:
        """End it and all it has started at once (SIGKILL), and wait for that."""
        if self._process is not None and self.running:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
            self._unleash()

    def send(self, signum: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        if self._process is not None and self.running:
            self._process.send_signal(signum)

    def tail(self) -> str:
        """Return the last lines (TAIL_LINES) that it has written since it was last started."""
        with self.log.open(errors="replace") as lines:
            lines.seek(self._log_start)
            return "".join(deque(lines, maxlen=TAIL_LINES)).rstrip()

    def _lock(self, log: BinaryIO) -> None:
        """Lock the open file, which the child inherits: the lock ends when the last of the two closes it."""
        try:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ChildFailedError(
                f"{self.name} cannot start: a process that runs holds {self.log}"
            ) from error

    def _unleash(self) -> None:
        """End the leash before its pipe closes, for the group's number may by then be another's."""
        leash, self._leash = self._leash, None
        if leash is not None:
            leash.kill()
            leash.communicate()


def _leash(group: int) -> subprocess.Popen[bytes]:
    """Return a shell that kills the process group as soon as this process no longer holds its input open."""
    return subprocess.Popen(
        ["sh", "-c", 'read -r _; kill -s KILL -- "-$0"', str(group)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
