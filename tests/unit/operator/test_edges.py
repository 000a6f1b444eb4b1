"""What the public's services say of themselves is read from their own exposition, and said as what the last minute brought."""

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from services.intake.routes import REFUSED
from services.intake.service import WRONG_CODES
from services.operator.edges import CLIENTS, LABELS, Edges, read_metrics
from services.operator.edges import WRONG_CODES as WRONG_CODES_NAME
from services.results.stream import CLIENTS as FEED_CLIENTS
from shared.runtime.process.connections import ENDED


class Edge:
    """An intake whose metrics are set by hand."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Count from nothing."""
        self.registry = CollectorRegistry()
        self.refused = Counter("livecount_intake_refused", "", ["status"], registry=self.registry)
        self.wrong = Counter("livecount_intake_wrong_codes", "", registry=self.registry)
        self.ended = Counter("livecount_http_ended", "", ["bound"], registry=self.registry)
        self.clients = Gauge("livecount_feed_clients", "", registry=self.registry)

    def answer(self, _: httpx.Request) -> httpx.Response:
        """Answer with the exposition."""
        return httpx.Response(200, content=generate_latest(self.registry))


@pytest.mark.asyncio
async def test_counters_are_said_by_the_minute_and_survive_a_restart() -> None:
    """What was counted before the first look is not said; a counter that begins again is added as it is."""
    edge, edges = Edge(), Edges(("http://intake",))
    edge.refused.labels("422").inc(500)
    async with httpx.AsyncClient(transport=httpx.MockTransport(edge.answer)) as http:
        await edges.look(http, 0.0)
        edge.refused.labels("429").inc(7)
        edge.wrong.inc(3)
        edge.clients.set(12)
        await edges.look(http, 10.0)
        edge.restart()
        edge.wrong.inc(2)
        edge.ended.labels("idle").inc(4)
        await edges.look(http, 20.0)
        (found,) = edges.figures
        assert (found.refused, found.wrong_codes, found.bounds) == ({"429": 7}, 5, {"idle": 4})
        await edges.look(http, 75.0)
        assert edges.figures[0].wrong_codes == 2
        await edges.look(http, 140.0)
        assert (edges.figures[0].wrong_codes, edges.figures[0].bounds) == (0, {})


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "answer", [httpx.Response(503), httpx.Response(200, text="livecount_feed_clients x")]
)
async def test_one_that_does_not_answer_is_away_and_keeps_no_figures(answer: httpx.Response) -> None:
    """Nor does one that answers with something else."""
    edges = Edges(("http://intake",))
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer)) as http:
        await edges.look(http, 0.0)
    (found,) = edges.figures
    assert found.away
    assert (found.feed_clients, found.refused) == (0, {})


def test_whose_metrics_they_are_is_seen_by_what_they_count() -> None:
    """Intake counts wrong codes, results has clients of the feed."""
    assert read_metrics(f"{WRONG_CODES_NAME} 3.0\n")[:2] == ("intake", 0)
    assert read_metrics(f"{CLIENTS} 4.0\n")[:2] == ("results", 4)


def test_what_is_asked_for_is_what_the_services_count() -> None:
    """By their very names."""
    named = {
        f"{family.name}_total": family for of in (REFUSED, WRONG_CODES, ENDED) for family in of.collect()
    }
    assert set(named) == set(LABELS)
    assert WRONG_CODES_NAME in named
    assert [family.name for family in FEED_CLIENTS.collect()] == [CLIENTS]
