"""The judge, written as logs: these records give these verdicts."""

from collections.abc import Callable, Sequence

import pytest

from services.validation.judge import ForeignLog, Judge
from shared.contract.chain import START, digest, link
from shared.contract.codec import ADMITTED, UnknownVersion, decode_judged, encode
from shared.contract.elections import Election, Official, Revote
from shared.contract.events import (
    ElectionResumed,
    ElectorRestored,
    ElectorVoided,
    KeyReplaced,
    SignedRecord,
    VersionAdmitted,
    signed,
)
from shared.contract.signing import new_private_key, public_key, sign
from shared.contract.verdict_ranges import (
    MAX_BALLOTS_IN_RANGE,
    AnonymousBallot,
    Verdict,
    Verdicts,
)
from shared.contract.verdicts import ControlJudged
from shared.runtime.log import Outgoing
from tests.support.elections import LOG_ID, OFFICER, OFFICER_KEY, ROOT, ROOT_KEY, Life, election
from tests.support.evidence import OUTPUTS, each_verdict

CHILDREN = {3: 1, 5: 1, 6: 1}
"""Electors of section 1."""


def judge(shard: int = 0, shards: int = 1) -> Judge:
    """Return a judge of one shard, whose log is founded."""
    machine = Judge(LOG_ID, ROOT_KEY, shard, shards, OUTPUTS)
    machine.apply([Life(election(), shards).founded(shard)])
    machine.drain()
    return machine


def written(*records: bytes, of: Judge | None = None) -> list[Verdicts | ControlJudged]:
    """Return what is written about the records."""
    machine = of or judge()
    machine.apply(records)
    return [decode_judged(out.value) for out in machine.drain() if out.topic == OUTPUTS.judged]


def verdicts(*records: bytes, of: Judge | None = None) -> list[Verdict | ControlJudged]:
    """Return what becomes of the ballots and controls, one by one."""
    return [one for record in written(*records, of=of) for one in each_verdict(record)]


def opened(life: Life, *make: Callable[[Life], bytes]) -> list[Verdict | ControlJudged]:
    """Return what becomes of records in an election that is open; they are made in order, after its opening."""
    start = life.begin()[0][1:]
    return verdicts(*start, *[made(life) for made in make])[3:]


def words(*records: bytes) -> list[str]:
    """Return the verdicts in a word each."""
    return [v.reason if isinstance(v, Verdict) else v.effect for v in verdicts(*records)]


@pytest.fixture
def life() -> Life:
    """A picnic's election."""
    return Life(election(), sections=CHILDREN)


def test_a_ballot_in_an_open_election_is_accepted_with_its_section_and_rankings(life: Life) -> None:
    """The verdict carries all that a tally needs, and no elector."""
    (accepted,) = opened(life, lambda life: life.ballot(3, "0>2", "1"))

    assert accepted == Verdict("picnic", "accepted", AnonymousBallot(1, ("0>2", "1")))


def test_every_record_has_its_verdicts_at_its_own_offset(life: Life) -> None:
    """Ranges join on, controls and rubbish included; one is of one election."""
    _, configured, roll, opening = life.begin()[0]
    pack = life.pack(life.cast(1), life.cast(2))
    log = [configured, b"rubbish", roll, opening, pack, life.ballot(1), b"rubbish"]

    assert [(of.since, of.upto) for of in written(*log)] == [(1, 2), (2, 3), (3, 4), (4, 5), (5, 7), (7, 8)]


def test_verdicts_that_follow_one_another_form_a_range(life: Life) -> None:
    """Reasons in runs, rankings once each, and the head after the last record."""
    founded, *start = life.begin()[0]
    machine = judge()
    machine.apply(start)
    machine.drain()
    ballots = [
        life.pack(life.cast(1, "0", "1"), life.cast(2, "1", "1")),
        life.pack(life.cast(1, "0", "1"), life.cast(7, secret=b"forged -- ")),
        life.ballot(3, "0", "1"),
    ]
    (found,) = written(*ballots, of=machine)

    assert isinstance(found, Verdicts)
    assert found.ballots_of() == [2, 2, 1]
    assert found.outcomes == (("accepted", 2), ("same-ballot", 1), ("bad-code", 1), ("accepted", 1))
    fruit, drink = found.rankings
    assert (fruit.different, fruit.places().tolist()) == (((0, "0"), (0, "1"), (1, "0")), [0, 1, 2])
    assert (drink.different, drink.places().tolist()) == (((0, "1"), (1, "1")), [0, 0, 1])
    head = START
    outcomes = [*["applied"] * 4, "accepted 2", "same-ballot 1,bad-code 1", "accepted 1"]
    for record, outcome in zip([founded, *start, *ballots], outcomes, strict=True):
        head = link(head, outcome, digest(record))
    assert found.head == head


