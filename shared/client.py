"""Follow a contest from anywhere: its standings as they come, none twice, each checked to be signed.

from shared.client import Contest
for standing in Contest("https://results.example/elections/E/contests/C").follow():
print(standing.sequence, standing.status, standing.elected)
"""

import random
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urljoin, urlsplit

import httpx

from shared.contract.codec import decode_as
from shared.contract.signing import is_signed
from shared.contract.standings import Standing

PAUSE_S: Final = (1.0, 30.0)
"""Before a connection is tried again: at first, and at most."""
SILENT_S: Final = 45.0
"""A stream that says nothing for so long is lost: the server says something every 15 s."""
PUT_OFF: Final = {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE}


class NotSigned(ValueError):
    """A standing that the publishing key has not signed."""


@dataclass
class Contest:
    """A contest, by the address of its page. `key` is the publishing key, as the officer made it known.

    Without a `key` the one is taken that the server itself names: it shows that nothing was changed on the way, not who
    published it. If the server names none, nothing is checked.
    """

    url: str
    key: str = ""
    http: httpx.Client = field(
        default_factory=lambda: httpx.Client(
            timeout=httpx.Timeout(10.0, read=SILENT_S), follow_redirects=True
        )
    )

    def __post_init__(self) -> None:
        self._api = urljoin(self.url, f"/v1{urlsplit(self.url).path.rstrip('/')}")
        self._signs = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def latest(self) -> Standing:
        """Return the newest standing. Raises NotSigned, and what httpx raises."""
        return self._asked("latest")

    def at(self, sequence: int) -> Standing:
        """Return a past standing, of the last hour at least. Raises as `latest` does; httpx.HTTPStatusError if it is gone."""
        return self._asked(str(sequence))

    def follow(self, after: int = -1) -> Generator[Standing]:
        """Yield the newest standing whose sequence is above `after`, then each newer one, for as long as it is asked.

        It connects again after whatever ends a stream, and goes on where it was. Who is slow misses standings between, never the
        newest. Raises NotSigned; httpx.HTTPStatusError if there is no such contest.
        """
        pause_s, longest_s = PAUSE_S
        while True:
            try:
                for signature, body in self._events(after):
                    standing = self._checked(body, signature)
                    pause_s = PAUSE_S[0]
                    if standing.sequence > after:
                        after = standing.sequence
                        yield standing
            except httpx.TransportError:
                pass
            except httpx.HTTPStatusError as refused:
                if refused.response.status_code not in PUT_OFF:
                    raise
                pause_s = max(pause_s, float(refused.response.headers.get("retry-after", 0)))
            time.sleep(pause_s * random.uniform(0.5, 1))  # noqa: S311  spreads clients, hides nothing
            pause_s = min(2 * pause_s, longest_s)

    def _events(self, after: int) -> Iterator[tuple[str, bytes]]:
        """Yield signature and bytes of each standing of one connection, until it ends."""
        headers = {"Last-Event-ID": str(after)} if after >= 0 else {}
        with self.http.stream("GET", f"{self._api}/stream", headers=headers) as stream:
            stream.raise_for_status()
            begun = b""
            for arrived in stream.iter_bytes():
                *events, begun = (begun + arrived).split(b"\n\n")
                for event in events:
                    fields = dict(line.split(b": ", 1) for line in event.split(b"\n") if line[:1] != b":")
                    if fields.get(b"event") == b"standing":
                        yield fields.get(b"signature", b"").decode(), fields[b"data"]

    def _asked(self, which: str) -> Standing:
        answer = self.http.get(f"{self._api}/standings/{which}").raise_for_status()
        return self._checked(answer.content, answer.headers.get("livecount-signature", ""))

    def _checked(self, body: bytes, signature: str) -> Standing:
        if not self.key and self._signs:
            named = self.http.get(urljoin(self.url, "/.well-known/livecount.json")).raise_for_status().json()
            self.key = next((one["key"] for one in named["publishing"]), "")
            self._signs = bool(self.key)
        if self.key and not is_signed(self.key, signature, body):
            raise NotSigned(f"{self.url}: a standing that {self.key} has not signed")
        return decode_as(Standing, body)
