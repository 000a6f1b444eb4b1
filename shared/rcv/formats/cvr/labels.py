"""The words of a source that are no candidate's: what its labels stand for."""

from shared.rcv.formats.cvr.raw import OVERVOTE, WRITE_IN, Source


def meaning(text: str, source: Source) -> str | None:
    """Return OVERVOTE or WRITE_IN for the source's labels, None for a skipped rank, and any other text as it is."""
    if not text:
        return text
    if text == source.overvote_label:
        return OVERVOTE
    if text == source.undeclared_write_in_label:
        return WRITE_IN
    return None if text == source.skipped_rank_label else text
