"""Batches of electors: one signed order, the same by the console, the API and the command; bounds, and what is shown before."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple, cast

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from uvicorn import Config, Server

from infra.local.ports import free_ports
from services.cli.rolls import read_batch
from services.operator.access import Sessions
from services.operator.api.app import create_api
from services.operator.app import new_order
from services.operator.book import ControlBook
from services.operator.changes import before_and_after
from services.operator.console.pages import Console
from services.operator.controls import ControlLog
from services.operator.monitor import MonitorFigures
from services.operator.proposals import Proposal
from services.operator.refusals import OrderRefused, PartlyRefused, UnknownEntry
from services.operator.service import OperatorService
from shared.contract.batches import MAX_BATCH_ELECTORS, parse_runs, runs_in_words, runs_of
from shared.contract.elections import Election, Official, Phase, Section
from shared.contract.events import ElectionClosed, ElectorRestored, ElectorVoided, SignedRecord
from shared.contract.lifecycle import Command
from shared.contract.sentences import in_words
from shared.contract.signing import new_private_key, public_key, sign, sign_in_message
from shared.contract.standings import SectionTurnout, Standing
from shared.runtime.process.health import Health
from tests.support.elections import LOG_ID, OFFICER, OFFICER_KEY, ROOT_KEY, Life, election
from tests.support.standings import standing
from tests.unit.cli.front import livecount
from tests.unit.operator.test_half_way import SHARDS, Log

TOKEN = "a-token-only-for-tests"
SECOND = new_private_key()
OFFICIALS = (Official(name="ada", key=OFFICER_KEY), Official(name="bob", key=public_key(SECOND)))
TERMS = {
    "officials": OFFICIALS,
    "live_tallies": False,
    "smallest_group": 10,
    "sections": (
        Section(id="north", name="North", electors=4),
        Section(id="south", name="South", electors=8),
    ),
}
BATCH = ((1, 3), (7, 7))
REASON = "the box was left open"


def picnic(**changed: Any) -> Life:
    """An election of two sections and two officials."""
    return Life(election(electors=12).model_copy(update={**TERMS, **changed}), SHARDS)


def begun(life: Life, *, voted: bool = True) -> tuple[OperatorService, Log]:
    """An operator, and the log of an election in which everybody has voted, or nobody."""

    async def recount(*_: Any) -> Any:
        raise AssertionError("nobody certifies here")

    book = ControlBook()
    log = Log(book)
    log.begin(life)
    for elector in range(life.definition.electors if voted else 0):
        log.append(elector % SHARDS, life.ballot(elector))
    return OperatorService(cast("ControlLog", log), book, {}, recount, LOG_ID, ROOT_KEY, SHARDS), log


def close(life: Life, log: Log) -> None:
    """Close the election in every shard."""
    closed = life.ordered(ElectionClosed)
    for shard in range(SHARDS):
        log.append(shard, closed)
    log.elections.newest["picnic"] = life.announced(SHARDS, Phase.CLOSED)


async def given(
    service: OperatorService, command: Command, *keys: bytes, reason: str = REASON, **about: Any
) -> Any:
    """Order and sign; return what became of it, shard by shard, or what is still proposed."""
    proposal = await service.order("picnic", command, new_order("ada", reason), **about)
    found: Any = proposal
    for key in keys:
        payload = proposal.record.payload.encode()
        found = await service.sign(proposal.control.control_id, public_key(key), sign(key, payload))
    if isinstance(found, Proposal):
        return found
    return [str(found.verdicts[shard].why or "applied") for shard in range(SHARDS)]


@pytest.mark.asyncio
async def test_a_batch_is_one_order_in_every_shard_and_after_the_close_two_officials() -> None:
    """Before the close one signs, after it two, as of one elector; the list says how many, and names nobody."""
    life = picnic()
    service, log = begun(life)
    assert await given(service, Command.VOID, OFFICER, electors=BATCH) == ["applied"] * 3
    assert await given(service, Command.RESTORE, OFFICER, section="north") == ["applied"] * 3
    again = await given(service, Command.VOID, OFFICER, electors=((7, 8),))
    assert again == ["not-here", "no-change", "applied"]
    life.last_control = service.book.accounts["picnic"].last_control(0)
    close(life, log)
    waits = await given(service, Command.VOID, OFFICER, section="south")
    assert isinstance(waits, Proposal)
    assert (waits.needed, waits.signed) == (2, ["ada"])
    payload = waits.record.payload.encode()
    done = await service.sign(waits.control.control_id, public_key(SECOND), sign(SECOND, payload))
    assert not isinstance(done, Proposal)
    listed = [of.control for of in service.controls("picnic")][-1]
    assert isinstance(listed, ElectorVoided)
    assert (listed.elector, listed.electors, listed.size, listed.reason) == (None, None, 8, REASON)


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({}, UnknownEntry, "expected one of"),
    ({"elector": 1, "section": "north"}, UnknownEntry, "expected one of"),
    ({"section": "west"}, UnknownEntry, "of north, south; found 'west'"),
    ({"electors": ((3, 12),)}, UnknownEntry, "not all on the roll 0..11"),
    ({"electors": ((3, 2),)}, UnknownEntry, "a batch holds 1 to"),
    ({"electors": ((3, 5), (6, 7))}, UnknownEntry, "a gap between two"),
    ({"electors": ((7, 8), (1, 2))}, UnknownEntry, "runs that rise"),
    ({"electors": BATCH, "reason": " "}, OrderRefused, "expected a reason"),
]


@pytest.mark.asyncio
@pytest.mark.parametrize(("about", "kind", "said"), REFUSED)
async def test_what_is_no_batch_is_refused_and_nothing_is_written(
    about: dict[str, Any], kind: type[Exception], said: str
) -> None:
    """In a sentence that says what was expected."""
    service, _ = begun(picnic())
    with pytest.raises(kind, match=said):
        await given(service, Command.VOID, OFFICER, **about)
    assert [of for of in service.controls("picnic") if isinstance(of.control, ElectorVoided)] == []


@pytest.mark.asyncio
async def test_with_live_figures_a_batch_waits_for_the_close() -> None:
    """Before the opening and after the close it is taken."""
    service, _ = begun(picnic(live_tallies=True))
    with pytest.raises(OrderRefused, match="after the close, by two officials"):
        await given(service, Command.VOID, OFFICER, electors=BATCH)


@pytest.mark.asyncio
async def test_too_many_electors_for_one_record_are_refused_with_how_many_orders_it_takes() -> None:
    """By the longest ballots there may be; what a shard refuses for longer ones all the same is said to be half done."""
    sections = (Section(id="all", name="All", electors=50_000),)
    service, _ = begun(picnic(sections=sections), voted=False)
    with pytest.raises(OrderRefused, match=r"50,000 electors are too many .* split them into [3-9]"):
        await given(service, Command.VOID, OFFICER, section="all")
    with pytest.raises(ValueError, match=f"1 to {MAX_BATCH_ELECTORS:,} numbers"):
        parse_runs("0-49999")


@pytest.mark.asyncio
async def test_a_shard_that_refuses_its_part_for_its_size_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other shards took theirs: the officer learns what to do, and no success is claimed."""
    monkeypatch.setattr("services.validation.controls.MAX_MOVED_CHARS", 100)
    service, _ = begun(picnic())
    with pytest.raises(PartlyRefused, match="give the same numbers in several orders"):
        await given(service, Command.VOID, OFFICER, electors=((0, 4),))
    assert await given(service, Command.VOID, OFFICER, electors=((0, 0),)) == [
        "applied",
        "not-here",
        "not-here",
    ]
    with pytest.raises(OrderRefused, match="changes nothing"):
        await given(service, Command.VOID, OFFICER, electors=((2, 2),))


