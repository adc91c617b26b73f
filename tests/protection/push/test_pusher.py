"""The pusher, as the server's configuration lets the hook know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.protection.push.signing import open_deploying

if TYPE_CHECKING:
    from pathlib import Path

    from tests.protection.push.server import Server


@pytest.fixture
def server(tmp_path: Path, keys: Path) -> Server:
    """Give a server where jane and a team may deploy to staging."""
    return open_deploying(tmp_path, keys)


@pytest.mark.slow
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
