"""Push checks: what a push may do to the refs that promptops gives a meaning.

A server's hook asks here before anything has moved. Release tags are made once, environment
branches grow by one sound deployment at a time, approvals stay where they are, and guarded branches
take only what may merge. By what rules is said by the branch that is protected, as it was before
the push; nothing that is pushed is ever run. What is none of ours passes without being looked at.

Refs are read by their full name and objects by their id, all in the hook's own view of the
repository, which has what is pushed in quarantine; nothing is written. How many tags there are
makes no difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import PromptopsError, RefusedError
from promptops.protection.push.commands import PushCommand, read_command, read_commands
from promptops.protection.push.refusal import PushRefusal, describe_refusals
from promptops.protection.push.scope import RefKind, classify, may_share_file
from promptops.protection.push.visit import open_visit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from promptops.protection.push.visit import Visit
    from promptops.repository.repository import Repository

__all__ = ["PushCommand", "Refusal", "judge_push", "read_command", "read_commands"]


def judge_push(
    repository: Repository, commands: Sequence[PushCommand], variables: Mapping[str, str]
) -> list[PushRefusal]:
    """Return what of a push is refused, and why; nothing means that all of it may happen.

    Args:
        repository: the repository that is pushed to, its refs as they were before.
        commands: what the push asks for.
        variables: the environment of the hook, from which the server's configuration may have the
            name of who pushes taken.

    Raises:
        PromptopsError: the protected branch's rules cannot be read, so that nothing may pass.
    """
    visit = open_visit(repository, commands, variables)
    refusals: list[PushRefusal] = []
    for command in commands:
        kind = classify(command.ref, visit.protection.guarded)
        if kind is None:
            continue
        try:
            _choose_check(kind)(visit, command)
        except PromptopsError as error:
            refusals += describe_refusals(command.ref, error)
    return refusals


def _choose_check(kind: RefKind) -> Callable[[Visit, PushCommand], None]:
    """Return the check of a kind of ref; most pushes need none, so that each brings its own
    imports.
    """
    if kind in {RefKind.RELEASE, RefKind.YANK}:
        from promptops.protection.push.tags import check_release_tag, check_yank_tag

        return check_release_tag if kind is RefKind.RELEASE else check_yank_tag
    if kind is RefKind.ENVIRONMENT:
        from promptops.protection.push.deployments import check_environment

        return check_environment
    if kind is RefKind.GUARDED:
        from promptops.protection.push.branches import check_branch

        return check_branch
    if kind is RefKind.APPROVAL:
        from promptops.protection.push.statements import check_approval

        return check_approval
    if kind is RefKind.EVIDENCE:
        from promptops.protection.push.evidence import check_evidence

        return check_evidence
    return _refuse_misplaced


def _refuse_misplaced(visit: Visit, command: PushCommand) -> None:
    if command.new is None and not may_share_file(command.ref, visit.protection.guarded):
        return  # as well that it is gone
    raise RefusedError(
        "no such name may be used here: it stands among the refs of promptops, can be taken for "
        "one that is protected, or is in their way",
        hint="environments are promptops/NAME, releases prompts/NAME@VERSION, all in lower case",
    )
