"""Who is at the console or the API, and what that role may do there.

An official signs in by signing a challenge with their own key, which stays on their machine. A session may read, and an
official's may *propose*; what gives an order is a signature over it, which no session can make. So whoever steals a session,
or breaks into this service, reads and proposes, and can forge nothing.

| role | who | may |
|---|---|---|
| officer | an official of the election, by key; for new elections whoever holds the root key too | read, propose, sign |
| second officer | another official of the election, for an order that is proposed | read, sign what the first proposed |
| auditor | whoever has the operator's token, in a browser | read everything |
| viewer | whoever has the observers' link of an election | read that election |

Whoever an OpenID provider knows (openid.py) has one of these roles, too, and no key: such an officer reads and proposes, and
signs nothing. One table is asked for a page, the API and a command alike: `Sessions.allows`.
"""

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.operator.service import OperatorService
from shared.contract.signing import is_signed, sign_in_message

SESSION_S: Final = 8 * 3600
PROVIDER_SESSION_S: Final = 3600
MAX_SESSIONS: Final = 100
"""Of each role: whoever opens an observers' link without end takes no official's place."""
CHALLENGE_S: Final = 60.0
CODE_S: Final = 120.0
NONCE_CHARS: Final = 16
TIME_CHARS: Final = 16
MAX_TRIED: Final = 100_000
"""Challenges of the last minute that somebody has tried, right or wrong: 20 MB."""
OBSERVER_CHARS: Final = 40
READ: Final = ("GET", "HEAD")


class Role(StrEnum):
    """What somebody is to the election that a page or request is about."""

    OFFICER = "officer"
    AUDITOR = "auditor"
    VIEWER = "viewer"


class SignInRefused(Exception):
    """What was given to sign in with opens nothing; the text says why."""


