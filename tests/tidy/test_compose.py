"""docker-compose.yml says what the code says. No engine is needed to see that."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from services.counting.settings import CountingSettings
from services.intake.settings import IntakeSettings
from services.operator.settings import OperatorSettings
from services.proofs.settings import ProofsSettings
from services.results.settings import ResultsSettings
from services.validation.settings import ValidationSettings
from shared.runtime.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SETTINGS: dict[str, type[Settings]] = {
    "intake": IntakeSettings,
    "validation": ValidationSettings,
    "counting": CountingSettings,
    "results": ResultsSettings,
    "operator": OperatorSettings,
    "proofs": ProofsSettings,
}


def test_it_parses_against_the_compose_specification() -> None:
    """A typing error in a key would be refused."""
    parsed = PyCompose.from_yaml(yaml.safe_dump(COMPOSE))

    assert set(SETTINGS) < set(parsed.service_names())
    with pytest.raises(ValueError, match="imag"):
        PyCompose.from_yaml(yaml.safe_dump({"services": {"intake": {"imag": "livecount"}}}))


@pytest.mark.parametrize("name", SETTINGS)
def test_every_variable_of_a_service_is_a_setting_of_it(name: str) -> None:
    """A variable nobody reads would be a silent mistake."""
    environment = COMPOSE["services"][name]["environment"]
    known = {
        f"LIVECOUNT_{field.upper()}" for settings in SETTINGS.values() for field in settings.model_fields
    }
    own = {f"LIVECOUNT_{field.upper()}" for field in SETTINGS[name].model_fields}

    assert set(environment) <= known
    assert {"LIVECOUNT_KAFKA", "LIVECOUNT_PORT"} <= own


@pytest.mark.parametrize("name", SETTINGS)
def test_command_port_and_health_check_are_the_code_s(name: str) -> None:
    """The command line knows the command; the port published is the port served; health is asked where it answers."""
    service = COMPOSE["services"][name]
    port = str(SETTINGS[name].model_fields["port"].default)

    assert service["command"] == [name]
    assert service["environment"]["LIVECOUNT_PORT"] == port
    assert all(published.split(":")[-1] == port for published in service.get("ports", []))
    assert "/ready" in " ".join(service["healthcheck"]["test"])


def test_prometheus_asks_every_service_at_its_port() -> None:
    """Names and ports are those of the compose file."""
    scraped = yaml.safe_load((ROOT / "infra/prometheus/prometheus.yml").read_text())
    targets = set(scraped["scrape_configs"][0]["static_configs"][0]["targets"])

    assert targets == {
        f"{name}:{settings.model_fields['port'].default}" for name, settings in SETTINGS.items()
    }


RUN_BY_US = [name for name, service in COMPOSE["services"].items() if service.get("image") == "livecount"]


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_every_container_can_do_little(name: str) -> None:
    """Not root, nothing to write to but /tmp and its volume, no capability, and a bound on memory, processors and processes."""
    service = COMPOSE["services"][name]

    assert service["user"] == "1000:1000"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "cpus", "pids_limit"} <= set(service)


@pytest.mark.parametrize("name", RUN_BY_US)
def test_every_service_has_its_own_certificate_and_no_other_s(name: str) -> None:
    """It shows that to Kafka and serves HTTP with it; each secret that it is given is a file that the commands make."""
    secrets = [
        of if isinstance(of, dict) else {"source": of, "target": of}
        for of in COMPOSE["services"][name]["secrets"]
    ]
    given = {of["target"]: of["source"] for of in secrets}
    settings = {
        key: value for key, value in COMPOSE["services"][name]["environment"].items() if "/run/" in value
    }

    assert (given["certificate"], given["key"]) == (f"{name}-certificate", f"{name}-key")
    assert COMPOSE["secrets"][f"{name}-key"] == {"file": f"./certificates/{name}.key"}
    assert {value.removeprefix("/run/secrets/") for value in settings.values()} <= set(given)
    assert {"LIVECOUNT_KAFKA_CERTIFICATE", "LIVECOUNT_HTTP_CERTIFICATE"} <= set(settings)
    assert [of for of in given.values() if of.endswith("-key")] == [f"{name}-key"]


def test_only_results_reaches_redis_and_only_the_public_side_leaves_its_networks() -> None:
    """Kafka and Valkey are in networks without a way out, and publish no port."""
    networks = {name: set(of.get("networks", ())) for name, of in COMPOSE["services"].items()}

    assert COMPOSE["networks"]["log"] == COMPOSE["networks"]["cache"] == {"internal": True}
    assert {name for name, of in networks.items() if "cache" in of} == {"valkey", "results"}
    assert {name for name, of in networks.items() if "edge" in of} == {"intake", "proofs", "results"}
    assert not {"ports"} & (set(COMPOSE["services"]["kafka"]) | set(COMPOSE["services"]["valkey"]))
    assert COMPOSE["services"]["results"]["environment"]["LIVECOUNT_REDIS"].startswith("rediss://")
    assert all(
        of["ports"][0].startswith("127.0.0.1:")
        for of in map(COMPOSE["services"].get, ("operator", "grafana"))
    )


def test_its_broker_is_secured_as_the_one_that_is_tested() -> None:
    """What the integration tests run is what Compose runs, but for the folder of the certificates."""
    tested, own = (_properties(name) for name in ("secured.properties", "compose.properties"))
    assert {
        key: value.replace("$certificates", "/run/secrets").replace("$$", "$")
        for key, value in tested.items()
    } == {key: own[key] for key in tested}


def _properties(name: str) -> dict[str, str]:
    lines = (ROOT / "infra" / "kafka" / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
