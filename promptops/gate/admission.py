"""Collect what the gate needs (proposal, policy, approvals, findings) and judge a change.

    verdict = judge_change(repository, find_endpoints(repository), approvals_of)

All rules come from the target branch's tip. The change is read and never run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from promptops.checks.engine import validate_prompts
from promptops.checks.rules.colliding_paths import find_collisions, fold
from promptops.errors import GitError, NotAFileError, NotFoundError, PromptopsError, RemoteError
from promptops.forge.codeowners import Dialect, decode_owners, parse_owners
from promptops.forge.codeowners.choice import choose_dialect
from promptops.gate.governance import governs
from promptops.gate.policy import read_policy
from promptops.gate.proposal import read_change
from promptops.gate.rules import PathKind, Rules, judge
from promptops.gate.rules.people import parse_groups
from promptops.git.refs import list_refs, read_ref
from promptops.git.remote import list_remote
from promptops.prompt.finding import Finding, Severity
from promptops.prompt.reference import is_prompt
from promptops.prompt.suite.digest import digest_suite
from promptops.prompt.version_line import differ_in_version_alone
from promptops.repository.config import load_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from promptops.checks.validation import Validation
    from promptops.forge.event import ForgeEvent
    from promptops.gate.policy import Policy
    from promptops.gate.rules import (
        ApprovalEntry,
        Approvals,
        Change,
        ChangedPath,
        EvalEvidence,
        Verdict,
    )
    from promptops.git.trees import TreeReader
    from promptops.repository.config import Config
    from promptops.repository.repository import Files, Repository

    ApprovalsReader = Callable[[Policy, Change], Approvals]
    """Asks the sources of approvals about a change under a policy."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The commits of a merge.

    Attributes:
        base: the commit at the target branch's tip.
        head: the proposed commit.
        target: the target branch's short name.
    """

    base: str
    head: str
    target: str


@dataclass(frozen=True, slots=True)
class Admission:
    """A verdict, with the data to display it.

    Attributes:
        verdict: the verdict.
        validation: the findings in the touched prompts, with texts for excerpts.
    """

    verdict: Verdict
    validation: Validation


def find_endpoints(
    repository: Repository,
    base: str | None = None,
    head: str | None = None,
    target: str | None = None,
    *,
    local: bool = True,
) -> Endpoints:
    """Resolve the two commits of a merge from revisions.

    Args:
        repository: the repository.
        base: the target branch; None: the remote's default branch, or the local one.
        head: the proposed revision; None: HEAD.
        target: the target branch's short name, if the base is not a branch.
        local: whether not to ask the remote for an unknown default branch.

    Raises:
        GitError: the default branch is unknown, or there is no such revision.
    """
    if not local:
        _learn_default_branch(repository)
    if base is None:
        base = repository.require_default_branch_ref()
    return Endpoints(
        repository.git.resolve_commit(base),
        repository.git.resolve_commit(head or "HEAD"),
        target or _short_branch(repository, base),
    )


def _learn_default_branch(repository: Repository) -> None:
    from promptops.delivery.syncing import offer_local

    try:
        repository.learn_default_branch()
    except RemoteError as error:
        raise offer_local(error) from error


def find_proposed(repository: Repository, event: ForgeEvent) -> Endpoints | None:
    """Return the two commits of a CI run; None for a run without a proposal.

    The base is the fetched tip of the target branch, which may be newer than the event. The
    checked-out commit does not matter: often it is a test merge by the forge.

    Raises:
        NotFoundError: this clone lacks a commit of the proposal.
    """
    if not event.is_change or event.head is None or event.target is None:
        return None
    tip = None
    if repository.remote is not None:
        tip = read_ref(repository.git, f"refs/remotes/{repository.remote}/{event.target}")
    base = tip or event.base
    for commit in (base, event.head):
        if commit is None or repository.objects.read(commit) is None:
            what = f"the commit {commit[:12]}" if commit else f"the branch {event.target}"
            raise NotFoundError(
                f"{what} is not in this clone",
                hint=f"git fetch {repository.remote or 'origin'} {commit or event.target} "
                "(in GitHub Actions: actions/checkout with fetch-depth: 0)",
            )
    return Endpoints(str(base), event.head, event.target)


def _short_branch(repository: Repository, base: str) -> str:
    """Return the short name of the branch in a revision; for a commit, of the default branch."""
    done = repository.git.run(
        "rev-parse", "--symbolic-full-name", "--verify", "--end-of-options", base
    )
    if done.text.startswith("refs/heads/"):
        return done.text.removeprefix("refs/heads/")
    if done.text.startswith("refs/remotes/"):
        return done.text.split("/", 3)[-1]
    if repository.default_branch is None:
        raise GitError(
            "no target branch is given, and the default branch is unknown",
            hint="pass --target BRANCH",
        )
    return repository.default_branch


def judge_change(
    repository: Repository,
    endpoints: Endpoints,
    read_approvals: ApprovalsReader,
    *,
    dialect: Dialect | None = None,
    evidence: Sequence[EvalEvidence] = (),
    policy: Policy | None = None,
) -> Admission:
    """Judge whether a change may be merged.

    Args:
        repository: the repository with both commits.
        endpoints: the commits to merge.
        read_approvals: collects the approvals.
        dialect: the forge whose CI or server runs this process, if known.
        evidence: eval results.
        policy: the policy at `endpoints.base`, if already read.

    Raises:
        GitError: the commits conflict, have no common ancestor in this clone, or history is
            missing.
        ConfigurationError: the target branch's rules are invalid.
        RemoteError: a required forge is unreachable.
    """
    if policy is None:
        policy = read_policy(repository, endpoints.base, dialect=dialect)
    repository = repository.under(policy.config)
    change = read_change(repository, policy, endpoints.base, endpoints.head, endpoints.target)
    tree = repository.tree(change.tree)
    names = [one.name for one in change.prompts if one.after is not None]
    files = _MergedFiles(
        tree, repository.tree(change.tree, change.folder), repository.tree(change.base)
    )
    below = f"{change.folder}/"
    validation = validate_prompts(
        files,
        replace(policy.config, prompts=change.folder),
        names,
        added=[path.removeprefix(below) for path in _list_new(change) if path.startswith(below)],
        suites=[
            one.path
            for one in change.paths
            if one.kind is PathKind.EVALS and one.merged is not None
        ],
    )
    read = read_approvals
    if policy.config.gate.versions == "release":
        read = _leave_out_versions(repository, read_approvals)
    verdict = judge(
        change,
        Rules(
            policy.owners,
            policy.owners_path,
            policy.groups,
            policy.config.gate.evals,
            policy.config.gate.committers,
            policy.config.gate.eval,
            policy.config.gate.versions,
        ),
        read(policy, change),
        findings=[
            *validation.findings,
            *_judge_collisions(change, files),
            *_judge_new_policy(repository, change, policy, dialect),
            *_judge_suites(change, policy.config),
        ],
        evidence=_mark_stale(evidence, repository, change, policy.config.evals),
    )
    return Admission(verdict, validation)


def _mark_stale(
    evidence: Sequence[EvalEvidence], repository: Repository, change: Change, folder: str
) -> list[EvalEvidence]:
    """Mark results of suites that differ from the merged suite and from the target branch's."""
    states = [
        (repository.tree(tree), repository.tree(tree, folder))
        for tree in (change.tree, change.base)
    ]

    def digest(suite: str, whole: TreeReader, evals: TreeReader) -> str | None:
        try:
            return digest_suite(
                suite,
                lambda path: whole.read(path) if path.startswith(f"{folder}/") else None,
                lambda: [f"{folder}/{path}" for path in evals.paths()],
            )
        except NotAFileError:
            return None

    return [
        replace(one, is_stale=True)
        if one.record is not None
        and one.record["suite_digest"] not in {digest(one.suite, *state) for state in states}
        else one
        for one in evidence
    ]


