"""`python -m infra.dependencies`: look every locked dependency up in PyPI's list of known faults, by pip-audit.

It fails if a dependency has a known fault. Where the list cannot be reached, or knows only some of the dependencies, it says so:
an audit that was not made is never taken for one that found nothing.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

AUDITOR: Final = "pip-audit>=2.9,<3"
BOUND_S: Final = 300
MOST_NAMED: Final = 10


def main() -> int:
    """Return 1 if a dependency has a known fault, else 0."""
    uv = shutil.which("uv") or ".venv/bootstrap/bin/uv"
    with TemporaryDirectory() as folder:
        lock, report = Path(folder, "lock.txt"), Path(folder, "report.json")
        export = [uv, "export", "--frozen", "--quiet", "--no-emit-project", "--format", "requirements-txt"]
        subprocess.run([*export, "--output-file", str(lock)], check=True, timeout=BOUND_S)
        audit = [uv, "tool", "run", "--quiet", "--from", AUDITOR, "pip-audit", "--requirement", str(lock)]
        audit += ["--require-hashes", "--disable-pip", "--progress-spinner", "off"]
        try:
            ran = subprocess.run(
                [*audit, "--format", "json", "--output", str(report)],
                check=False,
                timeout=BOUND_S,
                capture_output=True,
                text=True,
            )
            why = ran.stderr.strip().splitlines()[-1:]
        except subprocess.TimeoutExpired:
            why = [f"no answer within {BOUND_S} s"]
        found, sentence = outcome(report.read_text() if report.exists() else None)
    sys.stdout.write(f"dependencies: {sentence}{f' ({why[0]})' if not report.exists() and why else ''}\n")
    return int(found)


def outcome(report: str | None) -> tuple[bool, str]:
    """Return whether a fault was found, and what to say of pip-audit's report; None: it gave none."""
    if report is None:
        return False, "NOT audited: the list of known faults cannot be reached"
    dependencies = json.loads(report)["dependencies"]
    faults = [
        f"{of['name']} {of['version']}: {fault['id']}" for of in dependencies for fault in of.get("vulns", ())
    ]
    unknown = [of["name"] for of in dependencies if "vulns" not in of]
    if faults:
        more = f" and {len(faults) - MOST_NAMED} more" if len(faults) > MOST_NAMED else ""
        return True, f"known faults: {', '.join(faults[:MOST_NAMED])}{more}"
    if unknown:
        audited = len(dependencies) - len(unknown)
        return (
            False,
            f"NOT audited: {len(unknown)} of {len(dependencies)}; no known fault in the other {audited}",
        )
    return False, f"no known fault in {len(dependencies)}"


if __name__ == "__main__":
    raise SystemExit(main())
