"""Chaos with every service and broker on a host of its own, in its short form; and the network of it, tried by itself."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.net import INSIDE, ROOT, Net, NetFailed, can_make
from tests.chaos.plan import NETWORK
from tests.chaos.probe import PACKETS

WHY_NOT = can_make()
pytestmark = [pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "hosts can be made")]

BALLOTS = 1_000
SHORT = ("--kills=0", "--pauses=0", "--broker-kills=0", "--network=1", "--seed=8303")
"""Faults of the network alone: what is killed in between is tried by the other short form."""
ALL_CAME = list(range(PACKETS))


@pytest.fixture(scope="module")
def tried() -> dict[str, Any]:
    """What came through a network of three hosts while it was well, and during each fault of host a."""
    alone = ["unshare", "--net", "--mount", "--propagation", "private"]
    done = subprocess.run(
        [*alone, sys.executable, "-m", "tests.chaos.probe"],
        cwd=ROOT,
        env={**os.environ, INSIDE: "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_hosts_reach_one_another_by_asymmetric_routes(tried: dict[str, Any]) -> None:
    """What goes takes the second bridge, and what comes back the first."""
    sent = tried["sent"]

    assert tried["came"]["well"] == tried["came"]["well again"] == {"there": ALL_CAME, "back": ALL_CAME}
    assert sent["a by eth1"] >= PACKETS > sent["a by eth0"]
    assert sent["b by eth0"] >= PACKETS > sent["b by eth1"]


def test_each_fault_has_one_direction_and_a_host_that_is_cut_off_has_none(tried: dict[str, Any]) -> None:
    """Lost, thinned out, overtaken: all that on the way there, while everything comes back in order."""
    came = tried["came"]

    assert {fault: found["back"] for fault, found in came.items() if fault != "cut"} == dict.fromkeys(
        ("well", "mute", "loss", "delay", "well again"), ALL_CAME
    )
    assert came["mute"]["there"] == []
    assert PACKETS / 2 < len(came["loss"]["there"]) < PACKETS
    assert came["loss"]["there"] == sorted(came["loss"]["there"])
    assert sorted(came["delay"]["there"]) == ALL_CAME != came["delay"]["there"]
    assert came["cut"] == {"there": [], "back": []}
    assert tried["packets"] >= 3 * PACKETS
    assert tried["lost"] >= PACKETS


def test_hosts_are_made_nowhere_else() -> None:
    """Outside a namespace of its own a run would change this machine's network: it refuses."""
    with pytest.raises(NetFailed, match="namespace of their own"):
        Net(["a"]).make()


@pytest.mark.kafka
@pytest.mark.alone
@pytest.mark.timeout(600)
def test_an_election_is_held_while_hosts_are_cut_off_and_wires_are_bad(tmp_path: Path) -> None:
    """Every process on a host of its own, every fault of the network once: nothing lost, doubled or shown wrongly."""
    report = tmp_path / "report.json"
    command = [
        sys.executable,
        "-m",
        "tests.chaos",
        "--net",
        f"--ballots={BALLOTS}",
        *SHORT,
        f"--out={report}",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=580)
    said = f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"

    assert done.returncode == 0, said
    found = json.loads(report.read_text())
    assert found["truth"]["acknowledged"] >= BALLOTS
    assert {name: found["truth"][name]["number"] for name in ("lost", "doubled", "wrong_standings")} == {
        "lost": 0,
        "doubled": 0,
        "wrong_standings": 0,
    }
    assert {act["kind"] for act in found["acts"]} >= {str(kind) for kind in NETWORK}
    assert found["packets_on_bad_wires"] > 0
