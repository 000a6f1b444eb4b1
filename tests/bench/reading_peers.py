"""One reader, one file, one process: prints CPU seconds and how many ballots were read.

Run by an interpreter that has the reader: our own for `livecount`, the peers' environment for the others. It imports
nothing of the project but the reader it times.
"""

import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path


def livecount(path: str) -> float:
    """Read any plain format."""
    from shared.rcv.formats.detect import read_ballots

    return timed(lambda: sum(group.ballots for group in read_ballots(Path(path)).ballots))


def votelib(path: str) -> float:
    """Read BLT."""
    blt = import_module("votelib.io.blt")
    return timed(lambda: sum(blt.loads(Path(path).read_text())[0].values()))


def preflibtools(path: str) -> float:
    """Read PrefLib."""
    instances = import_module("preflibtools.instances")

    def read() -> int:
        instance = instances.OrdinalInstance()
        instance.parse_file(path)
        return int(sum(instance.multiplicity.values()))

    return timed(read)


def pref_voting(path: str) -> float:
    """Read PrefLib, or a CSV file of rank columns."""
    readers = import_module("pref_voting.io.readers")
    read = readers.csv_to_profile if path.endswith(".csv") else readers.preflib_to_profile
    options = {"csv_format": "rank_columns", "items_to_skip": ["nan"]} if path.endswith(".csv") else {}
    return timed(lambda: sum(read(path, **options).rankings_counts[1]))


def votekit(path: str) -> float:
    """Read a CSV file of rank columns."""
    loaders = import_module("votekit.cvr_loaders")
    ranks = list(range(Path(path).read_text().partition("\n")[0].count(",") + 1))
    return timed(
        lambda: (
            loaders.load_ranking_csv(path, rank_cols=ranks, header_row=0, print_profile=False).total_ballot_wt
        )
    )


def abiftool(path: str) -> float:
    """Read ABIF."""
    abiflib = import_module("abiflib")
    return timed(
        lambda: sum(
            line["qty"] for line in abiflib.convert_abif_to_jabmod(Path(path).read_text())["votelines"]
        )
    )


def timed(read: Callable[[], float]) -> float:
    """Return CPU seconds of one reading; say how many ballots it found."""
    start = time.process_time()
    ballots = read()
    seconds = time.process_time() - start
    sys.stdout.write(f"{int(ballots)} {seconds}\n")
    return seconds


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2])
