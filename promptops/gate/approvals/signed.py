"""Read signed approvals: find the statements that count for a change or a deployment.

Only the target branch's tip lists the keys: neither the change itself, nor the user's
configuration, nor the address in a commit matters. A removed or expired key approves nothing,
whatever time a statement claims.

A statement names the target's tip at that time. It does not count for a path that the target branch
has changed since. So an approval of content that was merged and reverted cannot be used again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.errors import GitError, IntegrityError, NotAFileError, UntrustedError, quote
from promptops.gate.approvals.statement import NAMESPACE, ChangeStatement, DeploymentStatement
from promptops.gate.approvals.store import (
    change_folder,
    deployment_folder,
    fetch_statements,
    read_statements,
    summarize,
)
from promptops.gate.rules import Approval, Approvals
from promptops.git.changes import list_touched
from promptops.git.history import is_ancestor, is_shallow
from promptops.git.signing import openpgp
from promptops.git.signing.ssh import verify_as
from promptops.git.trees import TreeReader
from promptops.repository.config import OPENPGP_KEYS_FILE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from promptops.delivery.release import Release
    from promptops.gate.approvals.store import StatementFolder, StoredStatement
    from promptops.gate.policy import Policy
    from promptops.gate.rules import Change
    from promptops.repository.config import Config
    from promptops.repository.repository import Repository

SOURCE = "signed"
# Verifying one takes some milliseconds. Without a limit, anyone who may push refs could block the
# gate.
_MAX_FAILURES = 200
_MAX_OUTDATED = 20


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys whose signatures count.

    Attributes:
        signers: the content of an allowed signers file, or None.
        openpgp: OpenPGP keys, or None.
    """

    signers: bytes | None
    openpgp: bytes | None

    @property
    def is_empty(self) -> bool:
        """Whether there are no keys."""
        return self.signers is None and self.openpgp is None


def read_keys(repository: Repository, commit: str | None, signers: str) -> Keys:
    """Return the keys that a commit lists; `signers` is the path of its allowed signers file."""
    if commit is None:
        return Keys(None, None)
    tree = TreeReader(repository.objects, commit)
    return Keys(tree.read(signers), tree.read(OPENPGP_KEYS_FILE))


def repository_id(repository: Repository, config: Config, commit: str | None) -> str:
    """Return a repository's id in statements: the configured one, else its first commit.

    `commit` is the tip of the branch with the configuration. Raises GitError in a clone without the
    first commit.
    """
    if config.gate.repository is not None:
        return config.gate.repository
    if commit is None:
        raise GitError(
            "the repository has no commits, so nothing can be approved",
            hint="make a first commit on the default branch",
        )
    if is_shallow(repository.git):
        raise GitError(
            "this shallow clone lacks the repository's first commit, which signed approvals "
            "refer to",
            hint='run git fetch --unshallow, or set [gate] repository = "acme/prompts"',
        )
    # By first parents there is one root, which merging other histories does not change.
    args = ("rev-list", "--first-parent", "--max-parents=0", "--end-of-options", commit)
    return repository.git.run(*args, "--").text


def read_signed(
    repository: Repository, policy: Policy, change: Change, *, fetch: bool = True
) -> Approvals:
    """Return the signed approvals of a change.

    Args:
        repository: the repository with the statements.
        policy: the rules at the target branch's tip.
        change: the proposed change.
        fetch: whether to fetch statements first.

    Raises:
        RemoteError: the remote cannot be reached.
        GitError: history is missing in this clone.
        IntegrityError: there are too many invalid statements.
    """
    gate = policy.config.gate
    keys = read_keys(repository, policy.commit, gate.signers)
    if keys.is_empty:
        note = f"{change.target} has no {gate.signers}, so no signature counts"
        return Approvals((SOURCE,), notes=(note,))
    name = repository_id(repository, policy.config, policy.commit)
    folder = change_folder(name, change.target)
    if fetch:
        fetch_statements(repository, folder)
    statements, notes = read_statements(repository, folder)
    refusals = _Refusals(folder, notes)
    found = _ApprovalJudge(repository, policy, change, keys, refusals).judge(statements, name)
    return Approvals((SOURCE,), tuple(found), notes=summarize(refusals.notes))


