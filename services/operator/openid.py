"""Sign-in by an OpenID provider: it says who is looking, and never whose order it is.

The authorization code flow of OpenID Connect Core 1.0, with PKCE (RFC 7636, S256), state and nonce. A session that is opened so
reads and, if its role is officer, proposes; an order still takes the signatures of the officials that the election names.

Nothing is kept of an attempt: the browser holds a sealed challenge in a cookie, and state, nonce and PKCE's verifier are derived from
it. An attempt is good once, within ATTEMPT_S. Keys are fetched at each sign-in, so a provider may change them at any time.
"""

import asyncio
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import httpx

from services.operator.access import Challenges, Person, Role, SignInRefused

ATTEMPT_S: Final = 600.0
"""Somebody may have to type a password and a second factor in the meantime."""
ANSWER_S: Final = 10.0
MAX_ANSWER_BYTES: Final = 1 << 20
DISCOVERED_S: Final = 300.0
AGAIN_S: Final = 5.0
"""A provider that did not answer is left alone so long: whoever asks for sign-ins without end does not make us ask it."""
MAX_EXCHANGES: Final = 8
LEEWAY_S: Final = 30
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Those with a public key: with a shared secret or none, whoever knows the client could sign."""
REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat")
NAMES: Final = ("name", "preferred_username", "email", "sub")
MAX_NAME_CHARS: Final = 60
MAX_HOST_CHARS: Final = 30
PATH: Final = "/sign-in/provider"
BACK: Final = f"{PATH}/back"

Claims = Mapping[str, Any]


class ProviderAway(Exception):
    """The provider cannot be reached, or does not answer as OpenID providers do; it may later."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What those are here who have a value in the claim."""

    role: Role
    election: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """What this console is to the provider, and what its people are to this console."""

    issuer: str
    client_id: str
    secret: str
    """Empty: a public client, whose codes only PKCE protects."""
    origin: str
    """Where browsers reach the console, as https://operator.example."""
    claim: str
    """Claim of the id token that says what somebody is; with dots, one inside others."""
    grants: Mapping[str, Grant]
    """By value of the claim; of several that somebody has, the first counts."""

    @property
    def host(self) -> str:
        """The provider's host, for people."""
        return urlsplit(self.issuer).hostname or self.issuer


def parse_grants(text: str) -> dict[str, Grant]:
    """Return what `LIVECOUNT_OIDC_ROLES` says: VALUE=ROLE or VALUE=ROLE/ELECTION, with commas between."""
    grants: dict[str, Grant] = {}
    for one in filter(None, text.split(",")):
        value, _, granted = one.partition("=")
        role, _, election = granted.partition("/")
        grants.setdefault(value.strip(), Grant(Role(role), election))
    return grants


