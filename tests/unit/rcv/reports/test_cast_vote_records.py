"""Ballots as the Common Data Format and as generic CSV have them."""

import json
from typing import Any

from shared.contract.elections import Rules
from shared.rcv.formats.records import CastVoteRecord
from shared.rcv.reports.cdf import converted_ballots, counted_ballots
from shared.rcv.reports.generic_csv import Source, generic_csv
from shared.rcv.reports.positions import positions_of
from shared.rcv.reports.tabulated import Settings, Tabulated
from tests.unit.rcv.reports.counted import STAMP, ballots, contest, count, two_elected_at_once


def _counted(tabulated: Tabulated) -> Any:
    return json.loads("".join(counted_ballots(tabulated, positions_of(tabulated), STAMP)))


def _selections(ballot: Any, number: int) -> dict[str, list[tuple[Any, ...]]]:
    """Return the positions of each selection of a snapshot: rank, allotted, votes, fraction."""
    selections = ballot["CVRSnapshot"][number]["CVRContest"][0]["CVRContestSelection"]
    return {
        s["ContestSelectionId"]: [
            (p["Rank"], p["IsAllocable"], p["NumberVotes"], p.get("FractionalVotes"))
            for p in s["SelectionPosition"]
        ]
        for s in selections
    }


def test_a_ballot_stands_as_marked_and_as_each_round_reads_it() -> None:
    """Nobody knows what a mark brings before a round has read it."""
    report = _counted(count(contest(["Ann Lee", "B", "C"]), ballots((3, "0"), (3, "1"), (1, "2>0"))))
    ballot = report["CVR"][-1]
    assert [s["Type"] for s in ballot["CVRSnapshot"]] == ["original", "interpreted", "interpreted"]
    assert _selections(ballot, 0) == {
        "cs-c": [(1, "unknown", 1, None)],
        "cs-ann_lee": [(2, "unknown", 1, None)],
    }
    assert _selections(ballot, 1) == {"cs-c": [(1, "yes", 1, None)], "cs-ann_lee": [(2, "no", 1, None)]}
    assert _selections(ballot, 2) == {"cs-c": [(1, "no", 1, None)], "cs-ann_lee": [(2, "yes", 1, None)]}


def test_a_divided_ballot_brings_the_elected_what_they_keep() -> None:
    """Its rest is the final round's surplus, and brings nobody anything."""
    ballot = _counted(two_elected_at_once())["CVR"][0]
    assert _selections(ballot, 2) == {"cs-a": [(1, "yes", 0, ".8334")], "cs-c": [(2, "no", 1, None)]}


def test_only_the_first_rank_of_a_candidate_carries_the_vote() -> None:
    """The ballot ranks A first and third."""
    ballot = _counted(count(contest("AB"), ballots((1, "0>1>0"))))["CVR"][0]
    assert _selections(ballot, 1) == {
        "cs-a": [(1, "yes", 1, None), (3, "no", 1, None)],
        "cs-b": [(2, "no", 1, None)],
    }


def test_several_at_one_rank_stand_in_the_order_of_names() -> None:
    """And a rank of unnamed ones is an overvote."""
    ballot = _counted(count(contest("BA"), ballots((1, "0=1>*"))))["CVR"][0]
    assert list(_selections(ballot, 0)) == ["cs-a", "cs-b", "cs-overvote"]


def test_a_ballot_that_calls_a_candidate_otherwise_keeps_its_name_and_shows_no_vote() -> None:
    """The vote counts; the selection is the alias's."""
    records = [CastVoteRecord("1", "0", None, None, aliases={0: "Al"})]
    ballot = _counted(count(contest("AB"), records))["CVR"][0]
    assert _selections(ballot, 1) == {"cs-al": [(1, "no", 1, None)]}


def test_precincts_are_units_where_results_are_reported_by_precinct() -> None:
    """In the order of a Java HashMap; a ballot that names none has none."""
    records = [*ballots((1, "0"), precinct="W-2"), *ballots((1, "0"), precinct="W-1"), *ballots((1, "1"))]
    counted = count(contest("AB"), records, Settings("Test", jurisdiction="Town", by_precinct=True))
    report = _counted(counted)
    assert [unit["Name"] for unit in report["GpUnit"]] == ["Town", "W-1", "W-2"]
    assert [ballot["BallotStyleUnitId"] for ballot in report["CVR"]] == ["gpu-2", "gpu-1", None]
    without = _counted(count(contest("AB"), records))
    assert "BallotStyleUnitId" not in without["CVR"][0]
    assert len(without["GpUnit"]) == 1


def test_converted_ballots_have_no_rounds() -> None:
    """They stand as marked, and their current snapshot is that."""
    settings = Settings("Test", overvote_label=True)
    report = json.loads("".join(converted_ballots(contest("BA"), settings, ballots((1, "0")), STAMP)))
    ballot = report["CVR"][0]
    assert len(ballot["CVRSnapshot"]) == 1
    assert ballot["CurrentSnapshotId"] == ballot["CVRSnapshot"][0]["@id"] == "ballot-None-1"
    assert [c["Name"] for c in report["Election"][0]["Candidate"]] == ["A", "B", "overvote"]
    assert report["GeneratedDate"] == STAMP.generated


def test_generic_csv_names_each_rank() -> None:
    """Blank ranks, unnamed overvotes, several at a rank, the source's label for write-ins, the file's own ids."""
    of = contest(["Ann", "Bo, Jr", "(Undeclared Write-ins)"], rules=Rules(max_ranks=4))
    record = CastVoteRecord("x(1)", "0=1>*>>2", "P1", "B1", vendor_id="1", contest_id="c", tabulator_id="t")
    text = "".join(generic_csv(of, [Source("a.json", "cdf", "UWI")], [record]))
    head, _, rest = text.partition("\r\n")
    assert head.endswith("Precinct,Precinct Portion,Rank 1,Rank 2,Rank 3,Rank 4")
    assert rest == 'a.json,cdf,c,x(1),t,B1,1,P1,,"Ann\nBo, Jr",overvote,undervote,UWI\r\n'


def test_generic_csv_has_a_rank_for_each_declared_candidate_where_the_rules_set_none() -> None:
    """Undeclared write-ins are none."""
    text = "".join(generic_csv(contest(["A", "B", "(W)"]), [], []))
    assert text.strip().endswith("Precinct Portion,Rank 1,Rank 2")


def test_generic_csv_drops_no_rank() -> None:
    """A ballot may have more ranks than there are candidates."""
    text = "".join(generic_csv(contest("AB"), [Source("a.xlsx", "ess")], ballots((1, ">>0"), (1, "1"))))
    head, first, second = text.splitlines()
    assert head.endswith("Precinct Portion,Rank 1,Rank 2,Rank 3")
    assert first.endswith(",undervote,undervote,A")
    assert second.endswith(",B,undervote,undervote")
