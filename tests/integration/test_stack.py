"""A stack of real processes: brought up in order, healed when killed, stopped in order."""

import asyncio
import io
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.request import urlopen

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from rich.console import Console

from infra.local import ports
from infra.local.folder import FolderInUseError, StaleAddressesError, read_addresses
from infra.local.kafka import API_VERSIONS, EmbeddedKafka
from infra.local.logs import LogFollower
from infra.local.process import ChildFailedError, wait_until
from infra.local.service import ServiceSpec, is_ready
from infra.local.stack import Addresses, Plan, Stack
from infra.local.supervision import FIRST_PAUSE_S, LAST_PAUSE_S, STEADY_S, next_pause
from infra.local.topics import create_topics
from infra.local.valkey import EmbeddedValkey
from shared.contract.topics import TopicSpec

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

HEAL_BOUND_S = 20.0
# A service in small: ready at once, and answering with what its environment says.
GREETER = """
import http.server, os, sys
class Greeter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["GREETING"].encode())
    def log_message(self, *args):
        pass
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Greeter)
print("listening", flush=True)
server.serve_forever()
"""
# A supervisor of two greeters, as a program of its own: argv holds its folder, and Kafka's and Redis' addresses.
SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from infra.local.stack import Plan, Stack, cancel_on_signals
from tests.integration.test_stack import greeter, no_topics

async def up():
    cancel_on_signals()
    specs = [greeter("first", ""), greeter("second", "")]
    async with Stack(Plan(Path(sys.argv[1]), lambda _: specs, no_topics, *sys.argv[2:])):
        print("up", specs[0].ready_url, specs[1].ready_url, flush=True)
        await asyncio.Event().wait()

try:
    asyncio.run(up())
except asyncio.CancelledError:
    print("down", flush=True)
"""


def greeter(name: str, greeting: str) -> ServiceSpec:
    """Return a small service on a free port."""
    port = ports.free_ports(1)[0]
    return ServiceSpec(
        name,
        (sys.executable, "-c", GREETER, str(port)),
        {"GREETING": greeting},
        f"http://127.0.0.1:{port}/ready",
    )


async def no_topics(_: str) -> None:
    """Create nothing."""


async def becomes(url: str, text: str) -> bool:
    """Return whether the URL comes to answer with the text, within HEAL_BOUND_S."""

    def answered() -> bool:
        return is_ready(url) and urlopen(url, timeout=2).read().decode() == text

    return await asyncio.to_thread(wait_until, answered, HEAL_BOUND_S)


def answer(kafka: EmbeddedKafka, valkey: EmbeddedValkey) -> bool:
    """Return whether both servers answer."""
    return ports.answers(kafka.brokers[0].port, API_VERSIONS) and ports.answers(valkey.port, b"PING\r\n")


async def topic_names(bootstrap: str) -> list[str]:
    """Return the topics there are."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return list(await admin.list_topics())
    finally:
        await admin.close()


def stopped(printed: str) -> list[str]:
    """Return the names of the parts that were reported as stopped, in order."""
    return [line.split()[0] for line in printed.splitlines() if line.endswith(" stopped")]


def sheet() -> Console:
    """Return a console that writes to memory."""
    return Console(file=io.StringIO(), width=200)


def written(console: Console) -> str:
    """Return what such a console holds."""
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.asyncio
async def test_everything_comes_up_heals_and_goes_down(tmp_path: Path) -> None:
    """Servers, topics, then services; each heals from kill -9 by itself; nothing answers after the end."""
    addresses: list[Addresses] = []

    def services(found: Addresses) -> Iterable[ServiceSpec]:
        addresses.append(found)
        return [greeter("first", found.kafka), greeter("second", found.redis)]

    async def topics(bootstrap: str) -> None:
        await create_topics(bootstrap, [TopicSpec("stack", 1, 1, {})])

    console = sheet()
    async with Stack(Plan(tmp_path, services, topics), console) as stack:
        first, second = (stack.services[name] for name in ("first", "second"))
        assert await topic_names(stack.addresses.kafka) == ["stack"]
        before = first.pid
        for victim in (first, stack.kafka, stack.valkey):
            victim.kill()
        assert await becomes(first.spec.ready_url, addresses[0].kafka)
        assert await becomes(second.spec.ready_url, addresses[0].redis)
        assert first.pid != before
        assert await asyncio.to_thread(wait_until, lambda: answer(stack.kafka, stack.valkey), HEAL_BOUND_S)
        assert await topic_names(stack.addresses.kafka) == ["stack"]

    printed = written(console)
    assert printed.count("died of signal SIGKILL; it starts again in 0.1 s") == 3
    assert printed.count("listening") == 3
    assert stopped(printed) == ["second", "first", "valkey", "kafka"]
    assert not any(is_ready(service.spec.ready_url) for service in (first, second))
    assert not answer(stack.kafka, stack.valkey)


