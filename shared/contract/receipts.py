"""Receipts as electors keep them."""

import json

from shared.contract.ids import BallotId, ElectionId, LogId


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
