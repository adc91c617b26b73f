"""The pusher, as the server's configuration lets the hook know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import PromptopsError
from promptops.gate.rules.people import parse_groups
from promptops.protection.push.context import Protection, PushContext
from promptops.protection.push.pusher import SETTING, find_pusher, require_known
from promptops.repository.config import Config
from promptops.repository.repository import open_repository
from tests.protection.push.signing import GROUPS, open_deploying

if TYPE_CHECKING:
    from pathlib import Path

    from tests.protection.push.server import Server
    from tests.repositories import Repo


@pytest.fixture
def server(tmp_path: Path, keys: Path) -> Server:
    """Give a server where jane and a team may deploy to staging."""
    return open_deploying(tmp_path, keys)


@pytest.mark.story
def test_the_server_may_know_who_pushes(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.remote.config("promptops.deployerVariable", "GL_USERNAME")
    draft = server.promotion("1.0.0")
    server.refuse_deployment(draft, "the server does not set it to the pusher")
    monkeypatch.setenv("GL_USERNAME", "eve")
    server.refuse_deployment(draft, "@eve may not deploy to staging")
    monkeypatch.setenv("GL_USERNAME", "bob")
    server.deploy_push(draft)


def test_a_variable_that_the_server_does_not_name_counts_for_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GL_USERNAME", "jane")
    server.refuse_deployment(server.promotion("1.0.0"), "the deployment is not signed")


def open_push(repo: Repo, **variables: str) -> PushContext:
    """A push to a repository, by a server that sets these variables."""
    repository = open_repository(repo.path)
    protection = Protection("refs/heads/main", None, Config(), frozenset())
    return PushContext(repository, {}, protection, variables)


def test_the_pusher_is_what_the_named_variable_says(repo: Repo) -> None:
    assert find_pusher(open_push(repo, GL_USERNAME="jane")) is None
    repo.config(SETTING, "GL_USERNAME")
    assert find_pusher(open_push(repo, GL_USERNAME=" jane ")) == "@jane"
    assert find_pusher(open_push(repo, GL_USERNAME="jane@example.com")) == "jane@example.com"
    with pytest.raises(PromptopsError, match="the server does not set it to the pusher"):
        find_pusher(open_push(repo, GL_USERNAME=" "))


def test_only_the_repositorys_own_configuration_names_the_variable(repo: Repo) -> None:
    repo.git("config", "--global", SETTING, "GL_USERNAME")
    assert find_pusher(open_push(repo, GL_USERNAME="jane")) is None


def test_a_login_must_be_connected_with_an_address_or_key() -> None:
    groups = parse_groups(GROUPS.replace("eve", "wim").encode())
    require_known("@jane", groups, "groups.toml")
    require_known("eve@example.com", groups, "groups.toml")
    with pytest.raises(PromptopsError, match="@eve is unknown"):
        require_known("@eve", groups, "groups.toml")
