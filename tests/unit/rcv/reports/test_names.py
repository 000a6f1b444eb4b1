"""Names of files and ids."""

from shared.rcv.names import sanitised
from shared.rcv.reports.files import SliceNames
from shared.rcv.reports.heading import Slice


def test_what_no_file_name_should_hold_becomes_an_underscore() -> None:
    """Letters, digits, underscore, hyphen and full stop stay; a character beyond the BMP is one."""
    assert sanitised("MINNEAPOLIS W-1 P-02/é🗳 v1.2_x") == "MINNEAPOLIS_W-1_P-02____v1.2_x"


def test_slices_whose_names_become_the_same_are_distinguished() -> None:
    """The second has a number, and keeps it."""
    names = SliceNames()
    paths = [
        str(names.path("stem", Slice("Precinct", name), "detailed_report.csv"))
        for name in ("P 1", "P/1", "P 1")
    ]
    assert paths == [
        "Tabulate by Precinct/stem_P_1_precinct_detailed_report.csv",
        "Tabulate by Precinct/stem_P_1_1_precinct_detailed_report.csv",
        "Tabulate by Precinct/stem_P_1_precinct_detailed_report.csv",
    ]


def test_a_batch_and_a_precinct_of_one_id_share_their_name() -> None:
    """Their folders distinguish them."""
    names = SliceNames()
    assert str(names.path("s", Slice("Batch", "7"), "x.csv")) == "Tabulate by Batch/s_7_batch_x.csv"
    assert str(names.path("s", Slice("Precinct", "7"), "x.csv")) == "Tabulate by Precinct/s_7_precinct_x.csv"
