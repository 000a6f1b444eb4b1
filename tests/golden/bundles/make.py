"""`python -m tests.golden.bundles.make NAME`: write a small bundle of this version, NAME.zip, and what it says, NAME.json.

A bundle that a release has written stays as it is; a format's new version gets a bundle of its own.
"""

import asyncio
import json
import sys
from pathlib import Path

from services.audit.bundle import Bundle
from services.audit.export import export
from services.audit.verify import Verification, verify
from tests.support.evidence import IDENTITY, picnic

FOLDER = Path(__file__).parent
SEED = 2026


async def verified(path: Path) -> Verification:
    """Return the verification of a bundle."""
    with Bundle(path) as bundle:
        return await verify(bundle, bundle.manifest.election, IDENTITY, (), lambda _: lambda _: None)


def facts(report: Verification) -> dict[str, object]:
    """Return what any later program must still find in it."""
    return {
        "heads": [shard.head for shard in report.shards],
        "balance": report.recount.balance.model_dump(exclude={"reasons"}),
        "result_hashes": {name: counted.result_hash for name, counted in report.recount.contests.items()},
    }


def main(name: str) -> None:
    """Write both files."""
    path = FOLDER / f"{name}.zip"
    asyncio.run(export(picnic(SEED), "picnic", path, lambda _: lambda _: None))
    path.chmod(0o644)
    found = facts(asyncio.run(verified(path)))
    path.with_suffix(".json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
