"""Whether the log is the one that the settings name: looked at before the first order, and again while the process runs."""

import asyncio
from typing import Final

import structlog

from services.operator.service import OperatorService
from shared.runtime.kafka.founding import OtherLog, require_own
from shared.runtime.log import SendFailed
from shared.runtime.process.health import Readiness
from shared.runtime.supervision import Supervised

LOOK_AGAIN_S: Final = 600.0
RETRY_S: Final = 2.0

log = structlog.get_logger()


class OwnLog:
    """Looks whether the log is the one that the settings name; until it is known to be, no order is given.

    Of another log every order would be refused, but by what this process announces intake would expect other codes.
    """

    def __init__(self, service: OperatorService) -> None:
        self._service = service
        self._task = Supervised("own log", self._look)
        service.log_fault = "the founding records of the log are still being read"

    def readiness(self) -> Readiness:
        """Whether the log is the settings' own."""
        return not self._service.log_fault, self._service.log_fault

    async def start(self) -> None:
        """Begin to look; returns at once."""
        self._task.start()

    async def stop(self) -> None:
        """Look no more."""
        await self._task.stop()

    async def _look(self) -> None:
        service = self._service
        while True:
            try:
                for shard in range(service.shards):
                    record = await service.log.read(shard, 0)
                    require_own(record, service.log_id, shard, service.shards, service.root_key)
                service.log_fault = ""
            except OtherLog as fault:
                service.log_fault = str(fault)
                log.warning("another log than the settings name", fault=service.log_fault)
            except SendFailed as fault:
                log.warning("founding records cannot be read", fault=str(fault))
            await asyncio.sleep(RETRY_S if service.log_fault else LOOK_AGAIN_S)
