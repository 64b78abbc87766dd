"""Pages in headless Chromium: what they ask for, what they log, what axe says of them."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.engines.environments import CACHE
from tests.engines.npm import package

AXE = ("axe-core", "4.14.1")
DESKTOP = (1440, 900)
PHONE = (390, 844)
# WCAG 2.2 at the levels that procurement asks for, and axe's own best practices.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Chromium looks for updates and answers of its own otherwise.
QUIET = ["--disable-quic", "--disable-component-update", "--disable-sync", "--disable-background-networking"]


def chromium() -> str:
    """Chromium's path; Debian's package is installed where it can be."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (path := _installed()) and shutil.which("apt-get") and os.geteuid() == 0:
            print("Installing Chromium ...", file=sys.__stderr__)
            variables = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            for command in (
                ["update"],
                ["install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core"],
            ):
                result = subprocess.run(
                    ["apt-get", "--quiet", *command], env=variables, capture_output=True, text=True, check=False
                )
                assert result.returncode == 0, result.stderr
            path = _installed()
    return path or pytest.skip("no Chromium here, and no apt-get as root to install it")


def _installed() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser, for as many pages as one likes."""
    executable = chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=QUIET)
        yield started
        started.close()


@dataclass
class Visit:
    """A page that was opened, with all that it asked for and complained of on the way."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def foreign(self, home: str) -> list[str]:
        """Requests for anything that is not below `home`."""
        return [url for url in self.requests if not url.startswith((home, "data:", "blob:"))]

    def violations(self) -> list[str]:
        """What axe finds: rule, what to do, where."""
        self.page.evaluate(axe())
        found: dict[str, Any] = self.page.evaluate(
            "rules => axe.run({runOnly: rules, resultTypes: ['violations'], preload: false})", RULES
        )
        return [
            f"{violation['id']}: {violation['help']}: {node['html'][:200]} ({node['failureSummary']})"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    def overflow(self) -> int:
        """Pixels by which the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def tab_stops(self, most: int = 2000) -> list[str]:
        """What the keyboard reaches, in order, each as it stands in the document; until it leaves the page."""
        self.page.evaluate("document.activeElement && document.activeElement.blur()")
        stops: list[str] = []
        for _ in range(most):
            self.page.keyboard.press("Tab")
            stop = self.page.evaluate(
                """() => {
                    const element = document.activeElement;
                    if (!element || element === document.body) return null;
                    if (!element.dataset.stop) element.dataset.stop = String(Math.random());
                    return element.dataset.stop + ' ' + element.outerHTML.slice(0, 200);
                }"""
            )
            if stop is None or stop in stops:
                break
            stops.append(stop)
        return [stop.partition(" ")[2] for stop in stops]


@contextmanager
def visit(
    browser: Browser, url: str, size: tuple[int, int] = DESKTOP, dark: bool = False, keep: dict[str, str] | None = None
) -> Iterator[Visit]:
    """Open a page in a window of its own; `keep` is what stands in its local storage before."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    visited = Visit(page)

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            visited.complaints.append(message.text)

    page.on("console", said)
    page.on("pageerror", lambda error: visited.complaints.append(str(error)))
    page.on("request", lambda request: visited.requests.append(request.url))
    for name, value in (keep or {}).items():
        context.add_init_script(f"localStorage.setItem({name!r}, {value!r})")
    try:
        page.goto(url)
        yield visited
    finally:
        context.close()


@cache
def axe() -> str:
    """The source of axe, which a page runs on itself."""
    return (package(*AXE, "axe comes from the npm registry alone") / "axe.min.js").read_text(encoding="utf-8")
