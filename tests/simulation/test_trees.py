"""Proofs in the simulator: no root is taken back whatever dies, and each mutant of the rules is noticed."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from services.proofs.files import TreeFiles
from services.proofs.shard import ShardTree
from shared.runtime.log import Outgoing
from tests.simulation.disk import SimDisk
from tests.simulation.trees import TreeWorld

SEEDS = 20
MUTANT_SEEDS = 60


@pytest.mark.parametrize("first", range(0, SEEDS, 10))
def test_no_root_is_taken_back(first: int) -> None:
    """Ten seeds at a time."""
    for seed in range(first, first + 10):
        assert TreeWorld(seed).violation() is None, f"seed {seed}"


def checkpoint_first(self: TreeFiles, items: Sequence[Outgoing]) -> None:
    """Sign before the tiles are safe."""
    _REAL_PUBLISH(self, [item for item in items if item.topic == "checkpoint"])
    _REAL_PUBLISH(self, [item for item in items if item.topic != "checkpoint"])


def shown_at_once(self: TreeFiles, text: str) -> None:
    """Show what is signed before it is safe."""
    disk, self._disk = self._disk, _Unsynced(self._disk)
    try:
        _REAL_SIGN(self, text)
    finally:
        self._disk = disk


class _Unsynced:
    def __init__(self, disk: Any) -> None:
        self._real = disk

    def __getattr__(self, name: str) -> Any:
        return (lambda *_: None) if name.startswith("sync") else getattr(self._real, name)


def signs_whatever_stands_signed(self: ShardTree) -> bool:
    """Sign a tree that has not come as far as the signed one."""
    return self.tree.size > 0


def forgets_its_watermark(self: ShardTree) -> bytes:
    """Save the tree with a watermark that is one behind."""
    self._watermark = max(0, self._watermark - 1)
    try:
        return _REAL_SAVE(self)
    finally:
        self._watermark += 1


_REAL_PUBLISH, _REAL_SIGN, _REAL_SAVE = TreeFiles.publish, TreeFiles._sign, ShardTree.save


@pytest.mark.parametrize(
    ("where", "name", "instead"),
    [
        (TreeFiles, "publish", checkpoint_first),
        (TreeFiles, "_sign", shown_at_once),
        (ShardTree, "_may_sign", signs_whatever_stands_signed),
        (ShardTree, "save", forgets_its_watermark),
        (SimDisk, "sync", lambda *_: None),
    ],
    ids=[
        "checkpoint before its tiles",
        "shown before safe",
        "behind the signed",
        "watermark behind",
        "no sync",
    ],
)
def test_the_mutant_is_killed(
    monkeypatch: pytest.MonkeyPatch, where: type, name: str, instead: Callable[..., Any]
) -> None:
    """Within so many seeds a rule does not hold."""
    monkeypatch.setattr(where, name, instead)
    assert any(_fails(seed) for seed in range(MUTANT_SEEDS))


def _fails(seed: int) -> bool:
    try:
        return TreeWorld(seed).violation() is not None
    except (ValueError, AssertionError):
        return True
