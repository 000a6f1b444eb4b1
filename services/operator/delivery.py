"""From a signed order to every shard, and to the announcement.

The order is written to shard 0, whose verdict decides whether it comes in order, and then to every other shard; once all have
judged it, the election is announced anew. An order that was left half-way, by this process or another, is carried to its end
before any other of that election; so is one that somebody wrote into another shard first, which is signed all the same.
"""

from collections.abc import Collection
from typing import Final

import structlog

from services.operator.book import Account, ControlBook, Entry
from services.operator.controls import ControlLog
from services.operator.refusals import OrderRefused, PartlyRefused, why_not
from shared.contract.codec import decode_as, encode
from shared.contract.events import (
    Configured,
    Control,
    ElectionAnnounced,
    ElectionCertified,
    ElectionConfigured,
    ElectorRestored,
    ElectorVoided,
    SignedRecord,
)
from shared.runtime.log import SendFailed

VERDICT_BOUND_S: Final = 20.0
"""How long a verdict is waited for; afterwards it is not known what became of an order."""

log = structlog.get_logger()


class Delivery:
    """Carries signed orders out, one at a time: whoever calls it has the turn."""

    def __init__(self, log: ControlLog, book: ControlBook, log_id: str, root_key: str, shards: int) -> None:
        self._log = log
        self._book = book
        self._log_id = log_id
        self._root_key = root_key
        self._shards = shards
        self._stuck: set[str] = set()
        """Elections whose half-way orders could not be carried to their end: they wait for the next order about them."""

    async def carry_out(self, control: Control, record: SignedRecord) -> Entry:
        """Write a signed order into every shard, announce it, and return what became of it.

        Raises OrderRefused or PartlyRefused if it had no effect; SendFailed: then it is not known what became of it.
        """
        name = control.election
        entry = await self._write(control, encode(record), [0])
        if entry.in_order:
            entry = await self._write(control, encode(record), range(1, self._shards))
            await self._announce(name)
        whole = self._book.account(name).is_whole(control, self._shards)
        if entry.applied and whole:
            return entry
        stands_alone = isinstance(
            control, ElectionCertified | ElectionConfigured | ElectorVoided | ElectorRestored
        )
        if not entry.applied and (whole or stands_alone):
            raise OrderRefused(why_not(entry))
        raise PartlyRefused(f"some shards took the order and some did not: {why_not(entry)}")

    async def finish(self, name: str) -> None:
        """Carry to their end the orders that were left half-way, their announcements included.

        Raises SendFailed for the election `name`. Another election whose orders cannot be carried to their end holds nobody
        up: it is tried once, and then again with the next order about it.
        """
        self._stuck.discard(name)
        for other in [of for of in self._book.accounts if of != name and of not in self._stuck]:
            try:
                await self._finish(other)
            except SendFailed as fault:
                self._stuck.add(other)
                log.warning("an order is half-way", election=other, fault=str(fault))
        await self._finish(name)

    async def _finish(self, name: str) -> None:
        account = self._book.account(name)
        for entry in account.not_in_shard_0():
            shard, source = entry.taken()
            await self._write(entry.control, await self._log.read(shard, source), [0])
        for entry in account.unfinished(self._shards):
            missing = [shard for shard in range(self._shards) if entry.lacks(shard)]
            await self._write(entry.control, await self._log.read(0, entry.verdicts[0].source), missing)
        await self._announce(name)

    async def _write(self, control: Control, value: bytes, shards: Collection[int]) -> Entry:
        """Write a control's record into these shards; return its entry once they have judged it. Raises SendFailed.

        What they refused before was a copy that somebody else wrote, or an earlier try.
        """
        refused = {shard: of.source for shard, of in self._book.entry(control).verdicts.items()}
        signers = {key for key, _ in decode_as(SignedRecord, value).signatures}
        await self._log.write_bytes(value, shards)
        try:
            return await self._book.wait(control, signers, shards, refused, VERDICT_BOUND_S)
        except TimeoutError as fault:
            raise SendFailed(
                f"no verdict within {VERDICT_BOUND_S:g} s: it is not known yet what became of the order"
            ) from fault

    async def _announce(self, name: str) -> None:
        before = self._log.elections.newest.get(name)
        account = self._book.account(name)
        after = account.announcement(
            self._log_id, self._shards, before, await self._configured(account, before)
        )
        if after is None or (before is not None and _says_nothing_new(after, before)):
            return
        await self._log.announce(after)

    async def _configured(self, account: Account, before: ElectionAnnounced | None) -> Configured | None:
        """Return the root key's signature over an account's definition, by which the edges know it. Raises SendFailed."""
        entry = account.configured
        if entry is None or (before is not None and before.configured is not None):
            return None if before is None else before.configured
        value = await self._log.read(*entry.taken())
        return Configured.of(decode_as(SignedRecord, value), self._root_key)


def _says_nothing_new(after: ElectionAnnounced, before: ElectionAnnounced) -> bool:
    """Return whether an announcement is behind another, or says the same."""
    return not after.follows(before) or after.model_copy(update={"verdicts": before.verdicts}) == before