def test_a_range_ends_with_the_record_that_fills_it(life: Life) -> None:
    """However many records are read together, and with the head after its own last record."""
    pack = life.pack(*[life.cast(1)] * 100)
    machine = judge()
    machine.apply(life.begin()[0][1:])
    machine.drain()
    found = written(*[pack] * 100, of=machine)
    sizes = [sum(of.ballots_of()) for of in found if isinstance(of, Verdicts)]
    assert sizes == [4_100, 4_100, 1_800]
    assert all(size < MAX_BALLOTS_IN_RANGE + 100 for size in sizes)


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ((), "not-open"),
        (("opened", "paused"), "paused"),
        (("opened", "paused", "resumed"), "accepted"),
        (("opened", "closed"), "closed"),
    ],
)
def test_the_phase_of_the_log_decides(life: Life, phase: tuple[str, ...], expected: str) -> None:
    """A ballot's place against the controls of its shard decides, not a clock."""
    configured, roll = life.configured(), life.roll()
    controls = [getattr(life, name)() for name in phase]

    assert words(configured, roll, *controls, life.ballot(1))[-1] == expected


def test_a_ballot_of_an_election_nobody_configured_is_rejected(life: Life) -> None:
    """An unknown election has a reason of its own."""
    assert words(life.ballot(1)) == ["unknown-election"]


AGAINST_A_RULE = [
    (lambda life: life.ballot(40), "unknown-elector"),
    (lambda life: life.ballot(1, section=2), "unknown-section"),
    (lambda life: life.ballot(1, secret=b"seventh -- "[:10]), "bad-code"),
    (lambda life: life.ballot(1, "0"), "unknown-contest"),
    (lambda life: life.ballot(1, "0", "0", "0"), "unknown-contest"),
    (lambda life: life.ballot(1, "4", "0"), "bad-ranking"),
    (lambda life: life.ballot(1, "0>", "0"), "bad-ranking"),
    (lambda life: life.ballot(1, "2=1", "0"), "bad-ranking"),
    (lambda life: life.ballot(1, "0>1>2>3>0", "0"), "bad-ranking"),
    (lambda life: life.ballot(1, "first", "0"), "bad-ranking"),
    (lambda life: life.ballot(1, "0>>1=2", ""), "accepted"),
]


@pytest.mark.parametrize(("make", "expected"), AGAINST_A_RULE)
def test_each_rule_names_its_reason(life: Life, make: Callable[[Life], bytes], expected: str) -> None:
    """Blanks and overvotes are rankings; what does not fit the contest is not."""
    start = life.begin()[0][1:]

    assert words(*start, make(life))[-1] == expected


def test_a_code_is_of_one_section(life: Life) -> None:
    """An elector cannot vote in another section than the roll's."""
    assert [
        v.reason for v in opened(life, lambda life: life.ballot(1, section=1)) if isinstance(v, Verdict)
    ] == ["bad-code"]


def test_a_ballot_in_the_wrong_shard_is_rejected() -> None:
    """One person's ballots must meet in one shard."""
    life = Life(election(), shards=2)
    found = verdicts(*life.begin()[1][1:], life.pack(life.cast(2), life.cast(3)), of=judge(1, 2))

    assert [v.reason for v in found if isinstance(v, Verdict)] == ["wrong-shard", "accepted"]


def test_the_first_ballot_stands(life: Life) -> None:
    """The same ballot again is a retry, another one a second vote: in one pack, in one fetch and later."""
    again, other = life.cast(5), life.cast(5, ballot=99)
    once = life.pack(again, again, other, again)
    start = life.begin()[0][1:]

    assert words(*start, once, once)[3:] == [
        *("accepted", "same-ballot", "already-voted", "same-ballot"),
        *("same-ballot", "same-ballot", "already-voted", "same-ballot"),
    ]


