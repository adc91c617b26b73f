"""Verification: whether releases and environments still say the same of one another.

Everything is stated at least twice on purpose: in the tag and in the commit it stands on, in the
lock and in the texts beside it, in a deployment's trailers and in what its tree changed. Whoever
moves a tag or edits a branch by hand changes one of the two. Nothing here asks the network, and
what this clone does not have is said to be unchecked, never counted as fine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.git.refs import stale_locks
from promptops.prompt.finding import Finding, Severity
from promptops.provenance.integrity import list_environments
from promptops.provenance.verify.environments import EnvironmentCheck
from promptops.provenance.verify.releases import ReleaseCheck
from promptops.provenance.verify.scope import read_scope
from promptops.provenance.verify.survey import NOT_CHECKED, Survey, count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from promptops.provenance.verify.survey import Progress
    from promptops.repository.repository import Repository

__all__ = ["NOT_CHECKED", "Verification", "verify_repository"]


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification looked at and found.

    Attributes:
        releases: how many release tags were checked.
        environments: the environments that were checked.
        deployments: how many deployments they have, pending ones included.
        skipped_trees: of how many of these the tree was left out (`deep` leaves out none).
        findings: what is wrong, or could not be checked; the path is the short name of a ref.
    """

    releases: int
    environments: tuple[str, ...]
    deployments: int
    skipped_trees: int
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """How many things are wrong."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def unchecked(self) -> int:
        """How many things could not be checked here."""
        return sum(finding.check == NOT_CHECKED for finding in self.findings)

    @property
    def summary(self) -> str:
        """What was checked and how it went, in one line."""
        what = [count(self.releases, "release")]
        if self.environments:
            deployments = count(self.deployments, "deployment")
            what.append(f"{count(len(self.environments), 'environment')} ({deployments})")
        verdict = [count(self.errors, "error")] if self.errors else []
        if self.unchecked:
            verdict.append(f"{count(self.unchecked, 'thing')} could not be checked")
        return f"checked {' and '.join(what)}: {', '.join(verdict) or 'all consistent'}"


def verify_repository(
    repository: Repository,
    refs: Sequence[str] = (),
    *,
    deep: bool = False,
    allowed_signers: Path | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Check releases and environments against each other.

    Args:
        repository: the repository; it is only read, and its remote is not asked.
        refs: what to check: `name` (its releases, and wherever it is live), `name@selector`, or an
            environment. Nothing means everything.
        deep: look into the trees of all deployments, not only of each environment's newest.
        allowed_signers: whose signatures count. With it, what is unsigned is an error.
        progress: told of a kind of work, how much of it is done, and of how much.

    Raises:
        UsageError: a ref is malformed or means the work tree, or there are no such signers.
        NotFoundError: a ref means nothing that exists.
    """
    survey = Survey(
        repository, read_scope(repository, refs), deep, allowed_signers, progress or _say_nothing
    )
    ReleaseCheck(survey).run()
    wanted = survey.scope.environments
    environments = tuple(
        name
        for name in list_environments(repository)
        if (wanted is None or name in wanted) and EnvironmentCheck(survey, name).run()
    )
    _report_gaps(survey)
    if survey.scope.is_everything:
        _check_locks(survey)
    return Verification(
        survey.released,
        environments,
        survey.deployments,
        survey.skipped_trees,
        tuple(survey.findings),
    )


def _say_nothing(what: str, done: int, total: int) -> None:
    """Take progress that nobody watches."""


def _report_gaps(survey: Survey) -> None:
    """Say once what was left out in many places."""
    if survey.has_no_tags:
        remote = survey.repository.remote
        survey.unchecked(
            "prompts/",
            "this clone has no release tags, so its environments could not be held to them",
            f"git fetch {remote} 'refs/tags/*:refs/tags/*', then verify again",
        )
    if survey.skipped_signatures:
        survey.note(
            "unread-signature",
            "prompts/",
            f"{survey.skipped_signatures:,} more signatures were not looked at",
            "promptops verify --deep looks at all",
        )


def _check_locks(survey: Survey) -> None:
    folder = survey.repository.git.common_dir
    for path in stale_locks(survey.repository.git):
        survey.warn(
            "lock-file",
            path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path),
            "a lock that git holds while it writes; one that stays was left by a crash",
            f"make sure that no git command is running here, then remove {path}",
        )
