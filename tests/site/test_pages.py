"""What the pages say."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from tests.cli.running import accept
from tests.repositories import Repo
from tests.site.conftest import SiteTeam

if TYPE_CHECKING:
    from pathlib import Path

PAGES = (
    "index.html",
    "waiting.html",
    "deployments.html",
    "prompts/support/triage.html",
    "prompts/billing/dunning.html",
)
VOID = {"meta", "link", "br", "img", "input"}


class Markup(HTMLParser):
    """The elements of a page, and whether each one is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parse(text: str) -> Markup:
    found = Markup()
    found.feed(text)
    assert found.open == []
    return found


def test_the_first_page_tells_what_is_live_waits_and_is_paused(site_team: SiteTeam) -> None:
    site_team.build()

    words = site_team.words("index.html")
    assert "2 prompts production : 2 live, 1 paused , deployment 2" in words
    assert re.search(r"support/triage Answer a question\. 1\.1\.0 \S.* 1\.0\.0 paused", words)
    assert "@support" in words


def test_a_prompt_shows_text_releases_and_differences(site_team: SiteTeam) -> None:
    site_team.build()

    words = site_team.words("prompts/support/triage.html")
    assert "Paused" in words
    assert ": <i>wrong</i> refunds" in words
    assert "Sort this clearly: {{ question }}" in words
    assert "In the files, compared with production 1.0.0 is live there." in words
    assert "removed: Sort this briefly :" in words
    assert "added: Sort this clearly :" in words
    assert "The first release." in words


def test_deployments_say_who_and_why(site_team: SiteTeam) -> None:
    site_team.build()

    words = site_team.words("deployments.html")
    assert "2 pause" in words
    assert "1 promote" in words
    assert "support/triage (not deployed) → 1.0.0" in words


def test_texts_of_others_are_no_markup(site_team: SiteTeam) -> None:
    site_team.build()

    for path in PAGES:
        page = parse(site_team.read(path))
        assert {tag for tag, _ in page.elements} & {"img", "i", "iframe"} == set()
        scripts = [given for tag, given in page.elements if tag == "script"]
        assert scripts == ([{"src": "site.js"}] if path == "index.html" else [])
        assert not [given for _, given in page.elements if any(k.startswith("on") for k in given)]
    assert "alert(1)" in site_team.read("prompts/billing/dunning.html")


def test_every_link_leads_somewhere(site_team: SiteTeam) -> None:
    site_team.build()

    for path in PAGES:
        page = parse(site_team.read(path))
        ids = {given["id"] for _, given in page.elements if "id" in given}
        for tag, given in page.elements:
            target = given.get("href") or given.get("src")
            if tag not in {"a", "link", "script"} or target is None:
                continue
            file, _, part = target.partition("#")
            place = (site_team.folder / path).parent / file if file else site_team.folder / path
            assert place.is_file(), (path, target)
            if part:
                known = ids if not file else re.findall(r'id="([^"]*)"', place.read_text("utf-8"))
                assert part in known, (path, target)


def test_an_empty_registry_says_how_to_begin(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "team")
    repo.commit({"prompts/README.txt": "none yet"})
    team = SiteTeam(repo, None, tmp_path / "site")  # type: ignore[arg-type]

    accept(repo, "site", "-o", str(team.folder))

    assert "There is no prompt yet. promptops new NAME" in team.words("index.html")
    assert "Nothing waits" in team.words("waiting.html")
    assert "Nothing is deployed yet" in team.words("deployments.html")


def test_a_file_that_cannot_be_read_has_a_page_that_says_so(site_team: SiteTeam) -> None:
    site_team.repo.write("prompts/support/broken.md", "---\nversion: [\n---\nHello\n")

    site_team.build()

    assert "The file cannot be read" in site_team.words("prompts/support/broken.html")


def test_a_prompt_that_is_live_and_gone_from_the_files_has_a_page(site_team: SiteTeam) -> None:
    (site_team.repo.path / "prompts/support/triage.md").unlink()

    site_team.build()

    words = site_team.words("prompts/support/triage.html")
    assert "gone" in words
    assert "Sort this clearly" in words
