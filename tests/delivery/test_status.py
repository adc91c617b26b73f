"""Unfinished work: what is between files, releases and environments, and what to run next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.delivery.status import Concern, Status, read_status
from promptops.repository.repository import open_repository
from tests.prompts import prompt_text
from tests.released import Press

if TYPE_CHECKING:
    from tests.repositories import Repo


def status(repo: Repo) -> Status:
    return read_status(open_repository(repo.path))


def told(repo: Repo) -> list[tuple[str, str, str, str]]:
    """What is unfinished."""
    return [(one.concern.value, one.subject, one.detail, one.command) for one in status(repo).items]


@pytest.mark.slow
def test_files_are_held_to_their_releases(repo: Repo) -> None:
    press = Press(repo)
    for name in ("a", "b", "c"):
        press.release(name, "1.0.0")
    new = {
        "prompts/a.md": prompt_text("1.0.0", "New {{ question }}"),
        "prompts/b.md": prompt_text("1.1.0", "New {{ question }}"),
        "prompts/d.md": prompt_text(),
        "prompts/e.md": prompt_text(status="draft"),
        "prompts/f.md": "no prompt\n",
    }
    repo.commit(new)
    repo.write("prompts/c.md", prompt_text("1.0.0", "New {{ question }}"))
    press.deploy("production", {"a": "1.0.0", "b": "1.0.0", "c": "1.0.0"})
    press.deploy("staging", {"a": "1.0.0", "b": "1.0.0", "c": "1.0.0"})

    assert told(repo) == snapshot(
        [
            (
                "invalid",
                "f",
                "f is not valid: f.md:1:1: the file does not begin with frontmatter",
                "promptops validate f",
            ),
            ("uncommitted", "c", "prompts/c.md", "git add prompts/c.md && git commit"),
            ("changed", "a", "differs from its release 1.0.0", "promptops bump a"),
            ("changed", "c", "differs from its release 1.0.0", "promptops bump c"),
            (
                "unreleased",
                "b",
                "1.1.0 is not released yet; the newest is 1.0.0",
                "promptops release b",
            ),
            ("unreleased", "d", "1.0.0 is not released yet", "promptops release d"),
        ]
    )
    found = status(repo)
    assert (found.branch, found.prompts) == ("main", 6)
    assert found.deployments == {"staging": 1, "production": 1}
    assert found.live == {"staging": 3, "production": 3}


@pytest.mark.story
def test_a_version_is_followed_through_the_environments(repo: Repo) -> None:
    press = Press(repo)
    for name in ("a", "b", "c", "d"):
        press.release(name, "1.0.0")
        press.release(name, "1.1.0")
    press.release("e", "1.0.0-rc.1")
    press.yank("d", "1.1.0", "wrong")
    press.deploy("staging", {"b": "1.1.0", "c": "1.0.0", "d": "1.1.0"})
    press.deploy("production", {"b": "1.0.0", "c": "1.1.0"}, paused={"b": "it swears"})

    assert told(repo) == snapshot(
        [
            (
                "not live",
                "a",
                "1.1.0 is released, not live in staging",
                "promptops promote a@1.1.0 --to staging",
            ),
            (
                "not live",
                "c",
                "1.1.0 is released, staging has 1.0.0",
                "promptops promote c@1.1.0 --to staging",
            ),
            (
                "differs",
                "b",
                "1.1.0 is in staging, production has 1.0.0",
                "promptops promote b --to production",
            ),
            (
                "differs",
                "c",
                "1.0.0 is in staging, but production has 1.1.0 already",
                "promptops history c --env production",
            ),
            (
                "yanked",
                "d",
                "1.1.0 is live in staging, and yanked",
                "promptops rollback d --env staging",
            ),
            (
                "paused",
                "b",
                "paused in production: it swears",
                "promptops resume b --env production",
            ),
        ]
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("later", "command"),
    [
        ("rollback", "promptops history a --env staging"),
        ("restore", "promptops history a --env staging"),
        ("promote", "promptops promote a@1.1.0 --to staging"),
    ],
)
def test_what_was_rolled_back_is_looked_at_and_not_promoted_again(
    repo: Repo, later: str, command: str
) -> None:
    press = Press(repo)
    press.release("a", "1.0.0")
    press.release("a", "1.1.0")
    press.deploy("staging", {"a": "1.1.0"})
    press.deploy("staging", {"a": "1.0.0"}, action=later)
    press.deploy("staging", {"a": "1.0.0"}, action="pause")
    (behind, _) = status(repo).items
    assert (behind.concern, behind.command) == (Concern.BEHIND, command)


@pytest.mark.slow
def test_what_is_live_without_a_file_is_gone(repo: Repo) -> None:
    press = Press(repo)
    press.release("a", "1.0.0")
    press.deploy("staging", {"a": "1.0.0"})
    (repo.path / "prompts/a.md").unlink()
    (item,) = status(repo).items
    assert item.concern is Concern.GONE
    assert item.command == "promptops retire a --env staging --reason TEXT"
