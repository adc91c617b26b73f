"""Keeps signed statements in Git: one ref each, below `refs/promptops/approvals/`.

    refs/promptops/approvals/change/<of repository and branch>/<blob>
    refs/promptops/approvals/deployment/<of repository, environment and prompt>/<blob>

The blob is the statement, which is one line, and after it the armoured signature. A ref is named
after what it holds, so that two people or two clones can never be in one another's way, and a ref
that was moved gives itself away. What lies there may be anybody's: a reader looks at kind and size
before it reads, and believes nothing but the signature.

A clone keeps what it fetched from a remote apart, below `refs/promptops/remotes/<remote>/`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.errors import IntegrityError, RemoteError
from promptops.gate.approvals.statement import (
    MAX_BYTES,
    ChangeStatement,
    Statement,
    parse_statement,
)
from promptops.git.objects import list_sizes
from promptops.git.refs import RefUpdate, list_refs, read_ref, update_refs
from promptops.git.remote import PushRef, PushStatus, fetch, push
from promptops.git.trees import write_blob

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptops.git.process import Git
    from promptops.repository.repository import Repository

_ROOT = "refs/promptops/"
_APPROVALS = f"{_ROOT}approvals/"
# Room for the signature beside the largest statement.
_MAX_BLOB = MAX_BYTES + 64 * 1024
_MAX_TOTAL = 64 * 1024 * 1024
_PORTION = 500


@dataclass(frozen=True, slots=True)
class Sealed:
    """A statement as it lies there: nothing about it has been verified.

    Attributes:
        ref: the full name of the ref that holds it, or held it where it was fetched from.
        statement: what it says.
        payload: the bytes that are said to be signed.
        signature: the armoured signature.
    """

    ref: str
    statement: Statement
    payload: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Shelf:
    """The place of the statements about one thing: a branch, or a prompt in an environment.

    Attributes:
        name: below `refs/promptops/approvals/`.
        subject: what they are about, for messages.
    """

    name: str
    subject: str


def change_shelf(repository: str, branch: str) -> Shelf:
    """Return where approvals of changes to a branch lie; `repository` is what statements call
    it.
    """
    return Shelf(f"change/{_key(repository, branch)}", branch)


def deployment_shelf(repository: str, environment: str, prompt: str) -> Shelf:
    """Return where approvals of a prompt's releases for an environment lie."""
    name = f"deployment/{_key(repository, environment, prompt)}"
    return Shelf(name, f"{prompt} in {environment}")


def shelf_of(statement: Statement) -> Shelf:
    """Return where a statement lies, by what it says."""
    if isinstance(statement, ChangeStatement):
        return change_shelf(statement.repository, statement.branch)
    return deployment_shelf(statement.repository, statement.environment, statement.prompt)


def _key(*parts: str) -> str:
    data = "\0".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.sha256(data).hexdigest()[:32]


def fetch_statements(repository: Repository, shelf: Shelf) -> None:
    """Bring what the remote has on a shelf, and forget what it no longer has.

    RemoteError when it cannot be reached; without a remote there is nothing to do.
    """
    remote = repository.remote
    if remote is not None:
        refspec = f"+{_APPROVALS}{shelf.name}/*:{_tracking(remote)}{shelf.name}/*"
        git = repository.git
        fetch(git, remote, [refspec], prune=True, limits=repository.config.timeouts.usual)


def read_statements(repository: Repository, shelf: Shelf) -> tuple[list[Sealed], list[str]]:
    """Read all statements on a shelf, those of this clone and those fetched from the remote.

    Returns:
        The statements by ref name, and for each ref that holds none a note that says why.

    Raises:
        IntegrityError: there is more than anybody can have signed, so that reading it all would
            keep the gate from answering.
    """
    prefixes = [_APPROVALS] + ([_tracking(repository.remote)] if repository.remote else [])
    held: dict[str, str] = {}
    notes = []
    for prefix in prefixes:
        for ref in list_refs(repository.git, f"{prefix}{shelf.name}/", peel=False):
            if ref.name.rpartition("/")[2] == ref.oid:
                # By the name that it has on the remote, which is the same in every clone.
                held[ref.oid] = f"{_APPROVALS}{shelf.name}/{ref.oid}"
            else:
                notes.append(f"{ref.name} was moved, and does not count")
    readable = []
    total = 0
    sizes = list_sizes(repository.git, list(held))
    for oid, name in held.items():
        kind, size = sizes.get(oid, ("missing object", 0))
        if kind != "blob" or size > _MAX_BLOB:
            what = f"a {kind}" if kind != "blob" else f"{size:,} bytes"
            notes.append(f"{name} holds {what}, which is no statement")
            continue
        total += size
        readable.append((oid, name))
    if total > _MAX_TOTAL:
        raise IntegrityError(
            f"there are {len(readable):,} statements of approval about {shelf.subject}, with "
            f"{total:,} bytes, and over {_MAX_TOTAL:,} they are not read",
            hint=f"remove the refs below {_APPROVALS}{shelf.name}/ that nobody needs",
        )
    statements = []
    for name, data in _read_all(repository, readable):
        try:
            statements.append(unseal(name, data))
        except IntegrityError as error:
            notes.append(f"{name}: {error.message}")
    return statements, notes


def _read_all(
    repository: Repository, readable: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, bytes]]:
    for start in range(0, len(readable), _PORTION):
        portion = readable[start : start + _PORTION]
        found = repository.objects.read_many([oid for oid, _ in portion])
        for (_, name), blob in zip(portion, found, strict=True):
            if blob is not None:
                yield name, blob.data


def unseal(name: str, data: bytes) -> Sealed:
    """Take apart what a ref holds; IntegrityError when that is no statement."""
    payload, line_end, signature = data.partition(b"\n")
    payload += line_end
    return Sealed(name, parse_statement(payload), payload, signature)


def _tracking(remote: str) -> str:
    return f"{_ROOT}remotes/{remote}/approvals/"


def keep_statement(
    repository: Repository, shelf: Shelf, payload: bytes, signature: bytes, *, local: bool
) -> str:
    """Put a signed statement on a shelf: on the remote, or with `local` in this clone.

    Returns the ref that holds it there. Without a remote it is kept in this clone, which is then
    the only place there is.

    Raises:
        RemoteError: the remote cannot be reached, or does not take it; no ref was made.
    """
    git = repository.git
    oid = write_blob(git, payload + signature)
    ref = f"{_APPROVALS}{shelf.name}/{oid}"
    remote = None if local else repository.remote
    if remote is None:
        _create(git, ref, oid)
        return ref
    limits = repository.config.timeouts.usual
    (result,) = push(git, remote, [PushRef(oid, ref, None)], limits=limits)
    # One that holds the same already is as good: a ref is named after what it holds.
    if result.status not in {PushStatus.PUSHED, PushStatus.UP_TO_DATE}:
        raise RemoteError(
            f"{remote} does not take the approval: {result.reason}",
            hint=f"whoever runs it has to let you create refs below {_APPROVALS}",
        )
    _create(git, f"{_tracking(remote)}{shelf.name}/{oid}", oid)
    return ref


def _create(git: Git, ref: str, oid: str) -> None:
    if read_ref(git, ref) != oid:
        update_refs(git, [RefUpdate(ref, oid, None)], "promptops approve")


def summarize(notes: Iterable[str], most: int = 5) -> tuple[str, ...]:
    """Return the first few notes, and how many more there are."""
    listed = list(notes)
    if len(listed) <= most:
        return tuple(listed)
    return (*listed[:most], f"{len(listed) - most:,} more statements do not count")
