"""Where the reference elections are: public ballots and the results that were published for them."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def data(*parts: str) -> Path:
    """Return a file or folder of the reference data; skip the test, saying so, where there is none."""
    path = FOLDER.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no reference data at {path}")
    return path