def _leave_out_versions(repository: Repository, read: ApprovalsReader) -> ApprovalsReader:
    """Let an approval of a prompt with another version number count for the changed prompt."""

    def is_same(path: ChangedPath, entry: ApprovalEntry | None) -> bool:
        now = path.after
        if entry is None or now is None or entry.mode != now.mode or not is_prompt(path.path):
            return False
        one, other = repository.objects.read_many([entry.oid, now.oid])
        return (
            one is not None and other is not None and differ_in_version_alone(one.data, other.data)
        )

    def read_for_content(policy: Policy, change: Change) -> Approvals:
        approvals = read(policy, change)
        paths = {one.path: one for one in change.paths if one.kind is PathKind.PROMPTS}
        found = []
        for approval in approvals.found:
            contents = dict(approval.contents or {})
            for place in contents.keys() & paths.keys():
                if is_same(paths[place], contents[place]):
                    contents[place] = paths[place].after
            found.append(replace(approval, contents=contents) if contents else approval)
        return replace(approvals, found=tuple(found))

    return read_for_content


class _MergedFiles:
    """The prompts folder after merging, with the old CODEOWNERS file, which applies."""

    def __init__(self, merged: TreeReader, prompts: TreeReader, base: TreeReader) -> None:
        self._merged = merged
        self._prompts = prompts
        self._base = base

    def read(self, path: str) -> bytes | None:
        return self._prompts.read(path)

    def paths(self) -> list[str]:
        return self._prompts.paths()

    def beside(self, folder: str) -> Files:
        return self._merged.beside(folder) if folder else self._base