class _Refusals:
    """Counts invalid statements and keeps notes on them."""

    def __init__(self, folder: StatementFolder, notes: list[str]) -> None:
        self._folder = folder
        self._count = 0
        self.notes = notes

    def add(self, sealed: StoredStatement, error: UntrustedError) -> None:
        """Record one. Raises IntegrityError if there are too many."""
        who = quote(sealed.statement.approver)
        self.notes.append(f"approval by {who} does not count: {error.message} ({sealed.ref})")
        self._count += 1
        if self._count > _MAX_FAILURES:
            raise IntegrityError(
                f"more than {_MAX_FAILURES} statements of approval for {self._folder.subject} "
                f"are invalid; the last one: {error.message}",
                hint="find out who may push below refs/promptops/approvals/, and remove those refs",
            ) from error


class _ApprovalJudge:
    """Finds the statements that count for one change."""

    def __init__(
        self,
        repository: Repository,
        policy: Policy,
        change: Change,
        keys: Keys,
        refusals: _Refusals,
    ) -> None:
        self._repository = repository
        self._policy = policy
        self._change = change
        self._keys = keys
        self._refusals = refusals
        self._proposed = {one.path: one.after for one in change.paths if one.is_proposed}

    def judge(self, statements: Sequence[StoredStatement], name: str) -> list[Approval]:
        wanted, others = [], []
        for sealed in statements:
            statement = sealed.statement
            if (
                isinstance(statement, ChangeStatement)
                and statement.repository == name
                and statement.branch == self._change.target
            ):
                overlap = self._overlap(statement)
                if overlap:
                    wanted.append((sealed, statement, overlap))
                elif not self._proposed.keys().isdisjoint(statement.contents):
                    others.append((sealed, statement))
        # Largest first: a signer's statements about parts that a larger one covers need no
        # verification.
        wanted.sort(key=lambda one: (-len(one[2]), one[0].ref))
        found: list[Approval] = []
        covered: dict[str, set[str]] = {}
        for sealed, statement, overlap in wanted:
            known = covered.setdefault(statement.approver, set())
            if overlap <= known:
                continue
            try:
                lapsed = self._verify(sealed, statement, overlap)
            except UntrustedError as error:
                self._refusals.add(sealed, error)
                continue
            known |= overlap - lapsed
            found.append(_as_approval(sealed, statement, lapsed))
        return [*found, *self._find_outdated(others, {one.approver for one in found})]

    def _find_outdated(
        self, others: list[tuple[StoredStatement, ChangeStatement]], known: set[str]
    ) -> Iterator[Approval]:
        """Yield each further person's newest statement about earlier content of the change.

        These do not count, and their signers should learn why. Statements about changes that the
        target branch has passed, and invalid ones, are skipped.
        """
        others.sort(key=lambda one: (one[1].time, one[0].ref), reverse=True)
        newest: dict[str, tuple[StoredStatement, ChangeStatement]] = {}
        for sealed, statement in others:
            if statement.approver not in known:
                newest.setdefault(statement.approver, (sealed, statement))
        for sealed, statement in list(newest.values())[:_MAX_OUTDATED]:
            touched = self._proposed.keys() & statement.contents.keys()
            try:
                lapsed = self._verify(sealed, statement, touched)
            except (GitError, UntrustedError):
                continue
            if lapsed < touched:
                yield _as_approval(sealed, statement, lapsed)

    def _overlap(self, statement: ChangeStatement) -> set[str]:
        """Return the paths at which the statement matches the change's content."""
        return {
            path
            for path, entry in statement.contents.items()
            if path in self._proposed and self._proposed[path] == entry
        }

    def _verify(
        self, sealed: StoredStatement, statement: ChangeStatement, overlap: set[str]
    ) -> frozenset[str]:
        """Verify a statement; return the paths that the target branch has changed since. Raises
        UntrustedError.
        """
        try:
            verify_statement(sealed, self._keys)
        except UntrustedError as error:
            if self._is_trusted_by_head(sealed):
                raise UntrustedError(
                    f"its key is allowed only by the change itself, not on {self._change.target}"
                ) from error
            raise
        return find_lapsed(self._repository, self._change, statement.base, overlap)

    def _is_trusted_by_head(self, sealed: StoredStatement) -> bool:
        try:
            gate = self._policy.config.gate
            keys = read_keys(self._repository, self._change.head, gate.signers)
            if keys == self._keys:
                return False
            verify_statement(sealed, keys)
        except (UntrustedError, NotAFileError):
            return False
        return True


