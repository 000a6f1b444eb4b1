"""A slip of the pen is refused: it must not become a candidate, move a rank or turn one ballot into several."""

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.rcv.formats.detect import read_ballots
from shared.rcv.formats.records import FormatError
from tests.unit.rcv.formats.plain.reading import counts, read, refusal

STV_PM = "seats=1\ncandidate=a Adam\ncandidate=b Basil\n"
VOTEKIT = "VoteKit RankProfile,v2\nCandidates\n(Adam:str:0),(Basil:str:1)\nMax Ranking Length\n2\nIncludes Voter Set\nFalse\n=,=\n"
PREFLIB = "# NUMBER ALTERNATIVES: 2\n# ALTERNATIVE NAME 1: Adam\n# ALTERNATIVE NAME 2: Basil\n"
CVOTES = "#/Candidates: Adam ; Basil\n#/Implicit Ranking: false\n"
ROWS = '2,1,\n{}"Candidate 1","Adam","p",\n"Candidate 2","Basil","q",\n"Ward",\n'


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("v.abif", "5:Adam>Basil\n3 Basil>Adam\n", "line 2: expected a candidate's name, found '3 Basil'; in brackets it would be one"),
        ("v.abif", "5:Adam<Basil\n", "line 1: expected a candidate's name, found 'Adam<Basil'; in brackets it would be one"),
        ("v.abif", "5:Adam>Basil\n3:basil\n", "line 2: expected a candidate in one spelling, found 'basil' beside 'Basil'"),
        ("v.csv", "rank1\nZo\u00eb\nZoe\u0308\n", "line 3: expected a candidate in one spelling, found 'Zoe\u0308' beside 'Zo\u00eb'"),
        ("v.csv", "rank1\nAda Day\nAda  Day\n", "line 3: expected a candidate in one spelling, found 'Ada  Day' beside 'Ada Day'"),
        ("v.csv", "rank1\nAda\nAd\u200ba\n", "line 3: expected a candidate in one spelling, found 'Ad\\u200ba' beside 'Ada'"),
        ("v.csv", "rank1\nJ. Bo\nJ Bo\n", "line 3: expected a candidate in one spelling, found 'J Bo' beside 'J. Bo'"),
        ("v.csv", "rank1\nO'Dea\nO\u2019Dea\n", "line 3: expected a candidate in one spelling, found 'O\u2019Dea' beside \"O'Dea\""),
        ("v.csv", "rank1\nJos\u00e9\nJose\n", "line 3: expected a candidate in one spelling, found 'Jose' beside 'Jos\u00e9'"),
        ("v.csv", "rank1,rank2\n7,8\n8,7.0\n", "line 3: expected a candidate in one spelling, found '7.0' beside '7'"),
        ("v.abif", "1:7>8\n1:8>7.0\n", "line 2: expected a candidate in one spelling, found '7.0' beside '7'"),
        ("v.csv", "rank1\nAda\nOver-vote\n", "line 3: expected a candidate's name, found 'Over-vote', which may be none; leave a blank rank empty"),
        ("v.csv", "rank1\nAda\n(no vote)\n", "line 3: expected a candidate's name, found '(no vote)', which may be none; leave a blank rank empty"),
        ("v.csv", "rank1,rank2\nAda,Bo\nAda > Bo,\n", "line 3: expected = between candidates at one rank, or one's name, found 'Ada > Bo': it may be either"),
        ("v.csv", 'rank1,rank2\nAda,Bo\n"Ada\nBo",\n', "line 4: expected = between candidates at one rank, or one's name, found 'Ada\\nBo': it may be either"),
        ("v.csv", "ballot,rank,choice\n7,1,Ada\n7.0,2,Bo\n", "line 3: expected a ballot in one spelling, found '7.0' beside '7'"),
        ("v.csv", "ballot,rank,choice\n7,1,Ada\n07,2,Bo\n", "line 3: expected a ballot in one spelling, found '07' beside '7'"),
        ("v.csv", "count,rank1\n1.000,Ada\n", "line 2: expected how many ballots, a whole number, found '1.000'"),
        ("v.csv", VOTEKIT + "Ranking_1,&,Weight,&\n{'0'},&,1.000,&\n", "line 10: expected a whole number of ballots, found '1.000'"),
        ("v.csv", "#,Ada,Bo\n1,1,2\n2,1,2\n3,2,1\n", "line 1: expected how many ballots, found 1, 2, 3 and so on: head the column count, or ignore it, if they number the rows"),
        ("v.csv", "No.,Ada,Bo\n1,1,2\n2,2,1\n", "line 1: expected candidates: 'No.' may be one or not; ignore it, or head it candidate:No."),
        ("v.csv", "Ada,Bo,overvote\n1,2,\n,,1\n", "line 1: expected candidates: 'overvote' may be one or not; ignore it, or head it candidate:overvote"),
        ("v.csv", "Zo\u00eb,Zoe\u0308\n1,2\n", "line 1, column 2: expected another name, found 'Zoe\u0308', which looks like 'Zo\u00eb'"),
        ("v.blt", '2 1\n1 1 0\n0\n"Ada"\n"Ad\u200ba"\n', "line 5: expected another name, found 'Ad\\u200ba', which looks like 'Ada'"),
        ("v.blt", '2 1\n1 1 0\n0\n"Ada"\n"Bo"\n"T"\n2 1\n1 2 0\n0\n"Ada"\n"Bo"\n"T"\n', "line 8: expected no ballots after the names: a second file begins"),
        ("v.blt", '2 1\n1 1 0\n0\n"Ada"\n"B\0o"\n', "line 5: expected text in UTF-8, found byte 0x00: the file is damaged, or UTF-16"),
        ("v.abif", "1:Ada#1>Bo\n", "line 1: expected a blank before a comment, or brackets around a name, found '#1>Bo'"),
        ("v.stv", "candidate=a Ada\ncandidate=a Bo\nballots=1\na\nend\n", "line 2: expected nicknames that differ, found 'a' again"),
        ("v.stv", "seats=0\ncandidate=a Ada\nballots=1\na\nend\n", "line 1: expected seats from 1 to 200, found '0'"),
        ("v.csv", "rank1,rank2\nAda,N/A\n", "line 2: expected a candidate's name, found 'N/A', which may be none; leave a blank rank empty"),
        ("v.csv", "rank1,rank2\nAda,-\n", "line 2: expected a candidate's name, found '-', which may be none; leave a blank rank empty"),
        ("v.csv", "rank1,rank2\n# a note,\n", "line 2: expected a candidate's name, found '# a note', which may be none; leave a blank rank empty"),
        ("v.csv", "rank1,rank2\nAda,Bo\nAda/Bo,\n", "line 3: expected = between candidates at one rank, or one's name, found 'Ada/Bo': it may be either"),
        ("v.csv", "First,Second\n1,2\n", "line 1: expected columns headed rank1, rank2, … or by names: numbers over numbers can be either"),
        ("v.csv", "ballot,rank,choice,state\n1,1,Ada,void\n", "line 1: expected ballot, rank and choice, found 'state' beside; ignore it"),
        ("v.csv", "ballot,rank,choice,valid\n1,1,Ada,no\n", "line 2: expected a ballot that counts, found valid 'no'; take it out, or ignore the column"),
        ("v.csv", "rank1\nAda\nSpoilt\n", "line 3: expected a candidate's name, found 'Spoilt', which may be none; leave a blank rank empty"),
        ("v.csv", "Ada,Bo,Cy\n1,2,\n5,3,1\n", "line 3: expected a rank of 'Ada' among 3 candidates, found 5"),
        ("v.csv", "contestid,rank1\nMayor,Ada\nClerk,Bo\n", "line 3: expected ballots of one contest, found 'Clerk' beside 'Mayor'"),
        ("v.csv", "Race,Ballot,Rank,Choice\nMayor,1,1,Ada\nClerk,1,2,Bo\n", "line 3: expected ballots of one contest, found 'Clerk' beside 'Mayor'"),
        ("v.csv", "Contest ID,Ada,Bo\nMayor,1,2\nClerk,1,2\n", "line 3: expected ballots of one contest, found 'Clerk' beside 'Mayor'"),
        ("v.csv", "id,rank1\n7,Ada\n8,Ada\n7,Bo\n", "line 4: expected each ballot once, found '7' again; ignore the column if it names none"),
        ("v.csv", "ballot,rank1\n7,Ada\n7,Ada\n", "line 2: expected each ballot once, found '7' again; ignore the column if it names none"),
        ("v.csv", "rank1,rank2,\nAda,Bo,\nBo,,Ada\n", "line 1: expected columns of ranks or of candidates, found both: 'rank1' and ''"),
        ("v.blt", '2 1\n(a) 1 1 2 0\n(b) 1 2 0\n(a) 1 1 2 0\n0\n"Ada"\n"Bo"\n', "line 4: expected another id of a ballot, found '(a)' a second time"),
        ("v.csv", VOTEKIT + "Ranking_1,&,Weight,&\n{'0'},&,1,&,{'1'}\n", "line 10: expected 1 ranks, at most 200, &, a weight, &"),
        ("v.csv", VOTEKIT + "Ranking_1,&,Weight,&\n\"{'0', '0'}\",&,1,&\n", "line 10: expected a candidate once within a rank"),
        ("v.csv", VOTEKIT + "Ranking_2,Ranking_1,&,Weight,&\n{'0'},{'1'},&,3.0,&\n", "line 9: expected columns Ranking_1, Ranking_2 and so on, &, Weight, &"),
        ("v.csv", VOTEKIT + "Ranking_1,&,Weight,&\n{'0'},&,1,\"&\n{'1'},&,1,&\n", "line 11: expected cells of CSV: unexpected end of data"),
        ("v.cat", "# DATA TYPE: cat\n" + PREFLIB + "3: 1,2\n", "line 1: expected orders, soc, soi, toc or toi, found 'cat'"),
        ("v.cvotes", CVOTES + "adam > Basil\n", "line 3: expected a candidate in one spelling, found 'adam' beside 'Adam'"),
        ("v.stv", STV_PM + "ballots=1\na b\nend\nb a\n", "line 7: expected no ballot after end"),
        ("v.stv", "candidate=2X Adam\nballots=1\n2X\nend\n", "line 1: expected a nickname that means nothing else, found '2X'"),
        ("v.abif", PREFLIB + "3: 1,2\n", "line 1: expected ABIF, as the file is called, found PrefLib or CSV"),
        ("v.abif", "rank1,rank2\nAdam,Basil\n", "line 1: expected ABIF, as the file is called, found PrefLib or CSV"),
        ("v.cvotes", CVOTES + "4:Adam > Basil\n", "line 3: expected a ranking, then perhaps ^weight, then * how many, found '4:Adam > Basil'"),
        ("v.csv", "<html>\n", "line 1: expected a ballot below the heads, found none"),
        ("v.stv", 'seats=2\nballots=blt\n1 1\n1 1 0\n0\n"Adam"\n', "line 1: expected seats=1, as the ballots have it, found 2"),
    ],
)  # fmt: skip
def test_a_slip_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    """With its line and what was expected; read as it stands, each of these would be another count."""
    path = tmp_path / name
    assert refusal(path, lambda: read(path, text)) == message


