"""The command that checks what the feed gives: is a standing's signature that of the deployment's publishing key."""

from typing import Annotated
from urllib.parse import urljoin

import typer

from services.cli.app import command

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
    used = key or next((found["key"] for found in published), "")
    if not used or not is_signed(used, answer.headers.get("livecount-signature", ""), answer.content):
        typer.echo(f"NOT signed by {used or 'anybody'}: {url}", err=True)
        raise typer.Exit(NOT_SIGNED)
    sequence, as_of = answer.headers["livecount-sequence"], answer.headers["livecount-as-of"]
    typer.echo(f"Standing {sequence} as of {as_of}, {len(answer.content):,} bytes: signed by {used}")
