"""Plan, create, push and yank releases; several releases succeed or fail together.

A tag's message has the notes and, as its last paragraph, trailers: digest, path, model, the level
of the change, and a random operation id. After an unclear push the operation id tells our own tag
from an identical one of another run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from promptops.delivery.evidence import (
    evidence_ref,
    list_recorded,
    write_trailer,
)
from promptops.delivery.release import find_yank, load_released, parse_release, read_release
from promptops.delivery.releases import is_merged, list_tags, list_versions, require_release
from promptops.delivery.syncing import is_published, sync_releases
from promptops.errors import (
    ConflictError,
    GitError,
    RefusedError,
    RemoteError,
    UnclearPushError,
)
from promptops.git.history import NewTag, write_tag, write_tags
from promptops.git.message import format_message
from promptops.git.refs import RefUpdate, read_refs, short_name, update_refs
from promptops.git.remote import PushRef, PushResult, PushStatus, list_remote, push
from promptops.git.trees import write_blobs
from promptops.lazy import cached_property
from promptops.prompt.closure import Closure, collect_closure
from promptops.prompt.digest import normalize_newlines
from promptops.prompt.prompt import Prompt, load_prompt
from promptops.prompt.reference import (
    release_tag,
    yank_tag,
)
from promptops.repository.repository import find_closure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from promptops.delivery.release import Release
    from promptops.git.refs import Ref
    from promptops.prompt.diff import PromptDiff
    from promptops.prompt.version import Version
    from promptops.repository.repository import Files, Repository

_PUSH_ATTEMPTS = 10
_FEW = 3
_AT_HEAD = "in the commit at HEAD"
# The output of a server's hook about one refusal, in promptops' error format.
_TOLD = r"error: (.+?); hint: (.+?)(?: \((?:pre-receive|update) hook declined\))?"
_THERE = frozenset({PushStatus.PUSHED, PushStatus.UP_TO_DATE})


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
    """Plan the release of `name` at HEAD. Changes nothing.

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

    Without `drafts`, draft prompts are left out, valid or not. The released commit is HEAD, or
    `commit`, which will be pushed to the default branch together with the tags.
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
            _refuse_other_bytes(prompt, existing)
        else:
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
                f"{prompt.name} {prompt.version} lies below {newer[-1]}, which is released",
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

    Raises InvalidPromptError with all findings, or PromptNotFoundError.
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


def _refuse_other_bytes(prompt: Prompt, existing: Release) -> None:
    if existing.digest != prompt.digest:
        raise RefusedError(
            f"{existing} is already released by {existing.tagger.name}, with other content",
            hint="a released version never changes; "
            f"promptops bump {prompt.name} writes the next one",
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
            f"{prompt.name} {prompt.version} is a {step.label} step from {base.version}, "
            f"but the change is {diff.level.label}: {strongest.subject}: {strongest.reason}",
            hint=f"promptops bump {prompt.name} writes a version that is enough",
        )


def default_notes(plan: ReleasePlan) -> str:
    """Return default release notes: one line for each change."""
    if plan.base is None:
        return "First release."
    lines = [f"- {one.subject}: {one.reason}" for one in plan.diff.differences]
    return "\n".join(lines) or "No change in what the model sees."


def create_releases(
    repository: Repository, plans: Sequence[ReleasePlan], notes: str | None, operation: str
) -> list[Release]:
    """Create the tags of all plans that are not released yet: all of them, or none.

    `operation` is this run's random id. Returns the releases of all plans, in order. A tag that was
    created meanwhile is accepted if its content is the same. Otherwise RefusedError is raised and
    no tag is created.
    """
    new = [plan for plan in plans if plan.existing is None]
    kept = _write_evidence(repository, new)
    oids = write_tags(
        repository.git, [_describe_tag(repository, plan, notes, operation) for plan in new]
    )
    tags = {
        release_tag(plan.prompt.name, plan.prompt.version): oid
        for plan, oid in zip(new, oids, strict=True)
    }
    try:
        update_refs(
            repository.git,
            [RefUpdate(ref, oid, None) for ref, oid in {**kept, **tags}.items()],
            "promptops release",
        )
    except KeyboardInterrupt:
        # At the end of a transaction Git updates refs one after the other.
        _take_back(repository, tags)
        raise
    except ConflictError:
        replanned = [_plan_again(repository, plan) for plan in plans]
        if replanned == list(plans):
            raise
        return create_releases(repository, replanned, notes, operation)
    made = [
        None if found is None else found.data
        for found in repository.objects.read_many(list(tags.values()))
    ]
    parsed = iter(
        parse_release(plan.prompt.name, plan.prompt.version, oid, data or b"")
        for plan, oid, data in zip(new, oids, made, strict=True)
    )
    return [plan.existing or next(parsed) for plan in plans]


