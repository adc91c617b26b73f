"""Check updates of a guarded branch: only changes that pass the gate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promptops.errors import IntegrityError, RefusedError
from promptops.gate.admission import Endpoints, judge_change
from promptops.gate.approvals.collection import collect_approvals
from promptops.git.history import is_ancestor
from promptops.git.refs import short_name
from promptops.prompt.finding import Severity
from promptops.protection.push.pusher import find_pusher, require_known
from promptops.protection.push.refusal import RefusedChangeError

if TYPE_CHECKING:
    from promptops.gate.policy import Policy
    from promptops.gate.rules import Approvals, Change
    from promptops.protection.push.commands import PushCommand
    from promptops.protection.push.context import PushContext

_FORWARD = "undo a change with git revert: a guarded branch only moves forward"


def check_branch(context: PushContext, command: PushCommand) -> None:
    """Raise an error if a guarded branch may not be created, updated or deleted like that.

    The first push of the protected branch needs no approval: there are no rules yet. Another
    guarded branch must start at a commit of a guarded branch.
    """
    if command.new is None:
        raise RefusedError("a guarded branch is never deleted", hint=_FORWARD)
    found = context.repository.objects.read(command.new)
    if found is None or found.kind != "commit":
        raise IntegrityError(f"it would not point to a commit ({command.new[:12]})", hint=_FORWARD)
    if command.old is not None:
        if not is_ancestor(context.repository.git, command.old, command.new):
            raise RefusedError(f"commits after {command.new[:12]} would be lost", hint=_FORWARD)
        _judge(context, Endpoints(command.old, command.new, short_name(command.ref)))
        return
    if command.ref != context.protection.branch and context.find_unmerged([command.new]):
        name = short_name(context.protection.branch)
        raise RefusedError(
            f"a new guarded branch begins on {name}, and {command.new[:12]} is not there",
            hint=f"push a commit of {name}, then propose the changes to the new branch",
        )


def _judge(context: PushContext, endpoints: Endpoints) -> None:
    """Run the gate with the rules of the branch's old tip. Raises RefusedChangeError if it
    fails.
    """
    repository = context.repository

    def read_approvals(policy: Policy, change: Change) -> Approvals:
        # A server's hook asks no remote source: signed approvals are local, and there is no forge.
        found = collect_approvals(repository, policy, change, environment={}, fetch=False)
        # The pusher may not approve, whatever names are in the commits.
        who = find_pusher(context)
        if who is not None and found.found:
            require_known(who, policy.groups, policy.config.gate.groups)
        return replace(found, author=who)

    verdict = judge_change(repository, endpoints, read_approvals, dialect=context.dialect).verdict
    if not verdict.is_allowed:
        raise RefusedChangeError(
            [one for one in verdict.findings if one.severity is Severity.ERROR]
        )
