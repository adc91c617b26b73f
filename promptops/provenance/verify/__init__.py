"""Verify that releases and environments are consistent.

Everything is recorded at least twice: in the tag and in its commit, in the lock and in the texts
next to it, in a deployment's trailers and in the changes of its tree. Moving a tag or editing a
branch by hand changes only one of the two. Nothing here uses the network. Data that this clone
lacks is reported as unchecked, never as fine.
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
    """The result of a verification.

    Attributes:
        releases: the number of checked release tags.
        environments: the environments that were checked.
        deployments: the number of their deployments, pending ones included.
        skipped_trees: the number of deployments whose tree was not read (none with `deep`).
        findings: faults and unchecked data; the path is the short name of a ref.
    """

    releases: int
    environments: tuple[str, ...]
    deployments: int
    skipped_trees: int
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """The number of faults."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def unchecked(self) -> int:
        """The number of things that could not be checked in this clone."""
        return sum(finding.check == NOT_CHECKED for finding in self.findings)

    @property
    def summary(self) -> str:
        """The result in one line."""
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
    """Verify that releases and environments are consistent.

    Args:
        repository: the repository. It is only read, and its remote is not asked.
        refs: what to check: `name` (its releases, and wherever it is live), `name@selector`, or an
            environment. Empty: everything.
        deep: read the trees of all deployments, not only of each environment's newest.
        allowed_signers: the allowed signers file. If given, missing signatures are errors.
        progress: called with a kind of work, the amount done, and the total.

    Raises:
        UsageError: a ref is malformed or selects the work tree, or the allowed signers file is
            missing.
        NotFoundError: a ref selects nothing.
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
    """Ignore progress."""


def _report_gaps(survey: Survey) -> None:
    """Report once what was skipped in many places."""
    if survey.has_no_tags:
        remote = survey.repository.remote
        survey.unchecked(
            "prompts/",
            "this clone has no release tags, so its environments could not be checked against them",
            f"git fetch {remote} 'refs/tags/*:refs/tags/*', then verify again",
        )
    if survey.skipped_signatures:
        survey.note(
            "unread-signature",
            "prompts/",
            f"{survey.skipped_signatures:,} more signatures were not checked",
            "run promptops verify --deep to check all",
        )


def _check_locks(survey: Survey) -> None:
    folder = survey.repository.git.common_dir
    for path in stale_locks(survey.repository.git):
        survey.warn(
            "lock-file",
            path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path),
            "a lock file of Git; if it stays, a crash left it",
            f"make sure that no git command is running here, then remove {path}",
        )
