"""A whole election by two officials: in the console, by command and by API, in one log, with one result.

Each official has a signer of their own, `livecount sign-in`, and a browser. The three elections stand in the same log: so the
tile of each must be right although the log goes on.
"""

import asyncio
import csv
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from infra.local import ports
from services.cli.clients.keys import KeyRing, write_key
from services.cli.clients.operator import Officer, OperatorClient, Patience
from shared.contract.batches import parse_runs
from shared.contract.codec import decode_as, encode_pack
from shared.contract.codes import parse_code
from shared.contract.elections import Election, Official
from shared.contract.events import ElectionCertified
from shared.contract.ids import shard_of
from shared.contract.lifecycle import Command
from shared.contract.packs import Ballot, pack_of
from shared.contract.rolls import read_roll
from shared.contract.topics import CONTROLS_JUDGED
from shared.contract.verdicts import ControlJudged
from tests.support.elections import OFFICER_KEY, ROOT, SALT, contest, election
from tests.support.pipeline import Pipeline
from tests.support.topics import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(400)]
TOKEN: Final = "a-token-only-for-tests"
WIDTHS: Final = (320, 768, 1280)
PICTURES: Final = os.environ.get("LIVECOUNT_PICTURES", "")
"""A folder for pictures of every page, for whoever wants to look; none are taken without it."""
MARKS: Final = ("0>1", "1>0", "2>1>0", "0>2", "1>2", "3>0>1", "2>0")
ELECTORS: Final = 10_000
VOTES: Final = 6_500
DUE_S: Final = 25
BOUND_S: Final = 60.0
LOOKED_AT: Final = ("withdraw", "void", "close")
VOIDED, CANDIDATE = 7, ("fruit", "damson")
BATCH, RESTORED = "10-109, 200", "50-59"


