"""Sign-in by an OpenID provider in a real browser, which leads there and back between two sites."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from infra.local import ports
from services.operator.console.entrance import ATTEMPT_COOKIE, COOKIE
from services.operator.openid import BACK
from tests.browser.test_console import TOKEN, check
from tests.support.openid import CLIENT, PASSWORD, SECRET, running_provider
from tests.support.pipeline import Pipeline

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(240)]


def test_somebody_signs_in_at_the_provider_and_is_back_in_the_console(
    browser: Browser, kafka: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session's cookie is SameSite=Strict, the provider another site; one page in between leads on by itself."""
    monkeypatch.setenv("LIVECOUNT_OPERATOR_TOKEN", TOKEN)
    monkeypatch.setenv("LIVECOUNT_MONITOR_PORT", str(ports.free_ports(1)[0]))
    pipeline = Pipeline(kafka.bootstrap, tmp_path)
    (secret := tmp_path / "secret").write_text(SECRET)
    port = ports.free_ports(1)[0]
    console = f"http://127.0.0.1:{port}"
    pipeline._ports["operator-1"] = port
    with ThreadPoolExecutor(1) as pool, running_provider(tmp_path, console + BACK) as provider:
        pool.submit(asyncio.run, pipeline.create()).result()
        try:
            pipeline.start(
                "operator",
                console_url=console,
                oidc_issuer=provider.issuer,
                oidc_client_id=CLIENT,
                oidc_client_secret=str(secret),
                oidc_roles="auditors=auditor",
            )
            pipeline.wait_ready("operator")
            context = browser.new_context()
            page = context.new_page()
            page.goto(console)
            check(page)
            page.get_by_role("link", name="Sign in at localhost").press("Enter")
            page.get_by_label("Username").fill("eve")
            page.get_by_label("Password").fill(PASSWORD)
            page.keyboard.press("Enter")
            expect(page.get_by_role("alert")).to_contain_text("gives access here")
            check(page)
            context.clear_cookies()
            page.get_by_role("link", name="Sign in at localhost").press("Enter")
            page.get_by_label("Username").fill("olga")
            page.get_by_label("Password").fill(PASSWORD)
            page.keyboard.press("Enter")
            expect(page.get_by_text("olga (by localhost), auditor")).to_be_visible()
            expect(page).to_have_url(f"{console}/")
            expect(page.get_by_role("heading", name="Elections")).to_be_visible()
            held = {of["name"]: of for of in context.cookies(console)}
            assert ATTEMPT_COOKIE not in held
            assert (held[COOKIE]["sameSite"], held[COOKIE]["httpOnly"]) == ("Strict", True)
            page.get_by_role("button", name="Sign out").press("Enter")
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            context.close()
        finally:
            pipeline.stop()
