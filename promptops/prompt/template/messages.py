"""Messages in a template's output, opened by the author's tags."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from jinja2 import Undefined

from promptops.prompt.template.printing import Refused, describe
from promptops.prompt.template.source import HISTORY_ROLES, WHITE_SPACE

if TYPE_CHECKING:
    from promptops.prompt.template.rendering import Message


class Messages(list["Message"]):
    """Messages within a template's output. Only this type distinguishes them from text."""


class HistoryFault(Exception):  # noqa: N818 (rendering turns it into ours)
    """A passed-in list of messages is malformed."""


def message_text(text: str) -> str:
    """Return a message's text, stripped. Raises Refused for lone surrogates."""
    content = text.strip(WHITE_SPACE)
    if not content.isascii():
        try:
            content.encode()
        except UnicodeEncodeError:
            message = "a message has half of a surrogate pair, which is not text"
            hint = "look for `\\ud800` to `\\udfff` in the template and in the inputs"
            raise Refused(message, hint) from None
    return content


def open_message(text: str, role: str) -> Messages:
    """Return the message of a role tag; an empty one gives none."""
    content = message_text(text)
    return Messages([{"role": role, "content": content}] if content else [])


def insert_history(_: str, value: object, name: str) -> Messages:
    """Check and copy a passed-in list of messages. None may have the role `system`.

    Raises:
        HistoryFault: names the malformed message, counted from 0.
    """
    if isinstance(value, Undefined):
        str(value)
    if not isinstance(value, list):
        message = f"`{name}` is {describe(value)}, not a list of messages"
        raise HistoryFault(message)
    for index, item in enumerate(value):
        fault = _message_fault(item)
        if fault is not None:
            message = f"message {index} of `{name}` {fault}"
            raise HistoryFault(message)
    # Copied: changing the result must not change the passed-in value.
    return Messages(deepcopy(value))


def _message_fault(item: object) -> str | None:
    if not isinstance(item, dict):
        return f"is {describe(item)}, not an object with `role` and `content`"
    role = item.get("role")
    if role not in HISTORY_ROLES:
        allowed = ", ".join(HISTORY_ROLES)
        said = f"has the role {role!r}" if isinstance(role, str) else "has no role"
        return f"{said}; a passed-in message is one of: {allowed}"
    content = item.get("content")
    if isinstance(content, str) or (content is None and item.get("tool_calls")):
        return None
    if not isinstance(content, list):
        return f"has {describe(content)} as content, not a string or a list of parts"
    for number, part in enumerate(content):
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            return f"has a part {number} that is not an object with a `type`"
    return None
