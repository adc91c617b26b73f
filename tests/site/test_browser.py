"""The site in real Chromium, opened from disk: readable, findable, at any size and in the dark.

`nox -s browser` runs this; elsewhere it is skipped.
"""

from __future__ import annotations

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.chromium import find_violations, open_browser
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.server.serving import Running
from tests.site.conftest import HOSTILE
from tests.site.test_pages import FULL_PAGES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.site.conftest import SiteTeam


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as opened:
        yield opened


@pytest.mark.story
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


@pytest.mark.story
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


@pytest.mark.story
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


@pytest.mark.story
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


ATTACK = b"""<!doctype html><title>evil</title>
<form id="f" method="post" action="TARGET/try/support/echo">
<input name="do" value="run"><input name="in.question" value="stolen"></form>
<iframe id="i" src="TARGET/"></iframe><img id="p" src="TARGET/site.css">
"""


@pytest.mark.story
def test_a_page_of_another_server_reads_and_runs_nothing(
    tmp_path: Path, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To browsers another port of this machine is the same site, so its requests hold the cookie."""
    repo = Repo.init(tmp_path / "team")
    repo.commit({"prompts/support/echo.md": prompt_text(model="echo/echo")})
    log = tmp_path / "runs.db"
    monkeypatch.setenv("PROMPTOPS_LOG", str(log))
    verb = ("site", "--serve", "--allow-run")
    with Running(repo.path, env=dict(os.environ), verb=verb) as server:
        target = f"http://127.0.0.1:{server.port}"

        class Evil(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(ATTACK.replace(b"TARGET", target.encode()))

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Evil) as evil:
            threading.Thread(target=evil.serve_forever, daemon=True).start()
            context = browser.new_context()
            page = context.new_page()
            page.goto(next(line.split()[1] for line in server.talk if "token=" in line))
            assert page.inner_text("h1") == "Prompts"
            page.goto(f"http://127.0.0.1:{evil.server_port}/")
            read = """async (url) => {
                try { return await (await fetch(url, {credentials: "include"})).text(); }
                catch { return "nothing"; }
            }"""
            assert page.evaluate(read, f"{target}/") == "nothing"
            blind = """async (url) => {
                const answer = await fetch(url, {credentials: "include", mode: "no-cors"})
                    .catch(() => null);
                return answer === null ? "nothing" : await answer.text();
            }"""
            assert page.evaluate(blind, f"{target}/state") in {"", "nothing"}
            assert page.evaluate("() => document.getElementById('p').naturalWidth") == 0
            frame = page.frame_locator("#i").locator("body")
            assert "Prompts of" not in (frame.text_content() or "")
            with page.expect_navigation():
                page.evaluate("() => document.getElementById('f').submit()")
            assert "a cross-site request is refused" in page.inner_text("body")
            context.close()
            evil.shutdown()
    assert not log.exists()
