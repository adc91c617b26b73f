"""Check whether a repository is protected: clone, files, and the forge's settings.

The gate can be circumvented if its check is not required, tags can be moved, or a clone does not
fetch releases. Each check examines one such point and reports what it saw. What it could not see is
reported as unknown, never as fine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from promptops.errors import PromptopsError
from promptops.prompt.finding import Severity
from promptops.protection.doctor.answer import AnswerState, DoctorAnswer, unknown
from promptops.protection.doctor.choice import ForgeChoice
from promptops.protection.doctor.ci import (
    look_at_deploy_workflow,
    look_at_gate_workflow,
    look_at_release_workflow,
)
from promptops.protection.doctor.clone import (
    look_at_depth,
    look_at_git_version,
    look_at_locks,
    look_at_pending,
    look_at_refspecs,
    look_at_remote,
)
from promptops.protection.doctor.formatters import look_at_formatters
from promptops.protection.doctor.hooks import look_at_commit_hook, look_at_server_hook
from promptops.protection.doctor.installation import look_at_installation
from promptops.protection.doctor.ledger import look_at_ledger
from promptops.protection.doctor.mirrors import look_at_mirrors
from promptops.protection.doctor.nightly import look_at_nightly_workflow
from promptops.protection.doctor.pipeline import look_at_gate_job
from promptops.protection.doctor.policy import look_at_owners, look_at_policy
from promptops.protection.doctor.signing import look_at_signing
from promptops.protection.doctor.subject import DoctorSubject
from promptops.protection.doctor.versions import look_at_version_tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = [
    "LOCAL_CHECKS",
    "AnswerState",
    "Diagnosis",
    "DoctorAnswer",
    "DoctorSubject",
    "ForgeChoice",
    "examine",
]

LOCAL_CHECKS: Mapping[str, Callable[[DoctorSubject], Iterator[DoctorAnswer]]] = {
    "git-version": look_at_git_version,
    "history": look_at_depth,
    "remote": look_at_remote,
    "refspecs": look_at_refspecs,
    "lock-files": look_at_locks,
    "pending-deployments": look_at_pending,
    "mirrors": look_at_mirrors,
    "ledger": look_at_ledger,
    "signing": look_at_signing,
    "commit-hook": look_at_commit_hook,
    "server-hook": look_at_server_hook,
    "policy": look_at_policy,
    "owners": look_at_owners,
    "gate-workflow": look_at_gate_workflow,
    "gate-job": look_at_gate_job,
    "deploy-workflow": look_at_deploy_workflow,
    "release-workflow": look_at_release_workflow,
    "nightly-workflow": look_at_nightly_workflow,
    "installation": look_at_installation,
    "version-tools": look_at_version_tools,
    "formatters": look_at_formatters,
}
"""The checks that need only the clone. A check that does not apply yields no answer."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All answers, in the order of the checks."""

    answers: tuple[DoctorAnswer, ...]

    def of(self, state: AnswerState) -> list[DoctorAnswer]:
        """Return the answers of one kind; findings sorted by severity."""
        order = [*Severity, None]
        chosen = [answer for answer in self.answers if answer.state is state]
        return sorted(chosen, key=lambda answer: order.index(answer.severity))

    @property
    def is_protected(self) -> bool:
        """Whether there is no error. Some points may be unknown."""
        return not any(answer.severity is Severity.ERROR for answer in self.answers)

    @property
    def is_certain(self) -> bool:
        """Whether no answer is unknown."""
        return not any(answer.state is AnswerState.UNKNOWN for answer in self.answers)


def examine(
    subject: DoctorSubject,
    *,
    forge: ForgeChoice = ForgeChoice.OFF,
    environment: Mapping[str, str] | None = None,
) -> Diagnosis:
    """Run all checks of the clone, then those of the forge. A failing check becomes an answer.

    Args:
        subject: the repository.
        forge: the forge to ask.
        environment: the environment variables, with the token.
    """
    answers = [
        answer for check, look in LOCAL_CHECKS.items() for answer in _ask(check, look, subject)
    ]
    if forge is not ForgeChoice.OFF:
        from promptops.protection.doctor.forges import ask_forge

        answers += ask_forge(subject, forge, environment or {})
    return Diagnosis(tuple(answers))


def _ask(
    check: str, look: Callable[[DoctorSubject], Iterator[DoctorAnswer]], subject: DoctorSubject
) -> Iterator[DoctorAnswer]:
    """Yield the answers of one check, with its id; an exception becomes an answer."""
    try:
        for answer in look(subject):
            yield replace(answer, check=check)
    except PromptopsError as error:
        yield replace(unknown(error.message, check, error.hint or ""), check=check)
