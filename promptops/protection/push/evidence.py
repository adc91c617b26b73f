"""Check pushed eval evidence: created once, named after its content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.delivery.evidence import parse_blob
from promptops.errors import IntegrityError
from promptops.protection.push.commands import refuse_moves

if TYPE_CHECKING:
    from promptops.protection.push.commands import PushCommand
    from promptops.protection.push.context import PushContext

_HINT = "promptops release --push pushes evidence together with the tag that names it"


def check_evidence(context: PushContext, command: PushCommand) -> None:
    """Raise an error for invalid evidence, or for updating existing evidence.

    The check cannot tell whether the evals really ran, only that evidence never changes.
    """
    refuse_moves(command, "keep it: releases refer to it")
    found = context.repository.objects.read(command.new or "")
    if found is None or found.kind != "blob":
        raise IntegrityError("it contains no evidence", hint=_HINT)
    if command.ref.rpartition("/")[2] != found.oid:
        raise IntegrityError("its name does not match its content", hint=_HINT)
    parse_blob(found.data, found.oid)
