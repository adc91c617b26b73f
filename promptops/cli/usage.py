"""Report wrong options and arguments in the form of all errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.errors import UsageError

if TYPE_CHECKING:
    import typer

_NEAR = re.compile(r"\.? (?:\(Possible options: (.+)\)|Did you mean (?:one of: )?(.+)\?)\Z")
_GAP = re.compile(r"\s+")
# typer's messages, and their replacements.
_WORDS = (
    (
        re.compile(r"Got unexpected extra arguments? ?(?:\(s\) )?\((.+)\)"),
        r"too many arguments: \1",
    ),
    (re.compile(r"not a valid int(?:eger)?(?: range)?\b"), "not a whole number"),
    (re.compile(r"not in the range x>=(\S+)"), r"less than \1"),
    (re.compile(r"not in the range (\S+?)<=x<=(\S+)"), r"not between \1 and \2"),
    (re.compile(r"not a valid float(?: range)?\b"), "not a number"),
)


def explain_usage(error: typer.TyperException, path: str = "promptops") -> UsageError:
    """Convert a typer error to a UsageError that names the help page as hint.

    Args:
        error: the error that typer raised.
        path: the command, if the error does not contain it.
    """
    said = _GAP.sub(" ", error.format_message()).strip()
    near = _NEAR.search(said)
    message = (said[: near.start()] if near else said).rstrip(".")
    for pattern, words in _WORDS:
        message = pattern.sub(words, message)
    context = getattr(error, "ctx", None)
    verbs = (context.command_path if context else path).split()[1:]
    page = " ".join(["see promptops", *verbs, "--help"])
    if near is not None:
        names = (near[1] or near[2]).replace("'", "").replace("--fix-raw", "--fix=raw")
        page = f"did you mean {' or '.join(names.split(', '))}? Or {page}"
    return UsageError(message[:1].lower() + message[1:], hint=page)


def is_help_page(error: typer.TyperException) -> bool:
    """Return whether the error is a help page, shown because no arguments were given."""
    return error.message.startswith("Usage:")