def test_a_retry_is_known_whatever_became_of_the_code_since(life: Life) -> None:
    """`same-ballot` is asked first, and only of the same content; a new code never reopens a vote."""
    start = life.begin()[0][1:]
    records = [life.ballot(5), life.reissued(5, "00" * 9 + "01"), life.ballot(5), life.ballot(5, "1", "1")]

    found = [v.reason for v in verdicts(*start, *records) if isinstance(v, Verdict)]
    assert found == ["accepted", "same-ballot", "bad-code"]


@pytest.fixture
def revoting() -> Life:
    """A picnic at which an elector's last ballot counts."""
    terms = {"revote": Revote.LAST_COUNTS, "live_tallies": False}
    return Life(election().model_copy(update=terms), sections=CHILDREN)


def test_the_last_ballot_counts_where_the_definition_says_so(revoting: Life) -> None:
    """In one pack, in one fetch and later; the verdict carries the ballot that comes in and the one that goes out."""
    first, second, third = (
        revoting.cast(5, marks, "1", ballot=n) for n, marks in ((1, "0"), (2, "1"), (3, "2"))
    )
    start = revoting.begin()[0][1:]
    found = verdicts(*start, revoting.pack(first, second), revoting.pack(third))[3:]

    ballots = [AnonymousBallot(1, (marks, "1")) for marks in "012"]
    assert found == [
        Verdict("picnic", "accepted", ballots[0]),
        Verdict("picnic", "superseding", ballots[1], ballots[0]),
        Verdict("picnic", "superseding", ballots[2], ballots[1]),
    ]
    assert verdicts(*start, *[revoting.pack(each) for each in (first, second, third)])[3:] == found


def test_a_retry_never_brings_a_superseded_ballot_back(revoting: Life) -> None:
    """Nor does a new ballot under an old id; whoever keeps to one ballot learns what became of it, after the close too."""
    start = revoting.begin()[0][1:]
    first, second = revoting.ballot(5, ballot=1), revoting.ballot(5, "1", "1", ballot=2)
    records = (
        first,
        second,
        first,
        second,
        revoting.ballot(5, "2", "1", ballot=2),
        revoting.ballot(5, "3", "1", ballot=1),
    )
    after = (first, second, revoting.ballot(5, ballot=3))

    assert words(*start, *records, revoting.closed(), *after)[3:] == [
        *("accepted", "superseding", "superseded", "same-ballot", "already-voted", "superseded"),
        *("applied", "superseded", "same-ballot", "closed"),
    ]


def test_a_void_takes_out_the_last_ballot_and_a_restore_brings_that_one_back(revoting: Life) -> None:
    """And while the elector is void no ballot supersedes another."""
    start = revoting.begin()[0][1:]
    ballots = [revoting.ballot(5, marks, "1", ballot=n) for n, marks in enumerate("012")]
    void, refused, restore = verdicts(
        *start, *ballots[:2], revoting.voided(5), ballots[2], revoting.restored(5)
    )[5:]

    assert isinstance(void, ControlJudged)
    assert isinstance(restore, ControlJudged)
    assert void.retracted is not None
    assert void.retracted.rankings == ("1", "1")
    assert isinstance(refused, Verdict)
    assert refused.reason == "void-elector"
    assert restore.restored == void.retracted


def test_figures_before_the_close_would_show_how_a_second_vote_differs() -> None:
    """So a definition may have one or the other."""
    plain = election().model_dump() | {"live_tallies": True, "revote": "last-counts"}
    with pytest.raises(ValueError, match="live_tallies = false"):
        Election.model_validate(plain)
    assert "revote" not in election().model_dump_json()


def test_a_void_retracts_the_very_ballot_and_a_restore_brings_it_back(life: Life) -> None:
    """Void and restore are exact opposites, and what is written names no elector."""
    start = life.begin()[0][1:]
    records = (life.ballot(5, "3>1", "0"), life.voided(5), life.ballot(5, ballot=99), life.restored(5))
    void, late, restore = verdicts(*start, *records)[4:]

    assert isinstance(void, ControlJudged)
    assert void.retracted is not None
    assert (void.retracted.section, void.retracted.rankings) == (1, ("3>1", "0"))
    assert b'"elector":5' not in encode(void)
    assert isinstance(late, Verdict)
    assert late.reason == "void-elector"
    assert isinstance(restore, ControlJudged)
    assert restore.restored == void.retracted


