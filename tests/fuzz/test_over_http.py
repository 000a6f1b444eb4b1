"""The three HTTP APIs for some seconds each; `make fuzz MINUTES=60` goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.kafka import EmbeddedKafka
from infra.local.valkey import EmbeddedValkey
from tests.fuzz.over_http import APIS, all_is_well, deployment, fuzz_api, fuzz_ballots
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.kafka

API_S = 25.0
"""At most: schemathesis needs some of it to read the document."""
BALLOTS_S = 8.0
SEED = 15


@pytest.fixture(scope="module")
def pipeline(
    kafka: EmbeddedKafka, valkey: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pipeline]:
    """Every service, with an election open."""
    with deployment(kafka.bootstrap, valkey.url, tmp_path_factory.mktemp("fuzz")) as running:
        yield running


@pytest.mark.parametrize("service", APIS)
def test_no_request_gets_a_server_error(pipeline: Pipeline, service: str, tmp_path: Path) -> None:
    """Neither what the document allows nor what it does not."""
    said = fuzz_api(pipeline, service, API_S, SEED, tmp_path)
    assert "passed" in said or "No issues found" in said, said
    all_is_well(pipeline)


def test_a_mutated_ballot_is_taken_or_refused(pipeline: Pipeline) -> None:
    """Some of each, so that the mutations reach deep; afterwards genuine ballots are taken as before."""
    found = fuzz_ballots(pipeline, BALLOTS_S, SEED)
    assert {202, 400, 422} <= set(found), found
    all_is_well(pipeline)
