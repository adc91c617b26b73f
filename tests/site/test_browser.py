"""The site in real Chromium, opened from disk: readable, findable, at any size and in the dark.

`nox -s browser` runs this; elsewhere it is skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.chromium import find_violations, open_browser
from tests.site.test_pages import FULL_PAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.site.conftest import SiteTeam


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as opened:
        yield opened


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_every_page_reads_well(full_team: SiteTeam, browser: Any, scheme: str, width: int) -> None:
    site_team = full_team
    site_team.build()
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    for path in FULL_PAGES:
        page.goto((site_team.folder / path).as_uri())
        assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") != "none"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert find_violations(page) == [], path
    page.close()
    assert faults == []


def test_prompts_are_found_by_their_words(site_team: SiteTeam, browser: Any) -> None:
    site_team.build()
    page = browser.new_page()
    page.goto((site_team.folder / "index.html").as_uri())

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.fill("#words", "SUPPORT answer")

    assert page.inner_text("#found") == "1 of 2 prompts"
    assert page.locator("#prompts tbody tr:visible").count() == 1
    page.click("#prompts tbody tr:visible a")
    assert page.inner_text("h1") == "support/triage"
    page.close()
