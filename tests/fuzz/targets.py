"""What is fuzzed: each parser of files, with files to begin from and the words its format is made of.

Rule 1: any bytes give a value or a FormatError (ValueError): no other exception, no hang, no memory out of proportion.
Rule 2: a value that a parser gives is whole: names that differ, marks in their one spelling, ballots above none.
Rule 3: what a plain format's parser gave, every writer writes or refuses, and what it wrote is read back the same.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from shared.contract.ballots import marks_fault
from shared.contract.elections import MAX_CANDIDATES, MAX_SECTIONS
from shared.rcv.formats.detect import read_ballots, write_ballots
from shared.rcv.formats.plain import (
    abif,
    blt,
    condorcet,
    csv_file,
    pabulib,
    preflib,
    scotland,
    stv_pm,
    votekit,
)
from shared.rcv.formats.plain.text import MAX_RANKS
from shared.rcv.formats.records import BallotFile, FormatError
from tests.fuzz.files import Target
from tests.fuzz.vendors import VENDORS

Reader = Callable[[Path], BallotFile]


def plain(read: Reader, always: str = "") -> Callable[[Path], None]:
    """Return what is tried of a plain format's parser on a file; `always` is a format that holds all that it gives."""

    def try_one(path: Path) -> None:
        try:
            file = read(path)
        except FormatError:
            return
        check(file)
        for to, suffix in _WRITTEN.items():
            written = path.with_name(f"written{suffix}")
            try:
                write_ballots(file, written, to)
            except FormatError:
                assert to != always, f"{to} refuses what was read"
            else:
                _check_back(file, read_ballots(written), to)

    return try_one


def _check_back(file: BallotFile, back: BallotFile, to: str) -> None:
    """Assert that a file read back says what was written."""
    assert (back.candidates, counts(back)) == (file.candidates, counts(file)), to
    said = (file.excluded, file.write_ins, file.tie_order)
    assert (back.excluded, back.write_ins, back.tie_order) == said, to
    assert to == "csv" or back.title == file.title, to
    assert to not in ("blt", "abif") or (back.seats or 1) == (file.seats or 1), to


_WRITTEN: Final = {"blt": ".blt", "preflib": ".toi", "abif": ".abif", "csv": ".csv"}


def check(file: BallotFile) -> None:
    """Assert Rule 2."""
    candidates = len(file.candidates)
    assert 1 <= candidates <= MAX_CANDIDATES
    assert len(set(file.candidates)) == candidates
    assert all(name == name.strip() != "" for name in (*file.candidates, *file.sections))
    assert all(0 <= place < candidates for place in file.excluded)
    assert 1 <= len(file.sections) <= MAX_SECTIONS
    for marks, ballots, section in file.ballots:
        assert marks_fault(marks, candidates, MAX_RANKS) is None, marks
        assert ballots > 0
        assert 0 <= section < len(file.sections)


def counts(file: BallotFile) -> dict[tuple[str, str], int]:
    """Return how many ballots of which section carry which marks."""
    return {(file.sections[section], marks): ballots for marks, ballots, section in file.ballots}


def budget(path: Path) -> None:
    """Try a budget: what was read is written, and read back the same."""
    try:
        vote = pabulib.read(path)
    except FormatError:
        return
    written = path.with_name("written.pb")
    pabulib.write(vote, written)
    assert pabulib.read(written) == vote


def detect(path: Path) -> None:
    """Try a file whose name says nothing."""
    try:
        check(read_ballots(path))
    except FormatError:
        return


_BLT = (
    b'4 2\n-2\n3 1 3 4 0\n2 4 1=3 - 2 0\n(a7) 1 2 0\n0\n"Adam"\n"Basil"\n"Zo\xc3\xab"\n"D \\"d\\""\n"Title"\n',
    b"3 1 2 1 2 0 5 3 (1 2) 0 0 # end\nAdam\nBasil\nCharlotte\n",
    b'2 1\n[nick A B]\n[tie 2 1]\n1 A B 0\n0\n"A" "B" // two\n"T"\n"S"\n"C"\n',
)
_PREFLIB = (
    b"# TITLE: t\n# NUMBER ALTERNATIVES: 2\n# NUMBER VOTERS: 8\n# ALTERNATIVE NAME 1: A\n# ALTERNATIVE NAME 2: B\n5: 1,2\n3: {1,2}\n",
    b"# NUMBER UNIQUE ORDERS: 1\n# NUMBER ALTERNATIVES: 1\n# ALTERNATIVE NAME 1: A\n\n5 : {1}\n",
    b"3\n1,A\n2,B\n3,C\n8,8,2\n5,1,2,3\n3,2,{1,3}\n",
)
_ABIF = (
    b'ABIF 1.0\n{"title": "T"}\n# c\n=A:[Adam]\n=B:"Basil"\n5:A/5>B/2 # x\n2:A,B\n1:A/1,B/2\n3:\nB=A\n1:A: {"p": 1}\n',
    b'5:[A, x]>B c="d \\"e\\""\n2:B c\n',
)
_CSV = (
    b'id,count,section,precinct,rank1,rank2\n1,3,x,p,"A, a",B\n2,2,y,p,,overvote\n3,1,y,p,"A, a=B",skipped\n',
    b"A;B;C;weight\n1;2;;3\n;1;1;2.0\n",
    b"1st\t2nd\nA\tB\nB\t\n",
)

