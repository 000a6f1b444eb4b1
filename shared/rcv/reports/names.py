"""Names of files out of what precincts and batches are called.

Slices whose names become the same are told apart by a number: the first has none, the second has "_1". They
come in the order of a Java HashMap, batches before precincts; one id has one name, whatever it names.
"""

from pathlib import PurePosixPath

from shared.rcv.names import sanitised
from shared.rcv.reports.heading import Slice


class SliceNames:
    """Gives every slice of a contest a name of its own; the same in every run."""

    def __init__(self) -> None:
        self._name_of: dict[str, str] = {}

    def path(self, stem: str, of: Slice, report: str) -> PurePosixPath:
        """Return where the slice's report goes, below the folder of the contest's reports."""
        name = f"{stem}_{self._unique(of.id)}_{of.kind.lower()}_{report}"
        return PurePosixPath(f"Tabulate by {of.kind}", name)

    def _unique(self, slice_id: str) -> str:
        if slice_id not in self._name_of:
            taken = set(self._name_of.values())
            name = bare = sanitised(slice_id)
            number = 0
            while name in taken:
                number += 1
                name = f"{bare}_{number}"
            self._name_of[slice_id] = name
        return self._name_of[slice_id]