def test_an_elector_voided_before_voting_is_refused_and_may_vote_when_restored(life: Life) -> None:
    """Nothing is retracted where nothing was cast."""
    start = life.begin()[0][1:]
    records = (life.voided(5), life.ballot(5), life.restored(5), life.ballot(5, ballot=6))
    found = verdicts(*start, *records)[3:]

    assert isinstance(found[0], ControlJudged)
    assert found[0].retracted is None
    assert [v.reason for v in found if isinstance(v, Verdict)] == ["void-elector", "accepted"]


def decode_signed(value: bytes) -> SignedRecord:
    """Return a signed record."""
    return SignedRecord.model_validate_json(value)


def why(found: Verdict | ControlJudged) -> str | None:
    """Return why a control had no effect."""
    assert isinstance(found, ControlJudged)
    return found.why


def test_a_control_out_of_turn_is_ignored_and_says_why(life: Life) -> None:
    """An election closed by mistake cannot be opened again."""
    start = life.begin()[0][1:]

    assert why(verdicts(*start, life.closed(), life.opened())[-1]) == "out-of-phase"


def test_a_control_follows_the_one_before_it(life: Life) -> None:
    """One that is left out, repeated, or comes in another order has no effect."""
    start = life.begin()[0][1:]
    pause, resume = life.paused(), life.resumed()

    assert [why(found) for found in verdicts(*start, resume, pause, pause, resume)[3:]] == [
        "out-of-order",
        None,
        "no-change",
        None,
    ]


def test_an_id_is_one_order_so_that_what_was_signed_once_has_its_effect_once(life: Life) -> None:
    """Else an operator who gives a later order an earlier one's id could have what was signed in between carried out again."""
    start = life.begin()[0][1:]
    opened = life.last_control
    pause = life.paused()
    resume = life.control(ElectionResumed).model_copy(update={"control_id": opened})
    circle = encode(signed(resume, (OFFICER_KEY, OFFICER)))

    assert [why(found) for found in verdicts(*start, pause, circle, pause, pause)[3:]] == [
        None,
        "out-of-order",
        "no-change",
        "no-change",
    ]
    before, after = judge(), judge()
    verdicts(*start, pause, of=before)
    after.restore(before.save())
    assert [why(found) for found in verdicts(circle, of=after)] == ["out-of-order"]


def test_a_control_that_no_official_signed_is_ignored(life: Life) -> None:
    """Whoever can write to the log cannot give orders."""
    start = life.begin()[0][1:]
    pause = life.paused()
    forged = pause.replace(OFFICER_KEY.encode(), public_key(new_private_key()).encode())

    assert [why(found) for found in verdicts(*start, forged, pause)[3:]] == ["not-signed", None]


def test_two_officials_must_sign_where_the_definition_asks_for_two() -> None:
    """The same key twice is one official."""
    second = new_private_key()
    officials = tuple(
        Official(name=name, key=key)
        for name, key in (("ada", OFFICER_KEY), ("bob", public_key(second)), ("cyd", "00" * 32))
    )
    life = Life(election().model_copy(update={"officials": officials, "approvals": 2}))
    records = [life.configured(), life.roll()]
    opening = decode_signed(life.opened())
    own = opening.signatures[0]
    twice = opening.model_copy(update={"signatures": (own, own)})
    both = opening.signed_by(public_key(second), sign(second, opening.payload.encode()))

    found = verdicts(*records, encode(twice), encode(both))[2:]
    assert [why(of) for of in found] == ["not-signed", None]


def secret(*, live: bool) -> tuple[Life, bytes]:
    """Return an election that keeps ballots secret in groups of ten, and the private key of its second official."""
    second = new_private_key()
    officials = (
        Official(name="ada", key=OFFICER_KEY),
        Official(name="bob", key=public_key(second)),
    )
    terms = {"officials": officials, "live_tallies": live, "smallest_group": 10}
    return Life(election().model_copy(update=terms), sections=CHILDREN), second


