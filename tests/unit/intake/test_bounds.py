"""What floods of codes, addresses and rankings cost intake: no place in the log, and no memory beyond what is stated."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from secrets import token_bytes, token_hex

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from services.intake import service
from services.intake.admission import Admissions
from services.intake.bounds import MAX_CACHE_BYTES, RankingCache, RecentBallots
from services.intake.ends import LogEnds
from services.intake.log import PENDING, BallotLog
from services.intake.outcomes import AdmittedLines
from services.intake.rankings import ContestForm
from services.intake.roll import KnownRolls
from services.intake.routes import intake_routes
from services.intake.service import WRONG_CODES, IntakeService
from services.intake.settings import IntakeSettings
from shared.contract.codes import VotingCode
from shared.contract.elections import Phase
from shared.runtime.process.rates import Rates
from tests.support.elections import Life, contest, election
from tests.unit.intake.ballot.place import MemoryLog

pytestmark = pytest.mark.asyncio

LIFE = Life(election(), 2)
PATH = "/v1/elections/picnic/ballots"


class Place:
    """Intake's public routes on a log in memory, at a time that stands still."""

    def __init__(self, client: httpx.AsyncClient, log: MemoryLog, ends: LogEnds) -> None:
        self.client = client
        self.log = log
        self.ends = ends
        self.now_s = 1_000.0

    async def cast(self, form: dict[str, object]) -> httpx.Response:
        """Cast one ballot."""
        return await self.client.post(PATH, json=form)

    async def stream(self, forms: Sequence[dict[str, object]]) -> list[dict[str, object]]:
        """Cast ballots, one a line."""
        body = b"".join(json.dumps(form).encode() + b"\n" for form in forms)
        headers = {"Content-Type": "application/x-ndjson"}
        answer = await self.client.post(f"{PATH}/bulk", content=body, headers=headers)
        return [json.loads(line) for line in answer.text.splitlines()]


