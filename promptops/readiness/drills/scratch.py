"""A copy of a repository with its own remote, in a temporary folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from promptops.delivery.listing import read_heads
from promptops.errors import PromptopsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptops.repository.repository import Repository

_TIMEOUT_SECONDS = 300
# Approvals and results of evals, which a clone does not fetch by itself.
_EVIDENCE = "refs/promptops/*:refs/promptops/*"


class DrillStep(NamedTuple):
    """One step of a drill: what was seen, and how many seconds it took."""

    what: str
    seconds: float


@dataclass
class Drill:
    """The state of a drill.

    Attributes:
        remote: a bare repository in place of the forge's.
        clone: a clone of it, on the default branch.
        folder: a folder for anything else.
        original: the repository that is rehearsed for.
        steps: what was seen so far.
    """

    remote: Path
    clone: Path
    folder: Path
    original: Repository
    steps: list[DrillStep] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address of the remote, which readers follow."""
        return self.remote.as_uri()

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Time a step, and note it when it went well."""
        begun = time.monotonic()
        yield
        self.steps.append(DrillStep(what, time.monotonic() - begun))

    def git(self, *words: str, place: Path | None = None) -> str:
        """Run git in the clone, or in another place, and return what it says.

        Raises:
            PromptopsError: it fails.
        """
        return self._run(["git", "-C", str(place or self.clone), *words], {})

    def clone_remote(self) -> None:
        """Make the clone, with the approvals and the results of evals.

        Raises:
            PromptopsError: it cannot be made.
        """
        self.git("clone", "--quiet", str(self.remote), str(self.clone), place=self.folder)
        self.git("fetch", "--quiet", "origin", _EVIDENCE)

    def promptops(self, *words: str, variables: Mapping[str, str] | None = None) -> str:
        """Run promptops in the clone, as a process of its own, and return its standard output.

        Raises:
            PromptopsError: it fails.
        """
        command = [sys.executable, "-m", "promptops", "-C", str(self.clone), *words]
        return self._run(command, variables or {})

    def _run(self, command: list[str], variables: Mapping[str, str]) -> str:
        # Variables that point at another repository or at data must not apply to the copy.
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX", "PROMPTOPS_"))
        }
        environment = {**kept, "XDG_CACHE_HOME": str(self.folder / "cache"), **variables}
        try:
            done = subprocess.run(  # noqa: S603 - the words are ours
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=_TIMEOUT_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise PromptopsError(
                f"the drill failed: {' '.join(command[3:])} did not end",
                hint="nothing outside the drill was changed",
            ) from None
        if done.returncode != 0:
            # Findings stand in standard output; what is no error in the other is only a remark.
            errors = [one for one in done.stderr.splitlines() if one.startswith("error:")]
            lines = [*errors, *done.stdout.splitlines(), *done.stderr.splitlines()]
            said = next((one for one in lines if one.strip()), "no message")
            raise PromptopsError(
                f"the drill failed at {' '.join(command[3:])}: {said.removeprefix('error: ')}",
                hint="nothing outside the drill was changed",
            )
        return done.stdout


@contextmanager
def open_drill(repository: Repository) -> Iterator[Drill]:
    """Yield a copy of a repository: its default branch, releases, environments and evidence.

    Raises:
        PromptopsError: it cannot be copied.
    """
    if not repository.has_commits():
        raise PromptopsError("there is nothing to drill", hint="commit something first")
    with TemporaryDirectory(prefix="promptops-drill-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        drill = Drill(folder / "remote.git", folder / "clone", folder, repository)
        branch = repository.default_branch or "main"
        top = repository.require_work_tree()
        drill.git(
            "init",
            "--quiet",
            "--bare",
            f"--initial-branch={branch}",
            str(drill.remote),
            place=folder,
        )
        refs = [f"{repository.git.resolve_commit('HEAD')}:refs/heads/{branch}"]
        refs += [
            f"{head.deployment.commit}:refs/heads/promptops/{environment}"
            for environment, head in read_heads(repository).items()
        ]
        pushing = ("push", "--quiet", "--no-verify", str(drill.remote))
        drill.git(*pushing, *refs, "refs/tags/*:refs/tags/*", _EVIDENCE, place=top)
        drill.clone_remote()
        _copy_identity(drill, top)
        yield drill


def _copy_identity(drill: Drill, top: Path) -> None:
    """Let the copy commit and sign as the original does."""
    for key in ("user.name", "user.email", "user.signingKey", "gpg.format", "commit.gpgSign"):
        try:
            value = drill.git("config", "--get", key, place=top).strip()
        except PromptopsError:
            continue
        drill.git("config", key, value)
