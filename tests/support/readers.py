"""A reader of the documents: runs the commands of one, as they are printed, in order, in one shell.

Blocks that begin with ```sh are run. Blocks of any other kind are for looking at; tests/tidy holds that no command is
in one of these. The reader's shell differs from anybody's in five functions, all in PRELUDE:

* `livecount up` runs in the background, as in a terminal of its own, and the next command waits until it is ready.
* `make TARGET` is only checked to exist: what it runs is tested elsewhere, or takes hours.
* The same holds for `python -m tests.…`, `python -m pytest` and `pytest`.
* `curl` fails where the answer is an error.

The ports 8100 to 8106 are replaced by free ones, so that the test runs beside a deployment.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from infra.local.deployment import DEFAULT_PORTS
from tests.support.ports import ports_in_a_row

ROOT: Final = Path(__file__).parents[2]
BOUND_S: Final = 240.0
_SKIPPED: Final = shutil.ignore_patterns(
    ".git", ".venv", ".livecount", "__pycache__", ".*_cache", ".hypothesis"
)
_BLOCK: Final = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
PRELUDE: Final = r"""
set -eEuo pipefail
trap '[ "${FUNCNAME[0]:-source}" = source ] && line=$LINENO || line=${BASH_LINENO[0]}
      printf "\nFAILED: line %s: %s\n" "$line" "$(sed -n "${line}p" "$COMMANDS")" >&2' ERR
trap '[ -z "${UP:-}" ] || { kill -INT "$UP"; wait "$UP" || true; }' EXIT
livecount() {
  if [ "$1" != up ]; then command livecount "$@"; return; fi
  if [ -n "${UP:-}" ]; then kill -INT "$UP"; wait "$UP" || true; fi
  command livecount "$@" > up.log 2>&1 &
  UP=$!
  for _ in $(seq 600); do
    grep -q "^Livecount is up" up.log && return
    kill -0 "$UP" || break
    sleep 0.2
  done
  cat up.log
  return 1
}
make() { command make -n "$@" > /dev/null; }
pytest() { for path; do case "$path" in -*) ;; *) ls "$path" > /dev/null ;; esac; done; }
python() {
  case "${1:-} ${2:-}" in
    "-m pytest") pytest "${@:3}" ;;
    "-m tests."*) command python -c 'import importlib.util, sys; assert importlib.util.find_spec(sys.argv[1])' "$2" ;;
    *) command python "$@" ;;
  esac
}
curl() { command curl --fail-with-body --max-time 20 "$@"; }
"""


def documents() -> list[Path]:
    """Return every Markdown document of the project, relative to its root."""
    skipped = {".git", ".venv", ".livecount", "node_modules"}
    found = [path.relative_to(ROOT) for path in ROOT.rglob("*.md")]
    return sorted(path for path in found if not skipped & set(path.parts))


def blocks(text: str) -> list[tuple[str, int, str]]:
    """Return each fenced block of a document: its kind, the number of its first line, its content."""
    return [(of[2], text.count("\n", 0, of.start(3)) + 1, of[3]) for of in _BLOCK.finditer(text)]


def commands(text: str) -> str:
    """Return what a reader types, each command on the line that it has in the document."""
    lines: list[str] = []
    for kind, first, content in blocks(text):
        if kind == "sh":
            lines += [""] * (first - 1 - len(lines)) + content.splitlines()
    return "\n".join(lines) + "\n" if lines else ""


def read_along(document: Path, folder: Path) -> None:
    """Run a document's commands in a copy of the project under `folder`. Raises AssertionError with what was printed."""
    copy = folder / "livecount"
    shutil.copytree(ROOT, copy, ignore=_SKIPPED)
    (copy / ".venv").symlink_to(Path(sys.executable).parents[1])
    ports = dict(zip(DEFAULT_PORTS.values(), ports_in_a_row(len(DEFAULT_PORTS)), strict=True))
    script = commands((ROOT / document).read_text())
    for port, free in ports.items():
        script = re.sub(rf"(?<=:){port}\b", str(free), script)
    (folder / "prelude.sh").write_text(PRELUDE)
    (folder / "commands.sh").write_text(script)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LIVECOUNT_")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["COMMANDS"] = str(folder / "commands.sh")
    environment["LIVECOUNT_PORT_BASE"] = str(min(ports.values()))
    argv = ["bash", "-c", f"source {folder}/prelude.sh; source $COMMANDS"]
    with subprocess.Popen(
        argv,
        cwd=copy,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            printed, _ = shell.communicate(timeout=BOUND_S)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGKILL)
            printed, _ = shell.communicate()
            printed += f"\nFAILED: not done within {BOUND_S:g} s"
    assert shell.returncode == 0, f"{document}:\n{printed[-4000:]}"
