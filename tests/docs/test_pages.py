"""The documentation of a generated repository, in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.docs.documentation import Documentation
from tests.engines.browser import DESKTOP, PHONE, visit
from tests.render import ROOT

# One page of each kind.
KINDS = (
    "index.html",
    "README.html",
    "catalogue/index.html",
    "catalogue/admissions.html",
    "catalogue/lineage.html",
    "marts/index.html",
    "marts/patient_360.html",
    "protection/phi-map.html",
    "docs/delivery.html",
    "docs/architecture.html",
    "docs/runbooks/restore.html",
    "docs/cost.html",
    "docs/decisions/README.html",
    "search.html?q=patient_id",
)
SCREENSHOTS = ROOT / "build" / "screenshots" / "docs"


def test_no_page_complains_or_asks_elsewhere(
    browser: Browser, northwind_docs: Documentation, northwind_url: str
) -> None:
    with visit(browser, northwind_url) as visited:
        for page in northwind_docs.pages:
            visited.page.goto(northwind_url + page)
        assert visited.complaints == []
        assert visited.foreign(northwind_url) == []
        assert len(visited.requests) > len(northwind_docs.pages)


@pytest.mark.parametrize("page", KINDS)
def test_page_is_accessible_and_fits(browser: Browser, northwind_url: str, page: str) -> None:
    for size, dark in ((DESKTOP, False), (PHONE, True)):
        with visit(browser, northwind_url + page, size, dark) as visited:
            assert visited.violations() == []
            assert visited.overflow() == 0, "wider than its window"
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            name = page.partition("?")[0].removesuffix(".html").replace("/", "-")
            visited.page.screenshot(path=SCREENSHOTS / f"{name}-{size[0]}-{'dark' if dark else 'light'}.png")


def test_dark_is_dark(browser: Browser, northwind_url: str) -> None:
    colors = []
    for dark in (False, True):
        with visit(browser, northwind_url, dark=dark) as visited:
            colors.append(
                visited.page.evaluate(
                    "() => [document.body, document.querySelector('.mesh-picture .box rect')].map(element =>"
                    " getComputedStyle(element)[element.tagName === 'BODY' ? 'backgroundColor' : 'fill'])"
                )
            )
    (light_page, light_box), (dark_page, dark_box) = colors
    assert light_page != dark_page
    assert light_box != dark_box


@pytest.mark.parametrize("page", ["catalogue/admissions.html", "catalogue/lineage.html", "docs/architecture.html"])
def test_keyboard_reaches_everything(browser: Browser, northwind_url: str, page: str) -> None:
    with visit(browser, northwind_url + page) as visited:
        stops = visited.tab_stops()
        seen = visited.page.evaluate(
            """() => [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
                .filter(element => element.checkVisibility({visibilityProperty: true}) && !element.disabled
                    && element.tabIndex >= 0 && !element.closest('[inert], dialog:not([open])'))
                .filter(element => !element.dataset.stop)
                .map(element => element.outerHTML.slice(0, 200))"""
        )
        assert seen == []
        assert len(stops) > 20
        assert any("mesh-picture" in stop for stop in stops), "a picture that scrolls is reached"


def test_search_by_keyboard_finds_a_column(browser: Browser, northwind_url: str) -> None:
    with visit(browser, northwind_url + "docs/delivery.html") as visited:
        page = visited.page
        page.keyboard.press("Control+k")
        page.keyboard.type("discharge_disposition")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search.html?*")
        results = page.locator("#search-results a")
        results.first.wait_for()
        assert "catalogue/admissions.html" in " ".join(link.get_attribute("href") or "" for link in results.all())
        assert visited.complaints == []
        assert visited.foreign(northwind_url) == []


def test_boxes_of_a_picture_lead_to_their_page(browser: Browser, northwind_url: str) -> None:
    with visit(browser, northwind_url + "catalogue/lineage.html") as visited:
        visited.page.locator(".mesh-picture a", has_text="patient_360_policy_tag").focus()
        visited.page.keyboard.press("Enter")
        visited.page.wait_for_url("**/marts/patient_360_policy_tag.html")
