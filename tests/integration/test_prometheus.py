"""The board and the alert rules against a real Prometheus that asks a real process: every query is of metrics that exist."""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from infra.local.ports import free_ports
from tests.support.readers import ROOT

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs Debian's package prometheus"),
]

RULES = ROOT / "infra/prometheus/rules.yml"
BOARD = ROOT / "infra/grafana/dashboards/livecount.json"
MULTIPLE = 2
EXPORTER = """
import os, sys, tempfile
sys.path.insert(0, sys.argv[2])
import uvicorn
from starlette.applications import Starlette
import services.intake.app, services.intake.routes, services.intake.service, services.operator.watch, services.results.hub
from services.intake.routes import REFUSED
from services.intake.service import RECORDED
from services.operator.watch import ALERTS
from shared.runtime.process.connections import ENDED
from shared.runtime.process.health import Health
from shared.runtime.process.http import health_routes
from shared.runtime.process.telemetry import ShardReport, expose
from shared.runtime.supervision import ENDED as TASKS
RECORDED.labels("club").inc()
REFUSED.labels("429").inc()
ENDED.labels("head late").inc()
TASKS.labels("reporter").inc()
ALERTS.labels("lag", "critical").set(1)
for part, state in (("counting", "running"), ("validation", "stopped")):
    expose(ShardReport(service=part, instance="1", shard=0, position=5, end=9, end_age_s=0.0, total=5, state=state))
uvicorn.run(Starlette(routes=health_routes(Health())), port=int(sys.argv[1]), log_level="critical")
"""
"""A process with every metric there is: what gets a label only when it happens has happened once."""


def expressions() -> dict[str, str]:
    """Every query of the board and the rules, by where it stands."""
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    found = {rule["alert"]: rule["expr"] for rule in rules}
    for panel in json.loads(BOARD.read_text())["panels"]:
        for target in panel["targets"]:
            found[f"{panel['title']} {target['refId']}"] = target["expr"]
    return found


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prometheus that asks such a process every second, and has these rules."""
    folder = tmp_path_factory.mktemp("prometheus")
    exporter, port = free_ports(2)
    (folder / "rules.yml").write_text(re.sub(r"for: \w+", "for: 0s", RULES.read_text()))
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\nscrape_configs:\n"
        f"  - job_name: livecount\n    static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]\n"
    )
    arguments = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    listens = f"--web.listen-address=127.0.0.1:{port}"
    with (folder / "log").open("w") as log:
        processes = [
            subprocess.Popen([sys.executable, "-c", EXPORTER, str(exporter), str(ROOT)], stderr=log),
            subprocess.Popen(["prometheus", *arguments, listens], stdout=log, stderr=log),
        ]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            for process in processes:
                process.kill()
                process.wait()


def asked(url: str, path: str, **query: str) -> Any:
    """What Prometheus answers; None while it does not."""
    try:
        with urlopen(f"{url}/api/v1/{path}?{urlencode(query)}", timeout=10) as answer:
            return json.load(answer)["data"]
    except OSError:
        return None


def test_every_query_finds_something(prometheus: str) -> None:
    """Of a rule: what it looks at, without the bound that makes it an alert."""
    left = {
        where: re.split(r" (?:==|>) \d+$", expr.split(" and ")[0])[0] for where, expr in expressions().items()
    }
    give_up_s = time.monotonic() + 60
    while left:
        assert time.monotonic() < give_up_s, f"nothing found by {left}"
        left = {
            where: expr
            for where, expr in left.items()
            if not (asked(prometheus, "query", query=expr) or {}).get("result")
        }
        time.sleep(0.3)


def test_a_stopped_shard_and_an_alert_fire(prometheus: str) -> None:
    """And the process that answers is not called dead."""
    wanted = {"LivecountShardStopped", "LivecountAttention"}
    give_up_s = time.monotonic() + 60
    firing: set[str] = set()
    while not wanted <= firing:
        assert time.monotonic() < give_up_s, firing
        found = (asked(prometheus, "alerts") or {}).get("alerts", [])
        firing = {of["labels"]["alertname"] for of in found if of["state"] == "firing"}
        time.sleep(0.3)
    assert "LivecountProcessDown" not in firing


def test_rules_are_well_formed_and_each_leads_to_a_paragraph() -> None:
    """`promtool` reads them; a heading of that name stands in the runbook."""
    subprocess.run(["promtool", "check", "rules", RULES], check=True, timeout=30, capture_output=True)
    for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]:
        file, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        headings = re.findall(r"^##? (.*)$", (ROOT / file).read_text(), re.MULTILINE)
        assert anchor in {re.sub(r"[^a-z0-9 -]", "", of.lower()).replace(" ", "-") for of in headings}
        assert rule["annotations"]["summary"]


def test_metrics_of_several_workers_are_added_up(tmp_path: Path) -> None:
    """Each is a process of its own; whichever is asked answers for all."""
    counts = "from services.intake.service import RECORDED; RECORDED.labels('club').inc(3)"
    shows = "from shared.runtime.process.http import exposition; print(exposition().decode())"
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    for _ in range(MULTIPLE):
        subprocess.run([sys.executable, "-c", counts], check=True, timeout=60, env=environment)
    done = subprocess.run(
        [sys.executable, "-c", shows], check=True, timeout=60, env=environment, capture_output=True, text=True
    )
    assert f'livecount_intake_recorded_total{{election="club"}} {3.0 * MULTIPLE}' in done.stdout


def test_names_follow_the_convention() -> None:
    """A prefix, small letters, `_total` on counters only, and a sentence of help."""
    shows = "import services.intake.app, services.operator.watch, services.results.hub; "
    shows += "from shared.runtime.process.http import exposition; print(exposition().decode())"
    done = subprocess.run(
        [sys.executable, "-c", shows], check=True, timeout=60, cwd=ROOT, capture_output=True, text=True
    )
    kinds = dict(re.findall(r"^# TYPE (livecount_\S+) (\S+)$", done.stdout, re.MULTILINE))
    helps = dict(re.findall(r"^# HELP (livecount_\S+) (.+)$", done.stdout, re.MULTILINE))
    made = {name: kind for name, kind in kinds.items() if not name.endswith("_created")}
    assert len(made) > 10
    for name, kind in made.items():
        assert re.fullmatch(r"livecount(?:_[a-z]+)+", name)
        assert name.endswith("_total") == (kind == "counter")
        assert len(helps[name].split()) > 1
