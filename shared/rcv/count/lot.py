"""The lot: the order in which level candidates fall, fixed by a seed published before the vote.

The candidates are sorted by the BLAKE2b digest of `<seed>/<candidate id>`, in lower-case hexadecimal; of those that
are level, the first in that order falls first. Anybody can repeat it: `printf '%s' "$seed/$id" | b2sum`.
"""

from hashlib import blake2b

from shared.contract.elections import Contest

Lot = tuple[int, ...]
"""For each candidate, its place in the order of falling: 0 falls first."""


def draw_lot(contest: Contest) -> Lot:
    """Return the lot of `contest`. It depends on the seed and the candidates' ids, not on their order on the paper."""
    digests = [
        blake2b(f"{contest.lot}/{candidate.id}".encode()).hexdigest() for candidate in contest.candidates
    ]
    order = sorted(digests)
    return tuple(order.index(digest) for digest in digests)
