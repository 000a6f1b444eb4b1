"""Files that are written together: each is whole or not there, whenever the power goes."""

import random
from pathlib import Path

import pytest

from shared.runtime.disk import BESIDE, write_together
from tests.simulation.disk import Machine, SimDisk
from tests.simulation.process import Dead, Process

FILES = {Path(f"/tiles/{number}"): bytes([number]) * 40 for number in range(1, 6)}
CALLS = 3 * len(FILES)
"""Each is written, synced and renamed."""


@pytest.mark.parametrize("seed", range(20))
def test_whenever_the_power_goes_each_file_is_whole_or_not_there(seed: int) -> None:
    """At each call of the disk, and after the last; some of the new names may be lost, never a file under its own name torn."""
    for call in range(1, CALLS + 2):
        machine, process = Machine(random.Random(seed), lambda *_: False), Process("writer")
        disk = SimDisk(machine, process)
        disk.dies_at_call = call
        if call <= CALLS:
            with pytest.raises(Dead):
                write_together(disk, FILES)
        else:
            write_together(disk, FILES)
            assert {path: file.content for path, file in machine.names.items()} == FILES
        machine.lose_power()
        for path, file in machine.names.items():
            assert path.name.endswith(BESIDE) or file.content == FILES[path], path