class Fronts(NamedTuple):
    """A served console and API, and the service behind them."""

    url: str
    service: OperatorService
    sessions: Sessions


@contextmanager
def served(
    service: OperatorService, monkeypatch: pytest.MonkeyPatch, folder: Path, key: bytes = OFFICER
) -> Iterator[Fronts]:
    """Serve an operator on a port of its own, which the commands find; `key` is in their folder."""
    sessions = Sessions(service, TOKEN, lambda: 0.0)
    figures = MonitorFigures(shards=[])
    console = Console(service, lambda: figures, sessions, new_order)
    api = create_api(service, lambda: figures, Health(), sessions, new_order)
    (port,) = free_ports(1)
    site = Starlette(routes=[*console.routes(), Mount("/", api)])
    server = Server(Config(site, port=port, log_level="critical", lifespan="off"))
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()
    while not server.started:
        serving.join(0.01)
    (folder / "officer.key").write_text(key.hex())
    url = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("LIVECOUNT_OPERATOR_URL", url)
    monkeypatch.setenv("LIVECOUNT_OPERATOR_TOKEN", TOKEN)
    monkeypatch.setenv("LIVECOUNT_KEYS", str(folder / "officer.key"))
    yield Fronts(url, service, sessions)
    server.should_exit = True
    serving.join(20)


