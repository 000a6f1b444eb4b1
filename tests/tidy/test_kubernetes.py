"""infra/kubernetes says what the code says, and what Kubernetes' own schemas accept. No cluster is needed to see that."""

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
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
    """Each has a disruption budget; the one copy of operator and of proofs may be away for a moment."""
    budgets = {of["metadata"]["name"] for of in DOCUMENTS if of["kind"] == "PodDisruptionBudget"}

    assert budgets == set(SETTINGS) - {"operator", "proofs"}


WORKLOADS = [of for of in DOCUMENTS if of["kind"] in {"Deployment", "StatefulSet", "Job"}]
POLICIES = {of["metadata"]["name"]: of["spec"] for of in DOCUMENTS if of["kind"] == "NetworkPolicy"}
LITERALS = dict(of.split("=", 1) for of in KUSTOMIZATION["configMapGenerator"][0]["literals"])


@pytest.mark.parametrize("document", WORKLOADS, ids=named)
def test_every_pod_can_do_little(document: dict[str, Any]) -> None:
    """Not root, a read-only root, no capability, no token for the cluster, and a bound on memory and processor."""
    pod, own = document["spec"]["template"]["spec"], container(document)

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert own["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"cpu", "memory"} <= set(own["resources"]["limits"])


@pytest.mark.parametrize(
    "document", [of for of in WORKLOADS if of["metadata"]["name"] != "valkey"], ids=named
)
def test_every_pod_shows_kafka_the_certificate_of_its_own_user(document: dict[str, Any]) -> None:
    """Strimzi makes it, for the user whose rights are in users.yaml; the settings name the files that are mounted."""
    name = document["metadata"]["name"]
    users = {of["metadata"]["name"] for of in DOCUMENTS if of["kind"] == "KafkaUser"}
    (volume,) = [of for of in document["spec"]["template"]["spec"]["volumes"] if of["name"] == "kafka"]
    own, authority = [source["secret"] for source in volume["projected"]["sources"]]
    where = {of["name"]: of["mountPath"] for of in container(document)["volumeMounts"]}["kafka"]
    files = {f"{where}/{item['path']}" for secret in (own, authority) for item in secret["items"]}

    assert own["name"] == name
    assert name in users
    assert authority["name"] == "livecount-cluster-ca-cert"
    assert {LITERALS[f"LIVECOUNT_KAFKA_{part}"] for part in ("AUTHORITY", "CERTIFICATE", "KEY")} == files
    assert "/tmp" in {of["mountPath"] for of in container(document)["volumeMounts"]}


def test_kafka_has_no_listener_without_a_certificate_and_grants_nothing_by_itself() -> None:
    """One listener, over mutual TLS, for pods of ours; the namespace of the rights is that of the settings."""
    (kafka,) = [of["spec"]["kafka"] for of in DOCUMENTS if of["kind"] == "Kafka"]
    (listener,) = kafka["listeners"]
    topics = [
        acl["resource"]["name"]
        for of in DOCUMENTS
        if of["kind"] == "KafkaUser"
        for acl in of["spec"].get("authorization", {}).get("acls", ())
    ]

    assert (listener["tls"], listener["authentication"]) == (True, {"type": "tls"})
    assert kafka["authorization"] == {"type": "simple", "superUsers": ["CN=topics"]}
    assert LITERALS["LIVECOUNT_KAFKA"].endswith(f":{listener['port']}")
    assert all(
        name.startswith((f"{LITERALS['LIVECOUNT_NAMESPACE']}.", f"{LITERALS['LIVECOUNT_NAMESPACE']}-"))
        for name in topics
    )


def test_nobody_speaks_to_whom_no_policy_names() -> None:
    """Every pod of ours and Valkey is selected by a policy; only results goes to Valkey, only the proxy to the public three."""
    everybody = POLICIES["nothing-but"]
    assert everybody["podSelector"] == {"matchLabels": {"app.kubernetes.io/part-of": "livecount"}}
    assert everybody["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in everybody
    assert [of["ports"][0]["port"] for of in everybody["egress"]] == [9093, 53]
    assert POLICIES["valkey-from-results"]["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in POLICIES["valkey-from-results"]
    assert POLICIES["public"]["podSelector"]["matchExpressions"][0]["values"] == [
        "intake",
        "proofs",
        "results",
    ]
    assert all(of["metadata"]["labels"]["app.kubernetes.io/part-of"] == "livecount" for of in OURS.values())


def test_the_public_side_is_served_over_tls_alone() -> None:
    """The proxy ends it, and passes on to the public three only."""
    (ingress,) = [of for of in DOCUMENTS if of["kind"] == "Ingress"]
    paths = [path for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]]

    assert {host for tls in ingress["spec"]["tls"] for host in tls["hosts"]} == {
        rule["host"] for rule in ingress["spec"]["rules"]
    }
    assert ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/ssl-redirect"] == "true"
    assert {path["backend"]["service"]["name"] for path in paths} == {"intake", "proofs", "results"}


def test_an_elector_counts_under_an_own_address_and_not_under_the_ingress_controllers() -> None:
    """The ingress controller is believed who asks, wherever in the cluster it runs; nobody else reaches what is public."""
    trusted = [ip_network(of) for of in LITERALS["LIVECOUNT_TRUSTED_PROXIES"].split(",")]
    for pod in ("10.244.1.7", "172.17.0.3", "192.168.4.4", "100.64.3.2", "fd00:10:244::7"):
        assert any(ip_address(pod) in of for of in trusted)
    for elector in ("203.0.113.9", "2001:db8::9"):
        assert not any(ip_address(elector) in of for of in trusted)
