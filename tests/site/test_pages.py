"""What the pages say."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import accept
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.site.conftest import SiteTeam

if TYPE_CHECKING:
    from pathlib import Path

PAGES = (
    "index.html",
    "waiting.html",
    "deployments.html",
    "evals.html",
    "readiness.html",
    "prompts/support/triage.html",
    "prompts/billing/dunning.html",
)
FULL_PAGES = (*PAGES, "runs.html", "prompts/support/proven.html")
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


@pytest.mark.story
def test_the_first_page_tells_what_is_live_waits_and_is_paused(plain_site: SiteTeam) -> None:
    words = plain_site.words("index.html")
    assert "In production 2 of 2 prompts deployment 2 : pause by Jane Doe" in words
    assert re.search(r"Paused 1 support/triage in production by Jane Doe, .* UTC : <i>wrong", words)
    assert re.search(r"Waiting \d to do not live \d", words)
    assert "Readiness tool 3 of 6" in words
    assert re.search(r"support/triage Answer a question\. 1\.1\.0 \S.* 1\.0\.0 paused", words)
    assert "@support" in words


def test_a_prompt_shows_text_releases_and_differences(plain_site: SiteTeam) -> None:
    words = plain_site.words("prompts/support/triage.html")
    assert "Paused" in words
    assert ": <i>wrong</i> refunds" in words
    assert "Sort this clearly: {{ question }}" in words
    assert "In the files, compared with production 1.0.0 is live there." in words
    assert "removed: Sort this briefly :" in words
    assert "added: Sort this clearly :" in words
    assert "The first release." in words


def test_deployments_say_who_and_why(plain_site: SiteTeam) -> None:
    words = plain_site.words("deployments.html")
    assert "2 pause" in words
    assert "1 promote" in words
    assert "support/triage (not deployed) → 1.0.0" in words


@pytest.mark.story
def test_texts_of_others_are_no_markup(full_site: SiteTeam) -> None:
    for path in FULL_PAGES:
        page = parse(full_site.read(path))
        assert {tag for tag, _ in page.elements} & {"img", "i", "iframe"} == set()
        scripts = [given for tag, given in page.elements if tag == "script"]
        assert scripts == ([{"src": "site.js"}] if path == "index.html" else [])
        assert not [given for _, given in page.elements if any(k.startswith("on") for k in given)]
    assert "alert(1)" in full_site.read("prompts/billing/dunning.html")


def test_characters_that_reorder_a_line_are_named(full_site: SiteTeam) -> None:
    for path in FULL_PAGES:
        assert "\u202e" not in full_site.read(path)
    assert "{{ question }} &amp; [U+202E]" in full_site.words("deployments.html")
    assert "&amp; [U+202E]" in full_site.read("prompts/billing/dunning.html")


def test_every_link_leads_somewhere(full_site: SiteTeam) -> None:
    for path in FULL_PAGES:
        page = parse(full_site.read(path))
        ids = {given["id"] for _, given in page.elements if "id" in given}
        for tag, given in page.elements:
            target = given.get("href") or given.get("src")
            if tag not in {"a", "link", "script"} or target is None:
                continue
            file, _, part = target.partition("#")
            place = (full_site.folder / path).parent / file if file else full_site.folder / path
            assert place.is_file(), (path, target)
            if part:
                known = ids if not file else re.findall(r'id="([^"]*)"', place.read_text("utf-8"))
                assert part in known, (path, target)


@pytest.mark.slow
def test_an_empty_registry_says_how_to_begin(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "team")
    repo.commit({"prompts/README.txt": "none yet"})
    team = SiteTeam(repo, None, tmp_path / "site")  # type: ignore[arg-type]

    accept(repo, "site", "-o", str(team.folder))

    assert "There is no prompt yet. promptops new NAME" in team.words("index.html")
    assert "Nothing waits" in team.words("waiting.html")
    assert "Nothing is deployed yet" in team.words("deployments.html")


@pytest.mark.slow
def test_a_file_that_cannot_be_read_has_a_page_that_says_so(site_team: SiteTeam) -> None:
    site_team.repo.write("prompts/support/broken.md", "---\nversion: [\n---\nHello\n")

    site_team.build()

    assert "The file cannot be read" in site_team.words("prompts/support/broken.html")


@pytest.mark.slow
def test_a_prompt_that_is_live_and_gone_from_the_files_has_a_page(site_team: SiteTeam) -> None:
    (site_team.repo.path / "prompts/support/triage.md").unlink()

    site_team.build()

    words = site_team.words("prompts/support/triage.html")
    assert "gone" in words
    assert "Sort this clearly" in words


@pytest.mark.slow
def test_choices_of_an_input_are_named(site_team: SiteTeam) -> None:
    inputs = "{question: {enum: [short, 2, <b>long</b>]}}"
    site_team.repo.write("prompts/support/size.md", prompt_text("0.1.0", inputs=inputs))

    site_team.build()

    assert "question one of short, 2, <b>long</b> required" in site_team.words(
        "prompts/support/size.html"
    )


def test_evidence_is_shown_with_its_release_and_on_a_page(full_site: SiteTeam) -> None:
    proven = full_site.words("prompts/support/proven.html")
    assert "better +12.5 points (+12.5 to +37.5)" in proven
    assert "3 samples, 9 trials, answers live, $0.0015, compared with 0.9.0" in proven
    evals = full_site.words("evals.html")
    assert "Evidence in releases" in evals
    assert "support/proven 1.0.0 passed" in evals
    assert "Live without evidence 2" in evals


def test_results_of_evals_are_shown_the_newest_first(full_site: SiteTeam) -> None:
    words = full_site.words("prompts/support/triage.html")
    newest, oldest = words.index("0 of 12 samples"), words.index("12 of 12 samples")
    assert newest < oldest
    assert "from 1.json" in words[newest:oldest]
    assert "7 more did not pass." in words
    evals = full_site.words("evals.html")
    assert "blocked support/triage 1.1.0" in evals
    assert "0 of 12 samples" in evals
    assert "12 of 12 samples " not in evals.replace("12 of 12 samples differ", "")


def test_nightly_evals_are_shown_with_their_alarms(full_site: SiteTeam) -> None:
    assert "1 alarm last night" in full_site.words("index.html")
    evals = full_site.words("evals.html")
    assert "Nightly evals" in evals
    assert "alarm worse 2026-11-14 1 of 1" in evals
    triage = full_site.read("prompts/support/triage.html")
    assert "2026-11-13: passed, 75 % passed" in triage
    assert "2026-11-14: alarm, 25 % passed" in triage


def test_runs_are_counted_by_prompt_and_version(full_site: SiteTeam) -> None:
    index = full_site.words("index.html")
    assert re.search(r"Runs of 7 days \d+ for \$0\.0\d+ 1 failed , 1 refused", index)
    triage = full_site.words("prompts/support/triage.html")
    assert re.search(r"1\.1\.0 6 1 16\.7 % 0 \$0\.0075 1 without a price 500 ms", triage)
    assert "None in the last 30 days." in full_site.words("prompts/billing/dunning.html")
    runs = full_site.words("runs.html")
    assert "15 runs 1 failed 1 refused" in runs
    assert "no prompt was found — 1 0 1" in runs


@pytest.mark.story
def test_runs_are_left_out_where_there_is_no_log(full_team: SiteTeam) -> None:
    full_team.build()
    assert (full_team.folder / "runs.html").exists()

    full_team.build("--no-log")

    assert not (full_team.folder / "runs.html").exists()
    assert "Runs" not in full_team.words("prompts/support/triage.html")
    assert 'href="runs.html"' not in full_team.read("index.html")


@pytest.mark.slow
def test_the_log_that_is_configured_is_read(full_team: SiteTeam, tmp_path: Path) -> None:
    full_team.repo.write("promptops.toml", f'[log]\nurl = "{tmp_path}/runs.db"\n')

    full_team.build("--title", "Mine")

    assert "15 runs" in full_team.words("runs.html")


def test_readiness_shows_each_item_with_its_evidence(full_site: SiteTeam) -> None:
    words = full_site.words("readiness.html")
    assert "No level is reached; 2 items are left for the level tool." in words
    assert "15 runs of the last 30 days in the log" in words
    assert "met Keys are not in files" in words
    assert "attested" in words
    assert "(Eve <script>, " in words


@pytest.mark.slow
def test_a_time_beyond_all_calendars_is_shown_as_a_number(site_team: SiteTeam) -> None:
    far = {"GIT_AUTHOR_DATE": "@99999999999999 +0000", "GIT_COMMITTER_DATE": "@1 +0000"}
    repo = site_team.repo
    tree, message = (
        repo.rev("promptops/production^{tree}"),
        repo.git("log", "-1", "--format=%B", "promptops/production"),
    )
    text = message.replace("Deployment: 2", "Deployment: 3")
    commit = repo.git(
        "commit-tree", "-p", "promptops/production", "-F", "-", tree, stdin=text, env=far
    )
    repo.git("update-ref", "refs/heads/promptops/production", commit)

    site_team.build()

    assert "@99999999999999" in site_team.words("deployments.html")
