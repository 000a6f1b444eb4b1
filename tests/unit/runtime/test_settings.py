"""Settings of the transport: half of an identity is refused, so that nothing falls back to plain text unnoticed."""

import re
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from infra.local.certificates import DAYS, identity, make_certificates
from shared.runtime.kafka.connection import Brokers, client_options
from shared.runtime.settings import Settings

FILE = Path("file")
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"kafka_certificate": FILE, "kafka_key": FILE}, "LIVECOUNT_KAFKA_AUTHORITY"),
        ({"kafka_authority": FILE, "kafka_key": FILE}, "LIVECOUNT_KAFKA_CERTIFICATE"),
        ({"kafka_authority": FILE}, "LIVECOUNT_KAFKA_CERTIFICATE"),
        ({"http_certificate": FILE}, "LIVECOUNT_HTTP_KEY"),
        ({"http_key": FILE}, "LIVECOUNT_HTTP_CERTIFICATE"),
        ({"redis_authority": FILE}, "LIVECOUNT_REDIS must begin with rediss://"),
    ],
)
def test_half_of_an_identity_is_refused(given: dict[str, Any], named: str) -> None:
    """The message names what is missing."""
    with pytest.raises(ValidationError, match=named):
        Settings(**given)


def test_without_an_identity_kafka_is_reached_in_plain() -> None:
    """As on a machine of one's own."""
    assert Settings().brokers == Brokers("127.0.0.1:9092")
    assert client_options(Settings().brokers) == {"bootstrap_servers": "127.0.0.1:9092"}
    assert Settings().http_tls is None


def test_an_identity_is_shown_and_the_other_side_s_is_asked_for(tmp_path: Path) -> None:
    """Every client gets a context that verifies the broker and its name."""
    make_certificates(tmp_path, datetime(2026, 1, 1, tzinfo=UTC), holders=["intake"])
    own = identity(tmp_path, "intake")
    settings = Settings(
        kafka_authority=own.authority,
        kafka_certificate=own.certificate,
        kafka_key=own.key,
        kafka="one:1,two:2",
    )
    options = client_options(settings.brokers)

    assert (options["bootstrap_servers"], options["security_protocol"]) == ("one:1,two:2", "SSL")
    assert options["ssl_context"].verify_mode is ssl.CERT_REQUIRED
    assert options["ssl_context"].check_hostname
    with pytest.raises(OSError, match="No such file"):
        identity(tmp_path, "nobody").context()


def test_the_redis_password_is_read_from_its_file(tmp_path: Path) -> None:
    """A secret in a file is in no list of processes and in no environment."""
    (tmp_path / "password").write_text("secret\n")
    settings = Settings(
        redis="rediss://valkey:6379/0", redis_authority=FILE, redis_password=tmp_path / "password"
    )

    assert settings.redis_options() == {"ssl_ca_certs": "file", "password": "secret"}


def test_certificates_are_made_once_and_keys_are_private(tmp_path: Path) -> None:
    """A second run makes only what is missing, by the same authority; the dates follow the given moment."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    first = make_certificates(tmp_path, now, holders=["intake"])
    before = (tmp_path / "intake.crt").read_bytes()
    second = make_certificates(tmp_path, now, ["vote.example.org"], holders=["intake", "results"])

    assert [path.name for path in first] == ["ca.crt", "intake.crt"]
    assert [path.name for path in second] == ["results.crt"]
    assert (tmp_path / "intake.crt").read_bytes() == before
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.key")} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.pem")} == {0o600}
    assert DAYS < 900


def test_no_client_of_kafka_is_made_without_an_identity() -> None:
    """One that forgot `client_options` would work in plain, and fail where Kafka asks who is there."""
    files = [path for room in ("shared", "services", "infra") for path in (ROOT / room).rglob("*.py")]
    made = [
        (path.name, match[0])
        for path in files
        for match in re.finditer(r"AIOKafka\w+\(\s*(?:\*\*client_options\()?", path.read_text())
    ]

    assert len(made) >= 5
    assert [where for where in made if "client_options" not in where[1]] == []
