"""A wheel built from the repository, installed by itself, runs everything from a folder that knows nothing of the checkout."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.request import urlopen

import pytest

from infra.local.deployment import DEFAULT_PORTS
from tests.support.ports import ports_in_a_row
from tests.support.readers import ROOT

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

BUILD_S = 200
UP_S = 200
PAGES = {"results": "/", "intake": "/vote/club", "proofs": "/receipt", "operator": "/sign-in"}
"""Of each service that people see, a page that needs its templates; what it links to is asked for, too."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a fresh environment that holds the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("installed")
    uv = shutil.which("uv") or str(ROOT / ".venv/bootstrap/bin/uv")
    python = folder / "venv" / "bin" / "python"
    for command in (
        ("build", "--quiet", "--wheel", "--out-dir", folder, ROOT),
        ("venv", "--quiet", folder / "venv"),
        ("pip", "install", "--quiet", "--compile-bytecode", "--python", python),
    ):
        wheels = folder.glob("*.whl") if command[0] == "pip" else ()
        subprocess.run([uv, *command, *wheels], check=True, timeout=BUILD_S, cwd=folder)
    return python.parent


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of somebody who has only the wheel: the platform keeps data below `share`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIVECOUNT_")}
    return {**kept, "XDG_DATA_HOME": str(tmp_path / "share"), "PYTHONPATH": ""}


def run(program: Path, *words: object, env: Mapping[str, str], cwd: Path) -> str:
    """Return what a command prints."""
    done = subprocess.run(
        [program / "livecount", *map(str, words)],
        env=env,
        cwd=cwd,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_counts_and_runs_outside_a_checkout(
    installed: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """A file is counted, a definition made; `up` serves every page, and commands elsewhere find it; it ends clean."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(ROOT / "services/cli/demo/deputy.blt", elsewhere)
    assert "Tom Watson" in run(
        installed, "count", "deputy.blt", "--method", "irv", env=environment, cwd=elsewhere
    )
    run(installed, "new", "club", "--defaults", env=environment, cwd=elsewhere)
    kept = tmp_path / "share" / "livecount"
    assert str(kept) in run(installed, "where", env=environment, cwd=elsewhere)

    base = ports_in_a_row(len(DEFAULT_PORTS))[0]
    with (tmp_path / "said.txt").open("w+") as said:
        command = [str(installed / "livecount"), "up", "--port-base", str(base)]
        process = subprocess.Popen(command, env=environment, cwd=elsewhere, stdout=said, stderr=said)
        try:
            _wait_up(process, Path(said.name))
            run(installed, "create", "club.yaml", env=environment, cwd=elsewhere)
            assert "club: configured" in run(installed, "status", env=environment, cwd=tmp_path)
            places = {"results": base, "intake": base + 1, "operator": base + 2, "proofs": base + 6}
            for name, port in places.items():
                for asset in re.findall(
                    r'(?:href|src)="(/[^"]+\.(?:css|js|svg)[^"]*)"', _page(port, PAGES[name])
                ):
                    assert _page(port, asset), (name, asset)
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.wait()
    written = Path(said.name).read_text()
    assert written.endswith("Livecount has stopped.\n")
    assert "Traceback" not in written
    assert "ERROR" not in written
    assert not (elsewhere / ".livecount").exists()
    assert (kept / "form").read_text() == "2\n"


def _page(port: int, path: str) -> str:
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as page:
        text: str = page.read().decode()
        return text


def _wait_up(process: "subprocess.Popen[bytes]", said: Path) -> None:
    give_up_s = time.monotonic() + UP_S
    while "Livecount is up" not in said.read_text():
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < give_up_s, said.read_text()
        time.sleep(0.2)
