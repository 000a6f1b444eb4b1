"""Commands for whoever does not take the log at its word: check a receipt, witness the log, look at its records."""

import asyncio
import json
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from services.cli.app import command, group
from services.cli.errors import naming

if TYPE_CHECKING:
    import httpx

    from services.proofs.receipts import Receipt
    from services.proofs.witness import Cosigner

FOUND: Final = 1
"""Exit code: a receipt that is not proved, or a fork."""
TIMEOUT_S: Final = 15.0

Key = Annotated[
    str,
    typer.Option(
        envvar="LIVECOUNT_CHECKPOINT_KEY", help="Public key that signs the log's checkpoints, as published"
    ),
]
Url = Annotated[str, typer.Option(envvar="LIVECOUNT_PROOFS_URL", help="Address of the proofs service")]

receipts = group("receipt", "Check an elector's receipt.", "livecount receipt check receipt.json")
log = group("log", "Look at the log.", "livecount log show --shard 2 --offset 17")


@command("livecount receipt check receipt.json", of=receipts)
def check(
    file: Annotated[Path, typer.Argument(help="A receipt that holds its proof")],
    key: Key,
    code: Annotated[
        str | None, typer.Option(help="The voting code: shows that the ballot is this elector's")
    ] = None,
) -> None:
    """Check a receipt and its proof, offline.

    Exit code 0: proved; 1: not, with the reason; 2: it is no receipt.
    """
    from services.proofs.notes import NamedKey, origin_of
    from services.proofs.receipts import NotProved, check_receipt

    receipt = _receipt(file)
    try:
        said = check_receipt(receipt, NamedKey(origin_of(receipt.log, receipt.shard), key), code)
    except NotProved as fault:
        typer.echo(f"livecount: not proved: {fault}", err=True)
        raise typer.Exit(FOUND) from fault
    typer.echo(said)


@command("livecount receipt prove receipt.json --out proved.json", of=receipts)
def prove(
    file: Annotated[Path, typer.Argument(help="A receipt as it was given to the elector")],
    out: Annotated[Path, typer.Option(help="File to write: the receipt with its proof")],
    url: Url = "http://127.0.0.1:8106",
) -> None:
    """Look a receipt up and write it with its proof, for `receipt check`."""
    import httpx

    from services.proofs.receipts import InclusionProof

    receipt = _receipt(file)
    with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as http:
        answer = http.get(f"{url}/v1/elections/{receipt.election}/receipts/{receipt.who}")
    found = answer.json()
    if answer.status_code != httpx.codes.OK:
        raise ValueError(f"{file}: {found['detail']}")
    if found["proof"] is None:
        raise ValueError(
            f"{file}: recorded, {found['in_words']}; no checkpoint covers it yet, ask again in a moment"
        )
    proof = InclusionProof.model_validate(found["proof"])
    proved = receipt.model_copy(update={"shard": found["shard"], "proof": proof})
    out.write_text(proved.model_dump_json() + "\n")
    typer.echo(f"{out}: {found['in_words']}, shard {found['shard']}, record {found['offset']}")


@command(
    "livecount witness http://127.0.0.1:8106 --out seen --once",
    "livecount witness --out seen --compare elsewhere/seen",
)
def witness(
    urls: Annotated[
        list[str] | None, typer.Argument(metavar="[URL]...", help="Addresses that show the log")
    ] = None,
    *,
    out: Annotated[Path, typer.Option(help="Folder of what this witness has seen")],
    key: Key,
    name: Annotated[str, typer.Option(help="The witness's name in its cosignatures")] = "witness",
    every_s: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks")] = 10.0,
    once: Annotated[bool, typer.Option("--once", help="Look once")] = False,
    compare: Annotated[Path | None, typer.Option(help="Folder of another witness: compare, and end")] = None,
) -> None:
    """Follow a log's checkpoints, keep every leaf's hash, and cosign what takes nothing back.

    Exit code 1: the log shows something else than it has signed before, and where. Anybody can run a witness; two of them
    compare what they were shown.
    """
    if compare is not None:
        _compare(out, compare, key)
        return
    if not urls:
        raise ValueError("expected the address of a log, or --compare FOLDER")
    cosigner = _cosigner(out, name)
    while True:
        for url in urls:
            _look(url, out, key, cosigner)
        if once:
            return
        time.sleep(every_s)


