"""Small elections with memorable names, and the records of their life."""

from shared.contract.codec import HotBallot, encode, encode_ballot
from shared.contract.codes import code_mac, election_key, fingerprint
from shared.contract.elections import Candidate, Contest, Election, Method, Phase, Rules, Section, config_hash
from shared.contract.events import (
    CandidateReinstated,
    CandidateWithdrawn,
    ElectionAnnounced,
    ElectionCertified,
    ElectionClosed,
    ElectionConfigured,
    ElectionOpened,
    ElectionPaused,
    ElectionResumed,
    ElectorRestored,
    ElectorVoided,
)

MASTER = b"only-for-tests-" * 3
FRUIT = ("apple", "banana", "cherry", "damson")


def contest(name: str = "fruit", candidates: tuple[str, ...] = FRUIT, **rules: object) -> Contest:
    """Return an instant-runoff contest between fruit."""
    return Contest(
        id=name,
        title=name.title(),
        candidates=tuple(Candidate(id=c, name=c.title()) for c in candidates),
        rules=Rules(**rules),
        lot="tests",
    )


def election(name: str = "picnic", electors: int = 40, method: Method = "irv", seats: int = 1) -> Election:
    """Return an election of fruit, by any method, and of one drink, by two sections."""
    fruit = contest().model_copy(update={"method": method, "seats": seats})
    return Election(
        id=name,
        title=name.title(),
        epoch="test",
        sections=(
            Section(id="adults", name="Adults", electors=electors - electors // 4),
            Section(id="children", name="Children", electors=electors // 4),
        ),
        contests=(fruit, contest("drink", ("water", "juice"))),
    )


def _order(name: str, number: int) -> dict[str, str]:
    return {"election": name, "control_id": f"{number:032x}", "by": "ada", "at": "2026-01-01T00:00:00Z"}


class Life:
    """The records of an election's life, as the log carries them."""

    def __init__(self, definition: Election) -> None:
        self.definition = definition
        self.key = election_key(MASTER, definition.id)
        self._number = 0

    def _next(self) -> dict[str, str]:
        self._number += 1
        return _order(self.definition.id, self._number)

    def announced(self, shards: int, phase: Phase) -> ElectionAnnounced:
        """What the operator tells the edges."""
        return ElectionAnnounced(
            definition=self.definition,
            config_hash=config_hash(self.definition),
            code_key=fingerprint(self.key),
            shards=shards,
            phase=phase,
            at="2026-01-01T00:00:00Z",
        )

    def configured(self) -> bytes:
        """The definition is frozen."""
        return encode(ElectionConfigured(definition=self.definition, **self._next()))

    def opened(self, code_key: str | None = None) -> bytes:
        """Ballots count from here on."""
        key = code_key or fingerprint(self.key)
        return encode(ElectionOpened(config_hash=config_hash(self.definition), code_key=key, **self._next()))

    def paused(self) -> bytes:
        """Ballots are refused."""
        return encode(ElectionPaused(**self._next()))

    def resumed(self) -> bytes:
        """Ballots count again."""
        return encode(ElectionResumed(**self._next()))

    def closed(self) -> bytes:
        """No ballot counts any more."""
        return encode(ElectionClosed(**self._next()))

    def certified(self) -> bytes:
        """A recount agreed."""
        return encode(ElectionCertified(watermark=(), heads=(), result_hashes={}, **self._next()))

    def voided(self, elector: int) -> bytes:
        """An elector's ballot does not count."""
        return encode(ElectorVoided(elector=elector, **self._next()))

    def restored(self, elector: int) -> bytes:
        """It counts again."""
        return encode(ElectorRestored(elector=elector, **self._next()))

    def withdrawn(self, candidate: str, contest_id: str = "fruit") -> bytes:
        """A candidate is out of a contest."""
        return encode(CandidateWithdrawn(contest=contest_id, candidate=candidate, **self._next()))

    def reinstated(self, candidate: str, contest_id: str = "fruit") -> bytes:
        """And is in it again."""
        return encode(CandidateReinstated(contest=contest_id, candidate=candidate, **self._next()))

    def ballot(
        self, elector: int, *papers: str, ballot: int | None = None, section: int = 0, mac: int | None = None
    ) -> bytes:
        """An elector's paper; the ballot's id is the elector's number unless another is given."""
        code = code_mac(self.key, elector, section) if mac is None else mac
        number = elector if ballot is None else ballot
        return encode_ballot(
            HotBallot(f"{number:032x}", self.definition.id, elector, section, code, papers or ("0>1", "1"))
        )
