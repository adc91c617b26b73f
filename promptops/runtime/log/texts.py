"""Store a run's contents as texts; texts shared by many runs are stored once.

System messages and long earlier turns of a conversation recur in other runs, so each is a separate
text, found by its hash. Inputs and other messages of a run are one text, so that an input and the
message that quotes it are compressed together.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.repository.settings.log import NONE, REDACTED
from promptops.runtime.log.content import answer_mac, from_json, text_hash, to_json
from promptops.runtime.redaction import (
    find_hidden,
    hide,
    may_be_redacted,
    redact,
    redact_secrets,
    redact_value,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from promptops.runtime.log.record import RunRecord

_MIN_SYSTEM = 128
_MIN_TURN = 1024
# Longer texts are encoded for each run.
_MAX_REMEMBERED = 16_384


class Texts(NamedTuple):
    """The result of a run, as it may be stored.

    Attributes:
        answer: answer and tool calls as JSON; None if not stored.
        mac: the keyed hash by which the answer is found.
        error: the error.
        is_redacted: whether anything was masked.
    """

    answer: bytes | None
    mac: bytes | None
    error: str | None
    is_redacted: bool


class SharedText(NamedTuple):
    """A text that several runs may have: its hash, and the text as JSON."""

    hash: bytes
    data: bytes


class RequestTexts(NamedTuple):
    """The inputs and messages of a run, as they may be stored.

    Attributes:
        made_from: the original inputs and messages.
        body: both as JSON; None if not stored.
        shared: the texts to which `body` refers by hash.
        is_redacted: whether anything was masked.
    """

    made_from: tuple[object, object]
    body: bytes | None
    shared: tuple[SharedText, ...] = ()
    is_redacted: bool = False

    def is_of(self, run: RunRecord) -> bool:
        """Return whether the run's inputs and messages are still the ones that these were made
        from.
        """
        return self.made_from[0] is run.inputs and self.made_from[1] is run.messages


def are_clean(runs: Iterable[RunRecord]) -> bool:
    """Return whether runs certainly contain nothing to redact, by one fast search over all texts.

    False may be wrong: a match may span two texts, and data other than plain texts is not searched.
    """
    texts: list[str] = []
    for run in runs:
        if run.tool_calls:
            return False
        for one in (run.inputs or {}, *(run.messages or ())):
            texts += one
            texts += one.values()
        texts.append(run.answer or "")
    try:
        data = "\n".join(texts).encode("utf-8", "surrogatepass")
    except TypeError:
        return False
    return not may_be_redacted(data)


def make_request(
    run: RunRecord, content: str, secret: bytes, *, is_clean: bool = False
) -> RequestTexts:
    """Return a run's inputs and messages as they may be stored; `is_clean`: see `are_clean`."""
    inputs, messages = run.inputs, run.messages
    made_from = inputs, messages
    if content == NONE or (inputs is None and messages is None):
        return RequestTexts(made_from, None)
    is_redacted = False
    if run.hidden and inputs is not None:
        hidden = find_hidden(inputs, run.hidden)
        messages = None if messages is None else hide(messages, hidden)
        inputs = {
            name: f"[redacted {name}]" if name in run.hidden else one
            for name, one in hide(inputs, hidden).items()
        }
        is_redacted = True
    parts = _split(inputs, messages, secret)
    if content == REDACTED and not is_clean and _needs_redaction(parts):
        kept = redact_value(inputs), redact_value(messages)
        is_redacted |= kept[0] is not inputs or kept[1] is not messages
        parts = _split(*kept, secret)
    return RequestTexts(
        made_from, parts.join(), tuple(one for _, _, one in parts.shared), is_redacted
    )


def make_texts(
    run: RunRecord, request: RequestTexts, content: str, secret: bytes, *, is_clean: bool = False
) -> Texts:
    """Return a run's result as it may be stored; `request` has the texts of its request."""
    mac = None if run.answer is None else answer_mac(run.answer, secret)
    answer, calls, error = run.answer, run.tool_calls, run.error
    if run.hidden:
        hidden = find_hidden(run.inputs, run.hidden)
        answer, calls, error = hide(answer, hidden), hide(calls, hidden), hide(error, hidden)
    if error is not None:
        error = redact(error) if content == REDACTED else redact_secrets(error)
    if content == NONE:
        return Texts(None, mac, error, run.is_redacted)
    body = _join_answer(answer, calls)
    is_searched = content == REDACTED and not is_clean
    if is_searched and body is not None and may_be_redacted(body):
        answer, calls = redact_value(answer), redact_value(calls)
        body = _join_answer(answer, calls)
    is_redacted = request.is_redacted or answer is not run.answer or calls is not run.tool_calls
    return Texts(body, mac, error, run.is_redacted or is_redacted)


def _join_answer(answer: str | None, calls: Sequence[Mapping[str, Any]]) -> bytes | None:
    if calls:
        return to_json([answer, list(calls)])
    return None if answer is None else to_json(answer)


class _RequestParts(NamedTuple):
    """A request as JSON, and its separately stored texts: message number, text, stored form."""

    body: bytes
    shared: Sequence[tuple[int, str, SharedText]]

    def join(self) -> bytes:
        """Return the request with the hashes of separately stored texts."""
        if not self.shared:
            return self.body
        places = {place: one.hash.hex() for place, _, one in self.shared}
        return self.body[:-1] + b',"shared":' + to_json(places) + b"}"


def _needs_redaction(parts: _RequestParts) -> bool:
    # `redact` caches results, so shared texts are scanned only once.
    is_changed = any(redact(text) is not text for _, text, _ in parts.shared)
    return is_changed or may_be_redacted(parts.body)


def _split(
    inputs: Mapping[str, Any] | None, messages: Sequence[Mapping[str, Any]] | None, secret: bytes
) -> _RequestParts:
    document: dict[str, Any] = {}
    shared: list[tuple[int, str, SharedText]] = []
    if inputs is not None:
        document["inputs"] = inputs
    if messages is not None:
        last = len(messages) - 1
        kept: list[Mapping[str, Any]] = []
        for place, message in enumerate(messages):
            text = message.get("content")
            is_system = message.get("role") in ("system", "developer")
            least = _MIN_SYSTEM if is_system else _MIN_TURN
            if isinstance(text, str) and len(text) >= least and (is_system or place < last):
                share = _share_again if len(text) <= _MAX_REMEMBERED else _share
                shared.append((place, text, share(text, secret)))
                kept.append({name: one for name, one in message.items() if name != "content"})
            else:
                kept.append(message)
        document["messages"] = kept
    return _RequestParts(to_json(document), shared)


def _share(text: str, secret: bytes) -> SharedText:
    data = to_json(text)
    return SharedText(text_hash(data, secret), data)


_share_again = lru_cache(maxsize=64)(_share)


def join_request(data: bytes, find: Callable[[bytes], bytes | None]) -> dict[str, Any]:
    """Return inputs and messages of a stored request.

    Args:
        data: the request as `make_request` wrote it.
        find: returns the text with a hash.
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
