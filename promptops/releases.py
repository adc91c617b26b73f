"""Releases: versions frozen as annotated tags, planned, made, pushed, read and yanked.

A release is the tag `prompts/<name>@<version>` on a commit whose file says that version. Its
message carries the notes and, as its last paragraph, trailers: what was frozen (digest, path,
model), what the change was found to be, and a random operation id by which a release can tell its
own tag from an identical-looking one after an unclear push.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.closure import collect_closure
from promptops.digest import is_digest
from promptops.errors import (
    ConflictError,
    GitError,
    IntegrityError,
    RefusedError,
    VersionNotFoundError,
)
from promptops.git.history import is_ancestor, write_tag
from promptops.git.objects import parse_tag
from promptops.git.refs import RefUpdate, list_refs, update_refs
from promptops.git.remote import PushRef, PushResult, PushStatus, push
from promptops.git.remote import fetch as git_fetch
from promptops.message import format_message, parse_message
from promptops.prompt import Prompt, load_prompt
from promptops.reference import (
    PromptRef,
    Selector,
    SelectorKind,
    parse_release_tag,
    release_tag,
    yank_tag,
)
from promptops.repository import find_closure
from promptops.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptops.closure import Closure
    from promptops.diff import PromptDiff
    from promptops.git.objects import Identity
    from promptops.repository import Files, Repository


_PUSH_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Release:
    """One frozen version, as its tag says.

    Attributes:
        name: the prompt.
        version: the version.
        tag: the tag's object id.
        commit: the commit that was released.
        digest: the digest of the closure at that commit.
        folder: the prompts folder at that commit.
        model: the model it was written for.
        change: the level of the change it was found to be, or `new`.
        base: the release it was compared with, or None for the first.
        operation: the random id of the release run.
        notes: the release notes, verbatim.
        tagger: who released it, when.
        signature: the tag's signature, or None.
        trailers: all trailers, in order.
    """

    name: str
    version: Version
    tag: str
    commit: str
    digest: str
    folder: str
    model: str
    change: str
    base: Version | None
    operation: str
    notes: str
    tagger: Identity
    signature: str | None
    trailers: tuple[tuple[str, str], ...]

    @property
    def ref(self) -> str:
        """The full ref of the tag."""
        return release_tag(self.name, self.version)

    def __str__(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"


def read_release(repository: Repository, name: str, version: Version) -> Release | None:
    """The release of `name` at `version`, or None. IntegrityError when its tag is no release."""
    found = repository.objects.read(release_tag(name, version))
    if found is None:
        return None
    if found.kind != "tag":
        raise IntegrityError(
            f"the tag of {name}@{version} is not an annotated tag",
            hint="it was not made by promptops release; see promptops verify",
        )
    return parse_release(name, version, found.oid, found.data)


def parse_release(name: str, version: Version, oid: str, data: bytes) -> Release:
    """Read a release from its tag object; IntegrityError when the tag says something else."""
    tag = parse_tag(data)
    message = parse_message(tag.message)
    expected = release_tag(name, version).removeprefix("refs/tags/")
    digest = message.value("Prompt-Digest")
    path = message.value("Prompt-Path")
    if (
        tag.name != expected
        or tag.target_kind != "commit"
        or tag.tagger is None
        or digest is None
        or not is_digest(digest)
        or path is None
        or not (path == f"{name}.md" or path.endswith(f"/{name}.md"))
    ):
        what = f"is the tag of {tag.name}" if tag.name != expected else "has no valid trailers"
        raise IntegrityError(
            f"the tag {expected} {what}",
            hint="it was made or moved by hand; promptops verify says more",
        )
    base = message.value("Prompt-Base")
    return Release(
        name=name,
        version=version,
        tag=oid,
        commit=tag.target,
        digest=digest,
        folder=path[: -len(f"{name}.md")].rstrip("/"),
        model=message.value("Prompt-Model") or "",
        change=message.value("Prompt-Change") or "",
        base=Version.parse(base) if base and base != "none" else None,
        operation=message.value("Operation") or "",
        notes=message.text,
        tagger=tag.tagger,
        signature=tag.signature,
        trailers=message.trailers,
    )


def require_release(repository: Repository, name: str, version: Version) -> Release:
    """The release of `name` at `version`; VersionNotFoundError, with what there is, without it."""
    release = read_release(repository, name, version)
    if release is None:
        raise _version_not_found(repository, f"{name} {version} is not released", name)
    return release


def _version_not_found(repository: Repository, message: str, name: str) -> VersionNotFoundError:
    versions = list_versions(repository, name)
    if versions:
        newest = ", ".join(str(version) for version in versions[-5:][::-1])
        hint = f"released: {newest}" + (" and older ones" if len(versions) > 5 else "")  # noqa: PLR2004 - as many as are read at a glance
    elif repository.remote is not None:
        hint = f"this clone has no releases of it; git fetch {repository.remote} --tags gets them"
    else:
        hint = f"promptops release {name} makes the first"
    return VersionNotFoundError(message, hint=hint)


def list_versions(repository: Repository, name: str) -> list[Version]:
    """All released versions of `name`, in order of precedence."""
    return sorted(version for _, version in list_tags(repository, name))


def list_tags(repository: Repository, name: str | None = None) -> dict[tuple[str, Version], str]:
    """The object ids of release tags, by name and version: all, or those of one prompt."""
    prefix = "refs/tags/prompts/" if name is None else f"refs/tags/prompts/{name}@"
    found = {}
    for ref in list_refs(repository.git, prefix, peel=False):
        parsed = parse_release_tag(ref.name)
        if parsed is not None:
            found[parsed] = ref.oid
    return found


def list_releases(repository: Repository, name: str) -> list[Release]:
    """All releases of `name`, newest version first."""
    tags = sorted(list_tags(repository, name).items(), key=lambda item: item[0][1], reverse=True)
    objects = repository.objects.read_many([oid for _, oid in tags])
    return [
        parse_release(name, version, oid, found.data)
        for ((_, version), oid), found in zip(tags, objects, strict=True)
        if found is not None and found.kind == "tag"
    ]


def find_yank(repository: Repository, name: str, version: Version) -> str | None:
    """Why the release was yanked, or None when it was not."""
    found = repository.objects.read(yank_tag(name, version))
    if found is None:
        return None
    if found.kind != "tag":
        return "no reason given"
    message = parse_message(parse_tag(found.data).message)
    return message.value("Reason") or message.text or "no reason given"


def list_yanked(repository: Repository, name: str) -> set[Version]:
    """The yanked versions of `name`."""
    prefix = f"refs/tags/yanked/prompts/{name}@"
    versions = (
        parse_release_tag(ref.name.replace("refs/tags/yanked/", "refs/tags/", 1))
        for ref in list_refs(repository.git, prefix, peel=False)
    )
    return {parsed[1] for parsed in versions if parsed is not None}


def select_release(repository: Repository, name: str, selector: Selector) -> Release:
    """The release that a version, a range or `latest` means.

    Ranges and `latest` skip pre-releases and yanked versions. VersionNotFoundError when nothing
    answers the selector; never anything else in its place.
    """
    if selector.kind is SelectorKind.VERSION and selector.version is not None:
        return require_release(repository, name, selector.version)
    versions = list_versions(repository, name)
    yanked = list_yanked(repository, name)
    allowed = [
        version
        for version in versions
        if not version.is_prerelease
        and version not in yanked
        and (selector.range is None or version in selector.range)
    ]
    if not allowed:
        message = f"no release of {name} answers '{selector}'"
        if not versions:
            message = f"{name} has no release"
        raise _version_not_found(repository, message, name)
    return require_release(repository, name, allowed[-1])


def load_released(repository: Repository, release: Release) -> Prompt:
    """The prompt as it was released; IntegrityError when it is not what the tag says."""
    closure = read_released_closure(repository, release)
    digest = closure.compute_digest()
    if digest != release.digest:
        raise IntegrityError(
            f"{release} is not what was released: its files have digest {digest}",
            hint=f"the tag says {release.digest}; was the tag moved? promptops verify says more",
        )
    prompt = load_prompt(closure, digest=digest)
    if prompt.version != release.version:
        raise IntegrityError(f"the file released as {release} says version {prompt.version}")
    return prompt


def read_released_closure(repository: Repository, release: Release) -> Closure:
    """The files of the release at its commit; IntegrityError when they are not there."""
    prefix = f"{release.commit}:{release.folder}/" if release.folder else f"{release.commit}:"

    def read(path: str) -> bytes | None:
        # Straight to the blob: the digest says whether it is the one that was released.
        found = repository.objects.read(prefix + path)
        return found.data if found is not None and found.kind == "blob" else None

    closure = collect_closure(release.name, read)
    if closure is None:
        raise IntegrityError(
            f"the commit released as {release} has no {release.folder}/{release.name}.md",
            hint="in a shallow or partial clone, fetch the commit; else see promptops verify",
        )
    return closure


def is_merged(repository: Repository, commit: str) -> bool | None:
    """Whether the commit is on the default branch; None when there is no such branch to ask."""
    ref = repository.default_branch_ref
    if ref is None or repository.objects.read(ref) is None:
        return None
    return is_ancestor(repository.git, commit, ref)


# Making releases


@dataclass(frozen=True, slots=True)
class Plan:
    """One release as it would be made.

    Attributes:
        prompt: what would be released.
        commit: the commit that would be tagged.
        base: the greatest release below it, or None.
        diff: the change from there.
        existing: the release of the same version and bytes, where there is one already.
        merged: whether the commit is on the default branch; None when there is none.
    """

    prompt: Prompt
    commit: str
    base: Release | None
    diff: PromptDiff
    existing: Release | None
    merged: bool | None


def sync_releases(repository: Repository, names: Iterable[str]) -> None:
    """Fetch the remote's releases and yanks of `names`, and its default branch.

    A clone whose tags are missing would else give out a number twice. RemoteError when the
    remote cannot be asked; ConflictError when a tag here is another than there.
    """
    if repository.remote is None:
        return
    refspecs = [
        refspec
        for name in names
        for refspec in (
            f"refs/tags/prompts/{name}@*:refs/tags/prompts/{name}@*",
            f"refs/tags/yanked/prompts/{name}@*:refs/tags/yanked/prompts/{name}@*",
        )
    ]
    if repository.default_branch is not None:
        refspecs.append(
            f"+refs/heads/{repository.default_branch}:refs/remotes/{repository.remote}/{repository.default_branch}"
        )
    git_fetch(repository.git, repository.remote, refspecs)


def plan_release(
    repository: Repository, name: str, *, backport: bool = False, revision: str = "HEAD"
) -> Plan:
    """What releasing `name` from the commit `revision` would do. Changes nothing.

    Raises InvalidPromptError for a prompt that is not valid, RefusedError for one that has
    uncommitted changes or whose version does not fit the releases there are.
    """
    from promptops.diff import diff_prompts  # resolving a prompt must not wait for it

    commit = repository.git.resolve_commit(revision)
    _refuse_uncommitted(repository, name, commit)
    prompt = load_valid(repository, repository.at(commit), name, where=f"at {revision}")
    versions = list_versions(repository, name)
    merged = is_merged(repository, commit)
    if prompt.version in versions:
        existing = require_release(repository, name, prompt.version)
        _refuse_other_bytes(prompt, existing)
        base = _greatest_below(repository, name, prompt.version, versions)
        before = load_released(repository, base) if base else None
        return Plan(prompt, existing.commit, base, diff_prompts(before, prompt), existing, merged)
    newer = [v for v in versions if v > prompt.version and not v.is_prerelease]
    if newer and not backport:
        raise RefusedError(
            f"{name} {prompt.version} lies below {newer[-1]}, which is released",
            hint=f"promptops bump {name} writes the next version; --backport releases a fix of an old one",
        )
    base = _greatest_below(repository, name, prompt.version, versions)
    diff = diff_prompts(load_released(repository, base) if base else None, prompt)
    if base is not None:
        _refuse_small_step(prompt, base, diff)
    return Plan(prompt, commit, base, diff, None, merged)


def load_valid(repository: Repository, files: Files, name: str, *, where: str) -> Prompt:
    """The prompt `name` of `files`, when `validate` finds no error in it.

    Raises InvalidPromptError with all that it finds, PromptNotFoundError without the prompt.
    """
    from promptops.finding import Severity
    from promptops.prompt import invalid_prompt
    from promptops.validation import validate_prompts

    closure = find_closure(files, name, where=where)
    findings = validate_prompts(files, repository.config, [name]).findings
    errors = tuple(one for one in findings if one.severity is Severity.ERROR)
    if errors:
        raise invalid_prompt(name, errors)
    return load_prompt(closure)


def _refuse_uncommitted(repository: Repository, name: str, commit: str) -> None:
    if repository.git.work_tree is None:
        return
    committed = collect_closure(name, repository.at(commit).read)
    working = collect_closure(name, repository.working.read)
    if working is None or (committed is not None and committed.files == working.files):
        return
    changed = sorted(
        path
        for path in working.files.keys() | (committed.files.keys() if committed else set())
        if committed is None or working.files.get(path) != committed.files.get(path)
    )
    folder = repository.config.prompts
    raise RefusedError(
        f"{name} has uncommitted changes in {', '.join(f'{folder}/{path}' for path in changed[:3])}",
        hint=f"commit them first: git commit -m '...' -- {' '.join(f'{folder}/{path}' for path in changed[:3])}",
    )


def _refuse_other_bytes(prompt: Prompt, existing: Release) -> None:
    if existing.digest != prompt.digest:
        raise RefusedError(
            f"{existing} is already released by {existing.tagger.name}, with other content",
            hint=f"a released version never changes; promptops bump {prompt.name} writes the next one",
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
            hint=f"promptops bump {prompt.name} writes {base.version.bump(diff.level)}",
        )


def default_notes(plan: Plan) -> str:
    """Notes for a release without any: what changed, one line each."""
    if plan.base is None:
        return "First release."
    lines = [f"- {one.subject}: {one.reason}" for one in plan.diff.differences]
    return "\n".join(lines) or "No change in what the model sees."


def create_releases(
    repository: Repository, plans: Sequence[Plan], notes: str | None, operation: str
) -> list[Release]:
    """Make the tags of all plans that are not released yet: all of them, or none.

    `operation` is the random id of this run, by which its tags can be told from others. Returns
    the releases of all plans, in order. A tag that somebody made meanwhile is fine when
    its bytes are the same, else a RefusedError, and then none is made.
    """
    new = [plan for plan in plans if plan.existing is None]
    tags = {plan.prompt.name: _write_tag(repository, plan, notes, operation) for plan in new}
    try:
        update_refs(
            repository.git,
            [
                RefUpdate(
                    release_tag(plan.prompt.name, plan.prompt.version), tags[plan.prompt.name], None
                )
                for plan in new
            ],
            "promptops release",
        )
    except ConflictError as error:
        if not any(read_release(repository, p.prompt.name, p.prompt.version) for p in new):
            raise
        replanned = [_plan_again(repository, plan) for plan in plans]
        if all(plan.existing is None for plan in replanned if plan in new):
            raise GitError(error.message, hint=error.hint) from error
        return create_releases(repository, replanned, notes, operation)
    return [require_release(repository, plan.prompt.name, plan.prompt.version) for plan in plans]


def _plan_again(repository: Repository, plan: Plan) -> Plan:
    """The plan with the release that exists by now; RefusedError when its bytes are others."""
    existing = read_release(repository, plan.prompt.name, plan.prompt.version)
    if existing is not None:
        _refuse_other_bytes(plan.prompt, existing)
    return Plan(plan.prompt, plan.commit, plan.base, plan.diff, existing, plan.merged)


def _write_tag(repository: Repository, plan: Plan, notes: str | None, operation: str) -> str:
    prompt = plan.prompt
    trailers = [
        ("Prompt-Digest", prompt.digest),
        ("Prompt-Path", f"{repository.config.prompts}/{prompt.path}"),
        ("Prompt-Model", prompt.model),
        ("Prompt-Change", "new" if plan.base is None else plan.diff.level.label),
        ("Prompt-Base", str(plan.base.version) if plan.base else "none"),
        ("Operation", operation),
    ]
    text = default_notes(plan) if notes is None else notes
    message = format_message(f"{prompt.name} {prompt.version}", text, trailers)
    tag = release_tag(prompt.name, prompt.version).removeprefix("refs/tags/")
    return write_tag(repository.git, tag, plan.commit, message)


def refuse_unmerged(repository: Repository, plans: Iterable[Plan]) -> None:
    """Refuse final versions whose commit is not on the remote's default branch."""
    for plan in plans:
        if plan.prompt.version.is_prerelease or is_merged(repository, plan.commit):
            continue
        branch = repository.default_branch or "the default branch"
        raise RefusedError(
            f"{plan.prompt.name} {plan.prompt.version} is not merged: its commit is not on "
            f"{repository.remote}/{branch}",
            hint=f"merge and push it first (git push {repository.remote} {branch}); "
            "a pre-release may be pushed from any branch",
        )


