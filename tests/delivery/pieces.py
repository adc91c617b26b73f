"""Releases of a few prompts, for tests of what is made of them."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.delivery.actions import (
    pause_action,
    promote_action,
    restore_action,
    resume_action,
    retire_action,
    rollback_action,
)
from promptops.delivery.deployments import deploy
from promptops.delivery.environments import (
    Head,
    read_head,
)
from promptops.delivery.planning import plan_release, plan_releases
from promptops.delivery.publication import create_releases
from promptops.delivery.releases import require_release
from promptops.delivery.state import State
from promptops.prompt.version import Version
from promptops.repository.repository import open_repository
from tests.prompts import prompt_text
from tests.released import Press, publish_triage
from tests.repositories import Repo
from tests.templates import copy_folder

if TYPE_CHECKING:
    from promptops.delivery.planning import ReleasePlan
    from promptops.repository.repository import Repository


PATH = "prompts/a.md"
NAMES = ("a", "support/triage")
VERSIONS = ("1.0.0", "1.1.0", "1.2.0", "2.0.0")
ENVIRONMENT = "staging"


def make(repo: Repo, version: str, notes: str | None = None, body: str | None = None) -> Repository:
    """Commit and release a version of `a`."""
    repo.commit({PATH: prompt_text(version, body or f"{version} {{{{ question }}}}")})
    repository = open_repository(repo.path)
    create_releases(repository, [plan_release(repository, "a", backport=True)], notes, "op")
    return repository


def plan_all(repository: Repository) -> list[ReleasePlan]:
    """Plan the releases of both prompts of a team."""
    return plan_releases(repository, ["a", "b"])[0]


def build_triage(folder: Path) -> None:
    """Make two releases of `support/triage`, three deployments, and a split in staging."""
    press = Press(Repo.init(folder))
    publish_triage(press)
    press.deploy("staging", {"support/triage": (("1.0.0", 90), ("1.1.0", 10))})


@cache
def _release_all() -> tempfile.TemporaryDirectory[str]:
    """Release every version of every prompt; once, to be copied."""
    folder = tempfile.TemporaryDirectory()
    repo = Repo.init(Path(folder.name))
    for version in VERSIONS:
        texts = {name: prompt_text(version, f"{version} {{{{ question }}}}") for name in NAMES}
        repo.commit({f"prompts/{name}.md": text for name, text in texts.items()})
        repository = open_repository(repo.path)
        plans = [plan_release(repository, name) for name in NAMES]
        create_releases(repository, plans, "notes", "0" * 32)
    return folder


class GitWorld:
    """Actions in a real repository, in which every version of two prompts is released."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        copy_folder(Path(_release_all().name), Path(self.folder.name))
        self.repository: Repository = open_repository(Path(self.folder.name))

    def close(self) -> None:
        self.repository.objects.close()
        self.folder.cleanup()

    def head(self) -> Head | None:
        return read_head(self.repository, ENVIRONMENT)

    def state(self) -> State:
        head = self.head()
        return head.state if head else State()

    def count(self) -> int:
        head = self.head()
        return head.deployment.number if head else 0

    def act(self, verb: str, name: str, version: str, share: int, number: int) -> None:
        repository = self.repository
        action = {
            "promote": lambda: promote_action(
                repository,
                ENVIRONMENT,
                [require_release(repository, name, Version.parse(version))],
                share,
                again=True,  # what was rolled back is no concern of the state
            ),
            "retire": lambda: retire_action(ENVIRONMENT, [name]),
            "pause": lambda: pause_action(ENVIRONMENT, [name], "why"),
            "resume": lambda: resume_action(ENVIRONMENT, [name]),
            "rollback": lambda: rollback_action(repository, ENVIRONMENT, [name]),
            "rollback-to": lambda: rollback_action(
                repository, ENVIRONMENT, [name], Version.parse(version)
            ),
            "restore": lambda: restore_action(repository, ENVIRONMENT, number),
        }[verb]()
        deploy(repository, ENVIRONMENT, action, reason="why")