@command(
    "livecount log show --shard 2 --offset 17",
    "livecount log show --shard 0 --judged --count 20 --bundle labour-2015.zip",
    of=log,
)
def show(
    shard: Annotated[int, typer.Option(min=0, help="Which shard")],
    offset: Annotated[int, typer.Option(min=0, help="First record")] = 0,
    count: Annotated[int, typer.Option(min=1, max=100_000, help="How many records")] = 1,
    judged: Annotated[bool, typer.Option("--judged", help="Verdicts, in the place of what was cast")] = False,  # noqa: FBT002
    bundle: Annotated[
        Path | None, typer.Option(help="A file that `export` wrote, in the place of Kafka")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a record")] = False,  # noqa: FBT002
) -> None:
    """Show a shard's records, each in a sentence.

    It names no elector, no ranking and no voting code, though the records do.
    """
    asyncio.run(_show(shard, range(offset, offset + count), judged=judged, bundle=bundle, as_json=as_json))


async def _show(shard: int, offsets: range, *, judged: bool, bundle: Path | None, as_json: bool) -> None:
    from services.audit.bundle import Bundle
    from services.audit.evidence import KafkaEvidence
    from services.audit.settings import AuditSettings
    from services.audit.show import described
    from shared.contract.topics import BALLOTS_CAST, BALLOTS_JUDGED

    topic = BALLOTS_JUDGED if judged else BALLOTS_CAST
    opened = KafkaEvidence(AuditSettings()) if bundle is None else nullcontext(Bundle(bundle))
    async with opened as evidence:
        if shard >= evidence.shards:
            raise ValueError(f"shard {shard}: the log has {evidence.shards}")
        ends = await evidence.ends(topic)
        if offsets.start >= ends[shard]:
            raise ValueError(f"shard {shard}, offset {offsets.start}: it holds {ends[shard]} records")
        place = 0
        async for values in evidence.records(topic, shard, min(offsets.stop, ends[shard])):
            for value in values:
                if place in offsets:
                    said = described(value, judged=judged)
                    about = {"shard": shard, "offset": place, "bytes": len(value), **said.facts}
                    typer.echo(
                        json.dumps(about) if as_json else f"shard {shard}, offset {place}: {said.sentence}"
                    )
                place += 1


def _receipt(file: Path) -> "Receipt":
    from services.proofs.receipts import Receipt

    with naming(file):
        return Receipt.model_validate_json(file.read_bytes())


def _cosigner(folder: Path, name: str) -> "Cosigner":
    from services.cli.clients.keys import read_key, write_key
    from services.proofs.witness import Cosigner

    file = folder / "witness.key"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        typer.echo(f"{file}: new key; its public key is {write_key(file)}")
    return Cosigner(name, read_key(file))


def _look(url: str, out: Path, key: str, cosigner: "Cosigner") -> None:
    """Look once at every shard of a log."""
    import httpx

    from services.proofs.notes import BadNote, NamedKey, origin_of
    from services.proofs.tiles import BadTile
    from services.proofs.witness import Folder, Fork, see

    with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as http:
        about = http.get(f"{url}/v1/log").raise_for_status().json()
        for shard in range(about["shards"]):
            signer = NamedKey(origin_of(about["log"], shard), key)
            tiles = _Remote(http, f"{url}/log/{shard}")
            note = tiles.read("checkpoint")
            if note is None:
                continue
            try:
                seen = see(
                    Folder(out / f"shard-{shard}"), note.decode(), signer, tiles, cosigner, int(time.time())
                )
            except (Fork, BadNote, BadTile) as fault:
                (out / f"fork-{shard}.txt").write_bytes(note)
                typer.echo(f"livecount: shard {shard}: {fault}", err=True)
                raise typer.Exit(FOUND) from fault
            typer.echo(f"shard {shard}: {seen.size:,} leaves, root {seen.root.hex()}")


class _Remote:
    """A log's files over HTTP."""

    def __init__(self, http: "httpx.Client", base: str) -> None:
        self._http = http
        self._base = base

    def read(self, path: str) -> bytes | None:
        answer = self._http.get(f"{self._base}/{path}")
        return None if answer.status_code == 404 else answer.raise_for_status().content

    def write(self, path: str, content: bytes) -> None:
        raise NotImplementedError(
            f"{self._base}/{path}: a log is read, {len(content)} bytes were not written"
        )


def _compare(one: Path, other: Path, key: str) -> None:
    from services.proofs.notes import NamedKey
    from services.proofs.witness import Folder, Fork, compare

    shards = sorted(folder.name for folder in one.glob("shard-*") if (other / folder.name).is_dir())
    if not shards:
        raise ValueError(f"{one} and {other}: no shard that both have seen")
    for name in shards:
        pair = Folder(one / name), Folder(other / name)
        origin = (pair[0].read("checkpoint") or b"").decode().partition("\n")[0]
        try:
            size = compare(*pair, NamedKey(origin, key))
        except Fork as fork:
            typer.echo(f"livecount: {fork}", err=True)
            raise typer.Exit(FOUND) from fork
        typer.echo(f"{name}: the same up to leaf {size:,}")
