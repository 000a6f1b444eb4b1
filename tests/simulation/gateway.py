"""Results: a gateway, and a client who follows each contest on it and remembers what it was shown before a restart."""

import asyncio
from typing import Any, cast

from services.results.hub import Cache, Hub, Projector
from shared.contract.standings import Standing
from shared.runtime.projection import Projection
from tests.simulation.cache import SimCache
from tests.simulation.invariants import PUBLISHED
from tests.simulation.memory import frame_of
from tests.simulation.nodes import Node
from tests.simulation.ports import open_reader


class ResultsNode(Node):
    """A gateway, and a client who follows each contest on it.

    To the client a gateway that starts again is any other gateway.
    """

    def __init__(self, *of: Any) -> None:
        super().__init__(*of)
        self._shown: dict[str, Standing] = {}

    async def run(self) -> None:
        """From the log to Redis to the hub."""
        site, process = self.site, self.process
        self.hub = Hub()
        projector = Projector(cast("Cache", SimCache(site.redis)), self.hub, lambda: counts.caught_up)
        counts: Projection[bytes] = Projection(
            lambda topic: open_reader(site.broker, process, topic),
            PUBLISHED,
            lambda body: body,
            lambda _, body, at: projector.offer(frame_of(body, at)),
        )
        await counts.start()
        await projector.start()
        for truth in site.auditor.truths.values():
            for contest in truth.definition.contests:
                asyncio.get_running_loop().create_task(
                    self._watch(self.hub, f"{truth.definition.id}/{contest.id}")
                )

    async def _watch(self, hub: Hub, key: str) -> None:
        with hub.listen(key) as listener:
            while True:
                newest = hub.frames.get(key)
                if newest is not None:
                    self.site.auditor.shown(self._shown.get(key), newest.standing, newest.body)
                    self._shown[key] = newest.standing
                await listener.wait()
