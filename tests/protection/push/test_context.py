"""What a push is judged by: the rules before it, and the refs after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.protection.push.server import Server

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "settings", ["[gate]\nbranch = ['main']\n", "[gate]\nbranches = ['release/*']\n", "x = ["]
)
def test_rules_that_cannot_be_read_let_nothing_pass(tmp_path: Path, settings: str) -> None:
    server = Server.open(tmp_path, files={"promptops.toml": settings})
    server.refuse("main:refs/heads/topic", why="the policy on main cannot be read")


def test_without_a_branch_at_head_nobody_can_tell(server: Server) -> None:
    server.remote.git("update-ref", "--no-deref", "HEAD", server.clone.rev("main"))
    server.refuse("main:refs/heads/topic", why="HEAD of this repository is not on a branch")