class Provider:
    """One OpenID provider, asked over HTTP."""

    def __init__(self, client: Client, now_s: Callable[[], float]) -> None:
        self.client = client
        self._now_s = now_s
        self.attempts = Challenges(now_s, ATTEMPT_S)
        self._found: dict[str, Any] = {}
        self._again_s = float("-inf")
        """Until then what was found, or that nothing was, stands."""
        self._looking = asyncio.Lock()
        self._exchanges = asyncio.Semaphore(MAX_EXCHANGES)

    async def begin(self, attempt: str) -> str:
        """Return where the browser goes to sign in. Raises ProviderAway."""
        verifier = self.attempts.derive(attempt, "verifier")
        asked = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.client.origin + BACK,
            "scope": "openid profile email",
            "state": self.attempts.derive(attempt, "state"),
            "nonce": self.attempts.derive(attempt, "nonce"),
            "code_challenge": urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        address = (await self._discover())["authorization_endpoint"]
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"

    async def finish(self, attempt: str, answer: Mapping[str, str]) -> Person:
        """Return who has signed in, of the attempt in the browser's cookie and the provider's answer in its address.

        Raises SignInRefused, or ProviderAway.
        """
        state = self.attempts.derive(attempt, "state")
        if not hmac.compare_digest(answer.get("state", "").encode(), state.encode()):
            raise SignInRefused("This sign-in was not begun in this browser.")
        if not self.attempts.use(attempt):
            raise SignInRefused("This sign-in has been used, or is too old.")
        if answer.get("iss", self.client.issuer) != self.client.issuer:  # RFC 9207
            raise SignInRefused("Another provider has answered.")
        if "code" not in answer:
            raise SignInRefused(f"The provider refused: {answer.get('error', 'no reason given')[:100]}.")
        if self._exchanges.locked():
            raise ProviderAway("too many sign in at once")
        async with self._exchanges:
            found = await self._discover()
            id_token = await self._redeem(found, answer["code"], self.attempts.derive(attempt, "verifier"))
            keys = await self._fetch("GET", found["jwks_uri"])
        claims = check_id_token(id_token, keys, self.client, self.attempts.derive(attempt, "nonce"))
        return person_of(claims, self.client)

    async def _discover(self) -> dict[str, Any]:
        """Return the provider's endpoints (OpenID Connect Discovery 1.0)."""
        async with self._looking:
            if self._now_s() >= self._again_s:
                self._found, self._again_s = {}, self._now_s() + AGAIN_S
                path = "/.well-known/openid-configuration"
                found = await self._fetch("GET", self.client.issuer.rstrip("/") + path)
                self._found, self._again_s = checked(found, self.client.issuer), self._now_s() + DISCOVERED_S
        if not self._found:
            raise ProviderAway("it did not answer a moment ago")
        return self._found

    async def _redeem(self, found: Mapping[str, Any], code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.origin + BACK,
            "code_verifier": verifier,
        }
        who = (quote(self.client.client_id, safe=""), quote(self.client.secret, safe=""))
        methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        auth = httpx.BasicAuth(*who) if self.client.secret and "client_secret_basic" in methods else None
        if auth is None:
            form["client_id"] = self.client.client_id
            form |= {"client_secret": self.client.secret} if self.client.secret else {}
        answer = await self._fetch("POST", found["token_endpoint"], data=form, auth=auth)
        if "error" in answer:
            raise SignInRefused(f"The provider refused: {str(answer['error'])[:100]}.")
        id_token = answer.get("id_token")
        if not isinstance(id_token, str):
            raise ProviderAway("it gave no id token")
        return id_token

    async def _fetch(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        """Return a JSON object. A refusal is one, too (RFC 6749, 5.2)."""
        body = b""
        try:
            async with (
                asyncio.timeout(ANSWER_S),
                httpx.AsyncClient(timeout=ANSWER_S) as http,
                http.stream(method, url, headers={"Accept": "application/json"}, **more) as answer,
            ):
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > MAX_ANSWER_BYTES:
                        raise ProviderAway(f"its answer has more than {MAX_ANSWER_BYTES:,} bytes")
            value = json.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as fault:
            raise ProviderAway(f"{urlsplit(url).netloc}: {type(fault).__name__}") from None
        refused = method == "POST" and answer.status_code in (400, 401)
        if not isinstance(value, dict) or not (answer.is_success or refused):
            raise ProviderAway(f"{urlsplit(url).netloc} answered {answer.status_code}")
        return value


def checked(found: dict[str, Any], issuer: str) -> dict[str, Any]:
    """Return a provider's own description if it is this one's and safe to use. Raises ProviderAway."""
    if found.get("issuer") != issuer:
        raise ProviderAway(f"it calls itself {str(found.get('issuer'))[:100]}, expected {issuer}")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        address = found.get(name)
        if not isinstance(address, str) or not is_safe(address):
            raise ProviderAway(f"its {name} is no https:// address")
    return found


def is_safe(address: str) -> bool:
    """Return whether nobody on the way can read or change what is sent: TLS, or this very machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    )


def check_id_token(id_token: str, keys: Claims, client: Client, nonce: str) -> Claims:
    """Return the claims of an id token that holds (OpenID Connect Core 1.0, 3.1.3.7). Raises SignInRefused."""
    import jwt  # only where a provider is set

    try:
        header = jwt.get_unverified_header(id_token)
        claims: dict[str, Any] = jwt.decode(
            id_token,
            jwt.PyJWK(_key_for(header, keys), algorithm=header["alg"]),
            algorithms=ALGORITHMS,
            audience=client.client_id,
            issuer=client.issuer,
            leeway=LEEWAY_S,
            options={"require": list(REQUIRED)},
        )
    except jwt.PyJWTError as fault:
        raise SignInRefused(f"The provider's id token does not hold: {fault}.") from None
    is_alone = isinstance(claims["aud"], str) or len(claims["aud"]) == 1
    if claims.get("azp", client.client_id if is_alone else None) != client.client_id:
        raise SignInRefused("The provider's id token was given to another client.")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(errors="replace"), nonce.encode()):
        raise SignInRefused("The provider's id token is of another sign-in.")
    return claims


def _key_for(header: Claims, keys: Claims) -> dict[str, Any]:
    """Return the one key that an id token says it is signed with. Raises SignInRefused."""
    alg, kid = header.get("alg"), header.get("kid")
    fitting = [
        key
        for key in keys.get("keys", ())
        if isinstance(key, dict)
        and key.get("use", "sig") == "sig"
        and key.get("alg", alg) == alg
        and kid in (None, key.get("kid"))
    ]
    if alg not in ALGORITHMS or len(fitting) != 1:
        raise SignInRefused("The provider's id token is signed by no key of the provider.")
    return fitting[0]


def person_of(claims: Claims, client: Client) -> Person:
    """Return who somebody is here. Raises SignInRefused for whom the setting does not name."""
    own = _values(claims, client.claim)
    grant = next((of for value, of in client.grants.items() if value in own), None)
    if grant is None:
        raise SignInRefused(
            f"The provider knows you, and nothing in your {client.claim!r} gives access here."
        )
    shown = (str(claims.get(name, "")).strip()[:MAX_NAME_CHARS] for name in NAMES)
    name = next((name for name in shown if name and name.isprintable()), "somebody")
    return Person(f"{name} (by {client.host[:MAX_HOST_CHARS]})", grant.role, grant.election)


def _values(claims: Claims, path: str) -> set[str]:
    """Return the texts in a claim, which may be one or a list."""
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
    listed = found if isinstance(found, list) else [found]
    return {value for value in listed if isinstance(value, str)}
