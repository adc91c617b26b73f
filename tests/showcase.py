"""One small history that many tests start from, and the means to tamper with it.

Releases and deployments are made by the program, as a user's are. What is done to them afterwards
is done with Git alone, as somebody who knows Git would do it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptops.delivery.actions import (
    pause_action,
    promote_action,
    restore_action,
    resume_action,
    retire_action,
    rollback_action,
)
from promptops.delivery.deployments import deploy
from promptops.delivery.planning import plan_release
from promptops.delivery.publication import create_releases
from promptops.delivery.releases import require_release
from promptops.prompt.version import Version
from promptops.repository.repository import open_repository
from tests.repositories import Repo
from tests.templates import copy_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from promptops.delivery.deployments import Action, DeploymentOutcome
    from promptops.delivery.release import Release
    from promptops.repository.repository import Repository


TRIAGE = "support/triage"

PROMPT = """\
---
version: {version}
description: Classify a support ticket.
author: jane@example.com
model: openai/gpt-4o-mini
inputs:
  ticket: string
---
{{% system %}}
{words}
{{% include "_shared/tone.md" %}}
{{% endsystem %}}
{{% user %}}
{{{{ ticket }}}}
{{% enduser %}}
"""


@dataclass(frozen=True, slots=True)
class Showcase:
    """A repository in which prompts are released and deployed."""

    repo: Repo

    @property
    def repository(self) -> Repository:
        """The repository, opened anew."""
        return open_repository(self.repo.path)

    def write(self, version: str, words: str, name: str = TRIAGE) -> str:
        """Commit a version of a prompt; give the commit."""
        files = {f"prompts/{name}.md": PROMPT.format(version=version, words=words)}
        if not (self.repo.path / "prompts/_shared/tone.md").exists():
            files["prompts/_shared/tone.md"] = "Be kind.\n"
        return self.repo.commit(files, f"Write {name} {version}")

    def release(self, name: str = TRIAGE, notes: str | None = None) -> Release:
        """Release what is committed."""
        repository = self.repository
        (release,) = create_releases(repository, [plan_release(repository, name)], notes, "op")
        return release

    def publish(self, version: str, words: str, name: str = TRIAGE) -> Release:
        """Commit and release a version."""
        self.write(version, words, name)
        return self.release(name)

    def deploy(self, environment: str, action: Action, reason: str = "") -> DeploymentOutcome:
        """Deploy to the local branch."""
        return deploy(self.repository, environment, action, reason=reason, local=True)

    def promote(
        self, version: str, environment: str = "staging", name: str = TRIAGE, share: int = 100
    ) -> DeploymentOutcome:
        """Promote a version, also one that was rolled back there."""
        release = require_release(self.repository, name, Version.parse(version))
        action = promote_action(self.repository, environment, [release], share, again=True)
        return self.deploy(environment, action, f"promote {version}")

    def rollback(self, environment: str = "staging", name: str = TRIAGE) -> DeploymentOutcome:
        """Roll back by one."""
        return self.deploy(environment, rollback_action(self.repository, environment, [name]))

    def retire(self, environment: str = "staging", name: str = TRIAGE) -> DeploymentOutcome:
        """Retire a prompt."""
        return self.deploy(environment, retire_action(environment, [name]))

    def pause(self, environment: str = "staging", name: str = TRIAGE) -> DeploymentOutcome:
        """Pause a prompt."""
        return self.deploy(environment, pause_action(environment, [name], "wrong answers"))

    def resume(self, environment: str = "staging", name: str = TRIAGE) -> DeploymentOutcome:
        """Resume a prompt."""
        return self.deploy(environment, resume_action(environment, [name]))

    def restore(self, number: int, environment: str = "staging") -> DeploymentOutcome:
        """Restore the whole state that a deployment left."""
        return self.deploy(environment, restore_action(self.repository, environment, number))

    # Tampering

    def rewrite(
        self,
        environment: str = "staging",
        *,
        files: Mapping[str, str | None] | None = None,
        message: Callable[[str], str] | None = None,
        revision: str | None = None,
        parents: tuple[str, ...] | None = None,
    ) -> str:
        """Put a deployment in place of the newest: the same with other files or words.

        `revision` takes another one as pattern, `parents` puts it on others.
        """
        branch = f"refs/heads/promptops/{environment}"
        old = self.repo.rev(revision or branch)
        tree = self._edit_tree(old, files) if files else f"{old}^{{tree}}"
        before, _, text = self.repo.git("log", "-1", "--format=%P%n%B", old).partition("\n")
        if parents is None:
            parents = tuple(before.split())
        options = [option for parent in parents for option in ("-p", parent)]
        commit = self.repo.git(
            "commit-tree", *options, "-F", "-", tree, stdin=message(text) if message else text
        )
        self.repo.git("update-ref", branch, commit)
        return commit

    def _edit_tree(self, commit: str, files: Mapping[str, str | None]) -> str:
        env = {"GIT_INDEX_FILE": str(self.repo.path / ".git" / "tampering")}
        self.repo.git("read-tree", f"{commit}^{{tree}}", env=env)
        for path, content in files.items():
            if content is None:
                self.repo.git("rm", "-rq", "--cached", "--", path, env=env)
            else:
                blob = self.repo.git("hash-object", "-w", "--stdin", stdin=content)
                info = f"100644,{blob},{path}"
                self.repo.git("update-index", "--add", "--cacheinfo", info, env=env)
        return self.repo.git("write-tree", env=env)

    def edit_json(
        self,
        file: str,
        change: Callable[[Any], None],
        environment: str = "staging",
    ) -> str:
        """Edit `promptops.lock` or `promptops.undo` of the newest deployment by hand."""
        value = json.loads(self.repo.git("show", f"promptops/{environment}:{file}"))
        change(value["prompts"])
        text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        return self.rewrite(environment, files={file: text})

    def move_tag(self, tag: str, target: str, change: Callable[[str], str] | None = None) -> str:
        """Put another tag object of the same words in the place of a tag."""
        text = self.repo.git("cat-file", "tag", tag).partition("\n\n")[2] + "\n"
        message = change(text) if change else text
        self.repo.git(
            "tag", "-f", "-a", "--cleanup=verbatim", "-F", "-", tag, target, stdin=message
        )
        return self.repo.rev(f"refs/tags/{tag}")


def make_showcase(repo: Repo) -> Showcase:
    """Triage 1.0.0, 1.1.0 and 2.0.0; staging at 1.1.0 after a promotion of 2.0.0 was rolled back.

    Production has 1.0.0. Another prompt, `support/reply`, is at 1.0.0 and not deployed.
    """
    showcase = Showcase(repo)
    showcase.publish("1.0.0", "You triage tickets.")
    showcase.publish("1.1.0", "You triage support tickets.")
    showcase.publish("2.0.0", "You triage all tickets.")
    showcase.publish("1.0.0", "You reply.", "support/reply")
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        showcase.promote(version)
    showcase.rollback()
    showcase.promote("1.0.0", "production")
    return showcase


def copy_showcase(folder: Path, base: Path) -> Showcase:
    """A showcase of a test's own in `folder`, copied from the one made once below `base`."""
    template = base / "showcase"
    if not template.exists():
        make_showcase(Repo.init(base / "showcase-making")).repo.pack()
        (base / "showcase-making").rename(template)
    copy_folder(template, folder)
    return Showcase(Repo(folder))