def push_releases(
    repository: Repository, plans: Sequence[Plan], releases: Sequence[Release]
) -> list[Release]:
    """Push release tags: all of them, or none.

    Returns the releases as the remote has them. Where somebody pushed the same version first,
    the tag made here is taken back; the same bytes are then fine, others a RefusedError.
    """
    remote = repository.remote
    if remote is None:
        raise RefusedError(
            f"there is no remote '{repository.config.remote}' to push to",
            hint=f"git remote add {repository.config.remote} URL, or leave out --push",
        )
    refs = [PushRef(release.tag, release.ref, None) for release in releases]
    results = _push_patiently(repository, remote, refs)
    if all(result.status in {PushStatus.PUSHED, PushStatus.UP_TO_DATE} for result in results):
        return list(releases)
    made = {plan.prompt.name for plan in plans if plan.existing is None}
    taken_back = [release for release in releases if release.name in made]
    update_refs(
        repository.git,
        [RefUpdate(release.ref, None, release.tag) for release in taken_back],
        "promptops release: taken back",
    )
    rejected = [result for result in results if result.status is PushStatus.STALE]
    if not rejected:
        reasons = "; ".join(sorted({result.reason for result in results if result.reason}))
        raise RefusedError(
            f"{remote} refused the release: {reasons or 'no reason given'}",
            hint="nothing was released; ask whoever runs the remote, or correct what it says",
        )
    sync_releases(repository, [plan.prompt.name for plan in plans])
    replanned = [_plan_again(repository, plan) for plan in plans]
    if all(plan.existing is not None for plan in replanned):
        return [plan.existing for plan in replanned if plan.existing is not None]
    again = create_releases(repository, replanned, _notes_of(taken_back), taken_back[0].operation)
    return push_releases(repository, replanned, again)


