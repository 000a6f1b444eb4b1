"""The order in which a contest's candidates stand on a ballot, on the page and on paper. Pure.

Marks name candidates by their place in the definition, so the order on a ballot decides no count. The first on a ballot has
an advantage all the same (Miller and Krosnick, "The impact of candidate name order on election outcomes", 1998), so a
definition can share it out.
"""

from hashlib import sha256

from shared.contract.elections import CandidateOrder, Contest


def candidate_order(contest: Contest, section: str, ballot: str) -> tuple[int, ...]:
    """Return the candidates' places in the order in which they stand.

    `section` is the id of the elector's section; `ballot` is anything that is one ballot's own and stays so, such as the
    voting code or a printed ballot's number. Each is read only where the contest's rule says so.
    """
    places = range(len(contest.candidates))
    if contest.candidate_order is CandidateOrder.AS_LISTED:
        return tuple(places)
    drawn = section if contest.candidate_order is CandidateOrder.BY_SECTION else ballot
    seed = f"{contest.lot}/{contest.id}/{contest.candidate_order}/{drawn}/".encode()
    return tuple(sorted(places, key=lambda place: sha256(seed + str(place).encode()).digest()))