class Officials:
    """A deployment, and two officials' keys in folders of their own."""

    def __init__(self, pipeline: Pipeline, folder: Path) -> None:
        self.pipeline = pipeline
        self.folder = folder
        self.url = pipeline.url("operator")
        self.keys = {name: folder / name / "keys" for name in ("ada", "bob")}
        self.public = {}
        for name, keys in self.keys.items():
            keys.mkdir(parents=True)
            self.public[name] = write_key(keys / "officer.key")
        self._signers: list[subprocess.Popen[str]] = []

    def definition(self, name: str) -> Election:
        """An election of fruit that two of three must sign; Eve is away."""
        three = (*((who, key) for who, key in self.public.items()), ("eve", OFFICER_KEY))
        return election(name, electors=ELECTORS).model_copy(
            update={
                "officials": tuple(Official(name=who, key=key) for who, key in three),
                "approvals": 2,
                "contests": (contest(),),
                "live_tallies": False,
            }
        )

    def environment(self, who: str) -> dict[str, str]:
        """What an official's commands find."""
        return {
            **os.environ,
            "LIVECOUNT_OPERATOR_URL": self.url,
            "LIVECOUNT_OPERATOR_TOKEN": TOKEN,
            "LIVECOUNT_KEYS": str(self.keys[who]),
            "LIVECOUNT_DATA_DIR": str(self.folder / who),
            "PYTHONUNBUFFERED": "1",
        }

    def livecount(self, who: str, *words: str) -> str:
        """Return what a command says that succeeds."""
        argv = [sys.executable, "-m", "services.cli", *words]
        done = subprocess.run(
            argv,
            env=self.environment(who),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def sign_in(self, who: str) -> str:
        """Start an official's signer, and return the link that it gives."""
        argv = [sys.executable, "-m", "services.cli", "sign-in"]
        signer = subprocess.Popen(argv, env=self.environment(who), stdout=subprocess.PIPE, text=True)
        self._signers.append(signer)
        assert signer.stdout is not None
        said = signer.stdout.readline()
        assert said.startswith(f"signed in as {who}: {self.url}/sign-in?code="), said
        return said.split()[-1]

    def stop(self) -> None:
        """End the signers."""
        for signer in self._signers:
            signer.terminate()
        for signer in self._signers:
            signer.communicate(timeout=20)

    async def vote(self, name: str, codes: Path) -> None:
        """Cast the same ballots in an election, by the codes of its roll, straight into the log as intake would."""
        cast: dict[int, list[Ballot]] = {0: [], 1: []}
        with codes.open() as file:
            for number, line in enumerate(islice(csv.DictReader(file), VOTES)):
                code = parse_code(line["code"])
                marks = (MARKS[number % len(MARKS)],)
                ballot = Ballot(number.to_bytes(16), code.elector, code.section, code.secret, marks)
                cast[shard_of(code.elector, 2)].append(ballot)
        packs = [
            (shard, encode_pack(pack_of(name, ballots[first : first + 500], SALT)))
            for shard, ballots in cast.items()
            for first in range(0, len(ballots), 500)
        ]
        await self.pipeline.cast(packs)

    async def client(self, http: httpx.AsyncClient, *privates: bytes) -> OperatorClient:
        """Return a client with these keys."""
        return OperatorClient(
            http, self.url, TOKEN, Officer(KeyRing.of(*privates), "ada", "as agreed"), Patience(tries=20)
        )

    async def freeze(self, name: str) -> None:
        """Freeze an election; the root's key is in no official's folder."""
        async with httpx.AsyncClient(trust_env=False) as http:
            await (await self.client(http, ROOT)).configure(self.definition(name))

    def private(self, who: str) -> bytes:
        """An official's private key."""
        return bytes.fromhex((self.keys[who] / "officer.key").read_text())


@pytest.fixture
def officials(kafka: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Officials]:
    """Two officials, and a deployment that counts."""
    monkeypatch.setenv("LIVECOUNT_OPERATOR_TOKEN", TOKEN)
    monkeypatch.setenv("LIVECOUNT_MONITOR_PORT", str(ports.free_ports(1)[0]))
    pipeline = Pipeline(kafka.bootstrap, tmp_path / "deployment")
    (tmp_path / "deployment").mkdir()
    run(pipeline.create())
    try:
        services = ("validation", "counting", "operator")
        for service in services:
            pipeline.start(service)
        for service in services:
            pipeline.wait_ready(service)
        found = Officials(pipeline, tmp_path)
        try:
            yield found
        finally:
            found.stop()
    finally:
        pipeline.stop()


def run(doing: Any) -> Any:
    """Run a coroutine beside Playwright's loop, which this thread may hold."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, doing).result()


def look(page: Page, name: str) -> None:
    """No axe rule is broken and nothing sticks out, at three widths, by day and by night."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if width == 768 else "light")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/{name}-{width}.png", full_page=True)


def sign(page: Page, officials: Officials, typed: str = "") -> None:
    """From an order's page in the console to the signer, by the keyboard; sign there, and be back."""
    page.get_by_role("link", name="Read and sign it in your signer").press("Enter")
    expect(page.get_by_role("heading", name="Sign this order?")).to_be_visible()
    if typed:
        page.get_by_label("There is no way back").fill(typed)
    page.get_by_role("button", name="Sign").press("Enter")
    expect(page).to_have_url(re.compile(re.escape(f"{officials.url}/proposals/")))


def order(
    ada: Page, bob: Page, officials: Officials, name: str, command: str, typed: str = "", **fields: str
) -> None:
    """Ada proposes an order and signs it, Bob signs it too."""
    ada.goto(f"{officials.url}/elections/{name}/{command}")
    for field, value in fields.items():
        if field == "candidate":
            ada.get_by_label("Candidate").select_option(value)
        else:
            ada.locator(f"#{field}").fill(value)
    ada.get_by_label("Reason").fill("as agreed")
    if typed:
        ada.get_by_label("There is no way back").fill(typed)
    if command in LOOKED_AT:
        look(ada, command)
    ada.get_by_role("button", name=f"Propose: {command}").press("Enter")
    expect(ada.get_by_text("nobody yet")).to_be_visible()
    sign(ada, officials, typed)
    expect(ada.get_by_role("status")).to_have_text("waits")
    bob.goto(ada.url)
    if command == "close":
        look(bob, "proposal")
    sign(bob, officials, typed)
    expect(bob.get_by_role("status")).to_have_text("carried out")


