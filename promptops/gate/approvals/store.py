"""Store signed statements in Git: one ref for each, below `refs/promptops/approvals/`.

    refs/promptops/approvals/change/<of repository and branch>/<blob>
    refs/promptops/approvals/deployment/<of repository, environment and prompt>/<blob>

The blob contains the statement (one line) and an armoured signature. A ref is named after its blob,
so people and clones never conflict, and a moved ref is detected. The refs are untrusted: readers
check kind and size before reading, and trust only the signature. A clone keeps fetched statements
separately, below `refs/promptops/remotes/<remote>/`.
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
# Room for the largest statement and its signature.
_MAX_BLOB = MAX_BYTES + 64 * 1024
_MAX_TOTAL = 64 * 1024 * 1024
_PORTION = 500


@dataclass(frozen=True, slots=True)
class StoredStatement:
    """A stored statement, not verified.

    Attributes:
        ref: the full name of its ref, on the remote if it was fetched.
        statement: the parsed statement.
        payload: the bytes that the signature is for.
        signature: the armoured signature.
    """

    ref: str
    statement: Statement
    payload: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class StatementFolder:
    """The folder of refs for statements about a branch, or about a prompt in an environment.

    Attributes:
        name: the folder below `refs/promptops/approvals/`.
        subject: the subject of the statements, for messages.
    """

    name: str
    subject: str


def change_folder(repository: str, branch: str) -> StatementFolder:
    """Return the folder for approvals of changes to a branch; `repository` is the id in
    statements.
    """
    return StatementFolder(f"change/{_key(repository, branch)}", branch)


def deployment_folder(repository: str, environment: str, prompt: str) -> StatementFolder:
    """Return the folder for approvals of a prompt's releases for an environment."""
    name = f"deployment/{_key(repository, environment, prompt)}"
    return StatementFolder(name, f"{prompt} in {environment}")


def folder_of(statement: Statement) -> StatementFolder:
    """Return the folder of a statement."""
    if isinstance(statement, ChangeStatement):
        return change_folder(statement.repository, statement.branch)
    return deployment_folder(statement.repository, statement.environment, statement.prompt)


def _key(*parts: str) -> str:
    data = "\0".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.sha256(data).hexdigest()[:32]


def fetch_statements(repository: Repository, folder: StatementFolder) -> None:
    """Fetch the remote's statements of a folder, and remove those that it no longer has.

    Does nothing without a remote. Raises RemoteError if the remote is unreachable.
    """
    remote = repository.remote
    if remote is not None:
        refspec = f"+{_APPROVALS}{folder.name}/*:{_tracking(remote)}{folder.name}/*"
        git = repository.git
        fetch(git, remote, [refspec], prune=True, limits=repository.config.timeouts.usual)


def read_statements(
    repository: Repository, folder: StatementFolder
) -> tuple[list[StoredStatement], list[str]]:
    """Read all statements of a folder: those of this clone, and fetched ones.

    Returns:
        The statements by ref name, and a note for each ref without a valid one.

    Raises:
        IntegrityError: there are too many to read them all.
    """
    prefixes = [_APPROVALS] + ([_tracking(repository.remote)] if repository.remote else [])
    held: dict[str, str] = {}
    notes = []
    for prefix in prefixes:
        for ref in list_refs(repository.git, f"{prefix}{folder.name}/", peel=False):
            if ref.name.rpartition("/")[2] == ref.oid:
                # By the name on the remote, which is the same in every clone.
                held[ref.oid] = f"{_APPROVALS}{folder.name}/{ref.oid}"
            else:
                notes.append(f"{ref.name} was moved and does not count")
    readable = []
    total = 0
    sizes = list_sizes(repository.git, list(held))
    for oid, name in held.items():
        kind, size = sizes.get(oid, ("missing object", 0))
        if kind != "blob" or size > _MAX_BLOB:
            what = f"a {kind}" if kind != "blob" else f"{size:,} bytes"
            notes.append(f"{name} contains {what}, which is not a statement")
            continue
        total += size
        readable.append((oid, name))
    if total > _MAX_TOTAL:
        raise IntegrityError(
            f"there are {len(readable):,} statements of approval for {folder.subject} with "
            f"{total:,} bytes; at most {_MAX_TOTAL:,} are read",
            hint=f"remove unused refs below {_APPROVALS}{folder.name}/",
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


def unseal(name: str, data: bytes) -> StoredStatement:
    """Parse a ref's blob. Raises IntegrityError if it is not a statement."""
    payload, line_end, signature = data.partition(b"\n")
    payload += line_end
    return StoredStatement(name, parse_statement(payload), payload, signature)


def _tracking(remote: str) -> str:
    return f"{_ROOT}remotes/{remote}/approvals/"


def keep_statement(
    repository: Repository,
    folder: StatementFolder,
    payload: bytes,
    signature: bytes,
    *,
    local: bool,
) -> str:
    """Store a signed statement: on the remote, or with `local` in this clone.

    Returns its ref. Without a remote it is stored in this clone.

    Raises:
        RemoteError: the remote is unreachable or refuses it; no ref was created.
    """
    git = repository.git
    oid = write_blob(git, payload + signature)
    ref = f"{_APPROVALS}{folder.name}/{oid}"
    remote = None if local else repository.remote
    if remote is None:
        _create(git, ref, oid)
        return ref
    limits = repository.config.timeouts.usual
    (result,) = push(git, remote, [PushRef(oid, ref, None)], limits=limits)
    # An existing ref is fine: refs are named after their content.
    if result.status not in {PushStatus.PUSHED, PushStatus.UP_TO_DATE}:
        raise RemoteError(
            f"{remote} rejected the approval: {result.reason}",
            hint=f"ask its administrator to let you create refs below {_APPROVALS}",
        )
    _create(git, f"{_tracking(remote)}{folder.name}/{oid}", oid)
    return ref


def _create(git: Git, ref: str, oid: str) -> None:
    if read_ref(git, ref) != oid:
        update_refs(git, [RefUpdate(ref, oid, None)], "promptops approve")


def summarize(notes: Iterable[str], limit: int = 5) -> tuple[str, ...]:
    """Return the first few notes, and the number of the others."""
    listed = list(notes)
    if len(listed) <= limit:
        return tuple(listed)
    return (*listed[:limit], f"{len(listed) - limit:,} more statements do not count")
