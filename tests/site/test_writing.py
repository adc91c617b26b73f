"""What is written, what is left alone, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.running import refuse
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.site.conftest import SiteTeam


def stamps(team: SiteTeam) -> dict[str, int]:
    return {
        str(path.relative_to(team.folder)): path.stat().st_mtime_ns
        for path in team.folder.rglob("*")
        if path.is_file() and path.name != "promptops-site.json"
    }


@pytest.mark.story
def test_the_same_state_writes_nothing(built_team: SiteTeam) -> None:
    before = stamps(built_team)

    said = built_team.build()

    assert "2 prompts: 0 files written" in said
    assert stamps(built_team) == before


@pytest.mark.slow
def test_one_change_writes_one_prompt(built_team: SiteTeam) -> None:
    before = stamps(built_team)
    built_team.repo.write("prompts/support/triage.md", prompt_text("1.2.0", "New: {{ question }}"))

    built_team.build()

    after = stamps(built_team)
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {"prompts/support/triage.html", "index.html", "waiting.html"}
    assert "New: {{ question }}" in built_team.words("prompts/support/triage.html")


@pytest.mark.slow
def test_a_deployment_is_seen(built_team: SiteTeam) -> None:
    live = {"support/triage": "1.1.0", "billing/dunning": "1.0.0"}
    built_team.press.deploy("production", live)

    built_team.build()

    assert "production 1.1.0" in built_team.words("prompts/support/triage.html")


@pytest.mark.slow
def test_a_partial_that_changes_is_seen_by_its_users_only(site_team: SiteTeam) -> None:
    body = "{% include '_shared/tone.md' %} {{ question }}"
    site_team.repo.write("prompts/_shared/tone.md", "Be kind.\n")
    site_team.repo.write("prompts/support/kind.md", prompt_text("1.0.0", body))
    site_team.build()
    before = stamps(site_team)
    site_team.repo.write("prompts/_shared/tone.md", "Be clear.\n")

    site_team.build()

    after = stamps(site_team)
    assert {path for path in after if after[path] != before[path]} == {"prompts/support/kind.html"}
    assert "Be clear." in site_team.words("prompts/support/kind.html")


@pytest.mark.slow
def test_pages_of_prompts_that_are_gone_are_removed(site_team: SiteTeam) -> None:
    site_team.repo.write("prompts/lone/draft.md", prompt_text("0.1.0"))
    site_team.build()
    (site_team.folder / "CNAME").write_text("prompts.example.com\n")
    (site_team.repo.path / "prompts/lone/draft.md").unlink()

    said = site_team.build()

    assert "1 removed" in said
    assert not (site_team.folder / "prompts/lone").exists()
    assert (site_team.folder / "CNAME").exists()


@pytest.mark.slow
def test_a_run_that_was_stopped_can_be_repeated(built_team: SiteTeam) -> None:
    (built_team.folder / "promptops-site.json").write_text('{"schema": "promptops.site/v1", "pa')
    (built_team.folder / "index.html").unlink()

    built_team.build()

    assert (built_team.folder / "index.html").exists()


def test_a_folder_with_something_else_is_refused(site_team: SiteTeam) -> None:
    site_team.folder.mkdir(parents=True)
    (site_team.folder / "thesis.txt").write_text("mine")

    said = refuse(site_team.repo, "site", "-o", str(site_team.folder), code=2)

    assert "files that promptops did not write" in said
    assert (site_team.folder / "thesis.txt").read_text() == "mine"


@pytest.mark.slow
def test_a_manifest_cannot_remove_files_elsewhere(built_team: SiteTeam) -> None:
    victim = built_team.folder.parent / "victim.txt"
    victim.write_text("mine")
    (built_team.folder / "promptops-site.json").write_text(
        '{"schema": "promptops.site/v1", "pages": {"../victim.txt": {}, "/nowhere": {}}}'
    )

    built_team.build()

    assert victim.read_text() == "mine"
