"""Releases: versions frozen as annotated tags; which there are, and what they hold.

A release is the tag `prompts/<name>@<version>` on a commit whose file says that version. This reads
and selects them, and fetches those of others. `publication` makes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.delivery.release import Release, parse_release
from promptops.errors import (
    ConflictError,
    IntegrityError,
    RemoteError,
    RemoteRefNotFoundError,
    VersionNotFoundError,
)
from promptops.git.history import is_ancestor
from promptops.git.message import parse_message
from promptops.git.objects import parse_tag
from promptops.git.refs import list_refs, list_refs_below, read_refs, short_name
from promptops.git.remote import fetch as git_fetch
from promptops.git.remote import list_remote
from promptops.prompt.closure import collect_closure
from promptops.prompt.prompt import Prompt, load_prompt
from promptops.prompt.reference import (
    Selector,
    SelectorKind,
    parse_release_tag,
    release_tag,
    yank_tag,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from promptops.git.objects import GitObject
    from promptops.prompt.closure import Closure
    from promptops.prompt.version import Version
    from promptops.repository.repository import Repository

# More names than this are asked for as all there are: a command line has an end.
_MANY = 100
_NEWEST = 5


def read_release(repository: Repository, name: str, version: Version) -> Release | None:
    """Return the release of `name` at `version`, or None. IntegrityError when its tag is no
    release.
    """
    found = repository.objects.read(release_tag(name, version))
    if found is None:
        return None
    return parse_tag_object(name, version, found)


def parse_tag_object(name: str, version: Version, found: GitObject) -> Release:
    """Return the release that an object is; IntegrityError when it is none."""
    if found.kind != "tag":
        raise IntegrityError(
            f"the tag of {name}@{version} is not an annotated tag",
            hint="it was not made by promptops release; promptops verify says what to do",
        )
    return parse_release(name, version, found.oid, found.data)


def require_release(repository: Repository, name: str, version: Version) -> Release:
    """Return the release of `name` at `version`; VersionNotFoundError, with what there is, without
    it.
    """
    release = read_release(repository, name, version)
    if release is None:
        raise version_not_found(repository, f"{name} {version} is not released", name)
    return release


def version_not_found(repository: Repository, message: str, name: str) -> VersionNotFoundError:
    """Return the error for a version that is not there, with what is there, or the name that is."""
    from promptops.suggestion import nearest

    versions = list_versions(repository, name)
    hint = f"promptops release {name} makes the first"
    if versions:
        yanked = list_yanked(repository, name)
        newest = ", ".join(
            f"{version} (yanked)" if version in yanked else str(version)
            for version in versions[-_NEWEST:][::-1]
        )
        hint = f"released: {newest}" + (" and older ones" if len(versions) > _NEWEST else "")
    elif near := nearest(name, {known for known, _ in list_tags(repository)} - {name}):
        hint = f"did you mean {near}?"
    elif repository.remote is not None:
        hint += f"; git fetch {repository.remote} --tags gets those of others"
    return VersionNotFoundError(message, hint=hint)


def list_versions(repository: Repository, name: str) -> list[Version]:
    """Return all released versions of `name`, in order of precedence."""
    return sorted(version for _, version in list_tags(repository, name))


def list_tags(repository: Repository, name: str | None = None) -> dict[tuple[str, Version], str]:
    """Return the object ids of release tags, by name and version: all, or those of one prompt."""
    prefix = "refs/tags/prompts/" if name is None else f"refs/tags/prompts/{name}@"
    found = {}
    for ref in list_refs(repository.git, prefix, peel=False):
        parsed = parse_release_tag(ref.name)
        if parsed is not None:
            found[parsed] = ref.oid
    return found


def list_tags_of(repository: Repository, names: Sequence[str]) -> dict[tuple[str, Version], str]:
    """Return the object ids of the release tags of some prompts, by name and version.

    Git seeks to each name: how many other tags there are does not matter.
    """
    found = {}
    prefixes = [f"refs/tags/prompts/{name}@" for name in names]
    for start in range(0, len(prefixes), _MANY):
        for ref in list_refs_below(repository.git, prefixes[start : start + _MANY]):
            parsed = parse_release_tag(ref.name)
            if parsed is not None:
                found[parsed] = ref.oid
    return found


def list_releases(repository: Repository, name: str) -> list[Release]:
    """Return all releases of `name`, newest version first."""
    tags = sorted(list_tags(repository, name).items(), key=lambda item: item[0][1], reverse=True)
    objects = repository.objects.read_many([oid for _, oid in tags])
    return [
        parse_tag_object(name, version, found)
        for ((_, version), _), found in zip(tags, objects, strict=True)
        if found is not None
    ]


def find_yank(repository: Repository, name: str, version: Version) -> str | None:
    """Return why the release was yanked, or None when it was not."""
    found = repository.objects.read(yank_tag(name, version))
    return None if found is None else yank_reason(found)


def yank_reason(found: GitObject) -> str:
    """Return why a release was yanked, by the object that the tag of the yank holds."""
    if found.kind != "tag":
        return "no reason given"
    message = parse_message(parse_tag(found.data).message)
    return message.value("Reason") or message.text or "no reason given"


def list_yanked(repository: Repository, name: str) -> set[Version]:
    """Return the yanked versions of `name`."""
    return {version for _, version in _list_yanks(repository, f"{name}@")}


def list_all_yanked(repository: Repository) -> set[tuple[str, Version]]:
    """Return the names and versions of everything that was yanked."""
    return _list_yanks(repository, "")


def _list_yanks(repository: Repository, beginning: str) -> set[tuple[str, Version]]:
    prefix = f"refs/tags/yanked/prompts/{beginning}"
    tags = (
        parse_release_tag(ref.name.replace("refs/tags/yanked/", "refs/tags/", 1))
        for ref in list_refs(repository.git, prefix, peel=False)
    )
    return {tag for tag in tags if tag is not None}


def select_release(repository: Repository, name: str, selector: Selector) -> Release:
    """Return the release that a version, a range or `latest` means.

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
        raise version_not_found(repository, message, name)
    return require_release(repository, name, allowed[-1])


