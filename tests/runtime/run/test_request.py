"""Which requests are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import promptops
from promptops.runtime.run.interface import Caller
from tests.runtime.run.pieces import PROMPT

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo
    from tests.runtime.provider import Provider

ASKED = {"text": "x"}


def test_what_differs_is_asked(cached: Registry, team: Repo, near: Provider) -> None:
    cached.run("c@working", ASKED)
    cached.run("c@working", {"text": "y"})
    cached.run("c@working", ASKED, tenant="acme")
    cached.run("c@working", ASKED, model="near/other")
    caller = Caller(environment="eval")
    cached.open_runner().run("c@working", ASKED, caller, None)
    assert len(near.requests) == 5


@pytest.mark.parametrize("more", ["", "temperature: 0.5\n"])
def test_sampled_answers_are_not_kept_unless_asked_for(
    team: Repo, cached: Registry, near: Provider, more: str
) -> None:
    team.write("prompts/s.md", PROMPT.format(more=more))
    cached.run("s@working", ASKED)
    cached.run("s@working", ASKED)
    assert len(near.requests) == 2
    config = (team.path / "promptops.toml").read_text()
    team.write("promptops.toml", f"{config}sampled = true\n")
    with promptops.open(team.path) as registry:
        registry.run("s@working", ASKED)
        registry.run("s@working", ASKED)
    assert len(near.requests) == 3


def test_nothing_is_kept_without_the_table(registry: Registry, team: Repo, near: Provider) -> None:
    team.write("prompts/c.md", PROMPT.format(more="temperature: 0\n"))
    registry.run("c@working", ASKED)
    registry.run("c@working", ASKED)
    assert len(near.requests) == 2