def _push_patiently(
    repository: Repository, remote: str, refs: Sequence[PushRef]
) -> list[PushResult]:
    """Push tags as one step, again while another push holds a lock on the remote."""
    import random
    import time

    for attempt in range(1, _PUSH_ATTEMPTS):
        results = push(repository.git, remote, refs, atomic=len(refs) > 1)
        if not any(result.status is PushStatus.BUSY for result in results):
            return results
        time.sleep(random.uniform(0.05, 0.2) * attempt)  # noqa: S311 - jitter, not secrecy
    return push(repository.git, remote, refs, atomic=len(refs) > 1)


def _notes_of(releases: Sequence[Release]) -> str | None:
    notes = {release.notes for release in releases}
    return notes.pop() if len(notes) == 1 else None


def yank_release(repository: Repository, name: str, version: Version, reason: str) -> bool:
    """Mark a release as not to be used. Returns False when it was yanked already."""
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
    update_refs(repository.git, [RefUpdate(tag, oid, None)], "promptops yank")
    return True


def push_yank(repository: Repository, name: str, version: Version) -> None:
    """Push the tag that yanks a release; a yank that is there already is fine."""
    if repository.remote is None:
        raise RefusedError(
            f"there is no remote '{repository.config.remote}' to push to",
            hint="leave out --push",
        )
    tag = yank_tag(name, version)
    found = repository.objects.read(tag)
    if found is None:
        raise GitError(f"the tag {tag} is gone")
    (result,) = push(
        repository.git, repository.remote, [PushRef(found.oid, tag, None)], atomic=False
    )
    if result.status in {PushStatus.PUSHED, PushStatus.UP_TO_DATE, PushStatus.STALE}:
        return
    raise RefusedError(f"{repository.remote} refused the yank: {result.reason}")


def default_ref(text: PromptRef) -> Selector:
    """The selector of a ref, with `latest` where there is none."""
    return text.selector or Selector(SelectorKind.LATEST, "latest")
