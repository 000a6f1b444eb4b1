"""Small elections to draw from. They are made once: a run only picks."""

from random import Random

from shared.contract.elections import Candidate, Contest, Election, Method, Official, Revote, Rules, Section
from tests.support.budgets import with_budget
from tests.support.elections import OFFICER_KEY

METHODS: tuple[tuple[Method, int], ...] = (
    ("irv", 1),
    ("irv", 1),
    ("scottish-stv", 2),
    ("plurality", 1),
    ("stv-wigm", 2),
    ("meek", 2),
    ("sequential-irv", 2),
    ("bottoms-up", 2),
    ("supplementary", 1),
)
IDS = ("a", "b", "c", "d")
POOL = 40


def _contest(random: Random, name: str) -> Contest:
    method, seats = random.choice(METHODS)
    number = random.randint(max(2, seats), 4)
    return Contest(
        id=name,
        title=name.title(),
        method=method,
        seats=seats,
        candidates=tuple(Candidate(id=one, name=one.upper()) for one in IDS[:number]),
        rules=Rules(),
        lot=f"lot {random.random()}",
    )


def _election(random: Random, name: str) -> Election:
    contests = random.choice((1, 1, 1, 1, 1, 2, 2, 3))
    electors = random.randint(3, 10)
    sections: tuple[Section, ...] = (Section(id="here", name="Here", electors=electors - electors // 3),)
    if electors // 3:
        sections += (Section(id="there", name="There", electors=electors // 3),)
    return Election(
        id=name,
        title=name.title(),
        epoch="test",
        live_tallies=random.random() < 0.9,
        sections=sections,
        officials=(Official(name="ada", key=OFFICER_KEY),),
        smallest_group=random.choice((1, 1, 1, 3)),
        contests=tuple(_contest(random, contest) for contest in ("mayor", "board", "clerk")[:contests]),
    )


_RANDOM = Random("elections")
PICNICS = tuple(_election(_RANDOM, "picnic") for _ in range(POOL)) + tuple(
    _election(_RANDOM, "picnic").model_copy(update={"revote": Revote.LAST_COUNTS, "live_tallies": False})
    for _ in range(POOL // 4)
)
BUDGETS = 8
"""One election in so many spends a budget in its first contest."""
PICNICS = tuple(
    with_budget(picnic, ("approvals", "ranked")[place // BUDGETS % 2]) if place % BUDGETS == 0 else picnic
    for place, picnic in enumerate(PICNICS)
)
FAIRS = tuple(_election(_RANDOM, "fair") for _ in range(POOL // 4))
