"""A team that serves its prompts, once for all tests of a module."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.running import accept
from tests.conftest import move_in
from tests.released import Press
from tests.repositories import Repo
from tests.runtime.provider import Provider
from tests.server.serving import Hosted, Running
from tests.templates import copy_template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TRIAGE = "Sort this: {{ question }}"
CHAT = "{% system %}You help.{% endsystem %}\n{% history %}\n{% user %}{{ question }}{% enduser %}"


@dataclass
class Team:
    """A repository, a provider on loopback, and how to make keys and services."""

    repo: Repo
    press: Press
    provider: Provider
    env: dict[str, str]

    def make_key(self, *options: str) -> str:
        return accept(self.repo, "serve", "keys", "add", "tests", *options).strip()

    def serve(self, *options: str) -> Running:
        return Running(self.repo.path, options, self.env)

    def host(self) -> Hosted:
        return Hosted(self.repo.path)


# What was published in the template of the team's repository.
_PUBLISHED: list[Press] = []


def write_settings(repo: Repo, base_url: str) -> None:
    """Let the model `near` be at an address."""
    table = f'[models.near]\nbase_url = "{base_url}"\ninput_price = 1\n'
    repo.write("promptops.toml", f"{table}output_price = 2\n")


def publish(folder: Path) -> None:
    """Release and deploy the team's prompts in a new repository."""
    repo = Repo.init(folder)
    write_settings(repo, "http://127.0.0.1:1/v1")
    press = Press(repo)
    near: dict[str, Any] = {"model": "near/small", "max_tokens": "50", "temperature": "0.2"}
    press.release("support/triage", "1.0.0", TRIAGE, **near)
    press.release("support/triage", "1.1.0", TRIAGE, **near)
    inputs = "{question: string, history: {type: array, examples: [[]]}}"
    press.release("support/chat", "1.0.0", CHAT, **near, inputs=inputs)
    press.release("support/echo", "1.0.0", model="echo/echo")
    press.release("billing/dunning", "1.0.0", **near)
    live = {
        "support/triage": "1.1.0",
        "support/chat": "1.0.0",
        "support/echo": "1.0.0",
        "billing/dunning": "1.0.0",
    }
    press.deploy("production", live)
    _PUBLISHED[:] = [press]


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """Prompts in production: support/triage, support/chat, support/echo, billing/dunning."""
    with pytest.MonkeyPatch.context() as patch, Provider() as provider:
        move_in(tmp_path_factory, patch)
        repo = Repo(tmp_path_factory.mktemp("team"))
        copy_template(publish, repo.path, tmp_path_factory.getbasetemp())
        write_settings(repo, provider.base_url)
        (made,) = _PUBLISHED
        press = Press(repo, None, dict(made.files), dict(made.commits), dict(made.numbers))
        yield Team(repo, press, provider, dict(os.environ))


@pytest.fixture(scope="module")
def service(team: Team) -> Iterator[Hosted]:
    """The service of the team, which checks its source with each request."""
    with team.host() as hosted:
        yield hosted
