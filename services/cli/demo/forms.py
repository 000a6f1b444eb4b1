"""Ballot forms: papers joined with the voting codes of their electors, as bytes ready to be sent.

Rule: an elector's ballot id follows from its number, so that a run that is repeated repeats its ballots.
"""

import csv
from collections.abc import Sequence
from hashlib import blake2b

import httpx
import msgspec

from services.cli.demo.synthesis import Papers, Ranking


class CodesRefused(Exception):
    """The operator gave no voting codes."""


async def issue_codes(client: httpx.AsyncClient, url: str, headers: dict[str, str]) -> list[str]:
    """Return the voting codes of the whole roll, by elector number. Raises CodesRefused, httpx.HTTPError."""
    async with client.stream("POST", url, headers=headers) as answer:
        if answer.is_error:
            raise CodesRefused(f"the operator gave no voting codes: {(await answer.aread()).decode()}")
        rows = csv.reader([line async for line in answer.aiter_lines()])
        next(rows)
        return [code for _, _, code in rows]


def ballot_forms(papers: Papers, codes: Sequence[str]) -> list[bytes]:
    """Return the request bodies in casting order."""
    leader, deputy = _Marks(), _Marks()
    return [
        b'{"ballot_id":"%s","code":"%s","rankings":{"leader":%s,"deputy":%s}}'
        % (
            _ballot_id(elector),
            codes[elector].encode(),
            leader[papers.leader[elector]],
            deputy[papers.deputy[elector]],
        )
        for elector in papers.order
    ]


class _Marks(dict[Ranking, bytes]):
    """The JSON of each distinct ranking, made once."""

    def __missing__(self, ranking: Ranking) -> bytes:
        self[ranking] = msgspec.json.encode([[name] for name in ranking])
        return self[ranking]


def _ballot_id(elector: int) -> bytes:
    return blake2b(b"demo %d" % elector, digest_size=16).hexdigest().encode()
