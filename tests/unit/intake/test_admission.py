"""What intake refuses, and that it says where and what was expected."""

import json
from functools import partial
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.admission import Admission
from services.intake.forms import Form, read_form
from services.intake.outcomes import Admitted, Refusal
from services.intake.roll import KnownRoll
from shared.contract.codes import VotingCode, commitment
from shared.contract.elections import Phase
from tests.support.elections import Life, contest, election

LIFE = Life(election(), 4, {5: 1})
CODE = LIFE.code(5)
ID = "0123456789abcdef" * 2
GOOD = {"ballot_id": ID, "code": CODE, "rankings": {"fruit": [["apple"], [], ["damson", "banana"]]}}


def whole_roll() -> KnownRoll:
    """Return everybody's commitments."""
    roll = KnownRoll(4)
    for shard in range(4):
        roll.add(LIFE.known(shard))
    return roll


ROLL = whole_roll()


def admission(phase: Phase = Phase.OPEN) -> Admission:
    """Return the picnic's admission."""
    return Admission(LIFE.announced(4, phase), lambda: ROLL)


def refusal(body: bytes, phase: Phase = Phase.OPEN) -> Refusal:
    """Return why the body is refused."""
    form = read_form(body)
    found = form if isinstance(form, Refusal) else admission(phase).admit(form)
    assert isinstance(found, Refusal)
    return found


def changed(**fields: object) -> bytes:
    """Return the good form with fields changed."""
    return json.dumps({**GOOD, **fields}).encode()


def test_a_good_form_becomes_a_record_as_marked() -> None:
    """Blank ranks and overvotes are kept; a contest left out is a blank ranking; the elector's shard is found."""
    form = read_form(changed())
    assert isinstance(form, Form)
    admitted = admission().admit(form)

    assert isinstance(admitted, Admitted)
    assert admitted.ballot.rankings == ("0>>1=3", "")
    assert (admitted.ballot.elector, admitted.ballot.section, admitted.shard) == (5, 1, 1)


def test_a_rank_may_hold_several_of_whom_nobody_says_who_they_are() -> None:
    """A scanner's overvote; beside a candidate's id the sign means nothing."""
    form = read_form(changed(rankings={"fruit": [["apple"], ["*"], [], ["cherry"]]}))
    assert isinstance(form, Form)
    admitted = admission().admit(form)

    assert isinstance(admitted, Admitted)
    assert admitted.ballot.rankings == ("0>*>>2", "")
    assert refusal(changed(rankings={"fruit": [["*", "apple"]]})).field == "rankings.fruit[0][0]"


def test_the_same_ballot_gets_the_same_receipt_and_another_a_different_one() -> None:
    """From any process, without memory; what is on the ballot does not matter."""
    receipts = []
    changes: tuple[dict[str, object], ...] = ({}, {"rankings": {}}, {"ballot_id": "f" * 32})
    for fields in changes:
        form = read_form(changed(**fields))
        assert isinstance(form, Form)
        admitted = admission().admit(form)
        assert isinstance(admitted, Admitted)
        receipts.append(admitted.receipt)

    assert receipts[0] == receipts[1] != receipts[2]


UNREADABLE = [
    (b"", 400, "", "ballot looks like"),
    (b"{", 400, "", "ballot looks like"),
    (b"[]", 422, "", "object"),
    (changed() + b"x", 400, "", "Extra data"),
    (b'{"ballot_id": NaN}', 400, "", "NaN"),
    (changed(rankings=None), 422, "rankings", "object"),
    (b"[" * 10_000, 400, "", "ballot looks like"),
    (changed(rankings={"fruit": [[[["apple"]]]]}), 422, "rankings[...][0][0]", "str"),
    (changed(extra=1), 422, "", "extra"),
    (b'{"ballot_id": "' + ID.encode() + b'"}', 422, "", "code"),
    (
        changed().replace(b'{"ballot_id"', b'{"ballot_id": "x", "ballot_id"'),
        400,
        "",
        "'ballot_id' stands twice",
    ),
    (changed().replace(b'"fruit":', b'"fruit": [], "fruit":'), 400, "", "'fruit' stands twice"),
    (
        changed().replace(b'{"ballot_id"', b'{"ballot\\u005fid": "x", "ballot_id"'),
        400,
        "",
        "'ballot_id' stands twice",
    ),
    (changed().replace(b"apple", b"\\u0061pple"), 422, "", "no backslash"),
    (changed().replace(b"apple", b"\xff"), 400, "", "UTF-8"),
    (changed().replace(b"apple", b"\\ud800"), 422, "", "surrogate"),
]


@pytest.mark.parametrize(("body", "status", "field", "words"), UNREADABLE)
def test_what_is_no_form_is_refused_with_its_place(body: bytes, status: int, field: str, words: str) -> None:
    """Not JSON is 400; JSON that is no form is 422."""
    found = refusal(body)

    assert (found.status, found.field) == (status, field), found
    assert words in found.detail, found


