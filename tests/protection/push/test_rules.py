"""The rules of an environment, enforced: what may go live there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.protection.push.server import NAME, Server

if TYPE_CHECKING:
    from pathlib import Path

STAGING = "refs/heads/promptops/staging"


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """Give a server where the first version is live in staging."""
    return Server.open(tmp_path, is_live=True)


@pytest.mark.story
def test_a_yanked_version_is_never_promoted(server: Server) -> None:
    server.deploy(server.promotion("1.1.0"))
    yank = server.yank("1.2.0", "it lies")
    commit = server.promotion("1.2.0").write()
    server.refuse(f"{commit}:{STAGING}", yank, why="1.2.0 is yanked: it lies")
    server.take(yank)
    server.refuse(f"{commit}:{STAGING}", why="1.2.0 is yanked: it lies")
    split = server.promotion("1.2.0", share=50)
    server.refuse_deployment(split, "1.2.0 is yanked: it lies")


@pytest.mark.slow
def test_a_yanked_version_does_not_gain_by_a_promotion_of_the_other(server: Server) -> None:
    server.deploy(server.promotion("1.1.0", share=10))
    server.take(server.yank("1.1.0", "it lies"))
    shift = server.draft()
    first, second = shift.lock[NAME]["live"]
    first["share"], second["share"] = 10, 90
    tag = server.clone.rev(f"refs/tags/prompts/{NAME}@1.0.0")
    shift.changes.append((NAME, "1.0.0 90%, 1.1.0 10%", "1.0.0 10%, 1.1.0 90%", tag))
    server.refuse_deployment(shift, "1.1.0 is yanked: it lies")


@pytest.mark.slow
def test_versions_come_from_the_environment_before(server: Server) -> None:
    server.deploy(server.promotion("1.0.0", "production"))
    draft = server.promotion("1.1.0", "production")
    production = "refs/heads/promptops/production"
    server.refuse_deployment(draft, "1.1.0 is not live in staging")
    staging = server.promotion("1.1.0").write()
    server.take(f"{staging}:{STAGING}", f"{draft.write()}:{production}")


@pytest.mark.slow
def test_the_last_environment_takes_merged_releases_only(server: Server) -> None:
    server.clone.git("switch", "--quiet", "-c", "topic")
    server.press.release(NAME, "2.0.0-rc.1")
    server.take(f"refs/tags/prompts/{NAME}@2.0.0-rc.1")
    server.deploy(server.promotion("2.0.0-rc.1"))
    draft = server.promotion("2.0.0-rc.1", "production")
    server.refuse_deployment(draft, "2.0.0-rc.1 is not merged: its commit is not on main")
    server.take("topic:main")
    server.deploy(draft)


@pytest.mark.slow
def test_evals_that_cannot_be_checked_let_nothing_pass(tmp_path: Path) -> None:
    settings = "[environments.staging]\nevals = true\n"
    server = Server.open(tmp_path, files={"promptops.toml": settings})
    server.refuse_deployment(server.promotion("1.0.0"), "this hook has no evidence of them")