def _list_new(change: Change) -> set[str]:
    """Return the governed paths of files that merging adds."""
    return {one.path for one in change.paths if one.before is None and one.merged is not None}


def _judge_suites(change: Change, config: Config) -> Iterator[Finding]:
    """Report suites at paths that are not governed: changes to them need no approval."""
    for prompt in change.prompts:
        document = prompt.after.closure.document if prompt.after else None
        suite = document.data.get("evals") if document else None
        if document is None or not isinstance(suite, str) or governs(config, suite):
            continue
        yield Finding(
            "ungoverned-evals",
            Severity.ERROR,
            f"the evals of {prompt.name} are in {suite}, which can change without approval",
            prompt.path,
            document.locate(["evals"]),
            f"put the suite below {config.evals}/, or add its path to govern in [gate]",
        )


def _judge_collisions(change: Change, files: Files) -> Iterator[Finding]:
    """Yield paths that differ only by case, so that they collide on some disks."""
    new = _list_new(change)
    hint = "rename one of the two"
    folder = change.folder
    if new:
        for pair in find_collisions(f"{folder}/{path}" for path in files.paths()):
            if new.intersection(pair):
                message = f"the path differs from '{pair[1]}' only in case or encoding"
                yield Finding("colliding-paths", Severity.ERROR, message, pair[0], None, hint)
    for path in sorted(new):
        if not path.startswith(f"{folder}/") and fold(path).startswith(f"{fold(folder)}/"):
            message = f"{path} is below {folder}/ on a disk that ignores case"
            yield Finding("colliding-paths", Severity.ERROR, message, path, None, hint)


_POLICY = frozenset({PathKind.CONFIGURATION, PathKind.GROUPS, PathKind.OWNERS, PathKind.SIGNERS})


def _judge_new_policy(
    repository: Repository, change: Change, policy: Policy, dialect: Dialect | None
) -> Iterator[Finding]:
    """Report invalid rules in the change: after merging them, nothing else could be merged."""
    paths = [path for path in change.paths if path.kind in _POLICY]
    if not paths:
        return
    findings = list(_judge_policy_files(paths, policy, repository.tree(change.tree)))
    yield from findings
    if findings:
        return
    try:
        # The next policy may consist of files that this change did not touch but now names.
        read_policy(repository, change.tree, dialect=dialect)
    except PromptopsError as error:
        yield Finding(
            "broken-policy", Severity.ERROR, error.message, paths[0].path, None, error.hint
        )


def _judge_policy_files(
    paths: Iterable[ChangedPath], policy: Policy, tree: TreeReader
) -> Iterator[Finding]:
    gate = policy.config.gate
    for path in paths:
        if not path.merged or not path.merged.mode.startswith("100"):
            continue
        data = tree.read(path.path) or b""
        try:
            if path.kind is PathKind.CONFIGURATION:
                load_config({path.path: data}.get)
            elif path.kind is PathKind.GROUPS:
                parse_groups(data, path.path)
            elif path.kind is PathKind.OWNERS:
                dialect = (
                    policy.owners.dialect
                    if policy.owners is not None
                    else choose_dialect(gate.dialect, tree.read)
                )
                owners = parse_owners(decode_owners(data), dialect)
                yield from (problem.as_finding(path.path) for problem in owners.problems)
        except PromptopsError as error:
            yield Finding(
                "broken-policy", Severity.ERROR, error.message, path.path, None, error.hint
            )


def require_release_tags(repository: Repository) -> None:
    """Raise an error if the clone has no release tags and the remote has some.

    Raises:
        GitError: the tags are missing in this clone.
        RemoteError: the remote cannot be asked.
    """
    if repository.remote is None or list_refs(repository.git, "refs/tags/prompts/", peel=False):
        return
    try:
        there: Mapping[str, str] = list_remote(
            repository.git,
            repository.remote,
            ["refs/tags/prompts/*"],
            limits=repository.config.timeouts.usual,
        )
    except RemoteError as error:
        error.hint = "--local uses the release tags of this clone, and it has none"
        raise
    if there:
        raise GitError(
            "this clone has no release tags, and its remote has some",
            hint=f"git fetch {repository.remote} --tags "
            "(in GitHub Actions: actions/checkout with fetch-depth: 0)",
        )