def load_released(repository: Repository, release: Release) -> Prompt:
    """Return the prompt as it was released; IntegrityError when it is not what the tag says."""
    closure = read_released_closure(repository, release)
    return verify_content(str(release), closure, release.digest, release.version)


def verify_content(
    what: str,
    closure: Closure,
    digest: str,
    version: Version,
    *,
    load: Callable[[Closure, str], Prompt] | None = None,
) -> Prompt:
    """Return the prompt of a closure, if it is the content and version that were frozen.

    Args:
        what: the release or deployment that froze it, for the error.
        closure: the files as they were read.
        digest: the digest that was frozen.
        version: the version that was frozen.
        load: loads a closure whose digest was verified; `load_prompt` when None.

    Raises:
        IntegrityError: the files have another digest, or say another version.
        InvalidPromptError: they are no valid prompt.
    """
    found = closure.compute_digest()
    if found != digest:
        raise IntegrityError(
            f"{what} is not what was released: its files have digest {found}",
            hint=f"it should be {digest}; was the tag moved? promptops verify says more",
        )
    prompt = load_prompt(closure, digest=digest) if load is None else load(closure, digest)
    if prompt.version != version:
        raise IntegrityError(
            f"the file of {what} says version {prompt.version}",
            hint="it was tagged or deployed by hand; promptops verify says what to do",
        )
    return prompt


def read_released_closure(repository: Repository, release: Release) -> Closure:
    """Return the files of the release at its commit; IntegrityError when they are not there."""
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
    """Return whether the commit is on the default branch; None when there is no such branch to
    ask.
    """
    ref = repository.default_branch_ref
    if ref is None or repository.objects.read(ref) is None:
        return None
    return is_ancestor(repository.git, commit, ref)


def sync_releases(repository: Repository, names: Iterable[str]) -> None:
    """Fetch the remote's releases and yanks of `names`, and its default branch.

    A clone whose tags are missing would else give out a number twice. RemoteError when the
    remote cannot be asked; ConflictError when a tag here is another than there.
    """
    if repository.remote is None:
        return
    names = list(names)
    patterns = [f"prompts/{name}@*" for name in names] if len(names) <= _MANY else ["prompts/*"]
    # Whoever yanked it, yanked it is: the remote's word replaces one that was not pushed.
    refspecs = [f"refs/tags/{one}:refs/tags/{one}" for one in patterns]
    refspecs += [f"+refs/tags/yanked/{one}:refs/tags/yanked/{one}" for one in patterns]
    try:
        repository.learn_default_branch()
        branch = repository.default_branch
        if branch is not None:
            refspecs.append(f"+refs/heads/{branch}:refs/remotes/{repository.remote}/{branch}")
        limits = repository.config.timeouts.usual
        git_fetch(repository.git, repository.remote, refspecs, limits=limits)
    except ConflictError as error:
        found = _find_diverged(repository, repository.remote, patterns)
        if found is None:
            raise
        raise ConflictError(
            f"the tag {found} here is another one than on {repository.remote}",
            hint=f"if the one here was never pushed, git tag -d {found} drops it; else somebody "
            f"moved the one on {repository.remote}, and no release may move",
        ) from error
    except RemoteError as error:
        raise offer_local(error) from error


def offer_local(error: RemoteError) -> RemoteError:
    """Return the same error, with the way to work while the remote is out of reach."""
    away = "--local works without the remote"
    error.hint = f"{error.hint}; {away}" if error.hint else away
    return error


def _find_diverged(repository: Repository, remote: str, patterns: Sequence[str]) -> str | None:
    """Return the short name of a release tag that is one object here and another on the remote."""
    tags = [f"refs/tags/{one}" for one in patterns]
    there = list_remote(repository.git, remote, tags, limits=repository.config.timeouts.usual)
    here = read_refs(repository.git, [ref for ref in there if not ref.endswith("^{}")])
    return next((short_name(ref) for ref in here if here[ref].oid != there[ref]), None)


def is_published(repository: Repository, ref: str) -> bool:
    """Return whether the remote has the tag `ref`; without a remote everything is as public as it
    gets.
    """
    if repository.remote is None:
        return True
    try:
        limits = repository.config.timeouts.usual
        git_fetch(repository.git, repository.remote, [ref], limits=limits)
    except RemoteRefNotFoundError:
        return False
    return True
