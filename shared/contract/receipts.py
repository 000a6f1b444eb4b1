"""Receipts as voters keep them."""


def receipt_text(title: str, election: str, ballot_id: str, receipt: str) -> str:
    """Return a receipt as the lines of text that a voter copies, downloads or photographs: what looks it up later."""
    return f"{title}\nelection {election}\nballot {ballot_id}\nreceipt {receipt}\n"
