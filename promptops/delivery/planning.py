"""Plan releases, and collect the errors of those that are not possible. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from promptops.delivery.release import load_released
from promptops.delivery.releases import is_merged, list_tags, list_versions, require_release
from promptops.delivery.syncing import is_published
from promptops.errors import (
    RefusedError,
)
from promptops.git.refs import short_name
from promptops.lazy import cached_property
from promptops.prompt.closure import Closure, collect_closure
from promptops.prompt.digest import normalize_newlines
from promptops.prompt.prompt import Prompt, load_prompt
from promptops.prompt.reference import (
    release_tag,
)
from promptops.repository.repository import find_closure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptops.delivery.release import Release
    from promptops.prompt.diff import PromptDiff
    from promptops.prompt.version import Version
    from promptops.repository.repository import Files, Repository

_FEW = 3
_AT_HEAD = "in the commit at HEAD"


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """One planned release.

    Attributes:
        prompt: the prompt to release.
        commit: the commit to tag.
        base: the greatest release below it, or None.
        diff: the change since the base.
        existing: an existing release of the same version and content, if any.
        merged: whether the commit is on the default branch; None if there is no default branch.
        attested: trailers about the gate's verdict, approvals and passed evals.
        evidence: eval results: suite and blob for the tag.
    """

    prompt: Prompt
    commit: str
    base: Release | None
    diff: PromptDiff
    existing: Release | None
    merged: bool | None
    attested: tuple[tuple[str, str], ...] = ()
    evidence: tuple[tuple[str, bytes], ...] = ()


def plan_release(repository: Repository, name: str, *, backport: bool = False) -> ReleasePlan:
    """Plan the release of `name` at HEAD. Changes nothing. With `backport`, a greater version may
    be released already.

    Raises InvalidPromptError if the prompt is invalid, and RefusedError if it has uncommitted
    changes or its version does not fit the existing releases.
    """
    return _Planner(repository, [name], backport=backport).plan(name)


def plan_releases(
    repository: Repository,
    names: Sequence[str],
    *,
    backport: bool = False,
    drafts: bool = True,
    commit: str | None = None,
) -> tuple[list[ReleasePlan], list[RefusedError]]:
    """Plan the releases of `names`; return the plans, and the errors of those that cannot be
    released.

    With `backport`, a greater version may be released already. Without `drafts`, draft prompts are
    left out, valid or not. The released commit is HEAD, or `commit`, which will be pushed to the
    default branch together with the tags.
    """
    planner = _Planner(repository, names, backport=backport, commit=commit)
    plans: list[ReleasePlan] = []
    refused: list[RefusedError] = []
    for name in names:
        if not drafts and planner.is_draft(name):
            continue
        try:
            plans.append(planner.plan(name))
        except RefusedError as error:
            refused.append(error)
    return plans, refused


def refuse_draft(prompt: Prompt) -> None:
    """Refuse a prompt whose file says that it is a draft. Raises RefusedError."""
    if prompt.status == "draft":
        raise RefusedError(
            f"{prompt.name} is a draft, and drafts are not released",
            hint="remove 'status: draft' from its file once it is reviewed and done",
        )


class _Planner:
    """Plans releases from one commit; reads shared data once."""

    def __init__(
        self,
        repository: Repository,
        names: Sequence[str],
        *,
        backport: bool,
        commit: str | None = None,
    ) -> None:
        self._repository = repository
        self._backport = backport
        self._is_new = commit is not None
        self._commit = commit or repository.git.resolve_commit("HEAD")
        self._files = repository.tree(self._commit, repository.config.prompts)
        self._versions = _versions_by_name(repository, names)
        if len(names) > 1:
            self._files.keep([f"{name}.md" for name in names])
        self._names = names

    @cached_property
    def _suspects(self) -> frozenset[str] | None:
        """The files with errors among all planned ones; None if not all are known."""
        from promptops.checks.engine import validate_prompts
        from promptops.prompt.finding import Severity

        known = [name for name in self._names if self._files.read(f"{name}.md") is not None]
        findings = validate_prompts(self._files, self._repository.config, known).findings
        folder = f"{self._repository.config.prompts}/"
        paths = {one.path for one in findings if one.severity is Severity.ERROR}
        if not all(path.startswith(folder) for path in paths):
            return None
        return frozenset(path.removeprefix(folder) for path in paths)

    def _load(self, name: str) -> Prompt:
        """Load a prompt as `load_valid`. Many prompts are validated together."""
        if len(self._names) > 1 and self._suspects is not None:
            closure = self._find(name)
            if self._suspects.isdisjoint(closure.files):
                return load_prompt(closure)
        return load_valid(self._repository, self._files, name, where=_AT_HEAD)

    @cache  # noqa: B019 - a planner lives for one command
    def _find(self, name: str) -> Closure:
        return find_closure(self._files, name, where=_AT_HEAD)

    def is_draft(self, name: str) -> bool:
        return self._find(name).document.data.get("status") == "draft"

    def plan(self, name: str) -> ReleasePlan:
        from promptops.prompt.diff import diff_prompts

        repository, versions = self._repository, self._versions.get(name, [])
        if not self._is_new and not _is_committed(repository, self._find(name)):
            refuse_uncommitted(repository, name, self._files)
        prompt = self._load(name)
        base = _greatest_below(repository, name, prompt.version, versions)
        existing = None
        if prompt.version in versions:
            existing = require_release(repository, name, prompt.version)
            refuse_other_bytes(prompt, existing)
        else:
            refuse_draft(prompt)
            self._refuse_below(prompt, versions)
        diff = diff_prompts(load_released(repository, base) if base else None, prompt)
        if existing is None and base is not None:
            _refuse_small_step(prompt, base, diff)
        commit = existing.commit if existing else self._commit
        return ReleasePlan(prompt, commit, base, diff, existing, self._is_merged(commit))

    def _refuse_below(self, prompt: Prompt, versions: Sequence[Version]) -> None:
        newer = [v for v in versions if v > prompt.version and not v.is_prerelease]
        if newer and not self._backport:
            raise RefusedError(
                f"{prompt.name} {prompt.version} is lower than {newer[-1]}, which is released",
                hint=f"write a version above {newer[-1]} into the file, "
                "or release a fix of an older one with --backport",
            )

    @cache  # noqa: B019 - a planner lives for one command
    def _is_merged(self, commit: str) -> bool | None:
        return (self._is_new and commit == self._commit) or is_merged(self._repository, commit)


def _versions_by_name(repository: Repository, names: Sequence[str]) -> dict[str, list[Version]]:
    if len(names) == 1:
        return {names[0]: list_versions(repository, names[0])}
    found: dict[str, list[Version]] = {}
    for name, version in sorted(list_tags(repository)):
        found.setdefault(name, []).append(version)
    return found


def _is_committed(repository: Repository, closure: Closure) -> bool:
    """Return whether the work tree certainly has the same files; then Git need not be asked."""
    if repository.git.work_tree is None:
        return True
    if closure.faults:
        return False
    working = repository.working
    return all(
        normalize_newlines(working.read(path) or b"") == normalize_newlines(data)
        for path, data in closure.files.items()
    )


def refuse_uncommitted(repository: Repository, name: str, files: Files) -> None:
    """Refuse a prompt whose files in the work tree differ from `files`, those at HEAD."""
    if repository.git.work_tree is None:
        return
    committed = collect_closure(name, files.read)
    working = collect_closure(name, repository.working.read)
    if working is None or (committed is not None and committed.files == working.files):
        return
    old = committed.files if committed else {}
    folder = repository.config.prompts
    changed = sorted(
        f"{folder}/{path}"
        for path in working.files.keys() | old.keys()
        if working.files.get(path) != old.get(path)
    )
    known = [path for path in changed if path.removeprefix(f"{folder}/") in old]
    if known == changed and not _is_changed(repository, changed):
        return
    raise RefusedError(
        f"{name} has uncommitted changes in {_shorten(changed, ', ')}",
        hint="commit them first: git add -A && git commit"
        if len(changed) > _FEW
        else f"commit them first: git add {' '.join(changed)} && git commit",
    )


def _is_changed(repository: Repository, paths: Sequence[str]) -> bool:
    """Ask Git whether a file changed: attributes (ident, filter) may change its bytes on
    checkout.
    """
    args = ("diff-index", "--quiet", "HEAD", "--", *(f":(top,literal){path}" for path in paths))
    repository.git.run("update-index", "-q", "--refresh", check=False)
    return repository.git.run(*args, check=False).code != 0


def _shorten(words: Sequence[str], separator: str) -> str:
    more = len(words) - _FEW
    return separator.join(words[:_FEW]) + (f" and {more} more" if more > 0 else "")


def load_valid(repository: Repository, files: Files, name: str, *, where: str) -> Prompt:
    """Validate and return the prompt `name` of `files`.

    `where` is a phrase for the error, such as "in the work tree". Raises InvalidPromptError with
    all findings, or PromptNotFoundError.
    """
    from promptops.checks.engine import validate_prompts
    from promptops.prompt.finding import Severity
    from promptops.prompt.prompt import invalid_prompt

    closure = find_closure(files, name, where=where)
    findings = validate_prompts(files, repository.config, [name]).findings
    errors = tuple(one for one in findings if one.severity is Severity.ERROR)
    if errors:
        raise invalid_prompt(name, errors)
    return load_prompt(closure)


def refuse_other_bytes(prompt: Prompt, existing: Release) -> None:
    """Raise RefusedError if the version is released with other content."""
    if existing.digest != prompt.digest:
        raise RefusedError(
            f"{existing} is already released by {existing.tagger.name}, with other content",
            hint="a released version never changes; "
            f"write the next one with promptops bump {prompt.name}",
        )


def _greatest_below(
    repository: Repository, name: str, version: Version, versions: Sequence[Version]
) -> Release | None:
    below = [candidate for candidate in versions if candidate < version]
    return require_release(repository, name, below[-1]) if below else None


def _refuse_small_step(prompt: Prompt, base: Release, diff: PromptDiff) -> None:
    step = prompt.version.level_from(base.version)
    if step < diff.level:
        strongest = max(diff.differences, key=lambda one: one.change_class.level)
        raise RefusedError(
            f"{prompt.name} {prompt.version} is a {step.label} bump from {base.version}, "
            f"but the change is {diff.level.label}: {strongest.subject}: {strongest.reason}",
            hint=f"run promptops bump {prompt.name} to write a sufficient version",
        )


def refuse_unmerged(repository: Repository, plans: Iterable[ReleasePlan]) -> None:
    """Refuse plans of final versions whose commit is not on the remote's default branch."""
    for plan in plans:
        if plan.prompt.version.is_prerelease or plan.merged:
            continue
        tag = release_tag(plan.prompt.name, plan.prompt.version)
        if plan.existing is not None and is_published(repository, tag):
            continue
        branch = short_name(repository.require_default_branch_ref())
        hint = (
            f"merge and push it first (git push {branch.replace('/', ' ', 1)}); "
            "a pre-release may be pushed from any branch"
        )
        if plan.existing is not None:
            hint = (
                "it was released from a commit that was never merged; to undo the release: "
                f"git tag -d {short_name(tag)}"
            )
        if repository.git.is_shallow:
            hint = "this clone is shallow: run git fetch --unshallow, then try again"
        raise RefusedError(
            f"{plan.prompt.name} {plan.prompt.version} is not merged: "
            f"its commit is not on {branch}",
            hint=hint,
        )
