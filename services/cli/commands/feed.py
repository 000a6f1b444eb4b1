"""The commands about what results publishes: check a standing's signature, and write a whole result as files."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urljoin

import typer

from services.cli.app import command
from services.cli.common import RESULTS_URL, ElectionArgument, ResultsUrl

NOT_SIGNED = 1
WELL_KNOWN = "/.well-known/livecount.json"


@command(
    "livecount signature http://127.0.0.1:8100/v1/elections/labour-2015/contests/deputy/standings/latest",
)
def signature(
    url: Annotated[
        str, typer.Argument(help="A standing's address: `…/standings/latest` or `…/standings/SEQUENCE`")
    ],
    key: Annotated[
        str,
        typer.Option(
            envvar="LIVECOUNT_PUBLISHING_KEY",
            help="Public key, 64 hexadecimal digits, as the officer made it known; unset: as the server says",
        ),
    ] = "",
) -> None:
    """Fetch a standing and check that the deployment's publishing key has signed its bytes.

    Exit code 0: it is signed; 1: it is not, or by another key. A key that the server itself names shows only that the bytes
    were not changed on their way: compare it with one that came another way.
    """
    import httpx

    from shared.contract.signing import is_signed

    with httpx.Client(timeout=10) as http:
        answer = http.get(url).raise_for_status()
        published: list[dict[str, str]] = (
            [] if key else http.get(urljoin(url, WELL_KNOWN)).raise_for_status().json()["publishing"]
        )
        signed = answer.headers.get("livecount-signature") or http.get(f"{url}.sig").text.strip()
    used = key or next((found["key"] for found in published), "")
    if not used or not is_signed(used, signed, answer.content):
        typer.echo(f"NOT signed by {used or 'anybody'}: {url}", err=True)
        raise typer.Exit(NOT_SIGNED)
    typer.echo(f"Standing {answer.json()['sequence']}, {len(answer.content):,} bytes: signed by {used}")


@command(
    "livecount publish labour-2015 --out public",
    "livecount publish labour-2015 --out public --url https://example.org/2015 --proofs http://127.0.0.1:8106",
)
def publish(
    election: ElectionArgument,
    out: Annotated[Path, typer.Option(help="Folder to write; what else is in it stays")],
    results: ResultsUrl = RESULTS_URL,
    proofs: Annotated[
        str,
        typer.Option(help="Where proofs are served: adds the log's checkpoints and its tree [default: none]"),
    ] = "",
    url: Annotated[
        str,
        typer.Option(
            help="Where the folder will be found, for pictures of shared links [default: the service]"
        ),
    ] = "",
) -> None:
    """Write a whole result as files for any web server or archive: pages, JSON, CSV, pictures, signatures, proofs.

    Links lead from file to file, so the folder can lie anywhere. SHA256SUMS lists every file (`sha256sum --check` checks them);
    `livecount signature ADDRESS/contests/CONTEST/standing.json` and `livecount witness ADDRESS/proofs --once` read it as they read the
    services.
    """
    import httpx

    from services.cli.publishing import TIMEOUT_S, Moved, proof_files, publish_files, write

    with httpx.Client(base_url=results, timeout=TIMEOUT_S) as http:
        try:
            files = publish_files(http, election, url)
        except Moved as fault:
            raise ValueError(str(fault)) from fault
    if proofs:
        with httpx.Client(base_url=proofs, timeout=TIMEOUT_S) as http:
            files |= {f"proofs/{path}": content for path, content in proof_files(http)}
    write(files, out)
    typer.echo(
        f"{out}: {len(files)} files, {sum(map(len, files.values())):,} bytes; {out / 'index.html'} is the first page"
    )
