"""Who may do what on Kafka: made from the table of topics, and little."""

from pathlib import Path

import pytest
import yaml

from shared.contract.rights import AUDITOR, PRINCIPALS, SERVICES, kafka_users, principal, rights
from shared.contract.topics import BALLOTS_CAST, ELECTIONS_ANNOUNCED, MONITOR_SHARDS, TOPICS
from tests.unit.cli.front import livecount

USERS = Path(__file__).parents[3] / "infra" / "kubernetes" / "users.yaml"


def who(operation: str, topic: str) -> set[str]:
    """Return who may do something with a topic of a deployment called "live"."""
    return {of.principal for of in rights("live") if (of.operation, of.name) == (operation, topic)}


def test_the_rights_are_the_table_s() -> None:
    """A service may write and read what the table says, whichever of its parts does."""
    for topic in TOPICS:
        assert who("Write", topic.name("live")) == {principal(stage) for stage in topic.writers}
        assert who("Read", topic.name("live")) == {principal(stage) for stage in topic.readers}


def test_what_must_never_be_granted_is_not() -> None:
    """Ballots are intake's and the operator's to write; results and the auditor write nothing at all, proofs its reports."""
    written = {of.principal for of in rights("live") if of.operation == "Write"}

    assert who("Write", BALLOTS_CAST.name("live")) == {"intake", "operator"}
    assert who("Read", BALLOTS_CAST.name("live")) == {"validation", "operator", AUDITOR, "proofs"}
    assert who("Write", ELECTIONS_ANNOUNCED.name("live")) == {"operator"}
    assert written == {"intake", "validation", "counting", "operator", "proofs"}
    reports = MONITOR_SHARDS.name("live")
    assert {of.name for of in rights("live") if (of.principal, of.operation) == ("proofs", "Write")} == {
        reports
    }


def test_every_topic_has_a_writer_and_a_reader() -> None:
    """A topic without one of them is a mistake in the table."""
    assert all(topic.writers and topic.readers for topic in TOPICS)
    assert {of.principal for of in rights("live")} == set(PRINCIPALS) == {*SERVICES, AUDITOR}


def test_a_stage_that_belongs_to_no_service_is_refused() -> None:
    """A misspelt writer would be granted to nobody, silently."""
    with pytest.raises(ValueError, match="tallying is no part"):
        principal("tallying")


def test_kubernetes_users_are_made_from_the_table() -> None:
    """The file says what the command prints, and has a user with these rights for each service."""
    text = livecount("rights", "--namespace", "live", "--strimzi").stdout
    users = {user["metadata"]["name"]: user["spec"] for user in yaml.safe_load_all(text)}

    assert USERS.read_text() == text
    assert list(yaml.safe_load_all(text)) == kafka_users(rights("live"))
    assert set(users) == {"topics", *PRINCIPALS}
    assert sum(len(spec.get("authorization", {}).get("acls", ())) for spec in users.values()) == len(
        rights("live")
    )