_ROWS = (b'2,1,\n5,1,\n3,2,1,\n"Candidate 1","A","p (P)",\n"Candidate 2","B, b","q"\n"Ward",\n',)
_RANKS = (b"A ward\n1 2 2 90\nA, p\nB, q\n3 2 1\n4 0 0\n",)
_VOTEKIT = (
    (
        b"VoteKit RankProfile,v2\nCandidates\n(A:str:0),(B:str:1)\nMax Ranking Length\n2\nIncludes Voter Set\nFalse\n=,=\n"
        b"Ranking_1,Ranking_2,&,Weight,&\n{'0'},{'1'},&,3.0,&\n\"{'0', '1'}\",,&,2,&\n{},{'1'},&,1,&\n"
    ),
)
_CONDORCET = (
    b"#/Candidates: A ; B\n#/Implicit Ranking: false\n#/Weight Allowed: true\nt || A > B ^1 * 3\nA=B # c\n/EMPTY_RANKING/\n",
    b"A > B\nC * 2\n",
)
_STV_PM = (
    b"title=T # c\nseats=2\ncandidate=a A\nwithdrawn=b B\nballots=2\n2X a b\nb\nend\n",
    b"candidate=a A\ncandidate=b B\norder=b a\nballots=1\n1 -\nend\n",
    b'ballots=blt\n2 1\n3 2 0\n0\n"A"\n"B"\n',
)

PLAIN: Final[dict[str, Target]] = {
    "blt": Target("f.blt", plain(blt.read), _BLT, ("0\n", " 0", "-", "=", "[nick ", "/*", "*/", '"\n"', "(a) 1 ")),
    "preflib": Target(
        "f.toi", plain(preflib.read), _PREFLIB, ("# NUMBER VOTERS: ", "{", "},", ": ", "# ALTERNATIVE NAME ")
    ),
    "abif": Target("f.abif", plain(abif.read), _ABIF, ("=", ">", ",", "/", ":[", "]", "{title:", "}", "# ", ": {")),
    "csv": Target(
        "f.csv", plain(csv_file.read), _CSV, ("rank1", "count", "section", "overvote", '""', ",", ";", "\r\n")
    ),
    "marks": Target("f.csv", plain(csv_file.read), (b"ballot,rank,choice\n1,1,A\n1,2,B\n2,1,A\n2,1,B\n3,,\n",), ("1,", ",", "overvote", "=")),
    "rows": Target("f.csv", plain(scotland.read_rows, "blt"), _ROWS, (",", '"Candidate 3",', "1,", '""')),
    "ranks": Target("f.dat", plain(scotland.read_ranks, "blt"), _RANKS, (" ", "0 ", "1 ", "\n")),
    "votekit": Target("f.csv", plain(votekit.read, "blt"), _VOTEKIT, ("{'0'}", "{}", "&", "(C:str:2)", ",")),
    "condorcet": Target("f.cvotes", plain(condorcet.read, "blt"), _CONDORCET, (" > ", "=", "^1", "* 3", "||", "/EMPTY_RANKING/", "#/Implicit Ranking: true\n")),
    "stv_pm": Target("f.stv", plain(stv_pm.read, "blt"), _STV_PM, ("2X ", "end\n", "ballots=", "order=", "-", "candidate=c C\n")),
    "detect": Target("f.txt", detect, (*_BLT, *_PREFLIB, *_ABIF), ("# NUMBER ALTERNATIVES: 1\n", "2 1\n", "{", "1:", "\n1,")),
}  # fmt: skip

_PABULIB = (
    b"META\nkey;value\ndescription;T\nbudget;1000\nvote_type;approval\nnum_projects;2\nnum_votes;2\nPROJECTS\nproject_id;cost;votes;name\np;600;2;A park\nb;300.5;1;Bench\nVOTES\nvoter_id;vote\n1;p,b\n2;p\n",
    b"META\nkey;value\nbudget;9\nvote_type;cumulative\nmax_length;2\nPROJECTS\nproject_id;cost\np;6\nb;3\nVOTES\nvoter_id;vote;points\n1;p,b;3,0\n2;;\n",
)

TARGETS: Final = PLAIN | VENDORS | {
    "pabulib": Target("f.pb", budget, _PABULIB, ("ordinal", "scoring", "choose-1", ";", ",", "0.5", "default_score;0\n", "max_length;1\n")),
}  # fmt: skip
