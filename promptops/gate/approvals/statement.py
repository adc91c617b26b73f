"""The signed format: `promptops.approval/v1`, one line of canonical JSON.

An approval of a *change* lists the paths with their content, so it survives a rebase and does not
apply to other content. Repository, branch and base prevent a replay elsewhere or after a revert. An
approval of a *deployment* names a release by its digest.

Only the exact canonical bytes are a statement, so that it cannot be read in two ways. The time is
the signer's claim and is not used for decisions.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from promptops.errors import IntegrityError
from promptops.gate.rules.approval import ApprovalEntry
from promptops.prompt.digest import is_digest, is_object_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptops.delivery.release import Release

NAMESPACE = "promptops-approval@v1"
SCHEMA = "promptops.approval/v1"
# Enough for about thirty thousand paths.
MAX_BYTES = 4 * 1024 * 1024

_MAX_TEXT = 4096


@dataclass(frozen=True, slots=True)
class ChangeStatement:
    """An approval of a change.

    Attributes:
        repository: the repository's id, see `signed.repository_id`.
        branch: the short name of the branch to merge into.
        base: that branch's tip at the time of approval.
        tree: the tree of the approved commit.
        contents: the changed governed paths, with their content; None: deleted.
        approver: the signer: a principal of the allowed signers file, or `openpgp:` and the
            fingerprint of a primary key.
        time: the time in UTC (`2026-01-31T12:00:00Z`).
    """

    repository: str
    branch: str
    base: str
    tree: str
    contents: Mapping[str, ApprovalEntry | None]
    approver: str
    time: str


@dataclass(frozen=True, slots=True)
class DeploymentStatement:
    """An approval of a release for an environment.

    Attributes:
        repository: as in `ChangeStatement`, like `approver` and `time`.
        environment: the environment.
        prompt: the prompt's name.
        version: its released version.
        digest: the release's digest: `sha256:` and 64 hex digits.
        approver: the signer.
        time: the time.
    """

    repository: str
    environment: str
    prompt: str
    version: str
    digest: str
    approver: str
    time: str

    @classmethod
    def of(
        cls, repository: str, environment: str, release: Release, *, approver: str, time: str
    ) -> DeploymentStatement:
        """Return the approval of a release, for signing or for comparing with a signed one."""
        return cls(
            repository=repository,
            environment=environment,
            prompt=release.name,
            version=str(release.version),
            digest=release.digest,
            approver=approver,
            time=time,
        )


Statement: TypeAlias = ChangeStatement | DeploymentStatement


def write_statement(statement: Statement) -> bytes:
    """Return the bytes to sign: one line of ASCII, keys sorted, with a newline."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "repository": statement.repository,
        "approver": statement.approver,
        "time": statement.time,
    }
    if isinstance(statement, ChangeStatement):
        document |= {
            "kind": "change",
            "branch": statement.branch,
            "base": statement.base,
            "tree": statement.tree,
            "contents": {path: write_entry(entry) for path, entry in statement.contents.items()},
        }
    else:
        document |= {
            "kind": "deployment",
            "environment": statement.environment,
            "prompt": statement.prompt,
            "version": statement.version,
            "digest": statement.digest,
        }
    return (json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n").encode()


def parse_statement(data: bytes) -> Statement:
    """Parse signed bytes.

    Raises:
        IntegrityError: they are not a statement of this version, or not canonical.
    """
    if len(data) > MAX_BYTES:
        raise _malformed(f"it has more than {MAX_BYTES:,} bytes")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _malformed("it is not JSON") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise _malformed(f"its schema is not {SCHEMA}")
    kind = document.get("kind")
    form = _FORMS.get(kind) if isinstance(kind, str) else None
    if form is None or form.keys() | {"schema", "kind"} != document.keys():
        raise _malformed("its keys are not those of a statement")
    for key, is_valid in form.items():
        if not is_valid(document[key]):
            raise _malformed(f"its {key} is invalid")
    statement = _from_document(document)
    if write_statement(statement) != data:
        raise _malformed("it is not in canonical form")
    return statement


def write_entry(entry: ApprovalEntry | None) -> str | None:
    """Format an entry: mode, space, object id; None for None."""
    return None if entry is None else f"{entry.mode} {entry.oid}"


def parse_entry(value: object) -> ApprovalEntry | None:
    """Parse what `write_entry` wrote. Raises IntegrityError for anything else."""
    if value is None:
        return None
    if not isinstance(value, str) or not _ENTRY.fullmatch(value):
        raise IntegrityError(
            f"{value!r} is not a file's mode and id",
            hint="write mode and object id, as `git ls-tree` shows them: '100644 d670460b…'",
        )
    mode, _, oid = value.partition(" ")
    return ApprovalEntry(mode, oid)


def _is_object_id(value: object) -> bool:
    return isinstance(value, str) and is_object_id(value)


def _malformed(why: str) -> IntegrityError:
    return IntegrityError(f"this is not a statement of approval: {why}")


def _from_document(document: dict[str, Any]) -> Statement:
    fields = {key: value for key, value in document.items() if key not in {"schema", "kind"}}
    if document["kind"] == "deployment":
        return DeploymentStatement(**fields)
    contents = {path: parse_entry(value) for path, value in fields.pop("contents").items()}
    return ChangeStatement(**fields, contents=contents)


_ENTRY = re.compile(r"[0-7]{6} [0-9a-f]{40}(?:[0-9a-f]{24})?")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def _is_text(value: object) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= _MAX_TEXT
        and value.isprintable()
        and value == value.strip()
    )


def _is_time(value: object) -> bool:
    return isinstance(value, str) and _TIME.fullmatch(value) is not None


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and is_digest(value)


def _is_contents(value: object) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(
            path and (entry is None or (isinstance(entry, str) and _ENTRY.fullmatch(entry)))
            for path, entry in value.items()
        )
    )


_COMMON: dict[str, Callable[[object], bool]] = {
    "repository": _is_text,
    "approver": _is_text,
    "time": _is_time,
}
_FORMS: dict[str, dict[str, Callable[[object], bool]]] = {
    "change": {
        **_COMMON,
        "branch": _is_text,
        "base": _is_object_id,
        "tree": _is_object_id,
        "contents": _is_contents,
    },
    "deployment": {
        **_COMMON,
        "environment": _is_text,
        "prompt": _is_text,
        "version": _is_text,
        "digest": _is_digest,
    },
}