@pytest.fixture
def fronts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Fronts]:
    """An operator that is served, with an election in which everybody has voted; Ada's key for the commands."""
    service, _ = begun(picnic())
    with served(service, monkeypatch, tmp_path) as found:
        yield found


def by_api(fronts: Fronts, command: str, about: dict[str, Any]) -> dict[str, Any]:
    """Propose by the API; return the proposal."""
    answer = httpx.post(
        f"{fronts.url}/v1/elections/picnic/{command}",
        json={"by": "ada", "reason": REASON, **about},
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def by_console(fronts: Fronts, command: str, fields: dict[str, str]) -> tuple[str, str, str]:
    """Look at what changes, and propose, by the form; return both pages and the proposal's id."""
    challenge = fronts.sessions.challenges.new()
    session, _ = fronts.sessions.enter(
        challenge, OFFICER_KEY, sign(OFFICER, sign_in_message(LOG_ID, challenge))
    )
    with httpx.Client(base_url=fronts.url, headers={"Origin": fronts.url}, follow_redirects=True) as http:
        http.cookies.set("livecount-console", session.secret)
        form = {"token": session.form_token, "reason": REASON, **fields}
        path = f"/elections/picnic/{command}"
        looked = http.post(path, data={**form, "do": "look"})
        assert looked.status_code == 200
        proposed = http.post(path, data=form)
        assert "/proposals/" in str(proposed.url), proposed.text
        return unescape(looked.text), unescape(proposed.text), str(proposed.url).rpartition("/")[2]


def payload(fronts: Fronts, control_id: str) -> dict[str, Any]:
    """What is signed, without what belongs to the one order."""
    found: dict[str, Any] = json.loads(fronts.service.proposals.require(control_id).record.payload)
    return {name: of for name, of in found.items() if name not in ("control_id", "at", "follows")}


@pytest.mark.parametrize("command", ["void", "restore"])
def test_console_api_and_command_order_the_same(fronts: Fronts, command: str, tmp_path: Path) -> None:
    """The same bytes but for id and time; the same figures before it is signed; the same entry in the list."""
    codes = [str(picnic().code(number)) for number in (1, 2)]
    batch = tmp_path / "box.csv"
    batch.write_text("\n".join(["name,code", f"Ann,{codes[0]}", f"Bo,{codes[1]}", "Cy,3", "Di,7", ""]))
    if command == "restore":
        signed_void = by_api(fronts, "void", {"electors": BATCH})
        sign_it(fronts, signed_void)
    api = by_api(fronts, command, {"electors": BATCH})
    looked, proposed, by_form = by_console(
        fronts, command, {"electors": "7, 1-3", "elector": "", "section": ""}
    )
    assert payload(fronts, api["control_id"]) == payload(fronts, by_form)
    assert payload(fronts, by_form)["electors"] == [list(run) for run in BATCH]
    said = api["change"]["words"]
    assert "3 of 4 electors of North, 1 of 8 electors of South" in said
    assert "No result is shown" in said
    assert said in looked
    assert said in proposed
    assert in_words(fronts.service.proposals.require(by_form).control) in proposed

    answer = livecount(command, "picnic", "--batch", batch, "--by", "ada", "--reason", REASON)
    assert answer.exit_code == 0, answer.stderr
    assert said in answer.stderr
    carried = fronts.service.controls("picnic")[-1].control
    assert carried.type.startswith("elector-")
    assert cast("ElectorVoided", carried).size == 4
    listed = livecount("controls", "picnic").stdout.splitlines()[-1]
    assert f"{carried.type}, 4 electors  by ada, 1 signed" in listed
    last = httpx.get(
        f"{fronts.url}/v1/elections/picnic/controls", headers={"Authorization": f"Bearer {TOKEN}"}
    ).json()[-1]
    assert (last["electors"], last["reason"]) == (4, REASON)


def sign_it(fronts: Fronts, proposal: dict[str, Any]) -> None:
    """Sign a proposal by the API."""
    form = {"key": OFFICER_KEY, "signature": sign(OFFICER, proposal["payload"].encode())}
    answer = httpx.post(
        f"{fronts.url}/v1/proposals/{proposal['control_id']}/signatures",
        json=form,
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    assert answer.status_code == 200, answer.text


def test_a_command_says_what_is_wrong_in_one_line(fronts: Fronts, tmp_path: Path) -> None:
    """None of the three, or two of them; a file's line; a bound of the service."""
    assert "expected one of --elector, --batch and --section" in livecount("void", "picnic").stderr
    two = livecount("void", "picnic", "--elector", "1", "--section", "north")
    assert two.exit_code == 2
    batch = tmp_path / "box"
    for text, said in (
        ("3\n12\n", "line 2: elector 12 is not on the roll 0..11"),
        ("3\nannabel\n", "line 2: a voting code looks like"),
        ("", "expected electors, one a line, found none"),
        ("elector\n", "expected electors, one a line, found none"),
    ):
        batch.write_text(text)
        refused = livecount("void", "picnic", "--batch", batch, "--reason", REASON)
        assert refused.exit_code == 2
        assert said in refused.stderr
    batch.write_text("2-4\n9\n")
    assert read_batch(batch, picnic().definition) == ((2, 4), (9, 9))
    unsaid = livecount("void", "picnic", "--batch", batch)
    assert (unsaid.exit_code, "expected a reason" in unsaid.stderr) == (2, True)


def shown(definition: Election, accepted: tuple[int, int], **changed: Any) -> Standing:
    """A standing of the fruit contest with this turnout by section."""
    turnout = tuple(
        SectionTurnout(section=of.id, electors=of.electors, accepted=count)
        for of, count in zip(definition.sections, accepted, strict=True)
    )
    return standing(3, Phase.CLOSED).model_copy(
        update={"turnout": turnout, "sections": definition.sections, **changed}
    )


def test_only_whole_sections_that_stand_alone_show_what_changes() -> None:
    """By public figures. A list of electors, a part of a section, or one shown together with another: only how many."""
    announced = picnic().announced(SHARDS, Phase.CLOSED)
    whole, part = {"electors": ((0, 3),)}, {"electors": ((0, 2),)}
    standings = {"fruit": shown(announced.definition, (4, 7))}
    found = before_and_after(announced, Command.VOID, whole, standings)
    assert found is not None
    assert found.rows[0] == ("Ballots that count, north", "4", "0")
    assert "4 of 4 electors of North" in found.words
    assert "withheld until it is certified again" in found.words
    together = {"fruit": shown(announced.definition, (4, 7), together={"north": ("north", "south")})}
    for about, command, of in (
        (part, Command.VOID, standings),
        (whole, Command.RESTORE, standings),
        (whole, Command.VOID, together),
        (whole, Command.VOID, {}),
    ):
        change = before_and_after(announced, command, about, of)
        assert change is not None
        assert (list(change.rows), "No result is shown" in change.words) == ([], True)


def test_votes_without_a_section_are_the_public_figures_without_its_own() -> None:
    """The first round, candidate by candidate."""
    announced = picnic().announced(SHARDS, Phase.CLOSED)
    base = shown(announced.definition, (4, 7))
    first, *rest = base.rounds
    votes = {who: 10 + place for place, who in enumerate(first.votes)}
    first = first.model_copy(
        update={"votes": votes, "by_section": {"north": dict.fromkeys(votes, 3), "south": {}}}
    )
    change = before_and_after(
        announced,
        Command.VOID,
        {"electors": ((0, 3),)},
        {"fruit": base.model_copy(update={"rounds": (first, *rest), "places": 0, "withheld": False})},
    )
    assert change is not None
    figures = [(int(before), int(after)) for _, before, after in change.rows[1:]]
    assert sorted(figures) == sorted((count, count - 3) for count in votes.values())


def test_runs_have_one_spelling() -> None:
    """However numbers are given."""
    assert runs_of([7, 3, 1, 2, 2]) == BATCH
    assert parse_runs("7 1-2,3\n2") == BATCH
    assert runs_in_words(BATCH) == "4 electors: 1-3, 7"
    for wrong in ("", "a", "3-1", "1--2", "-1", "1-2-3"):
        with pytest.raises(ValueError, match="expected"):
            parse_runs(wrong)


@pytest.mark.parametrize("kind", [ElectorVoided, ElectorRestored])
def test_an_order_about_an_elector_and_a_batch_is_no_order(kind: type) -> None:
    """For every program alike: it cannot be read."""
    life = picnic()
    record = SignedRecord.model_validate_json(life.batch(kind, 1, 2))
    assert record.content() is not None
    for wrong in (
        re.sub('"elector":null', '"elector":3', record.payload),
        re.sub(r"\[\[1,2\]\]", "[[1,2],[3,4]]", record.payload),
        re.sub(r"\[\[1,2\]\]", "[]", record.payload),
    ):
        assert wrong != record.payload
        assert record.model_copy(update={"payload": wrong}).content() is None