def _write_evidence(repository: Repository, plans: Sequence[ReleasePlan]) -> dict[str, str]:
    """Store the evidence of all plans; return the refs that keep it."""
    blobs = [data for plan in plans for _, data in plan.evidence]
    refs = {evidence_ref(oid): oid for oid in write_blobs(repository.git, blobs)} if blobs else {}
    there = read_refs(repository.git, list(refs)) if refs else {}
    return {ref: oid for ref, oid in refs.items() if ref not in there}


def _plan_again(repository: Repository, plan: ReleasePlan) -> ReleasePlan:
    """Return the plan with the release that exists by now. Raises RefusedError if its content
    differs.
    """
    existing = read_release(repository, plan.prompt.name, plan.prompt.version)
    if existing is not None:
        _refuse_other_bytes(plan.prompt, existing)
    return replace(plan, existing=existing)


def _describe_tag(
    repository: Repository, plan: ReleasePlan, notes: str | None, operation: str
) -> NewTag:
    prompt = plan.prompt
    trailers = [
        ("Prompt-Digest", prompt.digest),
        ("Prompt-Path", f"{repository.config.prompts}/{prompt.path}"),
        ("Prompt-Model", prompt.model),
        ("Prompt-Change", "new" if plan.base is None else plan.diff.level.label),
        ("Prompt-Base", str(plan.base.version) if plan.base else "none"),
        *plan.attested,
        *_name_evidence(repository, plan),
        ("Operation", operation),
    ]
    text = default_notes(plan) if notes is None else notes
    message = format_message(f"{prompt.name} {prompt.version}", text, trailers)
    tag = release_tag(prompt.name, prompt.version).removeprefix("refs/tags/")
    return NewTag(tag, plan.commit, message)


def _name_evidence(repository: Repository, plan: ReleasePlan) -> list[tuple[str, str]]:
    if not plan.evidence:
        return []
    oids = write_blobs(repository.git, [data for _, data in plan.evidence])
    return [write_trailer(suite, oid) for (suite, _), oid in zip(plan.evidence, oids, strict=True)]


def refuse_unmerged(repository: Repository, plans: Iterable[ReleasePlan]) -> None:
    """Refuse final versions whose commit is not on the remote's default branch."""
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
                "it was released from a commit that was never merged; unless it still will be, "
                f"git tag -d {short_name(tag)} takes the release back"
            )
        if repository.git.is_shallow:
            hint = "this clone is shallow and cannot tell: git fetch --unshallow, then again"
        raise RefusedError(
            f"{plan.prompt.name} {plan.prompt.version} is not merged: "
            f"its commit is not on {branch}",
            hint=hint,
        )


def push_releases(
    repository: Repository,
    plans: Sequence[ReleasePlan],
    releases: Sequence[Release],
    *,
    branch: PushRef | None = None,
) -> list[Release]:
    """Push release tags, and with them the commit of `branch`, atomically.

    Returns the releases on the remote. If the same version was pushed first by somebody else, the
    local tag is removed; equal content is accepted, otherwise RefusedError is raised.
    """
    remote = _require_remote(repository)
    made = {
        release.ref: release.tag
        for plan, release in zip(plans, releases, strict=True)
        if plan.existing is None
    }
    refs = [PushRef(release.tag, release.ref, None) for release in releases]
    refs += [PushRef(oid, ref, None) for ref, oid in list_evidence(repository, releases).items()]
    refs += [branch] if branch is not None else []
    try:
        results = _push_patiently(repository, remote, refs)
    except RemoteError as error:
        # The connection may have broken after the remote accepted them, so ask.
        if not _is_unclear(repository, remote, made, error):
            return list(releases)
        raise
    except GitError:
        _take_back(repository, made)
        raise
    if all(result.status in _THERE for result in results):
        return list(releases)
    _take_back(repository, made)
    if not any(result.status is PushStatus.STALE for result in results):
        reasons = "; ".join(sorted({result.reason for result in results if result.reason}))
        raise refused_by_remote(remote, "release", reasons)
    if branch is not None:
        raise RefusedError(
            f"{remote}/{short_name(branch.ref)} or a release moved meanwhile; nothing was changed",
            hint="git pull, then the same command again",
        )
    sync_releases(repository, [plan.prompt.name for plan in plans])
    replanned = [_plan_again(repository, plan) for plan in plans]
    found = [plan.existing for plan in replanned if plan.existing is not None]
    if len(found) == len(replanned):
        return found
    again = create_releases(repository, replanned, _notes_of(releases), releases[0].operation)
    return push_releases(repository, replanned, again)


def list_evidence(repository: Repository, releases: Iterable[Release]) -> dict[str, str]:
    """Return the refs of evidence of releases that this clone has, with their object ids."""
    named = [one.oid for release in releases for one in list_recorded(release.trailers) if one.oid]
    refs = {evidence_ref(oid): oid for oid in named}
    there = read_refs(repository.git, list(refs)) if refs else {}
    return {ref: oid for ref, oid in refs.items() if ref in there and there[ref].oid == oid}