def test_commas_that_end_a_line_are_nothing(tmp_path: Path) -> None:
    """As spreadsheets write them: behind the head, or behind a ballot only."""
    expected = {"0>1": 1, "1": 1}
    for text in ("rank1,rank2,,\nAda,Bo,,\nBo,,,\n", "rank1,rank2\nAda,Bo,,\nBo,\n", "Ada,Bo,\n1,2,\n,1,\n"):
        assert counts(read(tmp_path / "v.csv", text)) == expected, text


def test_what_excel_and_others_add_is_nothing(tmp_path: Path) -> None:
    """Its own first line, ranks and numbers as decimals, letters of Windows in a file that is no UTF-8."""
    expected = {"0>1": 1, "1": 1}
    assert counts(read(tmp_path / "v.csv", "sep=;\nrank1;rank2\nAda;Bo\nBo;\n")) == expected
    assert counts(read(tmp_path / "v.csv", "Ada,Bo\n1.0,2.0\n,1.0\n")) == expected
    assert counts(read(tmp_path / "v.csv", "ballot,rank,choice\n7,1.0,Ada\n7,2.0,Bo\n8,1.0,Bo\n")) == expected
    (tmp_path / "v.blt").write_bytes(b'1 1\n1 1 0\n0\n"O\x92Dea"\n')
    assert read_ballots(tmp_path / "v.blt").candidates == ("O\u2019Dea",)


