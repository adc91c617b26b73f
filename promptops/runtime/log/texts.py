"""Store a run's contents as texts; texts shared by many runs are stored once.

System messages and long earlier turns of a conversation come again in other runs: each is a text of
its own, found by its hash. Inputs and the other messages of one run are one text, so that an input
and the message that quotes it are compressed together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.repository.settings.log import NONE, REDACTED
from promptops.runtime.log.content import answer_mac, from_json, text_hash, to_json
from promptops.runtime.redaction import find_hidden, hide, redact, redact_secrets, redact_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from promptops.runtime.log.record import RunRecord

_MIN_SYSTEM = 128
_MIN_TURN = 1024


class Texts(NamedTuple):
    """The texts of one run.

    Attributes:
        request: inputs and messages, as JSON; None when none are kept.
        answer: the answer, as JSON.
        shared: texts that `request` refers to by their hash.
        mac: what the answer is found by.
    """

    request: bytes | None
    answer: bytes | None
    shared: tuple[bytes, ...]
    mac: bytes | None


class RequestTexts(NamedTuple):
    """Inputs and messages of a run, as they may be kept.

    Attributes:
        made_from: the inputs and messages that these were made from.
        inputs: the inputs.
        messages: the messages.
        body: both as JSON; None when none are kept.
        shared: texts that `body` refers to by their hash.
        is_redacted: whether something was replaced.
    """

    made_from: tuple[object, object]
    inputs: Mapping[str, Any] | None
    messages: Sequence[Mapping[str, Any]] | None
    body: bytes | None
    shared: tuple[bytes, ...] = ()
    is_redacted: bool = False

    def is_of(self, run: RunRecord) -> bool:
        """Return whether these are the texts of that run still."""
        return self.made_from[0] is run.inputs and self.made_from[1] is run.messages


def make_request(run: RunRecord, content: str, secret: bytes) -> RequestTexts:
    """Return inputs and messages of a run as they may be kept."""
    inputs, messages = run.inputs, run.messages
    made_from = inputs, messages
    if content == NONE:
        return RequestTexts(made_from, None, None, None)
    if run.hidden and inputs is not None:
        hidden = find_hidden(inputs, run.hidden)
        messages = None if messages is None else hide(messages, hidden)
        inputs = {
            name: f"[redacted {name}]" if name in run.hidden else one
            for name, one in hide(inputs, hidden).items()
        }
    if content == REDACTED:
        inputs = None if inputs is None else redact_value(inputs)
        messages = None if messages is None else redact_value(messages)
    is_redacted = inputs is not run.inputs or messages is not run.messages
    if inputs is None and messages is None:
        return RequestTexts(made_from, None, None, None)
    shared: list[bytes] = []
    body = to_json(_split(inputs, messages, secret, shared))
    return RequestTexts(made_from, inputs, messages, body, tuple(shared), is_redacted)


def make_texts(
    run: RunRecord, request: RequestTexts, content: str, secret: bytes
) -> tuple[RunRecord, Texts]:
    """Return the run as it may be kept, and its texts; `request` are those of its request."""
    mac = None if run.answer is None else answer_mac(run.answer, secret)
    answer, calls, error = run.answer, run.tool_calls, run.error
    if run.hidden:
        hidden = find_hidden(run.inputs, run.hidden)
        answer, calls, error = hide(answer, hidden), hide(calls, hidden), hide(error, hidden)
    if error is not None:
        error = redact(error) if content == REDACTED else redact_secrets(error)
    if content == NONE:
        answer, calls = None, ()
    elif content == REDACTED:
        answer = None if answer is None else redact(answer)
        calls = redact_value(calls)
    is_redacted = content != NONE and (
        request.is_redacted or answer is not run.answer or calls is not run.tool_calls
    )
    kept = run._replace(
        inputs=request.inputs,
        messages=request.messages,
        answer=answer,
        tool_calls=calls,
        error=error,
        is_redacted=run.is_redacted or is_redacted,
    )
    body = None
    if calls:
        body = to_json([answer, list(calls)])
    elif answer is not None:
        body = to_json(answer)
    return kept, Texts(request.body, body, request.shared, mac)


def _split(
    inputs: Mapping[str, Any] | None,
    messages: Sequence[Mapping[str, Any]] | None,
    secret: bytes,
    shared: list[bytes],
) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if inputs is not None:
        document["inputs"] = inputs
    if messages is not None:
        last = len(messages) - 1
        places: dict[int, str] = {}
        kept: list[Mapping[str, Any]] = []
        for place, message in enumerate(messages):
            text = message.get("content")
            is_system = message.get("role") in ("system", "developer")
            least = _MIN_SYSTEM if is_system else _MIN_TURN
            if isinstance(text, str) and len(text) >= least and (is_system or place < last):
                data = to_json(text)
                shared.append(data)
                places[place] = text_hash(data, secret).hex()
                kept.append({name: one for name, one in message.items() if name != "content"})
            else:
                kept.append(message)
        document["messages"] = kept
        if places:
            document["shared"] = places
    return document


def join_request(data: bytes, find: Callable[[bytes], bytes | None]) -> dict[str, Any]:
    """Return inputs and messages of a stored request.

    Args:
        data: the request as `make_texts` wrote it.
        find: gives the text with a hash.
    """
    document: dict[str, Any] = from_json(data)
    for place, number in document.pop("shared", {}).items():
        text = find(bytes.fromhex(number))
        message = document["messages"][int(place)]
        if text is not None:
            message["content"] = from_json(text)
    return document


def split_answer(data: bytes) -> tuple[str | None, tuple[Mapping[str, Any], ...]]:
    """Return text and tool calls of a stored answer."""
    value = from_json(data)
    if isinstance(value, list):
        return value[0], tuple(value[1])
    return value, ()
