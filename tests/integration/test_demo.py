"""The demo, unattended, as a newcomer runs it: every service a process, one of each killed on the way."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from infra.local.folder import read_addresses
from services.cli.demo.by_hand import LINKS

pytestmark = [pytest.mark.kafka, pytest.mark.alone, pytest.mark.timeout(300)]

BOUND_S = 240.0
VICTIMS = ("validation", "counting", "intake", "results", "operator")


def pids_of(folder: Path) -> dict[str, int]:
    """Return the demo's service processes by name: those whose data folder is this one."""
    found: dict[str, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        service = re.search(rb"services\.(\w+)\0", command)
        if service and f"LIVECOUNT_DATA_DIR={folder}\0".encode() in environment:
            found[service[1].decode()] = int(process.name)
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes in /proc")
def test_the_official_figures_come_out_though_every_service_is_killed_once(tmp_path: Path) -> None:
    """Kill -9 of each service in turn while ballots arrive changes no figure; a vote by hand on the way moves its result."""
    log = tmp_path / "demo.log"
    data = tmp_path / "data"
    command = [
        sys.executable,
        "-m",
        "services.cli.demo",
        "--oneshot",
        "--rate",
        "20000",
        "--data-dir",
        str(data),
    ]
    with (
        log.open("wb") as out,
        subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, "COLUMNS": "160"}) as demo,
    ):
        deadline = time.monotonic() + BOUND_S
        vote_by_hand(log, data, deadline)
        for number, victim in enumerate(VICTIMS, 1):
            ballots = number * 2_500_000
            while casting_bytes(data) < ballots and demo.poll() is None:
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            if (pid := pids_of(data).get(victim)) is not None:
                os.kill(pid, signal.SIGKILL)
        code = demo.wait(timeout=max(1.0, deadline - time.monotonic()))
    printed = log.read_text()

    assert code == 0, printed
    assert "Every official figure came out." in printed
    assert {victim for victim in VICTIMS if f"{victim} died of signal SIGKILL" in printed} == set(VICTIMS), (
        printed
    )


def vote_by_hand(log: Path, data: Path, deadline: float) -> None:
    """Cast a ballot by one of the links that the demo prints, as a browser without a script does; wait until it is counted."""
    while len(links := re.findall(r"Ballot +(\S+/vote/picnic)#code=(\S+)", log.read_text())) < LINKS:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    url, code = links[-1]
    cast = httpx.post(url, data={"step": "cast", "code": code, "ballot": "5" * 32, "0.1": "1"}, timeout=30)
    assert 'data-page="receipt"' in cast.text, cast.text
    results = read_addresses(data)["LIVECOUNT_RESULTS_URL"]
    accepted = 0
    while accepted != 1:
        assert time.monotonic() < deadline, log.read_text()
        standing = httpx.get(f"{results}/v1/elections/picnic/contests/place/standing", timeout=30)
        accepted = standing.json()["balance"]["accepted"] if standing.status_code == httpx.codes.OK else 0


def casting_bytes(data: Path) -> int:
    """Return how much the ballot log holds by now."""
    return sum(file.stat().st_size for file in data.glob("kafka/**/demo.livecount.ballots.cast.v2-*/*.log"))
