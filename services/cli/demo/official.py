"""The official figures of Labour's 2015 leadership and deputy leadership election: facts, as published.

Source: the Labour Party, 12 September 2015, as reported by the BBC and the Guardian.
"""

from pathlib import Path
from typing import Final

from shared.contract.elections import Election

ELECTION_FILE: Final = Path(__file__).with_name("labour_2015.json")
PAPERS: Final = 422_664
DEPUTY_VALID: Final = 408_470

LEADER_BY_SECTION: Final = {
    "members": {
        "jeremy-corbyn": 121_751,
        "andy-burnham": 55_698,
        "yvette-cooper": 54_470,
        "liz-kendall": 13_601,
    },
    "registered-supporters": {
        "jeremy-corbyn": 88_449,
        "andy-burnham": 6_160,
        "yvette-cooper": 8_415,
        "liz-kendall": 2_574,
    },
    "affiliated-supporters": {
        "jeremy-corbyn": 41_217,
        "andy-burnham": 18_604,
        "yvette-cooper": 9_043,
        "liz-kendall": 2_682,
    },
}
LEADER_ROUNDS: Final = (
    {"jeremy-corbyn": 251_417, "andy-burnham": 80_462, "yvette-cooper": 71_928, "liz-kendall": 18_857},
)
DEPUTY_ROUNDS: Final = (
    {
        "tom-watson": 160_852,
        "stella-creasy": 78_100,
        "angela-eagle": 66_013,
        "caroline-flint": 64_425,
        "ben-bradshaw": 39_080,
    },
    {"tom-watson": 170_589, "stella-creasy": 86_555, "caroline-flint": 74_581, "angela-eagle": 72_517},
    {"tom-watson": 198_962, "stella-creasy": 103_746, "caroline-flint": 89_538},
)
BRADSHAW_TO: Final = {
    "tom-watson": 9_737,
    "stella-creasy": 8_455,
    "caroline-flint": 10_156,
    "angela-eagle": 6_504,
    None: 4_228,
}
EAGLE_TO: Final = {"tom-watson": 28_373, "stella-creasy": 17_191, "caroline-flint": 14_957, None: 11_996}
DEPUTY_TRANSFERS: Final = (("ben-bradshaw", BRADSHAW_TO), ("angela-eagle", EAGLE_TO))
ELECTED: Final = {"leader": "jeremy-corbyn", "deputy": "tom-watson"}


def election() -> Election:
    """Return the example election."""
    return Election.model_validate_json(ELECTION_FILE.read_text())
