"""A team with two providers on loopback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import promptops
from tests.runtime.provider import Provider
from tests.runtime.run.pieces import OUTPUT, PROMPT, TOOL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptops.runtime.registry import Registry
    from tests.repositories import Repo


@pytest.fixture
def near() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def far() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def team(
    repo: Repo, near: Provider, far: Provider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Repo:
    monkeypatch.delenv("PROMPTOPS_LOG", raising=False)
    monkeypatch.setattr("promptops.runtime.run.steps.delay_seconds", lambda *_: 0.0)
    repo.write(
        "promptops.toml",
        f'[models.near]\nbase_url = "{near.base_url}"\ninput_price = 1.0\noutput_price = 2.0\n'
        f'[models.far]\nbase_url = "{far.base_url}"\ninput_price = 10.0\noutput_price = 20.0\n',
    )
    repo.write("prompts/a.md", PROMPT.format(more=""))
    repo.write("prompts/b.md", PROMPT.format(more=OUTPUT))
    return repo


@pytest.fixture
def registry(team: Repo) -> Iterator[Registry]:
    with promptops.open(team.path) as opened:
        yield opened


@pytest.fixture
def agent(team: Repo) -> str:
    team.write("prompts/look.json", json.dumps(TOOL))
    team.write("prompts/t.md", PROMPT.format(more="tools: [look.json]\n"))
    return "t@working"


@pytest.fixture
def cached(team: Repo) -> Iterator[Registry]:
    config = (team.path / "promptops.toml").read_text()
    team.write("promptops.toml", f"{config}[cache]\n")
    team.write("prompts/c.md", PROMPT.format(more="temperature: 0\n"))
    with promptops.open(team.path) as registry:
        yield registry
