"""The site in real Chromium, opened from disk: readable, findable, at any size and in the dark.

`nox -s browser` runs this; elsewhere it is skipped.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.chromium import find_violations, open_browser
from tests.prompts import prompt_text
from tests.server.serving import Running
from tests.site.conftest import HOSTILE
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


def test_pages_print_on_white_and_fit_a_tablet(full_team: SiteTeam, browser: Any) -> None:
    full_team.build()
    page = browser.new_page(color_scheme="dark", viewport={"width": 700, "height": 1000})
    page.emulate_media(media="print", color_scheme="dark")
    for path in FULL_PAGES:
        page.goto((full_team.folder / path).as_uri())
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
        assert page.locator("nav").is_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") <= 700, path
    page.emulate_media(media="screen")
    for width in (768, 1024):
        page.set_viewport_size({"width": width, "height": 800})
        for path in FULL_PAGES:
            page.goto((full_team.folder / path).as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    page.close()


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_form_reads_well_and_works(
    full_team: SiteTeam, browser: Any, scheme: str, width: int
) -> None:
    repo = full_team.repo
    inputs = "{question: string, loud: {type: boolean, default: false}}"
    text = prompt_text("0.1.0", f"{HOSTILE} {{{{ question }}}}", model="echo/echo", inputs=inputs)
    repo.write("prompts/support/echo.md", text.replace("{{ question }} &", "&"))
    verb = ("site", "--serve", "--watch", "--allow-run", *full_team.options)
    with Running(repo.path, env=dict(os.environ), verb=verb) as server:
        page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})
        faults: list[str] = []
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: faults.append(dialog.message))
        page.goto(next(line.split()[1] for line in server.talk if "token=" in line))
        assert "token" not in page.url
        page.click("text=support/echo")
        assert find_violations(page) == []
        repo.write("prompts/support/echo.md", text.replace("{{ question }} &", "changed"))
        page.get_by_text("changed").first.wait_for()  # the page has loaded itself again
        page.click("text=Try it")
        page.fill("#field-1", "</textarea><script>alert(8)</script>")
        for action in ("Render", "Run"):
            page.click(f"button:has-text('{action}')")
            page.wait_for_selector("#answer")
            assert "</textarea><script>alert(8)</script>" in page.inner_text("[role=status] pre")
            assert page.input_value("#field-1") == "</textarea><script>alert(8)</script>"
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert find_violations(page) == []
        page.close()
    assert faults == []
