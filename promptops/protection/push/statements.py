"""Check pushed approvals: only valid ones may be added.

Invalid ones would not count, but the gate reads each of them every time; enough of them could block
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import IntegrityError, UntrustedError
from promptops.gate.approvals.signed import read_keys, verify_statement
from promptops.gate.approvals.statement import MAX_BYTES
from promptops.gate.approvals.store import folder_of, unseal
from promptops.protection.push.commands import refuse_moves
from promptops.protection.push.scope import APPROVALS

if TYPE_CHECKING:
    from promptops.gate.approvals.signed import Keys
    from promptops.gate.approvals.store import StoredStatement
    from promptops.protection.push.commands import PushCommand
    from promptops.protection.push.context import PushContext

_HINT = "promptops approve signs, and pushes what it signed"


def check_approval(context: PushContext, command: PushCommand) -> None:
    """Raise an error for an invalid approval, or for updating an existing one.

    If no guarded branch lists keys yet, approvals cannot be verified and are accepted; they have no
    effect.
    """
    refuse_moves(command, "approve the new content again")
    found = context.repository.objects.read(command.new or "")
    if found is None or found.kind != "blob" or len(found.data) > 2 * MAX_BYTES:
        raise IntegrityError("it contains no statement", hint=_HINT)
    if command.ref.rpartition("/")[2] != found.oid:
        raise IntegrityError("its name does not match its content", hint=_HINT)
    sealed = unseal(command.ref, found.data)
    folder = folder_of(sealed.statement)
    if command.ref != f"{APPROVALS}{folder.name}/{found.oid}":
        raise IntegrityError(
            f"it is in the wrong place for {folder.subject}: "
            f"it belongs to {APPROVALS}{folder.name}/",
            hint=_HINT,
        )
    lists = [
        read_keys(context.repository, tip, context.protection.config.gate.signers)
        for tip in map(context.before, sorted(context.protection.guarded))
        if tip is not None
    ]
    keys = [one for one in lists if not one.is_empty]
    faults = [fault for one in keys if (fault := _find_fault(sealed, one))]
    if keys and len(faults) == len(keys):
        raise UntrustedError(
            f"it does not count: {faults[0]}",
            hint=f"see {context.protection.config.gate.signers} on the guarded branch for the "
            "keys that count",
        )


def _find_fault(sealed: StoredStatement, keys: Keys) -> str | None:
    try:
        verify_statement(sealed, keys)
    except UntrustedError as error:
        return error.message
    return None
