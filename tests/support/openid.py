"""An OpenID provider of a test's own: Django OAuth Toolkit, a process of its own on loopback, with people who can sign in.

`python -m tests.support.openid PORT FOLDER` runs it. A person's `extra` claims stand in each id token of theirs, so some people have
one that a provider gives by mistake (None: it is left out): such a token is signed by the real key, and wrong in that one point.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import urljoin
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx

from infra.local import ports
from infra.local.process import Child

CLIENT, SECRET = "livecount-console", "only for tests: a client's secret"
OTHER = "another-client"
PASSWORD = "only for tests: a password"
READY_S = 30.0
PEOPLE: dict[str, dict[str, Any]] = {
    "ada": {"groups": ["staff", "officers"], "name": "Ada Lovelace"},
    "finn": {"groups": ["fair-officers"], "name": "Finn\u202eroot"},
    "olga": {"groups": ["auditors"]},
    "vera": {"groups": "press"},
    "nested": {"realm": {"roles": ["officers"]}, "groups": []},
    "eve": {"groups": ["staff"]},
    "nobody": {},
    "wrong-audience": {"groups": ["officers"], "aud": OTHER},
    "two-audiences": {"groups": ["officers"], "aud": [CLIENT, OTHER]},
    "another-party": {"groups": ["officers"], "aud": [CLIENT], "azp": OTHER},
    "expired": {"groups": ["officers"], "exp": 1_700_000_000},
    "early": {"groups": ["officers"], "iat": 4_000_000_000},
    "no-expiry": {"groups": ["officers"], "exp": None},
    "another-issuer": {"groups": ["officers"], "iss": "https://elsewhere.example"},
    "another-nonce": {"groups": ["officers"], "nonce": "0" * 64},
}


@dataclass
class OpenIdProvider:
    """A running provider."""

    port: int
    folder: Path
    back: str
    """Where it sends whoever has signed in, of both of its clients."""
    child: Child = field(init=False)

    @property
    def issuer(self) -> str:
        """What it calls itself. Of another site than 127.0.0.1, as browsers see it."""
        return f"http://localhost:{self.port}/o"

    def start(self) -> None:
        """Start it, or start it again with what it knew."""
        argv = [sys.executable, "-m", "tests.support.openid", str(self.port), str(self.folder), self.back]
        self.child = Child("openid", argv, self.folder / "openid.log", {})
        self.child.spawn()
        self.child.wait_ready(self._answers, READY_S)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.issuer}/.well-known/openid-configuration", trust_env=False).is_success
        except httpx.HTTPError:
            return False


@contextmanager
def running_provider(folder: Path, back: str) -> Iterator[OpenIdProvider]:
    """Run a provider that sends people back to an address."""
    provider = OpenIdProvider(ports.free_ports(1)[0], folder, back)
    provider.start()
    try:
        yield provider
    finally:
        provider.child.kill()


def log_in(address: str, name: str) -> str:
    """Sign in at the provider as a person does in a browser, and return the address it leads back to."""
    with httpx.Client(trust_env=False, timeout=20.0) as http:
        answer = http.get(address)
        for _ in range(8):
            if answer.status_code == 302:
                address = urljoin(str(answer.url), answer.headers["location"])
                if not address.startswith(f"{answer.url.scheme}://{answer.url.netloc.decode()}/"):
                    return address
                answer = http.get(address)
                continue
            answer.raise_for_status()
            form = _Form(answer.text).values | {"username": name, "password": PASSWORD}
            answer = http.post(answer.url, data=form)
    raise AssertionError(f"{name} was not led back: {answer.text[:500]}")


class _Form(HTMLParser):
    """The fields of a page's form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and given.get("name"):
            self.values[str(given["name"])] = given.get("value") or ""


def serve(port: int, folder: Path, back: str) -> None:
    """Make what the provider knows, if it is not there, and serve it until the process is ended."""
    import django
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from django.conf import settings

    key_file = folder / "provider.key"
    if not key_file.exists():
        made = rsa.generate_private_key(65537, 2048)
        coded = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        key_file.write_bytes(made.private_bytes(*coded))
    settings.configure(
        SECRET_KEY="only for tests: the provider's own",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", PAGES)]},
            }
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "provider.sqlite"}},
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        LOGIN_URL="/login",
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_ISS_ENDPOINT": f"http://localhost:{port}/o",
            "OIDC_RSA_PRIVATE_KEY": key_file.read_text(),
            "OAUTH2_VALIDATOR_CLASS": f"{__name__}.validator",
            "SCOPES": {"openid": "who you are", "profile": "your name", "email": "your address"},
            "ALLOWED_REDIRECT_URI_SCHEMES": ["http", "https"],
        },
    )
    django.setup()
    _fill(back)
    _Server.daemon_threads = True
    from django.core.wsgi import get_wsgi_application

    with make_server("127.0.0.1", port, get_wsgi_application(), _Server, _Quiet) as server:
        server.serve_forever()


PAGES: Mapping[str, str] = {
    "registration/login.html": "<form method=post>{% csrf_token %}{{ form }}<button>Sign in</button></form>"
}


def _fill(back: str) -> None:
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from oauth2_provider.models import get_application_model

    call_command("migrate", verbosity=0)
    users, clients = get_user_model(), get_application_model()
    if users.objects.exists():
        return
    for name in PEOPLE:
        users.objects.create_user(name, f"{name}@example.org", PASSWORD)
    for client_id in (CLIENT, OTHER):
        clients.objects.create(
            client_id=client_id,
            client_secret=SECRET,
            client_type=clients.CLIENT_CONFIDENTIAL,
            authorization_grant_type=clients.GRANT_AUTHORIZATION_CODE,
            algorithm=clients.RS256_ALGORITHM,
            redirect_uris=back,
            skip_authorization=True,
        )


class _Server(ThreadingMixIn, WSGIServer):
    """Serves several at once."""


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class calls it so
        """Say nothing of each request."""


def __getattr__(name: str) -> Any:
    """Make what Django looks for by name, once Django is set up: its routes, and what puts claims into id tokens."""
    if name == "urlpatterns":
        from django.contrib.auth.views import LoginView
        from django.urls import include, path

        return [path("o/", include("oauth2_provider.urls")), path("login", LoginView.as_view())]
    if name == "validator":
        from oauth2_provider.oauth2_validators import OAuth2Validator

        class Validator(OAuth2Validator):  # type: ignore[misc]  # the library leaves it untyped
            """Gives people their claims."""

            def get_id_token_dictionary(self, token: Any, handler: Any, request: Any) -> Any:
                """Return the claims of an id token, and when it ends."""
                claims, ends = super().get_id_token_dictionary(token, handler, request)
                extra = PEOPLE[request.user.username]
                claims = {"email": request.user.email, "preferred_username": request.user.username} | claims
                return {name: of for name, of in (claims | extra).items() if of is not None}, ends

        return Validator
    raise AttributeError(name)


if __name__ == "__main__":
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # on loopback
    sys.modules["tests.support.openid"] = sys.modules[__name__]
    serve(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
