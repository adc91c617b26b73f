"""`promptops serve keys list`: list keys."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from promptops.cli.serve.opening import KeysOption, open_keyfile
from promptops.cli.session import (
    Format,
    FormatOption,
    emit_json,
    emit_table,
    json_document,
    one_line,
    say,
)
from promptops.prompt.times import format_time
from promptops.server.keys import describe_key

if TYPE_CHECKING:
    from promptops.server.keys import ServiceKey


def list_keys(keys: KeysOption = None, output: FormatOption = Format.TEXT) -> None:
    """List keys: what each one may do, and until when. The keys themselves are not stored."""
    keyfile = open_keyfile(keys)
    known = keyfile.keys.list()
    if output is Format.JSON:
        shown = [
            {name: value for name, value in describe_key(key).items() if name != "hash"}
            for key in known
        ]
        emit_json(json_document("promptops.keys-list/v1", file=str(keyfile.path), keys=shown))
        return
    if not known:
        say("there are no keys; create one with promptops serve keys add NAME")
        return
    now = time.time()
    rows = [_row(key, now) for key in known]
    header = ("id", "name", "verbs", "prompts", "environments", "tenant", "state")
    emit_table(rows, header=header)


def _row(key: ServiceKey, now: float) -> tuple[str, ...]:
    scope = key.scope
    lists = (scope.verbs, scope.prompts, scope.environments)
    return (
        key.id,
        one_line(key.name),
        *(one_line(",".join(one)) for one in lists),
        one_line(scope.tenant or ""),
        _state(key, now),
    )


def _state(key: ServiceKey, now: float) -> str:
    if key.revoked_at is not None:
        return f"revoked {format_time(key.revoked_at)}"
    if key.expires_at is None:
        return "good"
    return f"{'good until' if key.is_good(now) else 'expired'} {format_time(key.expires_at)}"