def test_a_ballot_is_identified_by_all_columns_that_say_where_it_comes_from(tmp_path: Path) -> None:
    """A number may come again in another batch, and where a row is several ballots; a ballot without one is another."""
    text = "batch,record id,rank1\n1,7,Ada\n2,7,Ada\n"
    assert counts(read(tmp_path / "v.csv", text)) == {"0": 2}
    assert counts(read(tmp_path / "v.csv", "id,count,rank1\n7,2,Ada\n7,3,Ada\n")) == {"0": 5}
    assert counts(read(tmp_path / "v.csv", "id,rank1,rank2\n,Ada,\n,Ada,Bo\n")) == {"0": 1, "0>1": 1}


@pytest.mark.parametrize("name", ["v.dat", "v.txt", "v"])
def test_preflibs_head_is_known_whatever_the_file_is_called(tmp_path: Path, name: str) -> None:
    """Also without a line before it: read as ABIF, `3: 1,2` would be one equal rank."""
    assert counts(read(tmp_path / name, PREFLIB + "3: 1,2\n2: 2\n")) == {"0>1": 3, "1": 2}


def test_whoever_is_declared_may_be_called_anything(tmp_path: Path) -> None:
    """A row of no ballots says that these are candidates: then nothing is in doubt."""
    file = read(
        tmp_path / "v.csv", "count,rank1,rank2,rank3,rank4,rank5\n0,Ada,ADA,-,Bo,Ada/Bo\n3,Ada/Bo,-,ADA,,\n"
    )
    assert file.candidates == ("Ada", "ADA", "-", "Bo", "Ada/Bo")
    assert counts(file) == {"4>2>1": 3}


