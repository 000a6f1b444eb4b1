"""Receipts as electors keep them."""

import json
import re
from typing import Final

from shared.contract.ids import BallotId, ElectionId, LogId

LINK_DOTS: Final = 4
"""A receipt's link: #log.election.ballot.shard.who"""


def receipt_text(log: LogId, election: ElectionId, ballot_id: BallotId, shard: int, who: str) -> str:
    """Return a receipt without its proof, as the JSON that an elector copies, downloads or photographs.

    `who` is the digest of `leaves.who_digest`. The audit service's `Receipt` reads it and adds the proof.
    """
    kept = {
        "type": "receipt/1",
        "log": log,
        "election": election,
        "ballot_id": ballot_id,
        "shard": shard,
        "who": who,
    }
    return json.dumps(kept)


def receipt_link(
    page: str, log: LogId, election: ElectionId, ballot_id: BallotId, shard: int, who: str
) -> str:
    """Return a link to the page that looks a receipt up. The receipt is in its fragment, which browsers do not send.

    It is shorter than the receipt, so that its QR code is small too.
    """
    return f"{page}#{log}.{election}.{ballot_id}.{shard}.{who}"


def ballot_id_of(kept: str) -> BallotId:
    """Return the ballot's id that an id, a receipt's text or its link names. Raises ValueError."""
    found = kept.strip()
    if found.startswith("{"):
        try:
            found = str(json.loads(found).get("ballot_id"))
        except RecursionError as fault:
            raise ValueError("expected a receipt, found JSON that is nested too deeply") from fault
    elif found.count(".") >= LINK_DOTS and "#" in found:
        found = found.partition("#")[2].split(".")[2:3][0]
    if not re.fullmatch(r"[0-9a-f]{32}", found):
        raise ValueError(
            f"expected a ballot's id of 32 hexadecimal digits or a receipt, found {found[:60]!r}"
        )
    return found
