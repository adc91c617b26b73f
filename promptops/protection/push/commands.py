"""Parse the ref updates that git passes to its hooks: githooks(5), `pre-receive` and `update`."""

from __future__ import annotations

from dataclasses import dataclass

from promptops.errors import RefusedError, UsageError
from promptops.prompt.digest import is_object_id

_HINT = "git itself calls this hook, with `old new ref` on each line of its standard input"


@dataclass(frozen=True, slots=True)
class PushCommand:
    """One ref that a push creates, updates or deletes.

    Attributes:
        ref: its full name.
        old: the object id that the pusher expects, which git compares later; None: it must not
            exist.
        new: the new object id; None: it is deleted.
    """

    ref: str
    old: str | None
    new: str | None


def read_commands(data: bytes) -> tuple[PushCommand, ...]:
    """Parse the input of `pre-receive`. Raises UsageError if it is malformed or empty.

    Empty input means that another hook has consumed it. It must not count as a checked push,
    because there are no empty pushes.
    """
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    if lines.pop() or not lines:
        message = "the hook received no refs" if not lines else "the list of refs is cut off"
        raise UsageError(message, hint=_HINT)
    commands = tuple(_read_line(line) for line in lines)
    if len({command.ref for command in commands}) != len(commands):
        raise UsageError("one ref is listed twice", hint=_HINT)
    return commands


def _read_line(line: str) -> PushCommand:
    parts = line.split(" ", 2)
    if len(parts) != 3:
        raise UsageError(f"{line[:100]!r} is not a line of a push", hint=_HINT)
    old, new, ref = parts
    return read_command(ref, old, new)


def read_command(ref: str, old: str, new: str) -> PushCommand:
    """Parse one ref with its ids, where zeros mean none. Raises UsageError for malformed ids."""
    if not ref.startswith("refs/") or len(old) != len(new):
        raise UsageError(f"{ref[:100]!r} is not the full name of a ref with two ids", hint=_HINT)
    return PushCommand(ref, _read_id(old), _read_id(new))


def _read_id(text: str) -> str | None:
    if not is_object_id(text):
        raise UsageError(f"{text[:100]!r} is not the id of an object", hint=_HINT)
    return text if text.strip("0") else None


def refuse_moves(command: PushCommand, hint: str) -> None:
    """Raise RefusedError unless the ref is new."""
    if command.new is None:
        raise RefusedError("it is never deleted", hint=hint)
    if command.old is not None:
        raise RefusedError("it is never moved", hint=hint)
