"""List releases, and select one by version, range or `latest`.

A release is the tag `prompts/<name>@<version>` on a commit whose file has that version. `release`
reads a single one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.delivery.release import parse_tag_object, read_release
from promptops.errors import (
    VersionNotFoundError,
)
from promptops.git.history import is_ancestor
from promptops.git.refs import list_refs, list_refs_below
from promptops.prompt.reference import (
    Selector,
    SelectorKind,
    parse_release_tag,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.delivery.release import Release
    from promptops.prompt.version import Version
    from promptops.repository.repository import Repository

# For more names than this, list all releases: command lines are limited.
_MANY = 100
_NEWEST = 5


def require_release(repository: Repository, name: str, version: Version) -> Release:
    """Return the release of `name` at `version`. Raises VersionNotFoundError with the existing
    versions.
    """
    release = read_release(repository, name, version)
    if release is None:
        raise version_not_found(repository, f"{name} {version} is not released", name)
    return release


def version_not_found(repository: Repository, message: str, name: str) -> VersionNotFoundError:
    """Return the error for a missing version, with the existing versions or the nearest name."""
    from promptops.suggestion import nearest

    versions = list_versions(repository, name)
    hint = f"create the first with promptops release {name}"
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
        hint += f"; git fetch {repository.remote} --tags gets the releases of others"
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

    Git seeks to each name, so the number of other tags does not matter.
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
    return read_releases(repository, list_tags(repository, name)).get(name, [])


def list_all_releases(repository: Repository) -> dict[str, list[Release]]:
    """Return the releases of all prompts that have any, by name; newest version first."""
    return read_releases(repository, list_tags(repository))


def read_releases(
    repository: Repository, found: Mapping[tuple[str, Version], str]
) -> dict[str, list[Release]]:
    """Return the releases of tags that `list_tags` found, by name; newest version first."""
    tags = sorted(found.items(), key=lambda item: item[0][1], reverse=True)
    tags.sort(key=lambda item: item[0][0])
    releases: dict[str, list[Release]] = {}
    for ((name, version), _), read in zip(
        tags, repository.objects.read_many([oid for _, oid in tags]), strict=True
    ):
        if read is not None:
            releases.setdefault(name, []).append(parse_tag_object(name, version, read))
    return releases


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
    """Return the release that a version, a range or `latest` selects.

    Ranges and `latest` skip pre-releases and yanked versions. Raises VersionNotFoundError if
    nothing matches; there is no fallback.
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
        message = f"no release of {name} matches '{selector}'"
        if not versions:
            message = f"{name} has no release"
        raise version_not_found(repository, message, name)
    return require_release(repository, name, allowed[-1])


def is_merged(repository: Repository, commit: str) -> bool | None:
    """Return whether the commit is on the default branch; None if that branch is unknown."""
    ref = repository.default_branch_ref
    if ref is None or repository.objects.read(ref) is None:
        return None
    return is_ancestor(repository.git, commit, ref)
