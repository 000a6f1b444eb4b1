"""infra/kubernetes says what the code says, and what Kubernetes' own schemas accept. No cluster is needed to see that."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import typer.main
import yaml

from services.cli import app
from tests.tidy.test_compose import SETTINGS

FOLDER = Path(__file__).parents[2] / "infra" / "kubernetes"
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
KUBERNETES = "1.33"
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def documents() -> Iterator[dict[str, Any]]:
    """Yield every document, with the patches of the kustomization on it."""
    for name in KUSTOMIZATION["resources"]:
        for document in yaml.safe_load_all((FOLDER / name).read_text()):
            for patch in KUSTOMIZATION["patches"]:
                if _meant(patch["target"], document):
                    _apply(yaml.safe_load(patch["patch"]), document)
            yield document


def _meant(target: dict[str, str], document: dict[str, Any]) -> bool:
    key, _, value = target["labelSelector"].partition("=")
    labelled = document["metadata"].get("labels", {}).get(key) == value
    return labelled and re.fullmatch(target["kind"], document["kind"]) is not None


def _apply(operations: list[dict[str, Any]], document: dict[str, Any]) -> None:
    for operation in operations:
        assert operation["op"] == "add"
        *parents, last = operation["path"].strip("/").split("/")
        found: Any = document
        for key in parents:
            found = found[int(key) if isinstance(found, list) else key]
        assert last not in found, (
            f"{operation['path']} of {document['metadata']['name']} would be overwritten"
        )
        found[last] = operation["value"]


DOCUMENTS = list(documents())
OURS = {
    document["metadata"]["name"]: document
    for document in DOCUMENTS
    if document["kind"] in {"Deployment", "StatefulSet"} and document["metadata"]["name"] != "valkey"
}


def named(document: dict[str, Any]) -> str:
    """Return a document's name for a test's id."""
    return f"{document['kind']}-{document['metadata']['name']}"


def container(document: dict[str, Any]) -> dict[str, Any]:
    """Return a workload's container."""
    found: dict[str, Any] = document["spec"]["template"]["spec"]["containers"][0]
    return found


def test_every_file_is_a_resource() -> None:
    """One that is not listed would never be applied."""
    files = {path.name for path in FOLDER.glob("*.yaml")}

    assert files - {"kustomization.yaml"} == set(KUSTOMIZATION["resources"])


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_kubernetes_own_schemas_accept_it(document: dict[str, Any]) -> None:
    """Strictly: a key that is not known is refused. Strimzi's kinds have no schema here."""
    if document["apiVersion"].startswith("kafka.strimzi.io/"):
        pytest.skip("Strimzi's schema is not at hand")
    kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_a_typing_error_would_be_refused() -> None:
    """The schemas are asked in earnest."""
    document = yaml.safe_load((FOLDER / "namespace.yaml").read_text())

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**document, "metadat": {}}, KUBERNETES, strict=True)


def test_every_variable_is_a_setting() -> None:
    """A variable nobody reads would be a silent mistake."""
    known = {f"LIVECOUNT_{field.upper()}" for of in SETTINGS.values() for field in of.model_fields}
    literals = KUSTOMIZATION["configMapGenerator"][0]["literals"]

    assert {literal.partition("=")[0] for literal in literals} <= known
    for document in OURS.values():
        assert {variable["name"] for variable in container(document)["env"]} <= known


@pytest.mark.parametrize("name", SETTINGS)
def test_command_and_port_are_the_code_s(name: str) -> None:
    """The command line knows the command; the port is the one served; probes ask there."""
    served = container(OURS[name])

    assert served["args"] == [name]
    assert name in COMMANDS
    assert served["ports"] == [{"name": "http", "containerPort": SETTINGS[name].model_fields["port"].default}]
    assert served["readinessProbe"]["httpGet"] == {"path": "/ready", "port": "http"}


def test_no_more_processes_than_shards() -> None:
    """Whoever has no shard does nothing."""
    literals = dict(of.split("=", 1) for of in KUSTOMIZATION["configMapGenerator"][0]["literals"])
    scaled = {
        of["metadata"]["name"]: of["spec"] for of in DOCUMENTS if of["kind"] == "HorizontalPodAutoscaler"
    }

    assert set(scaled) == {"intake", "validation", "counting", "results"}
    for name in ("validation", "counting"):
        assert scaled[name]["maxReplicas"] <= int(literals["LIVECOUNT_SHARDS"])


def test_what_may_be_several_survives_a_drained_node() -> None:
    """Each has a disruption budget; the operator's one copy may be away for a moment."""
    budgets = {of["metadata"]["name"] for of in DOCUMENTS if of["kind"] == "PodDisruptionBudget"}

    assert budgets == set(SETTINGS) - {"operator"}
