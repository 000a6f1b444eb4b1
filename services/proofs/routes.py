"""The public API of proofs: checkpoints and tiles by C2SP's tlog-tiles paths, receipts, and the page that checks one.

Everything is readable from anywhere, and nothing can be written: `POST /receipt` is a look-up for browsers without a script, whose
receipt is in the body so that it gets into no address.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from services.proofs.answer import Answer, answer_of, no_answer
from services.proofs.files import TreeFiles
from services.proofs.lookup import Covered, Found, find, in_words, standings_over
from services.proofs.notes import NamedKey, origin_of
from services.proofs.page import LANGUAGES, Pages, policy
from services.proofs.settings import ProofsSettings
from services.proofs.shard import ShardTree
from services.proofs.tiles import WIDTH
from services.proofs.tree import HASH_BYTES
from services.proofs.typed import MAX_FORM_BYTES, Typed, read_typed, receipt_of
from shared.runtime.process.http import problem
from shared.runtime.process.languages import Language, preferred

OPEN: Final = {"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}
IMMUTABLE: Final = OPEN | {"Cache-Control": "public, max-age=31536000, immutable"}
KEPT_NOWHERE: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
FRESH: Final = OPEN | {"Cache-Control": "no-cache"}
RETRY_AFTER_S: Final = 2
FORM_TYPE: Final = "application/x-www-form-urlencoded"
_TILE = re.compile(r"\d{1,2}/(?:x\d{3}/)*\d{3}(?:\.p/(\d{1,3}))?", re.ASCII)
_SHARD = re.compile(r"\d{1,4}", re.ASCII)
_WHO = re.compile(r"[0-9a-f]{64}", re.ASCII)

NotFound = Literal["unknown", "no answer"]
"""No such ballot is judged; or nobody can say at present. Keys of `words.SCRIPT`."""


class Api:
    """The handlers and what they need."""

    def __init__(
        self,
        settings: ProofsSettings,
        key: str,
        files: Sequence[TreeFiles],
        live: Mapping[int, ShardTree],
        standings: Mapping[str, Covered],
    ) -> None:
        self._settings = settings
        self._key = key
        self._files = files
        self._live = live
        self._standings = standings
        self._pages = Pages(key)
        self._page_headers = {"Content-Security-Policy": policy(), "Vary": "Accept-Language"}
        self._looking = 0

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/receipt", self.page),
            Route("/receipt", self.answer, methods=["POST"]),
            Route("/v1/log", self.log),
            Route("/log/{shard}/checkpoint", self.checkpoint),
            Route("/log/{shard}/tile/{tile:path}", self.tile),
            Route("/v1/elections/{election}/receipts/{who}", self.receipt),
        ]

    def page(self, request: Request) -> Response:
        """The page that looks a receipt up and checks its proof: one file, which can be saved and run offline."""
        return HTMLResponse(self._pages.empty(_language(request)), headers=FRESH | self._page_headers)

    async def answer(self, request: Request) -> Response:
        """The same page with what this service says of the receipt that its form posted."""
        language = _language(request)
        typed = await _typed(request)
        receipt = "no form" if typed is None else receipt_of(typed)
        shown = "" if receipt in ("no form", "a code") else typed or ""
        answer = (
            no_answer(receipt, language)
            if isinstance(receipt, str)
            else await self._answer(receipt, language)
        )
        headers = KEPT_NOWHERE | self._page_headers
        if answer.status in (404, 503):
            headers["Retry-After"] = str(RETRY_AFTER_S)
        return HTMLResponse(self._pages.answered(language, shown, answer), answer.status, headers)

    async def _answer(self, receipt: Typed, language: Language) -> Answer:
        found = await self._look_up(receipt.election, receipt.who)
        return no_answer(found, language) if isinstance(found, str) else answer_of(receipt, found, language)

    def log(self, _: Request) -> Response:
        """Which log it is, and by which keys its checkpoints are signed."""
        log_id, shards = self._settings.log_id, self._settings.shards
        keys = [NamedKey(origin_of(log_id, shard), self._key).verifier() for shard in range(shards)]
        about = {"log": log_id, "shards": shards, "checkpoint_key": self._key, "verifiers": keys}
        return JSONResponse(about, headers=FRESH)

    def checkpoint(self, request: Request) -> Response:
        """A shard's newest signed checkpoint."""
        files = self._of(request.path_params["shard"])
        if files is None or not files.note:
            return problem(404, "Nothing here", "No such shard, or no checkpoint of it yet")
        return Response(files.note, media_type="text/plain; charset=utf-8", headers=FRESH)

    def tile(self, request: Request) -> Response:
        """A tile; a partial one from the full one where that is there."""
        files, path = self._of(request.path_params["shard"]), request.path_params["tile"]
        match = _TILE.fullmatch(path)
        if files is None or match is None:
            return problem(404, "Nothing here", "Tiles are tile/LEVEL/NUMBER or tile/LEVEL/NUMBER.p/WIDTH")
        content = files.read(f"tile/{path}")
        if content is None and match[1] is not None and 0 < int(match[1]) < WIDTH:
            whole = files.read(f"tile/{path.partition('.p/')[0]}")
            content = whole and whole[: HASH_BYTES * int(match[1])]
        if content is None:
            return problem(404, "Nothing here", "No checkpoint needs this tile yet")
        return Response(content, media_type="application/octet-stream", headers=IMMUTABLE)

    async def receipt(self, request: Request) -> Response:
        """What is known of a receipt, by the `who` in it; `?shard=` says where to look first."""
        who = request.path_params["who"]
        if _WHO.fullmatch(who) is None:
            return problem(
                422, "Not a receipt", "Expected the receipt's `who`: 64 hexadecimal digits", field="who"
            )
        found = await self._look_up(request.path_params["election"], who)
        if found == "no answer":
            return problem(503, "Not now", "Ask again in a moment", retry_after_s=RETRY_AFTER_S)
        if found == "unknown":
            said = "No ballot with this receipt is judged yet; a ballot just cast is, a moment later"
            return problem(404, "Not found", said, retry_after_s=RETRY_AFTER_S)
        return Response(_encode(found), media_type="application/json", headers=FRESH)

    async def _look_up(self, election: str, who: str) -> Found | NotFound:
        """Return what is known of a receipt; at most `max_lookups` at once."""
        if self._looking >= self._settings.max_lookups:
            return "no answer"
        self._looking += 1
        try:
            found = await asyncio.to_thread(self._find, election, who)
        finally:
            self._looking -= 1
        if found is None and len(self._live) < len(self._files):
            return "no answer"  # a shard whose tree is still being read may hold it
        return found or "unknown"

    def _find(self, election: str, who: str) -> Found | None:
        for shard, files in enumerate(self._files):
            live = self._live.get(shard)
            found = find(files, live, bytes.fromhex(who))
            if found is not None:
                row, proof = found
                superseded = live is not None and row.leaf in live.superseded.leaves
                newest = list(self._standings.values())
                return Found(
                    log=self._settings.log_id,
                    election=election,
                    who=who,
                    shard=shard,
                    offset=row.offset,
                    index=row.place,
                    reason=row.reason.value,
                    superseded=superseded,
                    in_words=in_words(row.reason, superseded=superseded),
                    standings=() if superseded else standings_over(newest, election, shard, row.offset),
                    proof=proof,
                )
        return None

    def _of(self, shard: str) -> TreeFiles | None:
        known = _SHARD.fullmatch(shard) is not None and int(shard) < len(self._files)
        return self._files[int(shard)] if known else None


def _language(request: Request) -> Language:
    accepted = request.headers.get("accept-language", "")
    return preferred(LANGUAGES, request.query_params.get("lang"), accepted)


async def _typed(request: Request) -> str | None:
    """Return the receipt of a posted form; None if it is none, or longer than a form can be."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        return None
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM_BYTES:
            return None
    return read_typed(body)


def _encode(found: Found) -> bytes:
    return msgspec.json.encode(found, enc_hook=_plain)


def _plain(model: Any) -> Any:
    return model.model_dump(mode="json")