UNFIT = [
    ({"ballot_id": "XYZ"}, 422, "ballot_id", "32 hexadecimal digits"),
    ({"ballot_id": ID + "\n"}, 422, "", "backslash"),
    ({"code": "nonsense"}, 422, "code", "looks like"),
    ({"code": str(VotingCode(5, 0, LIFE.secret_of(5)))}, 403, "code", "no such code"),
    ({"code": str(VotingCode(5, 1, bytes(10)))}, 403, "code", "no such code"),
    ({"code": LIFE.code(40)}, 403, "code", "no such code"),
    ({"code": str(VotingCode(5, 2, LIFE.secret_of(5)))}, 403, "code", "no such code"),
    ({"rankings": {"pudding": []}}, 422, "rankings.pudding", "fruit, drink"),
    ({"rankings": {"fruit": [["apple"], ["durian"]]}}, 422, "rankings.fruit[1][0]", "apple, banana"),
    ({"rankings": {"fruit": [["apple", "apple"]]}}, 422, "rankings.fruit[0]", "once in a rank"),
    ({"rankings": {"fruit": [["apple"]] * 5}}, 422, "rankings.fruit", "at most 4 ranks"),
]


@pytest.mark.parametrize(("fields", "status", "field", "words"), UNFIT)
def test_what_does_not_fit_the_election_is_refused_with_its_place(
    fields: dict[str, object], status: int, field: str, words: str
) -> None:
    """The field is a path into the request, and the detail says what was expected."""
    found = refusal(changed(**fields))

    assert (found.status, found.field) == (status, field), found
    assert words in found.detail, found


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.OPEN])
def test_an_election_that_is_not_open_takes_nothing(phase: Phase) -> None:
    """409, in words."""
    assert refusal(changed(), phase).status == 409


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_any_bytes_are_a_form_or_a_refusal(body: bytes) -> None:
    """Reading is total."""
    assert isinstance(read_form(body), Form | Refusal)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(GOOD)), json_values)
def test_any_json_in_a_field_is_taken_or_refused(field: str, value: object) -> None:
    """Whatever stands in a field, there is an answer."""
    form = read_form(json.dumps({**GOOD, field: value}).encode())
    found = form if isinstance(form, Refusal) else admission().admit(form)

    assert isinstance(found, Admitted | Refusal)


lines = st.one_of(
    st.just(changed()),
    st.sampled_from((5, 6, 9, 39, 40, 4_000)).map(
        lambda elector: changed(code=str(VotingCode(elector, 0, bytes(10))))
    ),
    st.sampled_from((5, 6, 9)).map(lambda elector: changed(code=LIFE.code(elector))),
    st.sampled_from(("", " ", "5-1", "ZZZZZZZ-ZZZ-0000-0000-0000-0000")).map(lambda code: changed(code=code)),
    st.builds(lambda field, value: changed(**{field: value}), st.sampled_from(sorted(GOOD)), json_values),
    st.sampled_from(
        (b"", b"{}", changed()[:-1], changed() + b" ", changed().replace(b"fruit", b"fru\\u0069t"))
    ),
    st.just(b'{"ballot_id": "", ' + changed()[1:]),
    st.binary(max_size=20).filter(lambda line: b"\n" not in line),
)


spelt = st.builds(
    lambda body, separators: json.dumps(json.loads(body), separators=separators).encode(),
    st.one_of(
        st.integers(0, 39).map(lambda elector: changed(code=LIFE.code(elector))),
        st.sampled_from(({}, {"drink": [["tea"]]}, {"fruit": [["apple", "banana"], [], ["*"]]})).map(
            lambda rankings: changed(rankings=rankings)
        ),
        st.sampled_from((*"UILO", "u", " ", "~")).map(lambda sign: changed(code=LIFE.code(5)[:-1] + sign)),
    ),
    st.sampled_from(((",", ":"), (", ", ": "))),
)
"""As programs spell a ballot: most of them are read in columns."""
edited = st.builds(
    lambda line, at, length, put: line[: at % len(line)] + put + line[at % len(line) + length :],
    spelt,
    st.integers(0, 400),
    st.integers(0, 3),
    st.sampled_from(
        (b"", b'"', b"]", b"],", b"]],", b'"fruit":[["apple"]],', b"\\", b"{", b"\xff", b" ", b"\t", b"0")
    ),
)


doubled = spelt.map(lambda line: line.replace(b'{"fruit":', b'{"fruit":[["apple"]],"fruit":'))


