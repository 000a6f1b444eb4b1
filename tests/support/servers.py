"""The servers that tests share: one Kafka and one Valkey for a session, started when a test first asks for them.

Rule 1: a test makes topics, groups and keys of its own; nothing is wiped between tests.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from infra.local.kafka import EmbeddedKafka
from infra.local.valkey import EmbeddedValkey


@pytest.fixture(scope="session")
def kafka() -> Iterator[EmbeddedKafka]:
    """A Kafka of one broker; clients take its `bootstrap`."""
    with TemporaryDirectory(prefix="livecount-kafka-") as folder, EmbeddedKafka(Path(folder)) as running:
        yield running


@pytest.fixture(scope="session")
def valkey() -> Iterator[EmbeddedValkey]:
    """A Valkey; clients take its `url`."""
    with TemporaryDirectory(prefix="livecount-valkey-") as folder, EmbeddedValkey(Path(folder)) as running:
        yield running
