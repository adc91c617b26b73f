"""Check a deployment against `[environments.NAME]`: deployers, approvals, evals.

The rules are those at the tip of the default branch, as known here. Before a push the result is
only advice, since a clone knows the deployer only from the user's own configuration. Most
environments have no such rules, so other modules are imported on use.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import GitError, PromptopsError, RefusedError
from promptops.git.trees import TreeReader
from promptops.repository.config import load_config

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from promptops.delivery.release import Release
    from promptops.gate.rules.people import Groups
    from promptops.repository.config import Config, Environment
    from promptops.repository.repository import Repository


class BranchRules(NamedTuple):
    """The rules at the default branch's tip.

    Attributes:
        config: the configuration.
        commit: the branch's tip.
        groups: people and teams.
    """

    config: Config
    commit: str
    groups: Groups


def check_deployment(
    repository: Repository, environment: str, releases: Sequence[Release], *, local: bool
) -> None:
    """Raise RefusedError if the default branch's rules forbid a promotion.

    Args:
        repository: the deployer's clone.
        environment: the environment.
        releases: the releases.
        local: whether not to use the remote.

    Raises:
        RefusedError: the user may not deploy, or approvals or evals are missing.
        RemoteError: approvals are needed and the remote is unreachable.
    """
    ref = repository.default_branch_ref
    found = None if ref is None else repository.objects.read(ref)
    if found is None:
        return
    tree = TreeReader(repository.objects, found.oid)
    config = load_config(tree.read)
    if environment not in config.environment_names:
        return
    rules = config.environment(environment)
    if rules.evals:
        for release in releases:
            require_evals(repository, rules, release)
    if not rules.deployers and not rules.approvals:
        return
    from promptops.gate.rules.deployment import may_deploy
    from promptops.gate.rules.people import parse_groups

    groups = parse_groups(tree.read(config.gate.groups) or b"", config.gate.groups)
    me = _names_of_user(repository, config, found.oid)
    if not may_deploy(rules.deployers, me, groups):
        raise RefusedError(
            f"{' or '.join(sorted(me))} may not deploy to {environment}",
            hint=f"those who may: {', '.join(rules.deployers)}",
        )
    branch_rules = BranchRules(config, found.oid, groups)
    for release in releases:
        require_approvals(repository, branch_rules, rules, me, release, fetch=not local)


def require_evals(repository: Repository, rules: Environment, release: Release) -> None:
    """Raise RefusedError unless the release's tag says that its evals passed.

    Evidence that the tag names is read too, if this clone has it. Raises IntegrityError if it is
    about something else.
    """
    from promptops.delivery.attestation import read_evidence
    from promptops.gate.rules.deployment import has_passed_evals

    if not has_passed_evals(release.trailers):
        raise RefusedError(
            f"{release} has no evidence that its evals passed, which {rules.name} requires",
            hint="release a version whose evidence the gate has seen: promptops gate --evidence",
        )
    # Missing evidence does not count against the release; `verify` reports it.
    with suppress(GitError):
        read_evidence(repository, release)


def require_approvals(
    repository: Repository,
    branch_rules: BranchRules,
    rules: Environment,
    deployer: Collection[str],
    release: Release,
    *,
    fetch: bool,
) -> None:
    """Raise RefusedError unless enough people other than the deployer approved the release.

    Args:
        repository: the repository with the signed approvals.
        branch_rules: the default branch's rules.
        rules: the environment's rules.
        deployer: the deployer's names.
        release: the release to deploy.
        fetch: whether to fetch approvals first.
    """
    if not rules.approvals:
        return
    from promptops.gate.approvals.signed import read_deployment_approvers
    from promptops.gate.rules.deployment import list_approvers

    signed, notes = read_deployment_approvers(
        repository, branch_rules.config, branch_rules.commit, rules.name, release, fetch=fetch
    )
    people = list_approvers(signed, deployer, branch_rules.groups)
    if len(people) < rules.approvals:
        number = "one approval" if rules.approvals == 1 else f"{rules.approvals} approvals"
        has = f"has those of {', '.join(people)}" if people else "has none"
        hint = f"promptops approve {release} --env {rules.name}"
        raise RefusedError(
            f"{release} needs {number} for {rules.name} beside the deployer's, and {has}",
            hint=f"{hint} ({'; '.join(notes)})" if notes else hint,
        )


def _names_of_user(repository: Repository, config: Config, commit: str) -> set[str]:
    """Return the user's names: their Git identity's e-mail address, and their key's principal."""
    from promptops.gate.approvals.signed import read_keys
    from promptops.gate.approvals.signing import find_principal
    from promptops.git.history import identity

    email = identity(repository.git).email
    keys = read_keys(repository, commit, config.gate.signers)
    try:
        return {email, find_principal(repository, keys) or email}
    except PromptopsError:  # without a usable key, only the address
        return {email}