def test_with_live_figures_no_ballot_is_taken_out_before_the_close() -> None:
    """The figure before and the figure after would show what is on it. Who has not voted can be voided and restored."""
    life, _ = secret(live=True)
    records = [*life.begin()[0][1:], life.ballot(1)]
    records += [life.voided(1), life.voided(2), life.restored(2), life.voided(2), life.ballot(2)]
    found = verdicts(*records)[4:]
    assert [why(of) for of in found[:4]] == ["counted-live", None, None, None]
    assert found[4:] == [Verdict("picnic", "void-elector", None)]


def test_under_embargo_one_official_voids_and_restores_until_the_close() -> None:
    """No figure is there yet that could show anything."""
    life, _ = secret(live=False)
    records = [*life.begin()[0][1:], life.ballot(1), life.voided(1), life.restored(1), life.voided(1)]
    assert [why(of) for of in verdicts(*records)[4:]] == [None, None, None]


def test_a_batch_is_taken_out_in_one_order_and_brought_back(life: Life) -> None:
    """Whoever was void before stays so, ballots alike are one line in an order that names nobody, and later ones are refused."""
    start = life.begin()[0][1:]
    cast = [life.ballot(1, "1>0", "0"), life.ballot(3), life.ballot(5), life.voided(5)]
    out, back = life.batch(ElectorVoided, 5, 3, 1, 4), life.batch(ElectorRestored, 1, 3, 4, 5)
    found = verdicts(*start, *cast, out, life.ballot(4), back, back, life.ballot(4, ballot=9))[7:]
    void, refused, restore, again, counts = found
    assert isinstance(void, ControlJudged)
    assert isinstance(restore, ControlJudged)
    assert [(of.section, of.rankings, of.ballots) for of in void.batch] == [
        (0, ("1>0", "0"), 1),
        (1, ("0>1", "1"), 1),
    ]
    assert [(of.rankings, step) for of, step in void.moved()] == [(("1>0", "0"), -1), (("0>1", "1"), -1)]
    assert sum(step for _, step in restore.moved()) == 3
    assert void.control is not None
    assert isinstance(void.control, ElectorVoided)
    assert (void.control.elector, void.control.electors, void.control.size) == (None, None, 4)
    assert void.listed("").batch == ()
    assert (refused, why(again)) == (Verdict("picnic", "void-elector", None), "no-change")
    assert isinstance(counts, Verdict)
    assert counts.reason == "accepted"


def test_a_batch_of_other_shards_electors_and_one_that_is_void_change_nothing() -> None:
    """A shard says so, and what is applied elsewhere is not in doubt."""
    life = Life(election(), 2)
    start, out = life.begin(), life.batch(ElectorVoided, 1, 3)
    twice = life.batch(ElectorVoided, 1)
    found = [verdicts(*start[shard][1:], out, twice, of=judge(shard, 2))[-2:] for shard in (0, 1)]
    assert [[why(of) for of in shard] for shard in found] == [["not-here", "not-here"], [None, "no-change"]]


def test_with_live_figures_no_batch_is_taken_out_before_the_close() -> None:
    """Not even of electors who have not voted: a shard knows its own only, and a batch is whole or nothing."""
    life, second = secret(live=True)
    early = [life.configured(), life.roll(), life.batch(ElectorVoided, 2), life.opened()]
    late = decode_signed(life.batch(ElectorVoided, 2, 3))
    both = encode(late.signed_by(public_key(second), sign(second, late.payload.encode())))
    pause, closed = life.paused(), life.closed()
    again = life.batch(ElectorVoided, 3)
    signed_twice = decode_signed(again)
    again = encode(signed_twice.signed_by(public_key(second), sign(second, signed_twice.payload.encode())))
    found = verdicts(*early, both, pause, closed, again)
    assert [why(of) for of in found] == [None, None, None, None, "counted-live", None, None, None]


