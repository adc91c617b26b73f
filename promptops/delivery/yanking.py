"""Yank a release: mark it as not to be used, here and on the remote."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.delivery.pushing import (
    THERE,
    is_unclear,
    refused_by_remote,
    remove_tags,
    require_remote,
)
from promptops.delivery.release import find_yank
from promptops.delivery.releases import require_release
from promptops.delivery.syncing import is_published, sync_releases
from promptops.errors import (
    ConflictError,
    GitError,
    RefusedError,
    UnclearPushError,
)
from promptops.git.history import write_tag
from promptops.git.message import format_message, one_line
from promptops.git.refs import RefUpdate, short_name, update_refs
from promptops.git.remote import PushRef, PushStatus, push
from promptops.prompt.reference import (
    yank_tag,
)

if TYPE_CHECKING:
    from promptops.prompt.version import Version
    from promptops.repository.repository import Repository


class Yanked(NamedTuple):
    """The result of a yank.

    Attributes:
        is_new: whether it was not yanked before.
        reason: why it is yanked; for an existing yank, the reason given then.
        is_pushed: whether it was pushed.
        unpublished: the tag that is not pushed yet, or None.
    """

    is_new: bool
    reason: str
    is_pushed: bool
    unpublished: str | None


def yank(
    repository: Repository,
    name: str,
    version: Version,
    reason: str,
    *,
    is_pushing: bool,
    is_local: bool,
    is_dry: bool,
) -> Yanked:
    """Yank a release, and push the yank with `is_pushing`.

    With `is_local`, the remote is neither asked nor changed. With `is_dry`, nothing changes. The
    `reason` is recorded in the yank's tag.

    Raises:
        VersionNotFoundError: there is no such release.
        RefusedError, GitError: it cannot be pushed; the local yank is removed.
    """
    if not is_local:
        sync_releases(repository, [name])
    require_release(repository, name, version)
    is_new = find_yank(repository, name, version) is None
    if is_new and not is_dry:
        is_new = yank_release(repository, name, version, reason)
    is_pushed = is_pushing and not is_local and not is_dry
    if is_pushed:
        push_yank(repository, name, version, made=is_new)
    why = find_yank(repository, name, version) or one_line(reason)
    tag = yank_tag(name, version)
    waits = not is_pushed and not is_dry and repository.remote is not None
    is_unpublished = waits and (is_local or not is_published(repository, tag))
    return Yanked(is_new, why, is_pushed, tag if is_unpublished else None)


def yank_release(repository: Repository, name: str, version: Version, reason: str) -> bool:
    """Yank a release. Returns False if it was already yanked."""
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
        return False  # another process has just yanked it
    return True


def push_yank(repository: Repository, name: str, version: Version, *, made: bool) -> None:
    """Push the tag that yanks a release; an existing one is accepted.

    If the remote refuses and the tag was `made` just now, remove it here: the release is not yanked
    for others.
    """
    remote = require_remote(repository)
    tag = yank_tag(name, version)
    found = repository.objects.read(tag)
    if found is None:
        raise GitError(f"the tag {short_name(tag)} is gone", hint="run the command again")
    try:
        refs = [PushRef(found.oid, tag, None)]
        limits = repository.config.timeouts.usual
        (result,) = push(repository.git, remote, refs, atomic=False, limits=limits)
        if result.status not in {*THERE, PushStatus.STALE}:
            raise refused_by_remote(remote, "yank", result.reason)
    except UnclearPushError as error:
        if is_unclear(repository, remote, {tag: found.oid}, error):
            raise
    except (GitError, RefusedError):
        if made:
            remove_tags(repository, {tag: found.oid})
        raise
