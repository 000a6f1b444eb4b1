"""What a trace shows of results: from the writing of a standing until it is shown (see shared.runtime.process.tracing)."""

from services.results.feed import Frame
from shared.runtime.process.tracing import Step, Tracing, now_ms


class ShownSpans:
    """Spans of the records that what is shown comes to cover."""

    def __init__(self, tracing: Tracing) -> None:
        self._tracing = tracing

    def shown(self, before: Frame | None, shown: Frame) -> None:
        """Send the spans of records that one frame covers and the one before it did not."""
        if before is None:  # what was shown before this process is not known
            return
        election, _, contest = shown.key.partition("/")
        times_ms = (shown.as_of_ms, now_ms())
        for shard, (since, upto) in enumerate(zip(before.watermark, shown.watermark, strict=True)):
            for number in self._tracing.chosen(since, upto):
                self._tracing.span(Step.PUBLISHED, election, (shard, number), times_ms, contest)
