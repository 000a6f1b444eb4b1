"""What one ballot costs at each stage, as measured: `measured.json`, which `make bench-stages` writes.

Nothing here is guessed: there is no plan without the file, or with a constant missing.
"""

from pathlib import Path
from typing import Final

from pydantic import Field

from shared.contract.elections import Frozen

MEASURED: Final = Path(__file__).with_name("measured.json")


class Constants(Frozen):
    """Costs of one ballot with rankings for `contests` contests. CPU in microseconds of one core."""

    machine: str = Field(description="What they were measured on")
    command: str = Field(description="What measured them")
    ballots: int = Field(gt=0, description="How many ballots it was measured over")
    contests: int = Field(gt=0)
    intake_us: float = Field(gt=0, description="Intake, a ballot posted by itself")
    intake_bulk_us: float = Field(gt=0, description="Intake, a line of a stream")
    validation_us: float = Field(gt=0)
    counting_us: float = Field(gt=0, description="Tally and rounds of all contests together")
    proofs_us: float = Field(
        gt=0, description="Proofs: the leaf of a ballot, its place in the tree, the files"
    )
    broker_us: float = Field(
        gt=0, description="The broker: taking in, and giving out, all that a ballot causes"
    )
    cast_bytes: float = Field(gt=0, description="In the log of cast records and the rolls, one copy")
    judged_bytes: float = Field(gt=0, description="In the log of verdicts, one copy")
    published_bytes: float = Field(gt=0, description="In the changed tallies and published counts, one copy")
    elector_bytes: float = Field(gt=0, description="Memory of validation for an elector")
    ranking_bytes: float = Field(gt=0, description="Memory of counting for a distinct ranking")
    resting_bytes: float = Field(gt=0, description="Memory of a service's process without work")


def measured(path: Path = MEASURED) -> Constants:
    """Return the constants. Raises ValueError naming the file if it is not there or is not whole."""
    if not path.is_file():
        raise ValueError(f"{path}: nothing is measured yet; `make bench-stages` does it")
    return Constants.model_validate_json(path.read_bytes())