def _require_remote(repository: Repository) -> str:
    if repository.remote is None:
        name = repository.config.remote
        raise RefusedError(
            f"there is no remote '{name}' to push to",
            hint=f"git remote add {name} URL, or leave out --push",
        )
    return repository.remote


def _is_unclear(
    repository: Repository, remote: str, made: Mapping[str, str], error: RemoteError
) -> bool:
    """Find out the result of a broken push; return False if all of it arrived.

    Tags that certainly did not arrive are removed locally. If the remote cannot be asked, or may
    still be processing, the tags are kept; running the command again completes the push.
    """
    try:
        limits = repository.config.timeouts.usual
        there = list_remote(repository.git, remote, list(made), limits=limits)
        if made and all(there.get(ref) == oid for ref, oid in made.items()):
            return False
        is_over = not isinstance(error, UnclearPushError)
    except RemoteError:
        is_over = False
    if is_over:
        _take_back(repository, made)
    else:
        kept = ", ".join(short_name(ref) for ref in made)
        error.hint = f"{kept} may have arrived or not; the same command again completes it"
    return True


def _take_back(repository: Repository, tags: Mapping[str, str]) -> None:
    """Remove the tags that this run created."""
    there = read_refs(repository.git, list(tags))
    update_refs(
        repository.git,
        [RefUpdate(ref, None, oid) for ref, oid in tags.items() if _holds(there.get(ref), oid)],
        "promptops release: taken back",
    )


def _holds(ref: Ref | None, oid: str) -> bool:
    return ref is not None and ref.oid == oid


def refused_by_remote(remote: str, what: str, reason: str) -> RefusedError:
    """Return the error for a push that the remote refused."""
    hint = "nothing was changed; do what it says, or ask whoever runs the remote"
    told = re.fullmatch(_TOLD, reason)
    if told and "; error: " not in reason:
        # The remote's hook is promptops and reported a single error.
        reason, hint = told[1], f"nothing was changed; {told[2]}"
    in_the_way = re.search(r"'(refs/[^']+)' exists; cannot create", reason)
    if in_the_way:
        hint = f"that name is in the way there: git push {remote} --delete {in_the_way[1]}"
    return RefusedError(
        f"{remote} refused the {what}: {reason or 'it does not say why'}", hint=hint
    )


def _push_patiently(
    repository: Repository, remote: str, refs: Sequence[PushRef]
) -> list[PushResult]:
    """Push tags atomically; retry while another push holds a lock on the remote."""
    import random
    import time

    limits = repository.config.timeouts.usual
    for attempt in range(1, _PUSH_ATTEMPTS):
        results = push(repository.git, remote, refs, atomic=len(refs) > 1, limits=limits)
        if not any(result.status is PushStatus.BUSY for result in results):
            return results
        time.sleep(random.uniform(0.05, 0.2) * attempt)  # noqa: S311 - jitter, not secrecy
    return push(repository.git, remote, refs, atomic=len(refs) > 1, limits=limits)


def _notes_of(releases: Sequence[Release]) -> str | None:
    notes = {release.notes for release in releases}
    return notes.pop() if len(notes) == 1 else None


def yank_release(repository: Repository, name: str, version: Version, reason: str) -> bool:
    """Yank a release. Returns False if it was yanked already."""
    release = require_release(repository, name, version)
    if find_yank(repository, name, version) is not None:
        return False
    import secrets

    tag = yank_tag(name, version)
    message = format_message(
        f"Yank {name} {version}",
        "",
        [("Reason", reason), ("Release-Tag", release.tag), ("Operation", secrets.token_hex(16))],
    )
    oid = write_tag(repository.git, tag.removeprefix("refs/tags/"), release.commit, message)
    try:
        update_refs(repository.git, [RefUpdate(tag, oid, None)], "promptops yank")
    except ConflictError:
        return False  # another process yanked it just now
    return True


def push_yank(repository: Repository, name: str, version: Version, *, made: bool) -> None:
    """Push the tag that yanks a release; an existing one is accepted.

    If the remote refuses and the tag was `made` just now, remove it here: the release is not yanked
    for others.
    """
    remote = _require_remote(repository)
    tag = yank_tag(name, version)
    found = repository.objects.read(tag)
    if found is None:
        raise GitError(f"the tag {short_name(tag)} is gone", hint="run the command again")
    try:
        refs = [PushRef(found.oid, tag, None)]
        limits = repository.config.timeouts.usual
        (result,) = push(repository.git, remote, refs, atomic=False, limits=limits)
        if result.status not in {*_THERE, PushStatus.STALE}:
            raise refused_by_remote(remote, "yank", result.reason)
    except UnclearPushError as error:
        if _is_unclear(repository, remote, {tag: found.oid}, error):
            raise
    except (GitError, RefusedError):
        if made:
            _take_back(repository, {tag: found.oid})
        raise
