"""Draft a statement to sign: about a change, or about a release for an environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.errors import RefusedError
from promptops.forge.codeowners import owner_key
from promptops.gate.approvals.signed import read_keys, repository_id
from promptops.gate.approvals.signing import Signer, find_signer
from promptops.gate.approvals.statement import ChangeStatement, DeploymentStatement
from promptops.gate.approvals.store import change_folder, deployment_folder, keep_statement
from promptops.git.history import identity

if TYPE_CHECKING:
    from promptops.delivery.release import Release
    from promptops.gate.approvals.statement import Statement
    from promptops.gate.approvals.store import StatementFolder
    from promptops.gate.policy import Policy
    from promptops.gate.rules import Change
    from promptops.repository.repository import Repository


@dataclass(frozen=True, slots=True)
class ApprovalDraft:
    """An unsigned statement.

    Attributes:
        statement: the statement.
        signer: the signer.
        folder: where to store it.
        own: the paths of the change that the signer owns.
        doubts: reasons why it may not count for everything, as sentences for the signer.
    """

    statement: Statement
    signer: Signer
    folder: StatementFolder
    own: frozenset[str] = frozenset()
    doubts: tuple[str, ...] = ()

    def sign(self, repository: Repository, *, local: bool) -> str:
        """Sign it and store it on the remote or, with `local`, in this clone; return its ref.

        Raises:
            RefusedError: the key may not sign approvals.
            RemoteError: the remote is unreachable or refuses it; nothing was stored.
            PromptopsError: the key cannot be used.
        """
        sealed = self.signer.seal(self.statement)
        return keep_statement(
            repository, self.folder, sealed.payload, sealed.signature, local=local
        )


def draft_approval(repository: Repository, policy: Policy, change: Change) -> ApprovalDraft | None:
    """Draft the approval of a change; None if there is nothing to approve.

    Raises:
        UsageError: no signing key is configured.
        RefusedError: the target branch does not list the key.
        GitError: history is missing in this clone.
    """
    contents = {path.path: path.after for path in change.paths if path.is_proposed}
    if not contents:
        return None
    signer = _find_signer(repository, policy, change.target)
    name = repository_id(repository, policy.config, policy.commit)
    statement = ChangeStatement(
        repository=name,
        branch=change.target,
        base=change.base,
        tree=repository.git.resolve_tree(change.head),
        contents=contents,
        approver=signer.approver,
        time=signer.time,
    )
    met = policy.groups.owners_met_by(signer.approver)
    own = frozenset(
        path
        for path in contents
        if policy.owners is None
        or not policy.owners.match(path).owners
        or any(owner_key(owner) in met for owner in policy.owners.match(path).owners)
    )
    doubts = []
    if _has_contributed(repository, policy, change, signer):
        doubts.append("you are an author of this change, so your approval will not count")
    if not own:
        doubts.append(f"{signer.approver} owns none of these files, so the approval may not count")
    return ApprovalDraft(statement, signer, change_folder(name, change.target), own, tuple(doubts))


def draft_deployment_approval(
    repository: Repository, policy: Policy, environment: str, release: Release
) -> ApprovalDraft:
    """Draft the approval of a release for an environment. Raises as `draft_approval`."""
    signer = _find_signer(repository, policy, repository.default_branch or "the default branch")
    name = repository_id(repository, policy.config, policy.commit)
    statement = DeploymentStatement.of(
        name, environment, release, approver=signer.approver, time=signer.time
    )
    return ApprovalDraft(statement, signer, deployment_folder(name, environment, release.name))


def _find_signer(repository: Repository, policy: Policy, where: str) -> Signer:
    keys = read_keys(repository, policy.commit, policy.config.gate.signers)
    if keys.is_empty:
        raise RefusedError(
            f"{where} has no {policy.config.gate.signers}, so no signature counts",
            hint="add one there, with lines such as 'jane@example.com ssh-ed25519 AAAA…' (see "
            "ssh-keygen(1), ALLOWED SIGNERS)",
        )
    return find_signer(repository, policy, keys, where)


def _has_contributed(
    repository: Repository, policy: Policy, change: Change, signer: Signer
) -> bool:
    groups = policy.groups
    me = groups.person(signer.approver) | groups.person(identity(repository.git).email)
    contributors = (
        change.authors if policy.config.gate.committers else change.authors | change.committers
    )
    return any(me & groups.person(name) for name in contributors)
