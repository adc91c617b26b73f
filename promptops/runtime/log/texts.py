"""What a run said, as texts for the store: those that other runs say too stand by themselves.

System messages and long earlier turns of a conversation come again in other runs: each is a text of
its own, found by its hash. Inputs and the other messages of one run are one text, so that an input
and the message that quotes it are compressed together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.repository.settings.log import NONE, REDACTED
from promptops.runtime.log.content import answer_mac, from_json, text_hash, to_json
from promptops.runtime.redaction import redact, redact_secrets, redact_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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


def make_texts(run: RunRecord, content: str, secret: bytes) -> tuple[RunRecord, Texts]:
    """Return the run as it may be kept, and its texts."""
    mac = None if run.answer is None else answer_mac(run.answer, secret)
    error = None if run.error is None else redact_secrets(run.error)
    if content == NONE:
        kept = replace(run, inputs=None, messages=None, answer=None, tool_calls=(), error=error)
        return kept, Texts(None, None, (), mac)
    run = _redact(run) if content == REDACTED else replace(run, error=error)
    shared: list[bytes] = []
    request = None
    if run.inputs is not None or run.messages is not None:
        request = to_json(_split(run, secret, shared))
    answer = None
    if run.tool_calls:
        answer = to_json([run.answer, list(run.tool_calls)])
    elif run.answer is not None:
        answer = to_json(run.answer)
    return run, Texts(request, answer, tuple(shared), mac)


def _redact(run: RunRecord) -> RunRecord:
    before = (run.inputs, run.messages, run.answer, run.tool_calls)
    after = (
        None if run.inputs is None else redact_value(run.inputs),
        None if run.messages is None else redact_value(run.messages),
        None if run.answer is None else redact(run.answer),
        redact_value(run.tool_calls),
    )
    changed = any(one is not other for one, other in zip(before, after, strict=True))
    return replace(
        run,
        inputs=after[0],
        messages=after[1],
        answer=after[2],
        tool_calls=after[3],
        error=None if run.error is None else redact(run.error),
        is_redacted=run.is_redacted or changed,
    )


def _split(run: RunRecord, secret: bytes, shared: list[bytes]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if run.inputs is not None:
        document["inputs"] = run.inputs
    if run.messages is not None:
        last = len(run.messages) - 1
        places: dict[int, str] = {}
        messages: list[Mapping[str, Any]] = []
        for place, message in enumerate(run.messages):
            text = message.get("content")
            is_system = message.get("role") in ("system", "developer")
            least = _MIN_SYSTEM if is_system else _MIN_TURN
            if isinstance(text, str) and len(text) >= least and (is_system or place < last):
                data = to_json(text)
                shared.append(data)
                places[place] = text_hash(data, secret).hex()
                messages.append({name: one for name, one in message.items() if name != "content"})
            else:
                messages.append(message)
        document["messages"] = messages
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