def _as_approval(
    sealed: StoredStatement, statement: ChangeStatement, lapsed: frozenset[str]
) -> Approval:
    return Approval(
        approver=statement.approver,
        source=SOURCE,
        contents=statement.contents,
        base=statement.base,
        lapsed=lapsed,
        where=sealed.ref,
    )


def find_lapsed(
    repository: Repository, change: Change, base: str, paths: Collection[str]
) -> frozenset[str]:
    """Return the paths that the target branch has changed since its tip was `base`.

    Raises:
        UntrustedError: `base` was never its tip; the message is a clause that says so.
        GitError: history is missing in this clone.
    """
    git, tip = repository.git, change.base
    if base == tip:
        return frozenset()
    found = repository.objects.read(base)
    if found is not None and found.kind == "commit" and is_ancestor(git, base, tip):
        return frozenset(list_touched(git, base, tip, sorted(paths)))
    if is_shallow(git):
        raise GitError(
            f"this shallow clone lacks {base[:12]}, the base of an approval",
            hint="git fetch --unshallow",
        )
    raise UntrustedError(f"its base {base[:12]} was never on {change.target}")


def verify_statement(sealed: StoredStatement, keys: Keys) -> None:
    """Verify that the named approver signed. Raises UntrustedError with the reason."""
    approver = sealed.statement.approver
    if not approver.startswith(openpgp.PREFIX):
        verify_as(approver, sealed.payload, sealed.signature, keys.signers or b"", NAMESPACE)
        return
    if keys.openpgp is None:
        raise UntrustedError(f"there is no {OPENPGP_KEYS_FILE} with its key")
    fingerprint = openpgp.verify(sealed.payload, sealed.signature, keys.openpgp)
    if approver != openpgp.PREFIX + fingerprint:
        raise UntrustedError("it was signed with another key than it names")


def read_deployment_approvers(
    repository: Repository,
    config: Config,
    commit: str | None,
    environment: str,
    release: Release,
    *,
    fetch: bool = True,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the people who signed an approval of a release for an environment.

    Args:
        repository: the repository with the statements.
        config: the configuration at the default branch's tip.
        commit: that tip's commit.
        environment: the environment.
        release: the release; its name, version and digest are compared.
        fetch: whether to fetch statements first.

    Returns:
        The approvers, each once, and notes on statements that do not count. Raises as
            `read_signed`.
    """
    keys = read_keys(repository, commit, config.gate.signers)
    if keys.is_empty:
        return (), (f"there is no {config.gate.signers}, so no signature counts",)
    name = repository_id(repository, config, commit)
    folder = deployment_folder(name, environment, release.name)
    if fetch:
        fetch_statements(repository, folder)
    statements, notes = read_statements(repository, folder)
    refusals = _Refusals(folder, notes)
    approvers: dict[str, None] = {}
    for sealed in statements:
        one = sealed.statement
        expected = DeploymentStatement.of(
            name, environment, release, approver=one.approver, time=one.time
        )
        if one == expected and one.approver not in approvers:
            try:
                verify_statement(sealed, keys)
            except UntrustedError as error:
                refusals.add(sealed, error)
            else:
                approvers[one.approver] = None
    return tuple(approvers), summarize(refusals.notes)