@asynccontextmanager
async def place(**settings: int) -> AsyncIterator[Place]:
    """Open intake with the picnic announced."""
    announced, rolls, memory = {"picnic": LIFE.announced(2, Phase.OPEN)}, KnownRolls(), MemoryLog()
    for shard in range(2):
        rolls.add(LIFE.known(shard))

    async def open_sink() -> MemoryLog:
        return memory

    ends = LogEnds(memory.open_ends, rolls.judged)
    log = BallotLog(open_sink, "ballots", 100, ends)
    admissions = Admissions(announced, rolls.rolls, lambda: True)
    shared = IntakeService(
        IntakeSettings.model_validate(settings), admissions, log, now_s=lambda: there.now_s
    )
    transport = httpx.ASGITransport(Starlette(routes=intake_routes(shared)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        there = Place(client, memory, ends)
        await log.start()
        yield there
        await log.stop()


def form(elector: int, *ranks: str, ballot_id: str = "", code: str = "") -> dict[str, object]:
    """Return a ballot."""
    rankings = {"fruit": [[candidate] for candidate in ranks]}
    return {
        "ballot_id": ballot_id or token_hex(16),
        "code": code or LIFE.code(elector),
        "rankings": rankings,
    }


async def test_a_ballot_sent_again_has_the_same_answer_and_no_second_place_in_the_log() -> None:
    """It says that it is recorded and not yet judged, one by one or in a stream."""
    again = form(5, "apple")
    async with place() as there:
        first = await there.cast(again)
        assert (first.status_code, first.json()["note"]) == (202, "recorded, not yet judged")
        assert (await there.cast(again)).json() == first.json()
        lines = await there.stream([again] * 700)
        assert {line["receipt"] for line in lines} == {first.json()["receipt"]}
        new = form(6, "apple")
        assert {line["status"] for line in await there.stream([new] * 700)} == {"recorded"}
        assert len(there.log.ballots) == 2


async def test_the_same_ballot_id_with_other_rankings_is_refused() -> None:
    """409 with the field, also in the stream that brings both, and while the first is not known to be recorded."""
    async with place() as there:
        one = form(5, "apple", ballot_id="a" * 32)
        other = form(5, "banana", ballot_id="a" * 32)
        assert (await there.cast(one)).status_code == 202
        refused = await there.cast(other)
        assert (refused.status_code, refused.json()["field"]) == (409, "ballot_id")
        both = await there.stream([form(6, "apple", ballot_id="b" * 32), form(6, ballot_id="b" * 32)])
        assert [line["status"] for line in both] == ["recorded", "refused"]
        assert len(there.log.ballots) == 2


async def test_one_code_has_few_places_in_the_log_a_minute_and_others_are_not_concerned() -> None:
    """429 with Retry-After; one by one, in streams, and with a new ballot id each."""
    async with place(max_casts_per_minute=3) as there:
        answers = [await there.cast(form(5, "apple")) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [202] * 3 + [429] * 3
        assert answers[-1].headers["retry-after"] == "20"
        lines = await there.stream([form(5, "apple")] * 2 + [form(6, "apple")])
        assert [line["status"] for line in lines] == ["refused", "refused", "recorded"]
        there.now_s += 20
        assert (await there.cast(form(5, "apple"))).status_code == 202
        assert len(there.log.ballots) == 5


async def test_guesses_of_codes_are_counted_and_put_off_and_a_good_code_is_not() -> None:
    """By address; nothing of it reaches the log."""
    wrong = str(VotingCode(5, 0, bytes(10)))
    before = WRONG_CODES._value.get()
    async with place(max_wrong_codes_per_minute=4) as there:
        answers = [await there.cast(form(5, "apple", code=wrong)) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [403] * 4 + [429] * 2
        assert answers[-1].headers["retry-after"] == "15"
        assert (await there.cast(form(5, "apple"))).status_code == 202
        assert len(there.log.ballots) == 1
    assert WRONG_CODES._value.get() - before == 6


async def test_what_an_address_sends_is_bounded_in_streams_too() -> None:
    """429 a line; a second's worth may come at once."""
    async with place(max_per_second_per_client=30) as there:
        lines = await there.stream([form(elector % 40, "apple") for elector in range(80)])
        assert [line["status"] for line in lines].count("recorded") == len(there.log.ballots) == 30


async def test_rates_are_kept_for_any_number_of_keys_in_one_mebibyte() -> None:
    """No key is forgotten, and who comes first is not refused because of the others."""
    rates = Rates(10)
    tracemalloc.start()
    refused = sum(rates.hit(("picnic", key), 1_000.0 + key / 2_500) > 0 for key in range(50_000))
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused < 50
    assert grown < 10_000
    assert [rates.hit("one", 2_000.0) > 0 for _ in range(11)] == [False] * 10 + [True]


def lines(whos: Sequence[bytes], marks: Sequence[str]) -> AdmittedLines:
    """Return ballots of one contest."""
    found = AdmittedLines.rows("picnic", [(of,) for of in marks])
    found.columns["who"] = np.frombuffer(b"".join(whos), np.uint8).reshape(-1, 32)
    found.columns["section"] = 0
    return found


async def test_ballots_are_remembered_in_a_table_that_does_not_grow() -> None:
    """The newest are known."""
    recent = RecentBallots(1_000)
    ballots = lines([token_bytes(32) for _ in range(5_000)], [str(n) for n in range(5_000)])
    marks = [recent.mark(ballot) for _, ballot in ballots.each()]
    tracemalloc.start()
    for mark in marks:
        recent.note(mark, recorded=True)
    recent.note_all(recent.marks(ballots), recorded=True)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 10_000
    assert recent.find(marks[-1]) == "recorded"
    assert recent.find(marks[-1][:16] + marks[0][16:]) == "other rankings"


async def test_ballots_that_are_remembered_together_are_known_as_each_by_itself() -> None:
    """In a table so small that they often share a place; of two that do, the later one is known."""
    together, alone = RecentBallots(64), RecentBallots(64)
    whos = [token_bytes(32) for _ in range(40)]
    for said in range(30):
        chosen = [whos[(said * 7 + n * n) % 40] for n in range(25)] + [token_bytes(32) for _ in range(20)]
        ballots = lines(list(dict.fromkeys(chosen)), [str(said % 3)] * len(set(chosen)))
        rows, marks = together.marks(ballots), [alone.mark(ballot) for _, ballot in ballots.each()]
        assert rows.tobytes() == b"".join(marks)
        unknown = together.are_unknown(rows).tolist()
        assert all(alone.find(mark) == "new" for mark, new in zip(marks, unknown, strict=True) if new)
        assert all(unknown[-20:])
        together.note_all(rows, recorded=said % 2 == 0)
        for mark in marks:
            alone.note(mark, recorded=said % 2 == 0)
        assert [together.find(mark) for mark in marks] == [alone.find(mark) for mark in marks]


async def test_rates_of_many_keys_at_once_are_those_of_each_by_itself() -> None:
    """Also of keys that share a place in one of the rows."""
    together, alone = Rates(3), Rates(3)
    random, refused = np.random.default_rng(1), 0
    for turn in range(40):
        drawn = random.choice(1_000, 300, replace=False).astype(np.uint64)
        keys = drawn << np.uint64(20) | drawn % np.uint64(16)
        found = together.hit_all(keys, 1_000.0 + 3 * turn).tolist()
        assert found == [alone.hit(key, 1_000.0 + 3 * turn) for key in keys.tolist()]
        refused += sum(map(bool, found))
    assert 1_000 < refused < 11_000


async def test_rankings_are_kept_up_to_the_stated_bytes_and_what_is_refused_not_at_all() -> None:
    """The largest rankings a body of 16 kB holds, each another, and as many that are wrong: memory stays below the ceiling."""
    names, ceiling = tuple(f"c{n}" for n in range(200)), 2 << 20
    cache = RankingCache(ceiling)
    of = ContestForm(contest(candidates=names), cache)
    tracemalloc.start()
    for n in range(1_000):
        order = names[n % 200 :] + names[: n % 200]
        of.marks(
            tuple((candidate,) for candidate in (*order[: 150 + n // 200], *([str(n)] if n % 2 else [])))
        )
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert ceiling / 2 < cache.bytes <= ceiling <= MAX_CACHE_BYTES
    assert kept <= 1.2 * ceiling


async def test_ballots_that_were_put_off_are_not_held_against_other_rankings() -> None:
    """503: nothing was sent to the log, and the elector may change their mind."""
    async with place() as there:
        many = [form(elector % 40, ballot_id=f"{elector:032x}") for elector in range(120)]
        refused = {line["status"] for line in await there.stream(many)}
        assert refused == {"refused"}
        assert (await there.cast({**many[0], "rankings": {"fruit": [["banana"]]}})).status_code == 202


async def test_a_stream_lets_others_have_their_turn() -> None:
    """However many lines come at once: a ballot cast meanwhile is answered before the stream is."""
    async with place() as there:
        again = form(5, "apple")
        await there.cast(again)
        stream = asyncio.create_task(there.stream([again] * 3_000))
        await asyncio.sleep(0)
        assert (await there.cast(form(6, "apple"))).status_code == 202
        assert not stream.done()
        assert len(await stream) == 3_000


async def test_of_two_rankings_in_one_request_under_one_ballot_id_the_second_is_refused_without_a_memory() -> (
    None
):
    """A receipt stands for what is recorded: the second would have the first one's."""
    async with place(remembered_ballots=0) as there:
        both = await there.stream([form(6, "apple", ballot_id="b" * 32), form(6, ballot_id="b" * 32)])
        assert [line["status"] for line in both] == ["recorded", "refused"]
        assert len(there.log.ballots) == 1


async def test_a_ranking_of_a_contest_that_is_gone_is_not_taken_for_one_of_another() -> None:
    """Each announcement makes its contests anew, and the next one may stand where the last one stood in memory."""
    cache, order = RankingCache(), ("apple", "banana")
    for turn in range(200):
        names = order if turn % 2 else order[::-1]
        assert ContestForm(contest(candidates=names), cache).marks((("apple",),)) == str(names.index("apple"))


async def test_of_two_rankings_under_one_ballot_id_that_come_at_once_one_is_refused() -> None:
    """In two streams, and in a stream and single requests: whoever has the turn first is recorded, the other is answered 409."""
    for single in (False, True):
        async with place() as there:
            one, other = (
                [form(elector, fruit, ballot_id=f"{elector:032x}") for elector in range(40)]
                for fruit in ("apple", "banana")
            )
            cast = [there.cast(of) for of in other] if single else [there.stream(other)]
            await asyncio.gather(there.stream(one), *cast)
            assert len(there.log.ballots) == 40


async def test_a_ballot_on_its_way_is_remembered_though_it_is_put_off_when_it_comes_again() -> None:
    """Forty come again while there is room for thirty: of other rankings under a ballot id none is recorded beside the first."""
    async with place() as there:
        one = [form(elector, "apple") for elector in range(40)]
        other = [of | {"rankings": {"fruit": [["banana"]]}} for of in one]
        there.log.may_go_on.clear()
        first = asyncio.create_task(there.stream(one))
        await on_their_way(40)
        others = asyncio.create_task(there.stream([form(elector, "apple") for elector in range(30)]))
        await on_their_way(70)
        assert {line["problem"]["status"] for line in await there.stream(one)} == {503}  # type: ignore[index]
        casts = [asyncio.create_task(there.cast(of)) for of in other[:20]]
        await asyncio.wait(casts, timeout=1)
        there.log.may_go_on.set()
        assert {answer.status_code for answer in await asyncio.gather(*casts)} == {409}
        assert {line["status"] for line in [*await first, *await others]} == {"recorded"}
        assert len(there.log.ballots) == 70


async def on_their_way(ballots: int) -> None:
    """Wait until so many ballots are being sent to the log."""
    async with asyncio.timeout(10):
        while next(iter(PENDING.collect())).samples[0].value != ballots:
            await asyncio.sleep(0.001)


async def test_lines_that_are_spelt_in_turns_are_answered_and_recorded_in_their_order() -> None:
    """Each spelling is read in columns of its own."""
    forms = [form(elector, "apple") for elector in range(40)]
    spelt = [json.dumps(of, separators=((",", ":"), (", ", ": "))[n % 2]) for n, of in enumerate(forms)]
    async with place() as there:
        headers = {"Content-Type": "application/x-ndjson"}
        answer = await there.client.post(f"{PATH}/bulk", content="\n".join([*spelt, ""]), headers=headers)
        assert [json.loads(line)["line"] for line in answer.text.splitlines()] == list(range(1, 41))
        electors = [of.elector for of in there.log.ballots]
        assert electors == [*range(0, 40, 2), *range(1, 40, 2)]  # shard 0, then shard 1


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5),
            st.sampled_from("ab"),
            st.sampled_from((("apple",), ("banana",))),
            st.sampled_from(("as printed", "as printed", "typed", "wrong")),
        ),
        min_size=1,
        max_size=20,
    ),
    st.integers(0, 20),
    st.sampled_from((0, 1_000)),
    st.sampled_from((1, 8)),
)
async def test_lines_of_one_group_are_answered_as_if_each_came_alone(
    cast: list[tuple[int, str, tuple[str], str]], before: int, remembered: int, in_columns_from: int
) -> None:
    """Repeated, with other rankings, too many with one code, or wrong; some came before, and some are read one by one."""
    forms = []
    for elector, named, ranks, spelling in cast:
        code = LIFE.code(elector)
        code = {"typed": code.lower(), "wrong": str(VotingCode(elector, 0, bytes(10)))}.get(spelling, code)
        forms.append(form(elector, *ranks, ballot_id=f"{elector}{named}" * 16, code=code))
    settings = {"max_casts_per_minute": 2, "remembered_ballots": remembered, "max_wrong_codes_per_minute": 3}
    async with place(**settings) as together, place(**settings) as alone:
        expected = [(await alone.stream([of]))[0] for of in forms] if remembered else []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(service, "TOGETHER", in_columns_from)
            parts = [part for part in (forms[:before], forms[before:]) if part]
            found = [line for part in parts for line in await together.stream(part)]
        kept = {(of.ballot_id, of.rankings) for of in together.log.ballots}
        for of, line in zip(forms, found, strict=True):
            rankings = tuple(str(("apple", "banana").index(rank[0])) for rank in of["rankings"]["fruit"])  # type: ignore[index]
            known = (bytes.fromhex(str(of["ballot_id"])), (*rankings, ""))
            assert line["status"] == "refused" or known in kept
        if expected:
            assert [of | {"line": 1} for of in found] == expected
            assert len(together.log.ballots) == len(alone.log.ballots)
