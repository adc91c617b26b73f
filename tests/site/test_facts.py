"""What the site knows of a prompt: where it is live since when, its releases, and what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.repository.repository import open_repository
from promptops.site.facts import SiteExtras, SiteFacts
from tests.conftest import move_in
from tests.prompts import prompt_text
from tests.released import Press
from tests.repositories import Repo

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteFacts]:
    """a: 1.0.0 live and paused, 1.1.0 released, edited since; gone: live, not in the files."""
    with pytest.MonkeyPatch.context() as patch:
        move_in(tmp_path_factory, patch)
        repo = Repo.init(tmp_path_factory.mktemp("team"))
        repo.write("CODEOWNERS", "/prompts/ @all\n/prompts/a.md @a\n")
        press = Press(repo)
        press.release("gone", "1.0.0")
        (repo.path / "prompts/gone.md").unlink()
        press.release("a", "1.0.0", "Old: {{ question }}")
        press.release("a", "1.10.0", "Newest: {{ question }}")
        press.release("a", "1.2.0", "New: {{ question }}")
        press.yank("a", "1.2.0", "wrong")
        press.deploy("staging", {"a": "1.10.0"})
        live = {"a": "1.0.0", "gone": "1.0.0"}
        press.deploy("production", live)
        press.deploy("production", live, paused={"a": "it shouts"}, action="pause")
        repo.write("prompts/a.md", prompt_text("1.10.0", "Newest: {{ question }}"))
        repo.write("prompts/broken.md", "---\nversion: [\n---\n")
        yield SiteFacts(open_repository(repo.path))


@pytest.mark.slow
def test_prompts_are_those_of_the_files_and_those_that_are_live(facts: SiteFacts) -> None:
    assert list(facts.listed) == ["a", "broken", "gone"]
    gone = facts.read("gone")
    assert (gone.prompt, gone.fault) == (None, None)
    assert [str(one.release.version) for one in gone.releases] == ["1.0.0"]


def test_a_state_is_live_since_its_deployment_and_not_since_the_pause(facts: SiteFacts) -> None:
    by_place = {cell.environment: cell for cell in facts.live("a")}
    assert list(by_place) == ["staging", "production"]
    production = by_place["production"]
    assert production.since is not None
    assert production.paused_by is not None
    assert (production.since.number, production.since.action) == (1, "promote")
    assert (production.paused_by.number, production.paused_by.action) == (2, "pause")
    assert by_place["staging"].paused_by is None
    assert facts.live("none") == ()


def test_releases_are_ordered_by_version_and_compared_with_the_one_before(facts: SiteFacts) -> None:
    releases = facts.read("a").releases
    assert [str(one.release.version) for one in releases] == ["1.10.0", "1.2.0", "1.0.0"]
    assert [one.is_yanked for one in releases] == [False, True, False]
    assert [one.diff is None for one in releases] == [False, False, True]
    assert {one.fault for one in releases} == {None}


def test_the_files_are_compared_with_what_is_live_elsewhere(facts: SiteFacts) -> None:
    # In staging it is what the files hold.
    assert [cell.environment for cell, _ in facts.read("a").live_diffs] == ["production"]


def test_a_file_that_cannot_be_read_says_why(facts: SiteFacts) -> None:
    broken = facts.read("broken")
    assert broken.prompt is None
    assert broken.fault
    assert broken.live_diffs == ()


def test_owners_are_those_of_the_last_rule(facts: SiteFacts) -> None:
    assert facts.owners_of("a") == ("@a",)
    assert facts.owners_of("broken") == ("@all",)


def test_what_waits_is_found_by_what_it_is_about(facts: SiteFacts) -> None:
    assert facts.read("a").waiting == facts.waiting["a"]
    assert all(item.subject == "a" for item in facts.waiting["a"])
    assert facts.read("gone").newest_evidence is None


def test_a_repository_without_owners_or_deployments_has_none(repo: Repo) -> None:
    repo.commit({"prompts/a.md": prompt_text()})
    facts = SiteFacts(open_repository(repo.path))
    assert facts.owners_of("a") == ()
    assert (facts.live("a"), facts.deployments, facts.trends) == ((), {}, {})
    assert facts.read("a").releases == ()
    assert SiteExtras().results_of("a") == ()
