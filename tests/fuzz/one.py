"""One parser fuzzed with coverage as the guide, in a process of its own: libFuzzer never returns.

`python -m tests.fuzz.one TARGET FOLDER [libFuzzer options]`; the corpus is kept in FOLDER, an input that breaks a
rule in FOLDER too, as crash-…, timeout-… or oom-….
"""

import sys
from importlib import import_module
from pathlib import Path

atheris = import_module("atheris")

with atheris.instrument_imports(include=["shared.rcv.formats", "csv"]):
    from tests.fuzz.targets import TARGETS

MAX_INPUT_BYTES = 4096


def main() -> None:
    """Fuzz until libFuzzer ends the process."""
    name, folder, *options = sys.argv[1:]
    target = TARGETS[name]
    path = Path(folder) / "input" / target.file
    path.parent.mkdir(parents=True, exist_ok=True)
    corpus = _begin(Path(folder), target.seeds, target.words)

    def try_one(data: bytes) -> None:
        path.write_bytes(data)
        target.try_one(path)

    atheris.Setup([sys.argv[0], *options, *corpus, f"-artifact_prefix={folder}/"], try_one)
    atheris.Fuzz()


def _begin(folder: Path, seeds: tuple[bytes, ...], words: tuple[str, ...]) -> list[str]:
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    escaped = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in words)
    (folder / "words").write_text("".join(f'"{word}"\n' for word in escaped))
    return [
        str(corpus),
        f"-dict={folder / 'words'}",
        f"-max_len={MAX_INPUT_BYTES}",
        "-timeout=10",
        "-rss_limit_mb=1024",
    ]


if __name__ == "__main__":
    main()
