"""The services that the public reaches, as their own metrics say: feed clients, ballots refused, wrong codes, bounds reached.

They are asked, and report nothing themselves: what faces the public may write nothing to Kafka but ballots.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import httpx
from prometheus_client.parser import text_string_to_metric_families

from services.operator.monitor import EdgeFigures

MINUTE_S: Final = 60.0
ANSWER_S: Final = 2.0
CLIENTS: Final = "livecount_feed_clients"
WRONG_CODES: Final = "livecount_intake_wrong_codes_total"
REFUSED: Final = "livecount_intake_refused_total"
BOUNDS: Final = "livecount_http_ended_total"
LABELS: Final = {REFUSED: "status", BOUNDS: "bound", WRONG_CODES: ""}
"""Counters, and the label by which each is shown."""

Counts = Counter[tuple[str, str]]
"""By metric and label."""


class _Moment(NamedTuple):
    at_s: float
    counts: Counts


class Edges:
    """What each of them has said within the last minute."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._said: dict[str, deque[_Moment]] = {url: deque() for url in urls}
        self._figures: dict[str, EdgeFigures] = {}

    @property
    def figures(self) -> list[EdgeFigures]:
        """What was seen last, in the order of the settings."""
        return list(self._figures.values())

    async def look(self, http: httpx.AsyncClient, now_s: float) -> None:
        """Ask each once; never raises for what one of them answers or does not answer."""
        await asyncio.gather(*(self._look(http, url, now_s) for url in self._said))

    async def _look(self, http: httpx.AsyncClient, url: str, now_s: float) -> None:
        try:
            answer = (await http.get(f"{url}/metrics", timeout=ANSWER_S)).raise_for_status()
            name, clients, counts = read_metrics(answer.text)
        except (httpx.HTTPError, ValueError) as fault:
            self._figures[url] = EdgeFigures(url=url, away=str(fault) or repr(fault))
            return
        said = self._said[url]
        said.append(_Moment(now_s, counts))
        while len(said) > 1 and said[1].at_s < now_s - MINUTE_S:
            said.popleft()
        self._figures[url] = _figures(url, name, clients, said)


def read_metrics(text: str) -> tuple[str, int, Counts]:
    """Return whose an exposition is, the feed's clients and the counters that are shown. Raises ValueError."""
    name, clients, counts = "", 0, Counts()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == CLIENTS:
                name, clients = "results", clients + int(sample.value)
            elif sample.name in LABELS:
                name = "intake" if sample.name == WRONG_CODES else name
                counts[sample.name, sample.labels.get(LABELS[sample.name], "")] += int(sample.value)
    return name, clients, counts


def _figures(url: str, name: str, clients: int, said: Sequence[_Moment]) -> EdgeFigures:
    added = sum((_added(before.counts, after.counts) for before, after in pairwise(said)), Counts())
    by_label = {name: {label: n for (metric, label), n in added.items() if metric == name} for name in LABELS}
    return EdgeFigures(
        url=url,
        name=name,
        feed_clients=clients,
        refused=by_label[REFUSED],
        bounds=by_label[BOUNDS],
        wrong_codes=by_label[WRONG_CODES].get("", 0),
    )


def _added(before: Counts, after: Counts) -> Counts:
    """Return what was counted in between; a counter that fell was started again, and counts from nothing."""
    return Counts({key: n - before[key] if n >= before[key] else n for key, n in after.items()})