def test_a_batch_whose_ballots_fit_no_record_takes_none_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ballots may be far longer than the ones that a bound on electors counts on."""
    monkeypatch.setattr("services.validation.controls.MAX_MOVED_CHARS", 200)
    life = Life(election(), sections=CHILDREN)
    start = [*life.begin()[0][1:], *(life.ballot(n) for n in range(6))]
    whole, part = life.batch(ElectorVoided, 0, 1, 2), life.batch(ElectorVoided, 0, 1)
    found = verdicts(*start, whole, part)[-2:]
    assert [why(of) for of in found] == ["too-large", None]
    assert isinstance(found[1], ControlJudged)
    assert sum(step for _, step in found[1].moved()) == -2


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("kind", [ElectorVoided, ElectorRestored])
def test_after_the_close_it_takes_two_officials_to_change_whose_ballots_count(kind: type, live: bool) -> None:  # noqa: FBT001  a parameter of the test
    """Whatever the definition asks for otherwise; the list names both."""
    life, second = secret(live=live)
    records = [*life.begin()[0][1:], life.voided(1), life.closed()]
    elector = 1 if kind is ElectorRestored else 2
    alone = decode_signed(life.ordered(kind, elector=elector))
    both = alone.signed_by(public_key(second), sign(second, alone.payload.encode()))
    found = verdicts(*records, encode(alone), encode(both))[-2:]
    assert [why(of) for of in found] == ["not-signed", None]
    assert isinstance(found[1], ControlJudged)
    assert set(found[1].signers) == {OFFICER_KEY, public_key(second)}


def test_a_void_stands_beside_its_ballot_without_a_reason_and_in_the_list_without_a_ballot(
    life: Life,
) -> None:
    """Why somebody is voided may say who it is."""
    machine = judge()
    void = life.begin()[0][1:], life.ballot(3), life.ordered(ElectorVoided, elector=3, reason="A. Smith died")
    machine.apply([*void[0], *void[1:]])
    out = machine.drain()
    (judged,) = [of for of in map(decode_judged, _of(out, OUTPUTS.judged)) if _is_void(of)]
    (listed,) = [of for of in map(decode_judged, _of(out, OUTPUTS.controls)) if _is_void(of)]
    assert isinstance(judged, ControlJudged)
    assert isinstance(listed, ControlJudged)
    assert judged.retracted is not None
    assert b"Smith" not in encode(judged)
    assert listed.retracted is None
    assert b"A. Smith died" in encode(listed)


def _of(out: Sequence[Outgoing], topic: str) -> list[bytes]:
    return [record.value for record in out if record.topic == topic]


def _is_void(record: Verdicts | ControlJudged) -> bool:
    return isinstance(record, ControlJudged) and isinstance(record.control, ElectorVoided)


def test_a_lost_key_is_replaced_by_the_root(life: Life) -> None:
    """The old key signs nothing from then on."""
    start = life.begin()[0][1:]
    new = new_private_key()
    replaced = life.control(KeyReplaced, old=OFFICER_KEY, new=Official(name="bob", key=public_key(new)))
    pause = life.paused()

    found = verdicts(*start, encode(signed(replaced, (ROOT_KEY, ROOT))), pause)[3:]
    assert [why(of) for of in found] == [None, "not-signed"]


def test_an_election_opens_for_the_roll_that_the_order_names(life: Life) -> None:
    """Not without a roll, nor with another; before the opening a roll can be uploaded again."""
    other = Life(election(), sections={1: 1})
    configured, first, second = life.configured(), life.opened(), life.opened()

    records = (configured, first, other.roll(), second, life.roll(), life.opened())
    found = verdicts(*records)
    assert [why(of) for of in found] == [None, "roll-not-whole", None, "roll-not-whole", None, None]


def test_a_certificate_is_checked_where_it_lands(life: Life) -> None:
    """It holds for the effects it names; it changes neither phase nor head of effects."""
    last = opened(life, lambda life: life.ballot(5), Life.closed)[-1]
    life = Life(election(), sections=CHILDREN)
    start = life.begin()[0][1:]
    assert isinstance(last, ControlJudged)
    assert last.effects is not None
    records = (
        life.ballot(5),
        life.closed(),
        life.certified("00" * 32),
        life.certified(last.effects),
        life.voided(5),
        life.certified(last.effects),
    )
    found = verdicts(*start, *records)[5:]

    assert [why(of) for of in found] == ["superseded", None, None, "superseded"]
    assert [of.effects == last.effects for of in found if isinstance(of, ControlJudged)] == [
        *(True, True),
        *(False, False),
    ]


@pytest.mark.parametrize(
    ("records", "why"),
    [
        (("reinstated", "apple"), "no-change"),
        (("withdrawn", "quince"), "no-change"),
        (("withdrawn", "apple", "salad"), "not-here"),
    ],
)
def test_an_order_about_a_candidate_who_is_not_there_is_ignored(
    life: Life, records: tuple[str, ...], why: str
) -> None:
    """It says why."""
    kind, *whom = records
    configured = life.configured()
    last = verdicts(configured, getattr(life, kind)(*whom))[-1]

    assert isinstance(last, ControlJudged)
    assert (last.effect, last.why) == ("ignored", why)


def test_a_candidate_withdraws_once_and_the_last_one_cannot(life: Life) -> None:
    """Repeats have no effect; after the close a withdrawal still has one."""
    configured, roll = life.configured(), life.roll()
    fruit = [life.withdrawn(name) for name in ("apple", "apple", "banana", "cherry", "damson")]
    after = [life.reinstated("banana"), life.withdrawn("damson")]
    end = [life.opened(), life.closed(), life.reinstated("apple")]

    assert words(configured, roll, *fruit, *after, *end) == [
        *("applied", "applied", "applied", "ignored", "applied", "applied", "ignored"),
        *("applied", "applied"),
        *("applied", "applied", "applied"),
    ]


def test_a_shard_that_is_not_of_the_log_stops(life: Life) -> None:
    """Another log, another root key, another shard, or no founding record at all."""
    other = new_private_key()
    judges = [
        Judge("cd" * 16, ROOT_KEY, 0, 1, OUTPUTS),
        Judge(LOG_ID, public_key(other), 0, 1, OUTPUTS),
        Judge(LOG_ID, ROOT_KEY, 1, 2, OUTPUTS),
    ]
    for machine in judges:
        with pytest.raises(ForeignLog):
            machine.apply([life.founded()])
    with pytest.raises(ForeignLog, match="does not found a log"):
        Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS).apply([life.configured()])


def test_a_version_that_the_log_does_not_admit_is_malformed_and_one_that_it_admits_stops_the_shard(
    life: Life,
) -> None:
    """So that a verdict never depends on how new a program is."""
    newer = life.ballot(1).replace(b"ballot-pack/1", b"ballot-pack/2")
    admitted = VersionAdmitted(log=LOG_ID, version="ballot-pack/2")

    assert words(newer) == ["malformed"]
    assert "ballot-pack/2" not in ADMITTED
    with pytest.raises(UnknownVersion, match="ballot-pack/2"):
        verdicts(encode(signed(admitted, (ROOT_KEY, ROOT))), newer)
    assert words(encode(signed(admitted, (OFFICER_KEY, OFFICER))), newer) == ["ignored", "malformed"]


@pytest.mark.parametrize("rubbish", [b"", b"{", b"\x98", b"[1]", b"{}", b"\x00", b"\x98" + b"\xff" * 40])
def test_any_bytes_have_a_verdict(life: Life, rubbish: bytes) -> None:
    """A tombstone, garbage: what cannot be read is malformed, and the next record goes on."""
    start = life.begin()[0][1:]

    assert words(*start, rubbish, life.ballot(1))[3:] == ["malformed", "accepted"]


def test_a_saved_judge_goes_on_as_if_it_had_never_stopped(life: Life) -> None:
    """State and place are saved together, at every record of a life."""
    log = [
        *life.begin()[0][1:],
        life.pack(life.cast(5), life.cast(7)),
        life.voided(5),
        life.withdrawn("apple"),
        life.ballot(6, "0>>1=2", ""),
        life.restored(5),
        life.withdrawn("apple"),
        life.ballot(5, ballot=7),
        life.closed(),
        life.ballot(8),
    ]
    whole = verdicts(*log)
    sizes = [len(verdicts(*log[: cut + 1])) for cut in range(len(log))]
    for cut, before in enumerate([0, *sizes[:-1]]):
        first = judge()
        first.apply(log[:cut])
        first.drain()
        second = judge()
        second.restore(first.save())

        assert verdicts(*log[cut:], of=second) == whole[before:]