@given(
    st.lists(lines | spelt | edited | doubled, min_size=1, max_size=6),
    st.sampled_from((*Phase, *[Phase.OPEN] * 6)),
    st.sampled_from((ROLL, KnownRoll(4))),
)
def test_lines_that_are_read_together_are_admitted_as_each_by_itself(
    bodies: list[bytes], phase: Phase, roll: KnownRoll
) -> None:
    """Whatever stands beside a line, its answer is the same; while the roll is not whole, too."""
    admits = Admission(LIFE.announced(4, phase), lambda: roll)
    forms = [read_form(body) for body in bodies]
    alone = [form if isinstance(form, Refusal) else admits.admit(form) for form in forms]

    for _ in range(2):  # ranks are read for the first time; ranks were read before
        for place, admitted in admits.admit_together(bodies).each():
            assert admitted == alone[place]


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize(
    "put", [b"", b'"', b"\\", b"\\u0061", b"]", b"}", b" ", b"-", b"U", b"A", b"G", b"0", b"\xff"]
)
def test_a_damaged_line_among_good_ones_is_admitted_as_by_itself(
    separators: tuple[str, str], put: bytes
) -> None:
    """Wherever one byte is another, or gone: the first line shows how lines are spelt, and the damaged one is held to that."""
    admits = admission()
    form = {**GOOD, "rankings": {"fruit": [["apple"], ["banana"]], "drink": [["juice"]]}}
    good = json.dumps(form, separators=separators).encode()
    for at in range(len(good)):
        line = good[:at] + put + good[at + 1 :]
        read = read_form(line)
        alone = read if isinstance(read, Refusal) else admits.admit(read)
        found = dict(admits.admit_together([good, line, good]).each())
        assert {0, 2} <= found.keys()
        assert found.get(1, alone) == alone, line


def test_ranks_of_one_line_are_never_taken_for_those_of_the_next() -> None:
    """A line with a contest too few stands before one with a contest too many, which is none: it names one twice."""
    admits = admission()
    fruit, drink = '"fruit":[["apple"]]', '"drink":[["juice"]]'
    head = f'{{"ballot_id":"{ID}","code":"{CODE}","rankings":{{'
    named = [(fruit, drink), (fruit,), (drink, fruit, drink)]
    lines = [f"{head}{','.join(contests)}}}}}".encode() for contests in named]

    for _ in range(2):
        found = dict(admits.admit_together(lines).each())
        assert [of.ballot.rankings for of in found.values()] == [("0", "1"), ("0", "")]
        assert list(found) == [0, 1]


def test_a_line_as_a_program_spells_it_is_read_in_columns() -> None:
    """Of 40 electors, with spaces or without, in one group."""
    bodies = [changed(code=LIFE.code(elector)) for elector in range(40)]
    bodies += [json.dumps(json.loads(body), separators=(",", ":")).encode() for body in bodies]
    admits = Admission(LIFE.announced(4, Phase.OPEN), lambda: ROLL)
    alone = [admits.admit(cast("Form", read_form(body))) for body in bodies]

    assert dict(admits.admit_together(bodies).each()) == dict(enumerate(alone))


def test_a_line_may_name_contests_of_the_same_candidates_in_any_order() -> None:
    """Both are spelt alike, and what was read for the one is never taken for the other."""
    both = (contest("leader"), contest("deputy"))
    life = Life(election().model_copy(update={"contests": both}), 1)
    roll = KnownRoll(1)
    roll.add(life.known())
    admits = Admission(life.announced(1, Phase.OPEN), lambda: roll)
    named: dict[str, object] = {"leader": [["apple"]], "deputy": [["banana"], ["apple"]]}
    bodies = [
        changed(code=life.code(elector), rankings={name: named[name] for name in order})
        for elector, order in enumerate(
            [("leader", "deputy"), ("deputy", "leader"), ("deputy",), ("leader",)] * 2
        )
    ]

    found = [of.ballot.rankings for _, of in admits.admit_together(bodies).each()]

    assert found == [("0", "1>0"), ("0", "1>0"), ("", "1>0"), ("0", "")] * 2
    for order in range(4):
        alike = admits.admit_together([bodies[order]] * 3)
        assert list(alike.rankings) == [found[order]] * 3


def test_no_code_is_refused_before_the_whole_roll_has_been_read() -> None:
    """503, never 403: a genuine code may be in the part that is missing."""
    half = KnownRoll(4)
    half.add(LIFE.known(1))
    form = read_form(changed())
    assert isinstance(form, Form)
    rolls: list[KnownRoll | None] = [None, half]
    for roll in rolls:
        found = Admission(LIFE.announced(4, Phase.OPEN), partial(next, iter([roll]))).admit(form)
        assert isinstance(found, Refusal)
        assert found.status == 503


def test_a_new_code_outranks_the_roll_however_often_that_is_read_again() -> None:
    """A judge that starts again writes the chunks again, after the re-issue."""
    roll, new = whole_roll(), VotingCode(5, 1, bytes(range(10)))
    announced = LIFE.announced(4, Phase.OPEN)
    digest = commitment(announced.log, "picnic", new)
    old = VotingCode(5, 1, LIFE.secret_of(5))
    roll.add(LIFE.known(1).model_copy(update={"source": 9, "first": 1, "commitments": digest}))
    roll.add(LIFE.known(1))

    assert roll.knows(5, digest)
    assert not roll.knows(5, commitment(announced.log, "picnic", old))
    assert roll.electors == 40
