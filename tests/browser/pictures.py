"""Makes the README's pictures with a headless Chromium: a count in a terminal, the demo's page as it moves, and a ballot.

`make pictures` runs it. It needs Pillow, which only this script uses.
"""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from playwright.sync_api import Browser, Page
from rich.console import Console
from rich.text import Text

from infra.local.folder import read_addresses
from tests.browser.conftest import chromium

DEMO: Final = Path(__file__).parents[2] / "services" / "cli" / "demo"
MOVING: Final = DEMO / "live.gif"
TERMINAL: Final = DEMO / "terminal.png"
WHOLE: Final = DEMO / "deputy.png"
BALLOT: Final = Path(__file__).parents[2] / "services" / "intake" / "ballot" / "ballot.png"
COUNT: Final = ("count", "services/cli/demo/deputy.blt", "--method", "irv")
COLUMNS: Final = 100
CONTEST: Final = "/elections/labour-2015/contests/deputy"
VIEW: Final = {"width": 880, "height": 840}
BALLOT_VIEW: Final = {"width": 1180, "height": 872}
RANKED: Final = ("In the wood", "By the lake", "In the garden")
WHOLE_VIEW: Final = {"width": 1000, "height": 1500}
EVERY_S: Final = 0.5
BOUND_S: Final = 300.0
LOG: Final = "demo.log"
FRAME_MS, LAST_MS = 200, 5_000
COLOURS: Final = 64
SAMPLES: Final = 6
"""Frames whose colours the moving picture has."""
MAX_BYTES: Final = 2_000_000


def main() -> None:
    """Write the four pictures. Raises TimeoutError, or ValueError if the moving one is too large."""
    with chromium() as browser:
        TERMINAL.write_bytes(small(terminal(browser)))
        with TemporaryDirectory(prefix="livecount-picture-") as folder, demo(Path(folder)) as results:
            frames = list(film(browser, results))
            BALLOT.write_bytes(small(ballot(browser, Path(folder))))
    size = write(frames)
    sys.stdout.write(f"{MOVING}: {len(frames)} frames, {size:,} bytes\n")
    if size > MAX_BYTES:
        raise ValueError(f"{MOVING}: {size:,} bytes, expected at most {MAX_BYTES:,}")


def terminal(browser: Browser) -> bytes:
    """Return what a count prints on a terminal, as PNG."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
    argv = [sys.executable, "-m", "services.cli", *COUNT]
    printed = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True).stdout
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(printed))
    page = browser.new_page(device_scale_factor=2)
    page.set_content(console.export_svg(title=" ".join(["livecount", *COUNT])))
    drawing = page.locator("svg").first
    drawing.evaluate("svg => svg.style.width = '880px'")
    return drawing.screenshot()


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """Run the demo until the picture is made; yield the address of its results."""
    argv = [sys.executable, "-m", "services.cli.demo", "--data-dir", str(folder)]
    with (folder / LOG).open("w") as log, subprocess.Popen(argv, stdout=log) as running:
        try:
            wait_for(lambda: running.poll() is not None or bool(read_addresses(folder)))
            yield read_addresses(folder)["LIVECOUNT_RESULTS_URL"]
        finally:
            running.send_signal(signal.SIGINT)


def film(browser: Browser, results: str) -> Iterator[bytes]:
    """Yield the page as PNG each time it has changed, until it is certified."""
    wait_for(lambda: standing(results) is not None)
    page = browser.new_page(viewport=VIEW, color_scheme="light", reduced_motion="reduce")  # type: ignore[arg-type]
    page.goto(results + CONTEST)
    yield from changes(page)
    page.set_viewport_size(WHOLE_VIEW)  # type: ignore[arg-type]
    WHOLE.write_bytes(small(page.screenshot()))


def ballot(browser: Browser, folder: Path) -> bytes:
    """Return a ballot of the demo's picnic, reached by one of the links that the demo prints, as PNG."""
    link = re.search(r"Ballot +(\S+)", (folder / LOG).read_text())
    if link is None:
        raise ValueError(f"{folder / LOG}: expected links to ballots")
    page = browser.new_page(viewport=BALLOT_VIEW, color_scheme="light")  # type: ignore[arg-type]
    page.goto(link[1])
    page.locator("#code-form .main").click()
    for name in RANKED:
        page.locator(".contest .tap", has_text=name).click()
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)
    return page.screenshot()


def changes(page: Page) -> Iterator[bytes]:
    """Yield a screenshot each time the page differs from the last one."""
    seen = b""
    deadline = time.monotonic() + BOUND_S
    while time.monotonic() < deadline:
        shot = page.screenshot()
        if shot != seen:
            yield shot
        seen = shot
        if page.locator(".badge.certified, .status.certified").count():
            page.wait_for_timeout(1_000)
            yield page.screenshot()
            return
        page.wait_for_timeout(EVERY_S * 1_000)
    raise TimeoutError(f"the page was not certified within {BOUND_S:g} s")


def standing(results: str) -> Any:
    """Return the contest's standing, None while there is none."""
    try:
        with urllib.request.urlopen(f"{results}/v1{CONTEST}/standing", timeout=5) as answer:
            found = json.load(answer)
    except OSError:
        return None
    return found if found["rounds"] else None


def small(png: bytes) -> bytes:
    """Return a picture in so few colours that it is a third of the bytes."""
    from PIL import Image

    packed = io.BytesIO()
    drawn = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    drawn.save(packed, "png", optimize=True)
    return packed.getvalue()


def write(frames: list[bytes]) -> int:
    """Write the frames as one picture that starts again at its end; return its size in bytes."""
    from PIL import Image

    pictures = [Image.open(io.BytesIO(frame)).convert("RGB") for frame in frames]
    chosen = pictures[:: max(1, len(pictures) // SAMPLES)]
    sample = Image.new("RGB", (chosen[0].width, sum(of.height for of in chosen)))
    for place, of in enumerate(chosen):
        sample.paste(of, (0, place * of.height))
    palette = sample.quantize(COLOURS)
    first, *rest = [of.quantize(COLOURS, palette=palette, dither=Image.Dither.NONE) for of in pictures]
    durations = [FRAME_MS] * len(rest) + [LAST_MS]
    first.save(MOVING, save_all=True, append_images=rest, duration=durations, loop=0, optimize=True)
    return MOVING.stat().st_size


def wait_for(condition: Any) -> None:
    """Wait until the condition holds. Raises TimeoutError."""
    deadline = time.monotonic() + BOUND_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing came within {BOUND_S:g} s")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
