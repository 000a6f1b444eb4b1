"""Which format a file is in: by suffix, else by how it begins."""

from pathlib import Path

import pytest

from shared.rcv.formats.detect import write_ballots
from shared.rcv.formats.records import BallotFile
from tests.unit.rcv.formats.plain.reading import counts, read, refusal

SAME_BALLOTS = {
    ".blt": '2 1\n3 2 1 0\n0\n"A"\n"B"\n',
    ".soi": "2\n1,A\n2,B\n3,3,1\n3,2,1\n",
    ".toc": "# TITLE: x\n# NUMBER ALTERNATIVES: 2\n# ALTERNATIVE NAME 1: A\n# ALTERNATIVE NAME 2: B\n3: 2,1\n",
    ".abif": "=A:A\n=B:B\n3:B>A\n",
    ".CSV": "A,B,count\n2,1,3\n",
    ".cvotes": "#/Candidates: A ; B\nB > A * 3\n",
    ".stv": "candidate=a A\ncandidate=b B\nballots=1\n3X b a\nend\n",
    ".dat": "A ward\n1 2 1 9\nA, p\nB, q\n3 2 1\n",
}


@pytest.mark.parametrize("suffix", SAME_BALLOTS)
def test_a_suffix_is_believed(tmp_path: Path, suffix: str) -> None:
    """In whichever case it is written."""
    assert counts(read(tmp_path / f"votes{suffix}", SAME_BALLOTS[suffix])) == {"1>0": 3}


@pytest.mark.parametrize("suffix", [".blt", ".soi", ".toc", ".abif", ".cvotes"])
def test_a_file_of_another_suffix_is_looked_at(tmp_path: Path, suffix: str) -> None:
    """Four of the formats cannot be mistaken."""
    assert counts(read(tmp_path / "votes.txt", SAME_BALLOTS[suffix])) == {"1>0": 3}


@pytest.mark.parametrize("suffix", [".csv", ".dat", ".txt"])
def test_rows_of_scottish_wards_and_votekit_are_known_anywhere(tmp_path: Path, suffix: str) -> None:
    """They begin in ways that cannot be mistaken."""
    ward = '2,1,\n3,2,1,\n"Candidate 1","A","p",\n"Candidate 2","B","q",\n"Ward",\n'
    profile = "VoteKit RankProfile,v2\nCandidates\n(A:str:0),(B:str:1)\nMax Ranking Length\n2\nx\nFalse\n=\n"
    columns = "Ranking_1,Ranking_2,&,Weight,&\n{'1'},{'0'},&,3.0,&\n"
    for text in (ward, profile + columns):
        assert counts(read(tmp_path / f"votes{suffix}", text)) == {"1>0": 3}


def test_a_file_of_no_known_format_learns_what_there_is(tmp_path: Path) -> None:
    """All formats are listed."""
    path = tmp_path / "votes.doc"
    assert refusal(path, lambda: read(path, "dear council")) == (
        "expected a ballot file: BLT (.blt), PrefLib (.soc .soi .toc .toi), ABIF (.abif), CSV (.csv),"
        " STV.pm (.stv), Condorcet (.cvotes) or Scottish wards (.dat)"
    )


def test_an_unknown_target_learns_what_there_is(tmp_path: Path) -> None:
    """Before anything is written."""
    path = tmp_path / "votes.x"
    message = refusal(path, lambda: write_ballots(BallotFile("T", ("A",), ()), path, "x"))
    assert message == "expected a format of blt, preflib, abif, csv, found 'x'"


@pytest.mark.parametrize("folder", ["missing", "a file"])
@pytest.mark.parametrize("to", ["blt", "preflib", "abif", "csv"])
def test_a_file_that_cannot_be_written_is_reported(tmp_path: Path, folder: str, to: str) -> None:
    """With its path, as everything else is."""
    (tmp_path / "a file").touch()
    path = tmp_path / folder / "votes"
    message = refusal(path, lambda: write_ballots(BallotFile("T", ("A",), ()), path, to))
    assert message.startswith("expected a file that can be written: ")


@pytest.mark.parametrize("to", ["blt", "preflib", "abif", "csv"])
def test_a_file_that_is_there_stays_until_the_new_one_is_whole(tmp_path: Path, to: str) -> None:
    """A contest that a format cannot hold leaves the old file as it was."""
    path = tmp_path / "votes"
    path.write_text("old")
    refusal(path, lambda: write_ballots(BallotFile("T", ("A ",), ()), path, to))
    assert path.read_text() == "old"
    write_ballots(BallotFile("T", ("A",), ()), path, to)
    assert path.read_text() != "old"
    assert list(tmp_path.iterdir()) == [path]
