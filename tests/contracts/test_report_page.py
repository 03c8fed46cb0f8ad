"""The report's page in a browser: what a person sees, clicks and searches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from contracts import report
from contracts.run import Options, Run
from contracts.verdicts import Report
from sandbox.app import Application
from tests.conftest import serving
from tests.contracts.targets import NO_EMAIL_FORMAT, target_at

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def judgement() -> Report:
    """A run with one broken claim among others."""
    with serving(Application()) as vendor:
        options = Options(target_at(vendor.url), claims=("S2E-FIELD-0*", "S2E-SEC-*"), template=NO_EMAIL_FORMAT)
        return Run(options)()


@pytest.fixture
def page(judgement: Report, browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """Its page, opened from the disk; a script that fails fails the test."""
    report.write(judgement, tmp_path)
    opened = browser.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("request", lambda request: wrong.append(request.url) if not request.url.startswith("file:") else None)
    opened.goto((tmp_path / "report.html").as_uri())
    yield opened
    opened.close()
    assert wrong == []


def shown(page: Page) -> list[str]:
    """The claims that are to be seen."""
    return [name.inner_text() for name in page.locator("article:visible > code").all()]


def test_page_begins_with_the_verdict_and_what_is_broken(judgement: Report, page: Page) -> None:
    """Above the fold: how it went, and the first failure with what was expected and its curl line, opened."""
    assert "1 claim fails this run." in page.locator(".lead").inner_text()
    first = page.locator("article").first
    assert first.get_attribute("data-status") == "broken"
    assert "curl" in first.locator("pre:visible").first.inner_text()
    assert len(shown(page)) == len(judgement.verdicts)


def test_page_filters_by_status(judgement: Report, page: Page) -> None:
    """A press on a status leaves its claims alone, the button says that it is on, and `all` brings all back."""
    broken = [verdict.claim.id for verdict in judgement.verdicts if verdict.status == "broken"]
    page.get_by_role("button", name="broken").click()
    assert shown(page) == broken
    assert page.get_by_role("button", name="broken").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="all").press("Enter")
    assert len(shown(page)) == len(judgement.verdicts)


def test_page_searches_texts_within_the_chosen_status(page: Page) -> None:
    """Search looks at claims and texts without case, on top of the filter; of what is nowhere the page says so."""
    assert page.get_by_role("status").count() == 0
    page.get_by_role("searchbox").fill("INVALID EMAIL")
    assert "S2E-FIELD-08" in shown(page)
    page.get_by_role("button", name="not observable").click()
    assert shown(page) == []
    assert page.get_by_role("status").inner_text() == "No claim that is “not observable” speaks of “INVALID EMAIL”."
    page.get_by_role("searchbox").fill("tls")
    assert shown(page) == ["S2E-SEC-01"]
    assert page.get_by_role("status").count() == 0


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1300, "dark")])
def test_page_fits_the_window(page: Page, width: int, scheme: str) -> None:
    """Neither a phone nor a dark screen makes anybody scroll sideways."""
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
