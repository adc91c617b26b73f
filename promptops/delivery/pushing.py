"""Push tags with retries, and find out the result of a broken push.

After an unclear push, the operation id distinguishes our tags from identical ones of another run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.errors import (
    RefusedError,
    RemoteError,
    UnclearPushError,
)
from promptops.git.refs import RefUpdate, read_refs, short_name, update_refs
from promptops.git.remote import PushRef, PushResult, PushStatus, list_remote, push

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.git.refs import Ref
    from promptops.repository.repository import Repository

_PUSH_ATTEMPTS = 10
# The output of a server's hook about one refusal, in promptops' error format.
_TOLD = r"error: (.+?); hint: (.+?)(?: \((?:pre-receive|update) hook declined\))?"
THERE = frozenset({PushStatus.PUSHED, PushStatus.UP_TO_DATE})


def require_remote(repository: Repository) -> str:
    """Return the remote's name. Raises RefusedError without one."""
    if repository.remote is None:
        name = repository.config.remote
        raise RefusedError(
            f"there is no remote '{name}' to push to",
            hint=f"git remote add {name} URL, or remove --push",
        )
    return repository.remote


def is_unclear(
    repository: Repository, remote: str, made: Mapping[str, str], error: RemoteError
) -> bool:
    """Find out the result of a push that ended in `error`; return False if all of it arrived.

    `made` are the pushed tags: full ref -> object id.

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
        remove_tags(repository, made)
    else:
        kept = ", ".join(short_name(ref) for ref in made)
        error.hint = f"{kept} may have arrived or not; run the same command again to complete it"
    return True


def remove_tags(repository: Repository, tags: Mapping[str, str]) -> None:
    """Remove the tags that this run created."""
    there = read_refs(repository.git, list(tags))
    update_refs(
        repository.git,
        [RefUpdate(ref, None, oid) for ref, oid in tags.items() if holds(there.get(ref), oid)],
        "promptops release: taken back",
    )


def holds(ref: Ref | None, oid: str) -> bool:
    """Return whether a ref exists and has that object id."""
    return ref is not None and ref.oid == oid


def refused_by_remote(remote: str, what: str, reason: str) -> RefusedError:
    """Return the error for a push that the remote refused; `what` names the pushed thing."""
    hint = "nothing was changed; follow its message, or ask the remote's administrator"
    told = re.fullmatch(_TOLD, reason)
    if told and "; error: " not in reason:
        # The remote's hook is promptops and reported a single error.
        reason, hint = told[1], f"nothing was changed; {told[2]}"
    in_the_way = re.search(r"'(refs/[^']+)' exists; cannot create", reason)
    if in_the_way:
        hint = (
            f"that name conflicts there; to remove it: git push {remote} --delete {in_the_way[1]}"
        )
    return RefusedError(f"{remote} refused the {what}: {reason or 'no reason given'}", hint=hint)


def push_with_retries(
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
