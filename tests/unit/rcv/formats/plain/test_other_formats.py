"""Formats that are read and not written: Scottish archives, VoteKit, Condorcet Election Format, STV.pm."""

from pathlib import Path

import pytest

from tests.unit.rcv.formats.plain.reading import counts, read, refusal

ROWS = """3,2,
12,1,
9,2,1,
4,3,2,
"Candidate 1","Ann Day","Hill (H)",
"Candidate 2","Bob Poe","Lake",
"Candidate 3","Cy Fox",
"Quayside Ward",
"""
RANKS = "Quayside Ward\n2 3 3 9000\nAnn Day, Hill\nBob Poe, Lake\nCy Fox\n12 1 0 0\n9 2 1 0\n4 0 2 1\n"
VOTEKIT = """VoteKit RankProfile,v2
Candidates
(Ann Day:str:0),(Bob: Poe:str:1),(Cy Fox:str:2)
Max Ranking Length
3
Includes Voter Set
True
=,=,=,=,=,=,=,=,=,=
Ranking_1,Ranking_2,Ranking_3,&,Weight,&,Voter Set
{'0'},"{'1', '2'}",,&,3.0,&,x,y
{'1'},,,&,2,&
{},{'2'},,&,1.0,&
{},{},{},&,4.0,&
"""
CONDORCET = """# A council
#/Candidates: Ann;  Bob ;Cy
#/Number of Seats: 2
#/Implicit Ranking: false
#/Weight Allowed: true

Ann > Bob = Cy * 42
x , y || Bob>Dan > Ann  # Dan does not stand
/EMPTY_RANKING/ * 2
Cy ^1 * 3
Ann > Cy = Bob
"""
STV_PM = """title=Council   # as it is called
method=BC
quota=droop
seats=2
candidate=a Ann Day
withdrawn=b Bob Poe
candidate=c Cy Fox

ballots=3
2X a c
c      # a comment
4X b a
end
anything
"""
ORDERED = STV_PM.replace(
    "ballots=3\n2X a c\nc      # a comment\n4X b a\n", "order=c a b\nballots=3\n2X 2 1 -\n1 - -\n4X - 2 1\n"
)


def test_rows_of_a_scottish_archive_are_read(tmp_path: Path) -> None:
    """Candidates with their parties stand behind the ballots."""
    file = read(tmp_path / "ward.csv", ROWS)
    assert file.candidates == ("Ann Day, Hill (H)", "Bob Poe (Lake)", "Cy Fox")
    assert (file.title, file.seats) == ("Quayside Ward", 2)
    assert counts(file) == {"0": 12, "1>0": 9, "2>1": 4}


def test_ranks_of_a_scottish_archive_are_read(tmp_path: Path) -> None:
    """Each number is a candidate's rank, and 0 is none."""
    file = read(tmp_path / "ward.dat", RANKS)
    assert file.candidates == ("Ann Day (Hill)", "Bob Poe (Lake)", "Cy Fox")
    assert (file.title, file.seats) == ("Quayside Ward", 2)
    assert counts(file) == {"0": 12, "1>0": 9, "2>1": 4}


def test_a_dat_file_may_be_blt(tmp_path: Path) -> None:
    """ESTV calls its transfer files so."""
    assert counts(read(tmp_path / "ward.dat", '2 1\n3 2 0\n0\n"A"\n"B"\n"T"\n')) == {"1": 3}


def test_profiles_of_votekit_are_read(tmp_path: Path) -> None:
    """In version 2, with sets of voters, and in version 1."""
    file = read(tmp_path / "votes.csv", VOTEKIT)
    assert file.candidates == ("Ann Day", "Bob: Poe", "Cy Fox")
    assert counts(file) == {"0>1=2": 3, "1": 2, ">2": 1, "": 4}
    older = VOTEKIT.replace("RankProfile,v2", "PreferenceProfile").replace(":str:", ":")
    assert read(tmp_path / "votes.csv", older) == file


def test_condorcet_elections_are_read(tmp_path: Path) -> None:
    """Tags, quantities and blank ballots; whoever does not stand is passed over."""
    file = read(tmp_path / "votes.cvotes", CONDORCET)
    assert (file.candidates, file.seats) == (("Ann", "Bob", "Cy"), 2)
    assert counts(file) == {"0>1=2": 43, "1>0": 1, "": 2, "2": 3}
    implicit = read(tmp_path / "votes.cvotes", CONDORCET.replace("Ranking: false", "Ranking: true"))
    assert counts(implicit) == {"0>1=2": 43, "1>0>2": 1, "0=1=2": 2, "2>0=1": 3}


def test_condorcet_candidates_may_be_left_to_the_votes(tmp_path: Path) -> None:
    """In order of first appearance."""
    file = read(tmp_path / "votes.cvotes", "#/Implicit Ranking: false\nBob > Ann\nCy\n")
    assert (file.candidates, counts(file)) == (("Bob", "Ann", "Cy"), {"0>1": 1, "2": 1})


