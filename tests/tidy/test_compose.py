"""docker-compose.yml says what the code says. No engine is needed to see that."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from services.counting.settings import CountingSettings
from services.intake.settings import IntakeSettings
from services.operator.settings import OperatorSettings
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