def opened_in_console(browser: Browser, officials: Officials, name: str) -> tuple[Page, Page]:
    """From two sign-ins to an opening that is signed ahead, in a browser but for making the codes; votes follow."""
    pages = {}
    for who in ("ada", "bob"):
        pages[who] = browser.new_context().new_page()
        enter(pages[who], officials, who)
    ada, bob = pages["ada"], pages["bob"]
    codes = officials.folder / f"{name}.csv"
    officials.livecount("ada", "codes", name, "--out", str(codes))

    ada.goto(f"{officials.url}/elections/{name}/open")
    ada.get_by_role("link", name="Open in your signer").press("Enter")
    look(ada, "signer-open")
    ada.get_by_label("There is no way back").fill("another")
    ada.get_by_role("button", name="Upload").press("Enter")
    expect(ada.get_by_role("alert")).to_contain_text(f"Type {name}")
    ada.get_by_label("There is no way back").fill(name)
    due = datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(seconds=DUE_S)  # noqa: TID251  # a person looks at a clock
    ada.get_by_label("Time", exact=True).fill(f"{due:%Y-%m-%dT%H:%M:%S}")
    ada.get_by_label("Time zone").fill("Europe/Berlin")
    ada.get_by_role("button", name="Upload").press("Enter")
    expect(ada.get_by_role("status")).to_have_text("waits")
    bob.goto(ada.url)
    sign(bob, officials, name)
    expect(bob.get_by_role("status")).to_have_text("scheduled")
    ada.goto(f"{officials.url}/elections/{name}")
    expect(ada.get_by_text("election-opened,")).to_be_visible()
    look(ada, "scheduled")
    officials.pipeline.kill("operator")  # what is scheduled survives it; sessions do not
    officials.pipeline.start("operator")
    officials.pipeline.wait_ready("operator")
    wait_for(lambda: f"{name}: open since" in officials.livecount("ada", "status", name))
    for who, page in pages.items():
        enter(page, officials, who)
    run(officials.vote(name, codes))
    return ada, bob


def ended_in_console(ada: Page, bob: Page, officials: Officials, name: str) -> None:
    """From the first withdrawal to the certificate."""
    order(ada, bob, officials, name, "withdraw", candidate="/".join(CANDIDATE))
    order(ada, bob, officials, name, "void", elector=str(VOIDED))
    order(ada, bob, officials, name, "void", electors=BATCH)
    order(ada, bob, officials, name, "restore", electors=RESTORED)
    order(ada, bob, officials, name, "pause")
    order(ada, bob, officials, name, "resume")
    void_twice(ada, bob, officials, name)
    order(ada, bob, officials, name, "close", typed=name)
    ada.goto(f"{officials.url}/elections/{name}")
    counted = ada.locator(".tile", has_text="Are all accepted ballots counted?")
    for _ in range(30):
        if "Yes" in counted.inner_text():
            break
        ada.wait_for_timeout(500)
        ada.reload()
    expect(counted).to_contain_text("Yes")
    order(ada, bob, officials, name, "certify")
    ada.goto(f"{officials.url}/elections/{name}?q=void")
    expect(ada.get_by_text("3 of 11 controls")).to_be_visible()
    look(ada, "election")


def enter(page: Page, officials: Officials, who: str) -> None:
    """Sign in by the link that an official's signer gives."""
    page.goto(officials.sign_in(who))
    page.get_by_role("button", name="Go on to the console").press("Enter")
    expect(page.get_by_text(f"{who}, officer")).to_be_visible()


def wait_for(condition: Callable[[], bool]) -> None:
    """Return once it holds; fail after BOUND_S."""
    deadline = time.monotonic() + BOUND_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def void_twice(ada: Page, bob: Page, officials: Officials, name: str) -> None:
    """The second says that it changes nothing, to whoever proposed it, too."""
    ada.goto(f"{officials.url}/elections/{name}/void")
    ada.locator("#elector").fill(str(VOIDED))
    ada.get_by_role("button", name="Propose: void").press("Enter")
    sign(ada, officials)
    bob.goto(ada.url)
    bob.get_by_role("link", name="Read and sign it in your signer").press("Enter")
    bob.get_by_role("button", name="Sign").press("Enter")
    expect(bob.get_by_role("alert")).to_contain_text("it changes nothing")
    look(bob, "signer-refused")
    ada.reload()
    expect(ada.get_by_role("status")).to_have_text("no effect")
    expect(ada.get_by_text("it was so before")).to_be_visible()