def test_files_of_stv_pm_are_read(tmp_path: Path) -> None:
    """By nicknames in order of preference, or by ranks in the order that the file declares."""
    file = read(tmp_path / "votes.stv", STV_PM)
    assert (file.title, file.candidates, file.seats) == ("Council", ("Ann Day", "Bob Poe", "Cy Fox"), 2)
    assert (file.excluded, counts(file)) == ((1,), {"0>2": 2, "2": 1, "1>0": 4})
    assert read(tmp_path / "votes.stv", ORDERED) == file


def test_files_of_stv_pm_may_hold_blt(tmp_path: Path) -> None:
    """Which has title, seats and candidates of its own; its lines count from the file's first."""
    path = tmp_path / "votes.stv"
    file = read(path, 'method=blt\nballots=blt\n2 1\n3 2 0\n0\n"A"\n"B"\n"T"\n')
    assert (file.title, file.candidates, counts(file)) == ("T", ("A", "B"), {"1": 3})
    message = refusal(path, lambda: read(path, 'ballots=blt\n2 1\n3 9 0\n0\n"A"\n"B"\n'))
    assert message == "line 3: expected a candidate from 1 to 2, found '9'"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("w.csv", ROWS.replace("9,2,1,", "9,2,2,"), "line 3: expected a candidate once on a ballot"),
        ("w.csv", ROWS.replace("9,2,1,", "9,2,4,"), "line 3: expected a candidate from 1 to 3, found '4'"),
        ("w.csv", ROWS.replace("9,2,1,", "x,2,1,"), "line 3: expected how many ballots, a whole number, found 'x'"),
        ("w.csv", ROWS.replace("3,2,\n", "4,2,\n", 1), "line 8: expected 'Candidate 4', a name and a party, found 'Quayside Ward'"),
        ("w.csv", ROWS + '"Other"\n', "line 9: expected no more after the candidates than the ward's name"),
        ("w.dat", RANKS.replace("2 3 3 9", "2 3 4 9"), "line 2: expected 3 names and as many lines as it says, found 3 names and 3 lines of ballots"),
        ("w.dat", RANKS.replace("9 2 1 0", "9 2 1"), "line 7: expected a rank for each of 3 candidates, found 2"),
        ("w.dat", RANKS.replace("9 2 1 0", "9 2 1 4"), "line 7: expected ranks from 0 to 3, found '4'"),
        ("w.csv", VOTEKIT.replace("3.0", "2.5"), "line 10: expected a whole number of ballots, found '2.5'"),
        ("w.csv", VOTEKIT.replace("{'1'},", "{'7'},", 1), "line 11: expected candidates of the head, found '7'"),
        ("w.csv", VOTEKIT.replace("{'1'},", "Bob,", 1), "line 11: expected candidates such as {'0', '1'}, found 'Bob'"),
        ("w.cvotes", CONDORCET.replace("^1", "^7"), "line 10: expected votes that weigh 1, found ^7"),
        ("w.cvotes", CONDORCET.replace("Cy ^1 * 3", "Cy * 3 ^1"), "line 10: expected a ranking, then perhaps ^weight, then * how many, found 'Cy * 3 ^1'"),
        ("w.cvotes", CONDORCET.replace("Ann > Cy = Bob", "Ann > Cy = Ann"), "line 11: expected a candidate once on a ballot"),
        ("w.cvotes", CONDORCET + "#/Candidates: Z\n", "line 12: expected each parameter once, before the first ballot"),
        ("w.cvotes", CONDORCET.replace(": false", ": no"), "line 4: expected true or false, found 'no'"),
        ("w.stv", STV_PM.replace("2X a c", "2X a d"), "line 10: expected nicknames of candidates, found 'd'"),
        ("w.stv", STV_PM.replace("2X", "2.5X"), "line 10: expected how many ballots, a whole number, found '2.5X'"),
        ("w.stv", STV_PM.replace("ballots=3", "ballots=4"), "line 9: expected 4 lines of ballots as declared, found 3"),
        ("w.stv", STV_PM.replace("\nend\n", "\n"), "line 13: expected nicknames of candidates, found 'anything'"),
        ("w.stv", ORDERED.replace("2 1 -", "2 1"), "line 11: expected a rank, or -, for each of 3 candidates, found 2"),
        ("w.stv", ORDERED.replace("order=c a", "order=a a"), "line 10: expected order= to name each candidate once"),
        ("w.stv", "title=x\n", "line 2: expected ballots=, found the end of the file"),
        ("w.stv", "colour=red\n", "line 1: expected one of method=, quota=, random=, title=, seats=, candidate=, withdrawn=, order=, ballots=, found 'colour=red'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_reported_with_its_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    """As in all other formats."""
    path = tmp_path / name
    assert refusal(path, lambda: read(path, text)) == message
