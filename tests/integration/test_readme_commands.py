"""Every command that a document prints does what a reader expects: each document is read along, from top to bottom."""

from pathlib import Path

import pytest

from tests.support.readers import ROOT, commands, documents, read_along

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

ELSEWHERE = """
```sh
export LIVECOUNT_DATA_DIR=elsewhere
livecount up --namespace first
livecount create services/cli/demo/labour_2015.json
livecount codes labour-2015 --out labour-codes.csv
livecount open labour-2015
livecount void labour-2015 --elector 4711 --reason 'joined twice'
livecount withdraw labour-2015 deputy/caroline-flint
livecount monitor
livecount close labour-2015
livecount export labour-2015 --out labour.zip
LIVECOUNT_NAMESPACE=second livecount topics
LIVECOUNT_NAMESPACE=second livecount import labour.zip
livecount status --operator http://127.0.0.1:1 2> unanswered.txt || grep -q 'does not answer' unanswered.txt
LIVECOUNT_DATA_DIR=nowhere LIVECOUNT_KAFKA=127.0.0.1:1 livecount topics 2> nothing.txt || true
grep -q 'Kafka at 127.0.0.1:1 does not answer.*no deployment runs in nowhere' nothing.txt
```
"""
"""Every kind of command that asks a deployment, against one that is in another folder than the usual one."""
BUDGET = """
```sh
livecount up
livecount new town --template budget --defaults
livecount create town.yaml
livecount codes town --out codes.csv
livecount open town
for line in 2 3 4 5; do
  code=$(sed -n ${line}p codes.csv | cut -d, -f3 | tr -d '\\r')
  curl -s http://127.0.0.1:8101/v1/elections/town/ballots -H 'Content-Type: application/json' -d '{
    "ballot_id": "'$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n')'", "code": "'$code'",
    "rankings": {"what-is-the-money-spent-on": [["cycle-lanes", "trees-in-the-square"]]}}'
done
livecount withdraw town what-is-the-money-spent-on/a-longer-pier
livecount close town
livecount certify town | tee certified.txt
grep -q 'trees-in-the-square, cycle-lanes' certified.txt
livecount certificate town --out town.html
grep -q 'Cycle lanes (18,000) is funded: each of its 4 supporters pays at most 4,500.' town.html
livecount export town --out town.zip
livecount verify --bundle town.zip | tee verified.txt
grep -q 'funded: trees-in-the-square, cycle-lanes' verified.txt
curl -s http://127.0.0.1:8100/v1/elections/town/contests/what-is-the-money-spent-on/rounds.csv | grep -q 'A new library,30000,0,not funded'
```
"""
"""A citizens' budget, from its template to a bundle that is verified."""
READ_ALONG = [path for path in documents() if commands((ROOT / path).read_text())]


def test_the_readme_is_among_them() -> None:
    """Else nothing would be tried."""
    assert Path("README.md") in READ_ALONG


@pytest.mark.parametrize("document", READ_ALONG, ids=str)
def test_the_commands_work_as_printed(document: Path, tmp_path: Path) -> None:
    """In order, in one shell, in a fresh copy of the project."""
    read_along(document, tmp_path)


def test_commands_find_the_deployment_and_what_is_said_wins(tmp_path: Path) -> None:
    """On any port, by the data folder; an option or a variable comes before what stands there."""
    (tmp_path / "elsewhere.md").write_text(ELSEWHERE)

    read_along(tmp_path / "elsewhere.md", tmp_path)


def test_a_budget_is_voted_on_certified_and_verified(tmp_path: Path) -> None:
    """Four ballots tick two projects; both programs fund these two."""
    (tmp_path / "budget.md").write_text(BUDGET)

    read_along(tmp_path / "budget.md", tmp_path)


def test_a_command_that_fails_is_found(tmp_path: Path) -> None:
    """The reader stops at it, and says where it stands."""
    (tmp_path / "wrong.md").write_text(
        "# Wrong\n\n```sh\necho good\nlivecount no-such-command\necho never\n```\n"
    )

    with pytest.raises(AssertionError, match=r"(?s)good.*FAILED: line 5: livecount no-such-command") as found:
        read_along(tmp_path / "wrong.md", tmp_path)
    assert "never" not in str(found.value)
