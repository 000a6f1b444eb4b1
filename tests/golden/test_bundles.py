"""Bundles that earlier versions wrote: this one still reads them, judges them alike, and counts them alike."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.golden.bundles.make import FOLDER, facts, verified

BUNDLES = sorted(FOLDER.glob("*.zip"))


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.stem)
def test_a_bundle_of_an_earlier_version_says_what_it_said(path: Path) -> None:
    """The same heads, balance and results."""
    assert facts(asyncio.run(verified(path))) == json.loads(path.with_suffix(".json").read_text())


def test_there_is_a_bundle() -> None:
    """Else the test above would try none."""
    assert BUNDLES
