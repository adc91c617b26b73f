"""Write statements, audits and reviews into the work tree."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from promptops.errors import NotFoundError, UsageError, quote
from promptops.files import read_file
from promptops.readiness.attestations import FILE, Attestation
from promptops.readiness.audit import write_audit, write_quarter
from promptops.readiness.checklist import ITEMS
from promptops.repository.writing import write_atomically
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from promptops.readiness.facts import ReadinessFacts

FOLDER = "audits"
_DRILL_DAYS = 90


def attest(facts: ReadinessFacts, item: str, evidence: str) -> Attestation:
    """Add a statement on an item by Git's configured user, and return it.

    Raises:
        NotFoundError: there is no such item.
        UsageError: there is no evidence, or Git has no configured user.
    """
    known = {one.id: one for one in ITEMS}
    if item not in known:
        near = nearest(item, known)
        raise NotFoundError(
            f"there is no item {quote(item)}",
            hint=f"did you mean {near}?" if near else f"items: {', '.join(known)}",
        )
    if not evidence.strip():
        raise UsageError(
            "an attestation without evidence", hint="pass --evidence with what was done or seen"
        )
    return _append(facts, item, evidence, known[item].days)


def attest_drill(facts: ReadinessFacts, item: str, shown: str) -> Attestation:
    """Add what a drill showed, and return the statement.

    Args:
        facts: where.
        item: an item of the checklist, or the drill's own name.
        shown: what was shown.
    """
    return _append(facts, item, f"a drill: {shown}", _DRILL_DAYS)


def _append(facts: ReadinessFacts, item: str, evidence: str, days: int) -> Attestation:
    at = datetime.fromtimestamp(int(facts.now), UTC)
    made = Attestation(item, at, _find_person(facts), " ".join(evidence.split()), days)
    file = facts.top / FILE
    try:
        before = read_file(file, follow=False)
    except FileNotFoundError:
        before = b""
    if before and not before.endswith(b"\n"):
        before += b"\n"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, before + made.write().encode())
    return made


def record_audit(facts: ReadinessFacts) -> str:
    """Write the audit of all prompts, attest it, and return its path from the top.

    Raises:
        UsageError: it already exists.
    """
    path = f"{FOLDER}/{datetime.fromtimestamp(facts.now, UTC):%Y-%m-%d}.md"
    _write(facts, path, write_audit(facts))
    attest(facts, "audits", path)
    return path


def record_quarter(facts: ReadinessFacts) -> str:
    """Write the review of this quarter, attest it, and return its path from the top.

    Raises:
        UsageError: it already exists.
    """
    name, text = write_quarter(facts)
    path = f"{FOLDER}/{name}.md"
    _write(facts, path, text)
    attest(facts, "quarter", path)
    return path


def _write(facts: ReadinessFacts, path: str, text: str) -> None:
    file = facts.top / path
    if file.exists() or file.is_symlink():
        raise UsageError(f"{path} already exists", hint="commit it, or remove it first")
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, text.encode())


def _find_person(facts: ReadinessFacts) -> str:
    from promptops.git.history import identity

    found = identity(facts.repository.git, "author")
    return f"{found.name} <{found.email}>"
