"""Check the people of a deployment: the deployer, and the approvers.

The deployer is the signer of the deployment, or the person whom the server authenticated. The
author of a commit is not used, because anybody can write any name there. Signatures are checked
against the allowed signers file on the protected branch before the push. If the server knows the
pusher, its configuration can name the environment variable with the name, by
`promptops.deployerVariable`. Only the configuration counts, because a pusher may be able to set
variables.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import PromptopsError, RefusedError, UntrustedError
from promptops.gate.approvals.deployment import BranchRules, require_approvals
from promptops.gate.policy import read_policy
from promptops.gate.rules.deployment import may_deploy
from promptops.git.refs import short_name
from promptops.git.signing.ssh import open_trust
from promptops.protection.push.pusher import SETTING, find_pusher, require_known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.delivery.release import Release
    from promptops.gate.policy import Policy
    from promptops.protection.push.context import PushContext
    from promptops.repository.config import Environment


def check_deployer(context: PushContext, rules: Environment, commit: str) -> None:
    """Raise an error unless the deployment `commit` was made by a permitted deployer.

    Raises RefusedError or UntrustedError if it certainly was not, and another PromptopsError if
    that is unknown.
    """
    groups = _read_policy(context).groups
    who = _find_deployer(context, commit)
    if may_deploy(rules.deployers, [who], groups):
        return
    for one in rules.deployers:
        if "/" in one and groups.members(one) is None:
            raise PromptopsError(
                f"the members of {one}, which may deploy to {rules.name}, are unknown",
                hint=f"list its members in {context.protection.config.gate.groups} on the "
                "protected branch",
            )
    raise RefusedError(
        f"{who} may not deploy to {rules.name}",
        hint=f"those who may: {', '.join(rules.deployers)}",
    )


def check_approvers(
    context: PushContext, rules: Environment, commit: str, releases: Sequence[Release]
) -> None:
    """Raise an error for releases with too few approvers other than the deployer.

    An approval is a signed statement about the release and the environment, which must exist
    already. Raises as `check_deployer`, and GitError if the repository's id cannot be read from its
    history.
    """
    policy = _read_policy(context)
    who = _find_deployer(context, commit)
    require_known(who, policy.groups, policy.config.gate.groups)
    branch_rules = BranchRules(policy.config, policy.commit or "", policy.groups)
    for release in releases:
        require_approvals(context.repository, branch_rules, rules, [who], release, fetch=False)


def _find_deployer(context: PushContext, commit: str) -> str:
    return find_pusher(context) or _find_signer(context, commit)


def _find_signer(context: PushContext, commit: str) -> str:
    import tempfile

    place = f"{context.protection.config.gate.signers} on {short_name(context.protection.branch)}"
    signers = _read_policy(context).signers
    if signers is None:
        raise PromptopsError(
            f"only some people may deploy, and there is no {place} to verify signatures",
            hint=f"list the keys there, or let the server name the pusher: git config {SETTING}",
        )
    found = context.repository.objects.read(commit)
    data = b"" if found is None else found.data
    with tempfile.TemporaryDirectory(prefix="promptops-") as folder:
        path = Path(folder, "allowed_signers")
        path.write_bytes(signers)
        try:
            return open_trust(path).authenticate_object("the deployment", commit, data)
        except UntrustedError as error:
            error.hint = f"sign it with a key in {place}: git config commit.gpgSign true "
            error.hint += "(of a key that has namespaces there, git has to be one)"
            raise


def _read_policy(context: PushContext) -> Policy:
    return read_policy(context.repository, context.protection.tip, dialect=context.dialect)
