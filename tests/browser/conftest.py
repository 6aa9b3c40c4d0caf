"""One Chromium for all browser tests, a live server, and a watch over what pages must never do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.seed import Seeded, seed

#: The first of these that there is. Without a window around the pages it takes half as long.
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, CHROMIUMS)), None)
#: Milliseconds that a page has for what a test waits for: a machine that runs four of them at once is slow at times.
PATIENCE = 25_000
expect.set_options(timeout=PATIENCE)
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: Opens a page in the language given, logged in as `user`, or as somebody of the staff who may do everything.
Open = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="needs Chromium: apt install chromium"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    # Playwright runs its own event loop in this thread, which Django takes for an asynchronous view.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def seeded(transactional_db: None) -> Seeded:
    with translation.override("sv"):
        return seed(orders=9)


@pytest.fixture
def open_page(browser: Browser, live_server: Any, seeded: Seeded) -> Iterator[Open]:
    """Logs in and opens pages; afterwards fails on what a page must never do."""
    wrongs: list[str] = []
    contexts = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: wrongs.append(f"script error: {error}"))
        page.on("console", lambda m: wrongs.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("request", lambda r: wrongs.append(f"left the host: {r.url}") if not _is_ours(r.url, live_server.url) else None)
        page.on("response", lambda r: wrongs.append(f"{r.status}: {r.url}") if r.status >= 400 else None)

    def open_(
        path: str = "/admin/", *, language: str = "sv", mobile: bool = False, logged_in: bool = True, user: Any = None
    ) -> Page:
        size = {"width": 390, "height": 844} if mobile else {"width": 1440, "height": 900}
        context = browser.new_context(locale=language, timezone_id="Europe/Stockholm", viewport=size)  # type: ignore[arg-type]  # a dict is what it takes
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        if logged_in:
            client = Client()
            client.force_login(user or seeded.user)
            cookie = client.cookies[settings.SESSION_COOKIE_NAME]
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        page = context.new_page()
        watch(page)
        page.goto(live_server.url + path)
        if logged_in and path.startswith("/admin/"):
            page.wait_for_selector("#nav-sidebar-apps", state="attached")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not wrongs, wrongs


def _is_ours(address: str, server: str) -> bool:
    return address.startswith((server, "data:", "blob:"))