def by_command(officials: Officials, name: str) -> None:
    """Every step by a command of the console's names."""
    codes = officials.folder / f"{name}.csv"
    officials.livecount("ada", "codes", name, "--out", str(codes))

    def given(*words: str) -> None:
        said = officials.livecount("ada", *words, "--by", "ada", "--reason", "as agreed")
        control_id = re.findall(r"livecount approve ([0-9a-f]{32})", said)[0]
        assert "carried out" in officials.livecount("bob", "approve", control_id)

    given("open", name)
    run(officials.vote(name, codes))
    given("withdraw", name, "/".join(CANDIDATE))
    given("void", name, "--elector", str(VOIDED))
    batch = officials.folder / f"{name}.box"
    batch.write_text(BATCH.replace(", ", "\n"))
    given("void", name, "--batch", str(batch))
    batch.write_text(RESTORED)
    given("restore", name, "--batch", str(batch))
    given("pause", name)
    given("resume", name)
    given("close", name)
    given("certify", name)


async def by_api(officials: Officials, name: str) -> None:
    """Every step by the API, with a session of each official in the place of the token."""
    codes = officials.folder / f"{name}.csv"
    officials.livecount("ada", "codes", name, "--out", str(codes))
    roll = read_roll((officials.folder / "ada" / "rolls" / f"{name}.roll").read_bytes())
    async with httpx.AsyncClient(trust_env=False) as http:
        ada, bob = [await officials.client(http, officials.private(who)) for who in ("ada", "bob")]
        assert [(await of.sign_in())["name"] for of in (ada, bob)] == ["ada", "bob"]
        opened = await ada.open(name, roll)
        assert not (await bob.approve(opened.control_id)).pending
        await officials.vote(name, codes)
        contest_id, candidate = CANDIDATE
        for command, about in (
            (Command.WITHDRAW, {"contest": contest_id, "candidate": candidate}),
            (Command.VOID, {"elector": VOIDED}),
            (Command.VOID, {"electors": parse_runs(BATCH)}),
            (Command.RESTORE, {"electors": parse_runs(RESTORED)}),
            (Command.PAUSE, {}),
            (Command.RESUME, {}),
            (Command.CLOSE, {}),
        ):
            proposed = await ada.order(name, command, **about)
            assert not (await bob.approve(proposed.control_id)).pending
        certified = await ada.certify(name, until_final_s=30.0)
        assert not (await bob.approve(certified.control_id)).pending


async def result_of(officials: Officials, name: str) -> str:
    """Return the certified result's hash, as the certificate in the log names it."""
    topic = await read_topic(officials.pipeline.kafka, CONTROLS_JUDGED.name(officials.pipeline.namespace))
    judged = [decode_as(ControlJudged, value) for shard in topic for value in shard]
    certificates = [
        of.control for of in judged if isinstance(of.control, ElectionCertified) and of.effect == "applied"
    ]
    found = {json.dumps(of.result_hashes) for of in certificates if of.election == name}
    assert len(found) == 1, found
    return found.pop()


def test_console_command_and_api_come_to_the_same_result(browser: Browser, officials: Officials) -> None:
    """Two officials each time; one log; three certificates over one hash."""
    for name in ("by-console", "by-command", "by-api"):
        run(officials.freeze(name))
    ada, bob = opened_in_console(browser, officials, "by-console")
    with ThreadPoolExecutor(2) as pool:
        others = [
            pool.submit(by_command, officials, "by-command"),
            pool.submit(asyncio.run, by_api(officials, "by-api")),
        ]
        ended_in_console(ada, bob, officials, "by-console")
        for other in others:
            other.result()
    assert len({run(result_of(officials, name)) for name in ("by-console", "by-command", "by-api")}) == 1
