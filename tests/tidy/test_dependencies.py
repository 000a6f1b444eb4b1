"""What is said of the audit of dependencies: a fault fails, and an audit that was not made is not taken for a clean one."""

import json

from infra.dependencies import outcome

SOUND = {"name": "sound", "version": "1.0", "vulns": []}
FAULTY = {"name": "faulty", "version": "1.0", "vulns": [{"id": "PYSEC-2026-1"}]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI"}


def report(*dependencies: object) -> str:
    """Return what pip-audit writes."""
    return json.dumps({"dependencies": dependencies, "fixes": []})


def test_a_known_fault_fails_and_is_named() -> None:
    """Whatever else could not be looked up."""
    assert outcome(report(SOUND, UNKNOWN, FAULTY)) == (True, "known faults: faulty 1.0: PYSEC-2026-1")


def test_what_was_not_looked_up_is_said() -> None:
    """No report at all, or dependencies that the list does not know."""
    assert outcome(None) == (False, "NOT audited: the list of known faults cannot be reached")
    assert outcome(report(SOUND, UNKNOWN)) == (False, "NOT audited: 1 of 2; no known fault in the other 1")


def test_all_looked_up_and_none_faulty() -> None:
    """The only sentence without a warning."""
    assert outcome(report(SOUND)) == (False, "no known fault in 1")