@pytest.mark.asyncio
async def test_a_service_that_fails_to_start_takes_the_stack_down(
    kafka: EmbeddedKafka, valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    """Entering raises with the end of that service's log, and the services that were up are gone."""
    good = greeter("good", "")
    program = (sys.executable, "-c", "raise SystemExit('no such election')")
    bad = ServiceSpec("bad", program, {}, good.ready_url, says="I am bad")
    plan = Plan(tmp_path, lambda _: [good, bad], no_topics, kafka.bootstrap, valkey.url)
    with pytest.raises(ChildFailedError, match=r"(?s)bad ended with exit code 1;.*no such election"):
        async with Stack(plan, sheet()):
            pytest.fail("the stack must not come up")

    assert not is_ready(good.ready_url)


@pytest.mark.asyncio
async def test_a_service_that_keeps_dying_is_tried_again_more_slowly(
    kafka: EmbeddedKafka, valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    """It starts once, then fails until what it lacks is there; each death is reported, and in the end it heals."""
    lacking = tmp_path / "lacking"
    lacking.touch()
    whole = greeter("moody", "well")
    code = f"import os\nassert os.path.exists({str(lacking)!r}), 'lacking'\n{GREETER}"
    moody = ServiceSpec("moody", (sys.executable, "-c", code, whole.argv[-1]), whole.env, whole.ready_url)
    console = sheet()
    plan = Plan(tmp_path, lambda _: [moody], no_topics, kafka.bootstrap, valkey.url)
    async with Stack(plan, console) as stack:
        lacking.unlink()
        stack.services["moody"].kill()
        assert await asyncio.to_thread(
            wait_until,
            lambda: "died of exit code 1; it starts again in 0.4 s" in written(console),
            HEAL_BOUND_S,
        )
        lacking.touch()
        assert await becomes(moody.ready_url, "well")


@pytest.mark.asyncio
async def test_others_find_a_stack_by_its_folder_while_it_is_up(
    kafka: EmbeddedKafka, valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    """The addresses are there once it is ready, whatever characters they hold, and gone when it has ended."""
    named = {"LIVECOUNT_NAMESPACE": "stack", "LIVECOUNT_KEYS": "/a folder/with 'quotes'/keys"}
    plan = Plan(
        tmp_path, lambda _: [greeter("one", "")], no_topics, kafka.bootstrap, valkey.url, settings=named
    )
    assert read_addresses(tmp_path) == {}
    async with Stack(plan, sheet()):
        servers = {"LIVECOUNT_KAFKA": kafka.bootstrap, "LIVECOUNT_REDIS": valkey.url}
        assert read_addresses(tmp_path) == {**servers, **named}

    assert read_addresses(tmp_path) == {}


@pytest.mark.asyncio
async def test_a_second_stack_is_refused_before_it_starts_anything(
    kafka: EmbeddedKafka, valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    """A folder that is in use and ports that are taken are one sentence each; the first stack goes on."""
    first, console = greeter("first", "well"), sheet()
    taken = int(first.argv[-1])
    free = ports.free_ports(1)[0]

    def second(folder: Path, *needed: int) -> Plan:
        return Plan(folder, lambda _: [], no_topics, ports=needed)

    async with Stack(Plan(tmp_path, lambda _: [first], no_topics, kafka.bootstrap, valkey.url), sheet()):
        with pytest.raises(FolderInUseError, match="another deployment runs in this folder"):
            await Stack(second(tmp_path), console).__aenter__()
        with pytest.raises(ports.PortsTakenError, match=f"^port {taken} of 127.0.0.1 is taken by another"):
            await Stack(second(tmp_path / "elsewhere", free, taken), console).__aenter__()
        assert is_ready(first.ready_url)
        assert read_addresses(tmp_path)["LIVECOUNT_KAFKA"] == kafka.bootstrap

    assert written(console) == ""


@pytest.mark.asyncio
async def test_another_program_is_not_taken_for_the_service(
    kafka: EmbeddedKafka, valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    """It answers 200 on the very port, but not what the service would say."""
    theirs = greeter("theirs", "launch 1")
    ours = ServiceSpec("ours", theirs.argv, {"GREETING": "launch 2"}, theirs.ready_url, says="launch 2")
    plan = Plan(tmp_path / "theirs", lambda _: [theirs], no_topics, kafka.bootstrap, valkey.url)
    async with Stack(plan, sheet()):
        assert is_ready(ours.ready_url)
        assert not is_ready(ours.ready_url, ours.says)
        with pytest.raises(
            ChildFailedError, match=r"(?s)ours ended with exit code 1;.*Address already in use"
        ):
            await Stack(
                Plan(tmp_path / "ours", lambda _: [ours], no_topics, kafka.bootstrap, valkey.url), sheet()
            ).__aenter__()

    async with Stack(
        Plan(tmp_path / "ours", lambda _: [ours], no_topics, kafka.bootstrap, valkey.url), sheet()
    ):
        assert is_ready(ours.ready_url, ours.says)


def test_addresses_that_were_left_behind_are_known_as_such(
    kafka: EmbeddedKafka, valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    """A stack that is killed cannot take them away; the next one in the folder does."""
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path), kafka.bootstrap, valkey.url]
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
            assert supervisor.stdout is not None
            assert any(line.startswith("up") for line in supervisor.stdout)
            assert read_addresses(tmp_path)["LIVECOUNT_REDIS"] == valkey.url
            supervisor.kill()
        with pytest.raises(StaleAddressesError, match="left behind by a deployment that has ended"):
            read_addresses(tmp_path)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_stack_in_order(
    kafka: EmbeddedKafka, valkey: EmbeddedValkey, tmp_path: Path, signum: signal.Signals
) -> None:
    """The supervisor ends by itself, and so have its children."""
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path), kafka.bootstrap, valkey.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        urls = next(line for line in supervisor.stdout if line.startswith("up")).split()[1:]
        assert all(is_ready(url) for url in urls)
        supervisor.send_signal(signum)
        rest = supervisor.stdout.read()

    assert supervisor.returncode == 0
    assert stopped(rest) == ["second", "first"]
    assert rest.endswith("down\n")
    assert not any(is_ready(url) for url in urls)


def test_the_pause_doubles_to_its_limit_and_recovers() -> None:
    """A part that was ready for a while starts afresh."""
    assert next_pause(FIRST_PAUSE_S, lived_s=1.0) == 2 * FIRST_PAUSE_S
    assert next_pause(LAST_PAUSE_S, lived_s=1.0) == LAST_PAUSE_S
    assert next_pause(LAST_PAUSE_S, lived_s=STEADY_S) == FIRST_PAUSE_S


def test_a_log_is_followed_by_whole_lines_and_emptied_when_outgrown(tmp_path: Path) -> None:
    """What was there before is not shown; half a line waits for its other half."""
    path = tmp_path / "service.log"
    path.write_text("an earlier run\n")
    follower = LogFollower(path, max_log_bytes=20)
    with path.open("a", buffering=1) as log:
        log.write("one\ntw")
        assert follower.lines() == ["one"]
        log.write("o\nthree\n")
        assert follower.lines() == ["two", "three"]
        assert path.stat().st_size == 0
        log.write("four\n")
        assert follower.lines() == ["four"]