class Challenges:
    """Texts that only this process makes, each good for one attempt within `lasts_s` seconds.

    Nothing is kept of one that nobody has tried, since anybody may ask: it carries its end and a seal. So whoever asks
    without end fills no memory, and takes away no challenge that somebody is just answering.
    """

    def __init__(self, now_s: Callable[[], float], lasts_s: float) -> None:
        self._now_s = now_s
        self._lasts_s = lasts_s
        self._seal_key = secrets.token_bytes(32)
        self._tried: dict[str, float] = {}
        """When each challenge ends that was tried."""

    def new(self) -> str:
        """Return a challenge of 64 hexadecimal digits."""
        ends_ms = int(1000 * (self._now_s() + self._lasts_s))
        start = f"{secrets.token_hex(NONCE_CHARS // 2)}{ends_ms:0{TIME_CHARS}x}"
        return start + self._seal(start)

    def derive(self, challenge: str, purpose: str) -> str:
        """Return what belongs to a challenge and no one else can reckon: 64 hexadecimal digits."""
        return hmac.digest(self._seal_key, f"{purpose} of {challenge}".encode(), "sha256").hex()

    def use(self, challenge: str) -> bool:
        """Return whether this process made a challenge, it has not ended, and nobody has tried it."""
        start, seal = challenge[: NONCE_CHARS + TIME_CHARS], challenge[NONCE_CHARS + TIME_CHARS :]
        if not hmac.compare_digest(seal.encode(), self._seal(start).encode()):
            return False
        ends_s, now_s = int(start[NONCE_CHARS:], 16) / 1000, self._now_s()
        if ends_s <= now_s or challenge in self._tried:
            return False
        if len(self._tried) >= MAX_TRIED:
            self._tried = _still(self._tried, now_s, MAX_TRIED // 2)
        self._tried[challenge] = ends_s
        return True

    def _seal(self, start: str) -> str:
        return hmac.digest(self._seal_key, start.encode(), "sha256").hex()[: NONCE_CHARS + TIME_CHARS]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom an OpenID provider knows, and what they are here."""

    name: str
    """In one line of at most 100 characters, with the provider's host, so that it is no official's name."""
    role: Role
    election: str = ""
    """The only one that a viewer sees, or that an officer proposes orders for; empty for officers: any."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has signed in."""

    secret: str
    role: Role
    ends_s: float
    key: str = ""
    """An official's public key; empty for whoever signed in without one."""
    name: str = ""
    """What an OpenID provider calls them; empty for whoever signed in otherwise."""
    election: str = ""
    """The only one that a viewer may see; of an officer without a key, the only one to propose orders for."""
    signer: str = ""
    """Where the official's own signer answers, on their machine."""
    form_token: str = ""
    """Stands in each form of this session, so that no other page can send one."""


class Sessions:
    """All sessions of this process. They end with it, or after SESSION_S."""

    def __init__(self, service: OperatorService, token: str, now_s: Callable[[], float]) -> None:
        self._service = service
        self._token = token.encode()
        self._now_s = now_s
        self._sessions: dict[str, Session] = {}
        self.challenges = Challenges(now_s, CHALLENGE_S)
        self._codes: dict[str, tuple[Session, float]] = {}

    def enter(self, challenge: str, key: str, signature: str, signer: str = "") -> tuple[Session, str]:
        """Return a session for whoever signed a challenge, and a code that opens another one in a browser, once.

        Raises SignInRefused; a challenge serves one attempt.
        """
        if not self.challenges.use(challenge):
            raise SignInRefused("the challenge is unknown, used or older than a minute: ask for another")
        if not is_signed(key, signature, sign_in_message(self._service.log_id, challenge)):
            raise SignInRefused("the signature does not hold for this challenge")
        if not self.name_of(key):
            raise SignInRefused("the key is neither the root key nor that of an official of an election here")
        session = self._open(Role.OFFICER, key=key, signer=signer)
        self._codes = {code: of for code, of in self._codes.items() if of[1] > self._now_s()}
        code = secrets.token_urlsafe(24)
        self._codes[code] = session, self._now_s() + CODE_S
        return session, code

    def redeem(self, code: str) -> Session | None:
        """Return a session for a browser; None if the code is unknown, used or old."""
        session, ends_s = self._codes.pop(code, (None, 0.0))
        if session is None or ends_s <= self._now_s():
            return None
        return self._open(session.role, key=session.key, signer=session.signer)

    @property
    def log_id(self) -> str:
        """The log that a challenge is signed for."""
        return self._service.log_id

    def is_token(self, given: str) -> bool:
        """Return whether something is the operator's token."""
        return secrets.compare_digest(given.strip().encode(), self._token)

    def with_token(self, token: str) -> Session | None:
        """Return an auditor's session for whoever has the operator's token."""
        return self._open(Role.AUDITOR) if self.is_token(token) else None

    def observers_word(self, election: str) -> str:
        """Return what the observers' link of an election ends with. It holds as long as the operator's token does."""
        return hmac.digest(self._token, f"observers of {election}".encode(), "sha256").hex()[:OBSERVER_CHARS]

    def observe(self, election: str, word: str) -> Session | None:
        """Return a viewer's session for whoever has an election's link."""
        is_own = secrets.compare_digest(word.encode(), self.observers_word(election).encode())
        return self._open(Role.VIEWER, election=election) if is_own else None

    def admit(self, person: Person) -> Session:
        """Return a session for whoever an OpenID provider has signed in. It ends sooner: the provider cannot end it."""
        return self._open(person.role, name=person.name, election=person.election, lasts_s=PROVIDER_SESSION_S)

    def find(self, secret: str) -> Session | None:
        """Return a session by its secret; None if it has ended, or its key is no official's any more."""
        session = self._sessions.get(secret)
        if session is None or session.ends_s <= self._now_s():
            return None
        return session if not session.key or self.name_of(session.key) else None

    def end(self, secret: str) -> None:
        """End a session."""
        self._sessions.pop(secret, None)

    def name_of(self, key: str, election: str | None = None) -> str:
        """Return an official's name, in an election or in any; "root" for the root key, "" for a key that is nobody's."""
        book = self._service.book
        for account in book.accounts.values() if election is None else [book.account(election)]:
            if name := account.keys().get(key):
                return name
        return "root" if key == self._service.root_key and election is None else ""

    def who(self, session: Session, election: str | None = None) -> str:
        """Return the name of whoever has a session; "" for one that was opened by a token or a link."""
        return self.name_of(session.key, election) or session.name

    def allows(self, session: Session, method: str, path: str) -> bool:
        """Return whether a session may make a request, of a page or of the API: the one table of rights."""
        parts = path.removeprefix("/v1").strip("/").split("/")
        about = parts[1] if len(parts) > 1 else ""
        if session.role is Role.VIEWER:
            shown = (
                parts[0] == "elections"
                and about == session.election
                and parts[2:] in ([], ["controls"], ["counted"])
            )
            return method in READ and shown
        if method in READ:
            return True
        if session.role is not Role.OFFICER:
            return False
        if parts[0] in ("elections", "new"):
            return self._is_officer_of(session, about)
        if parts[0] != "proposals":
            return False
        proposal = self._service.proposals.find(about)
        return proposal is None or session.key in proposal.keys  # what became of it is answered there

    def _is_officer_of(self, session: Session, election: str) -> bool:
        """Return whether an officer may propose orders for an election, or with "" a new one."""
        if session.key:
            return bool(self.name_of(session.key, election or None))
        return not session.election or session.election == election

    def _open(
        self,
        role: Role,
        *,
        key: str = "",
        name: str = "",
        election: str = "",
        signer: str = "",
        lasts_s: float = SESSION_S,
    ) -> Session:
        now_s = self._now_s()
        kept = {secret: of for secret, of in self._sessions.items() if of.ends_s > now_s}
        alike = [secret for secret, of in kept.items() if of.role is role]
        for secret in alike[: len(alike) + 1 - MAX_SESSIONS] if len(alike) >= MAX_SESSIONS else ():
            del kept[secret]
        session = Session(
            secret=secrets.token_urlsafe(32),
            role=role,
            ends_s=now_s + lasts_s,
            key=key,
            name=name,
            election=election,
            signer=signer,
            form_token=secrets.token_urlsafe(16),
        )
        self._sessions = {**kept, session.secret: session}
        return session


def _still(ends: Mapping[str, float], now_s: float, most: int) -> dict[str, float]:
    """Return what has not ended, the newest; so that whoever asks without end takes no memory."""
    left = [(name, end_s) for name, end_s in ends.items() if end_s > now_s]
    return dict(left[1 - most :])