def test_ranks_may_be_headed_in_words(tmp_path: Path) -> None:
    """As forms and newspapers have it."""
    file = read(tmp_path / "v.csv", "First choice,Second choice,Third choice\nAda,Bo,\nBo,,Ada\n")
    assert counts(file) == {"0>1": 1, "1>>0": 1}


LINES = {
    "v.blt": ("2 1\n", "1 1 2 0\n", '0\n"Adam"\n"Basil"\n'),
    "v.csv": ("count,rank1,rank2\n0,Adam,Basil\n", "1,Adam,Basil\n", ""),
    "v.toi": (PREFLIB, "1: 1,2\n", ""),
    "v.abif": ("=a:[Adam]\n=b:[Basil]\n", "1:a>b\n", ""),
    "v.cvotes": (CVOTES, "Adam > Basil * 1\n", ""),
    "rows.csv": (ROWS.partition("{}")[0], "1,1,2,\n", ROWS.partition("{}")[2]),
    "v.dat": ("Ward\n1 2 4 99\nAdam, p\nBasil, q\n", "1 2 1\n", ""),
    "kit.csv": (VOTEKIT + "Ranking_1,Ranking_2,&,Weight,&\n", "{'0'},{'1'},&,1,&\n", ""),
    "v.stv": (STV_PM + "ballots=4\n", "1X a b\n", "end\n"),
}
"""What stands before the ballots, one of them, and what stands behind.

VoteKit writes 1.0 for one ballot. Without its point that is 10, as good a number: no reader can know better.
"""

SIGNS = st.text(" \t,;:>=-|*.#/{}()[]&^'\"x", max_size=3)


def number(line: str) -> str:
    """Return the digits with which a line begins: in many formats, how many ballots it stands for."""
    return line[: len(line) - len(line.lstrip("0123456789"))]


@given(st.sampled_from(sorted(LINES)), st.integers(0, 100), st.integers(0, 2), SIGNS)
def test_an_edit_in_a_line_never_turns_one_ballot_into_several(
    tmp_path_factory: pytest.TempPathFactory, name: str, at: int, cut: int, put: str
) -> None:
    """Of four lines, one with any signs anywhere: the file is refused, or holds those ballots, or that one is no ballot."""
    before, line, behind = LINES[name]
    at %= len(line) - 1
    edited = line[:at] + put + line[at : len(line) - 1][cut:] + "\n"
    assume(number(edited) == number(line))  # "1,1,2," without its first comma says that there are eleven
    path = tmp_path_factory.mktemp("slips", numbered=True) / name
    try:
        file = read(path, before + line + edited + line + line + behind)
    except FormatError:
        return
    assert len(file.candidates) == 2 or name == "v.csv"  # CSV declares nobody: a new name is a new candidate
    # Condorcet's format passes over names that it does not declare: a line of those alone is one more ballot, and blank.
    assert 3 <= sum(group.ballots for group in file.ballots if group.marks or name != "v.cvotes") <= 4
