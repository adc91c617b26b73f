"""Push checks: which updates of promptops' refs a push may make.

A server's hook calls them before refs are updated. Release tags are created once, environment
branches grow by valid deployments, approvals are never moved, and guarded branches accept only
changes that pass the gate. The rules come from the protected branch before the push. Nothing that
is pushed is ever run. Other refs are not checked.

Refs are read by full name and objects by id, in the hook's environment with the quarantined
objects. Nothing is written. The cost does not depend on the number of tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import PromptopsError, RefusedError
from promptops.protection.push.commands import PushCommand, read_command, read_commands
from promptops.protection.push.context import open_context
from promptops.protection.push.refusal import PushRefusal, describe_refusals
from promptops.protection.push.scope import RefKind, classify, may_share_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from promptops.protection.push.context import PushContext
    from promptops.repository.repository import Repository

__all__ = ["PushCommand", "Refusal", "judge_push", "read_command", "read_commands"]


def judge_push(
    repository: Repository, commands: Sequence[PushCommand], variables: Mapping[str, str]
) -> list[PushRefusal]:
    """Return the refused refs of a push, with reasons; empty if all are accepted.

    Args:
        repository: the repository, with its refs before the push.
        commands: the ref updates of the push.
        variables: the hook's environment, which may contain the pusher's name.

    Raises:
        PromptopsError: the protected branch's rules are unreadable, so nothing is accepted.
    """
    context = open_context(repository, commands, variables)
    refusals: list[PushRefusal] = []
    for command in commands:
        kind = classify(command.ref, context.protection.guarded)
        if kind is None:
            continue
        try:
            _choose_check(kind)(context, command)
        except PromptopsError as error:
            refusals += describe_refusals(command.ref, error)
    return refusals


def _choose_check(kind: RefKind) -> Callable[[PushContext, PushCommand], None]:
    """Return the check of a kind of ref. Imported on use, because most pushes need none."""
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


def _refuse_misplaced(context: PushContext, command: PushCommand) -> None:
    if command.new is None and not may_share_file(command.ref, context.protection.guarded):
        return  # deleted by this push, too
    raise RefusedError(
        "this name is not allowed: it is among the refs of promptops, resembles a protected "
        "ref, or conflicts with one",
        hint="use promptops/NAME for environments and prompts/NAME@VERSION for releases, in "
        "lower case",
    )
