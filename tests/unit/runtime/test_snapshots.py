"""Snapshots are a cache: a whole one is found, or none."""

import errno
import logging
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
import structlog

from shared.runtime.disk import LocalDisk
from shared.runtime.snapshots import Snapshot, Snapshots

OLD = Snapshot(3, b"three", b"third", b"first")
NEW = Snapshot(7, b"seven\nwith a second line", b"seventh", b"first")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep the many expected warnings out of the output."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.reset_defaults()


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    """A service's snapshots, two generations of one shard."""
    found = Snapshots(tmp_path, "judge/1")
    found.write("shard-0", OLD)
    found.write("shard-0", NEW)
    return found


def test_the_newest_is_found(snapshots: Snapshots) -> None:
    """What was saved last comes back, state and position together."""
    assert snapshots.load("shard-0") == NEW


def test_a_shard_never_saved_has_none(snapshots: Snapshots) -> None:
    """Then its log is replayed from zero."""
    assert snapshots.load("shard-1") is None


def test_every_torn_or_flipped_file_is_passed_over_for_the_one_before(
    snapshots: Snapshots, tmp_path: Path
) -> None:
    """Cut at any byte or with any bit wrong, it is never taken for whole."""
    newest = tmp_path / "shard-0.snapshot"
    whole = newest.read_bytes()
    for place in range(len(whole)):
        newest.write_bytes(whole[:place])
        assert snapshots.load("shard-0") == OLD
        for bit in range(8):
            newest.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
            assert snapshots.load("shard-0") == OLD
    newest.write_bytes(whole + b"more")
    assert snapshots.load("shard-0") == OLD


def test_a_missing_one_means_the_one_before(snapshots: Snapshots, tmp_path: Path) -> None:
    """As after a crash between the two renames."""
    (tmp_path / "shard-0.snapshot").unlink()
    assert snapshots.load("shard-0") == OLD


def test_where_both_are_bad_the_log_is_replayed_from_zero(snapshots: Snapshots, tmp_path: Path) -> None:
    """None is better than a wrong one."""
    for name in ("shard-0.snapshot", "shard-0.previous"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:-1])
    assert snapshots.load("shard-0") is None


def test_a_later_format_is_passed_over(snapshots: Snapshots, tmp_path: Path) -> None:
    """Its checksum holds, and this program does not read it."""
    for header in (b'{"format": "livecount-snapshot/2"}', b'{"format": "livecount-snapshot/1"}', b"{}"):
        content = header + b"\nstate"
        newest = sha256(content).hexdigest().encode() + b"\n" + content
        (tmp_path / "shard-0.snapshot").write_bytes(newest)
        assert snapshots.load("shard-0") == OLD


def test_a_folder_may_be_shared(tmp_path: Path) -> None:
    """Each process writes beside under a name of its own, and what one left half-written is removed."""
    old_owner, new_owner = Snapshots(tmp_path, "judge/1"), Snapshots(tmp_path, "judge/1")
    (tmp_path / "shard-0.gone.writing").write_bytes(b"half")
    (tmp_path / "shard-10.other.writing").write_bytes(b"not of this shard")
    old_owner.write("shard-0", OLD)
    new_owner.write("shard-0", NEW)

    assert old_owner.load("shard-0") == NEW
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "shard-0.previous",
        "shard-0.snapshot",
        "shard-10.other.writing",
    ]


def test_another_layout_of_the_state_is_passed_over(snapshots: Snapshots, tmp_path: Path) -> None:
    """Newer code does not read an older state by guessing."""
    assert Snapshots(tmp_path, "judge/2").load("shard-0") is None
    assert snapshots.load("shard-0") == NEW


def test_a_process_without_a_file_handle_left_does_not_replay_the_whole_log(tmp_path: Path) -> None:
    """Its snapshot is there and cannot be opened: the run ends and tries again. A sector that cannot be read is passed over."""

    class Exhausted(LocalDisk):
        fault = errno.EMFILE

        def read(self, path: Path) -> bytes:
            """Open nothing. Raises OSError."""
            raise OSError(self.fault, os.strerror(self.fault), str(path))

    disk = Exhausted()
    held = Snapshots(tmp_path, "judge/1", disk)
    held.write("shard-0", OLD)
    with pytest.raises(OSError, match="Too many open files"):
        held.load("shard-0")
    disk.fault = errno.EIO
    assert held.load("shard-0") is None
    assert Snapshots(tmp_path, "judge/1").load("shard-0") == OLD
