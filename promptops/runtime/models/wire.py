"""Encode requests of OpenAI's chat completions, and decode answers and errors.

Used by both transports, so that they interpret answers in the same way.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from promptops.errors import quote
from promptops.runtime.models.model import (
    UNKNOWN_USAGE,
    Answer,
    ErrorKind,
    ModelError,
    Request,
    ToolCall,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024
# More than any model's context window; higher reported numbers are errors.
MAX_TOKENS = 20_000_000
_MAX_RETRY_SECONDS = 7 * 24 * 3600.0
_MAX_WORDS = 300
_STATUS = {
    400: "refused the request",
    401: "refused the key",
    402: "requires payment",
    403: "denied access",
    404: "does not know this model or address",
    408: "timed out",
    413: "rejected the request as too large",
    422: "refused the request",
    429: "limits the rate of requests",
    529: "is overloaded",
}


def encode(request: Request, wire_name: str, *, is_stream: bool) -> bytes:
    """Return the body: messages and parameters unchanged, the model's name, and streaming."""
    body: dict[str, Any] = {"model": wire_name, "messages": request.messages}
    body.update(request.parameters)
    if is_stream:
        body["stream"] = True
        # Without this, streams have no usage.
        body.setdefault("stream_options", {"include_usage": True})
    try:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ModelError(
            f"{request.model}: the request cannot be written as JSON: {error}",
            model=request.model,
            kind="invalid",
            is_sent=False,
            hint="use only texts, finite numbers, lists and mappings in messages and parameters",
        ) from error
    try:
        return text.encode()
    except UnicodeEncodeError:
        # A lone surrogate cannot be encoded in UTF-8, but escaped in JSON.
        return json.dumps(body, separators=(",", ":")).encode()


class WireReader:
    """Decodes a provider's reply to one request.

    Args:
        model: the model's name as the prompt has it.
        secrets: texts that must not appear in errors, such as the key.
    """

    def __init__(self, model: str, secrets: tuple[str, ...] = ()) -> None:
        self.model = model
        self._secrets = secrets

    # --- failures -----------------------------------------------------------------------------

    def fail(
        self,
        kind: ErrorKind,
        wrong: str,
        *,
        is_sent: bool = True,
        hint: str | None = None,
        **more: Any,  # noqa: ANN401 - passed on as it is
    ) -> ModelError:
        """Return the error about the model; `wrong` continues the sentence."""
        return ModelError(
            f"{self.model}: {self.clean(wrong)}",
            model=self.model,
            kind=kind,
            is_sent=is_sent,
            hint=hint,
            **more,
        )

    def clean(self, text: str) -> str:
        """Return a provider's text on one line, short, and without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "[key]")
        text = " ".join("".join(one if one.isprintable() else " " for one in text).split())
        return text if len(text) <= _MAX_WORDS else f"{text[: _MAX_WORDS - 1]}…"

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> ModelError:
        """Return the error for an unsuccessful answer; `headers` are in lower case."""
        document = _parse(body)
        said, code = _read_message(document)
        wrong = _STATUS.get(status)
        hint = _HINTS.get(status)
        if 300 <= status < 400:
            wrong = f"points to {quote(headers.get('location', 'nowhere'))}"
            said, hint = "", "correct base_url: a request with a key is not redirected"
        else:
            wrong = wrong or ("failed" if status >= 500 else "refused the request")
        text = f"the provider {wrong} ({status})"
        return self.fail(
            "status",
            f"{text}: {said}" if said else text,
            status=status,
            code=self.clean(code) if code else None,
            retry_after_seconds=read_retry_after(headers),
            hint=hint,
        )

    def read_reported(self, document: Mapping[str, Any]) -> ModelError:
        """Return the error in a body or an event with status 200."""
        said, code = _read_message(document)
        reported = document["error"]
        number = reported.get("code") if isinstance(reported, dict) else None
        is_status = type(number) is int and 400 <= number < 600
        return self.fail(
            "status" if is_status else "invalid",
            f"the provider reported an error: {said or 'no details'}",
            status=number if is_status else None,
            code=self.clean(code) if code else None,
        )

    def too_large(self) -> ModelError:
        """Return the error for an answer that is too large."""
        return self.fail("invalid", f"the answer is larger than {MAX_ANSWER_BYTES >> 20} MiB")

    # --- whole answers ------------------------------------------------------------------------

    def read_answer(self, content_type: str, body: bytes) -> Answer:
        """Return the answer in the body of a successful reply."""
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise self._not_json(content_type, body) from error
        if not isinstance(document, dict):
            raise self.fail("invalid", "the answer is JSON, but not an object")
        choices = document.get("choices")
        if not choices and document.get("error"):
            raise self.read_reported(document)
        if not isinstance(choices, list):
            raise self.fail("invalid", "the answer has no list of choices")
        if not choices:
            raise self.fail("empty", "the answer has no choices")
        choice = choices[0]
        message = choice.get("message") if isinstance(choice, dict) else None
        if not isinstance(message, dict):
            raise self.fail("invalid", "the answer has no message")
        calls = message.get("tool_calls") or ()
        if not isinstance(calls, list | tuple):
            raise self.fail("invalid", "the tool calls are not a list")
        return self.finish(
            document,
            text=self.read_text(message.get("content")),
            refusal=self.read_text(message.get("refusal")),
            calls=tuple(self._call(call) for call in calls),
            finish=choice.get("finish_reason"),
            usage=document.get("usage"),
        )

    def finish(
        self,
        document: Mapping[str, Any],
        *,
        text: str,
        refusal: str,
        calls: tuple[ToolCall, ...],
        finish: object,
        usage: object,
    ) -> Answer:
        """Return the answer made of these parts, if they contain one."""
        reason = finish if isinstance(finish, str) and finish else "unknown"
        if refusal and not text:
            text, reason = refusal, "refusal"
        # Truncated or filtered: an empty text is a valid answer then.
        if not text and not calls and reason not in {"length", "content_filter"}:
            raise self.fail("empty", f"the answer has neither text nor tool calls ({reason})")
        return Answer(
            text,
            calls,
            reason,
            read_usage(usage, has_output=bool(text or calls)),
            _name(document, "model"),
            _name(document, "id"),
            _name(document, "system_fingerprint"),
        )

    def read_text(self, content: object) -> str:
        """Return the text of a message's content, which may be in parts."""
        if isinstance(content, str):
            return content
        if content is None:
            return ""
        if isinstance(content, list):
            # Some providers send reasoning in parts of other types.
            texts = [
                part["text"]
                for part in content
                if isinstance(part, dict) and isinstance(part.get("text"), str)
            ]
            return "".join(texts)
        raise self.fail("invalid", "the answer's content is not a text")

    def _call(self, call: object) -> ToolCall:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(call, dict) or not isinstance(function, dict):
            raise self.fail("invalid", "a tool call has no function")
        name, arguments = function.get("name"), function.get("arguments")
        if not isinstance(name, str) or not name:
            raise self.fail("invalid", "a tool call names no function")
        if isinstance(arguments, dict):  # as servers of open models report it
            arguments = json.dumps(arguments, ensure_ascii=False)
        if not isinstance(arguments, str | None):
            raise self.fail("invalid", f"the arguments for {quote(name)} are not a text")
        identity = call.get("id")
        return ToolCall(identity if isinstance(identity, str) else "", name, arguments or "")

    def _not_json(self, content_type: str, body: bytes) -> ModelError:
        start = body[:512].lstrip().lower()
        if not start:
            return self.fail("empty", "the answer has no content")
        if start.startswith(b"<") or "html" in content_type:
            return self.fail(
                "invalid",
                "the answer is an HTML page",
                hint="check base_url: it may point to a website or a proxy",
            )
        if start.startswith(b"{"):
            return self.fail("invalid", "the answer is incomplete or malformed JSON")
        return self.fail("invalid", "the answer is not JSON")

    # --- streams ------------------------------------------------------------------------------

    def check_stream(self, content_type: str) -> bool:
        """Return whether a success of this type can be a stream of events."""
        return "json" not in content_type and "html" not in content_type

    def not_a_stream(self, content_type: str, body: bytes) -> ModelError:
        """Return the error for a successful answer that is not a stream."""
        document = _parse(body)
        if isinstance(document, dict) and document.get("error"):
            return self.read_reported(document)
        if document is not None:
            return self.fail("invalid", "the answer is not a stream")
        return self._not_json(content_type, body)


_HINTS = {
    401: "check the variable with the key; it may be revoked or from another account",
    402: "add credit to the account",
    403: "use a key that may use this model",
    404: "check the model's name and base_url",
}


def read_usage(usage: object, *, has_output: bool) -> Usage:
    """Return the usage that a provider reported, if plausible; else unknown.

    A prompt has tokens, and so has an answer that is not empty: zero means not reported.
    """
    if not isinstance(usage, dict):
        return UNKNOWN_USAGE
    read, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if type(read) is not int or type(written) is not int:
        return UNKNOWN_USAGE
    if not (0 < read <= MAX_TOKENS and 0 <= written <= MAX_TOKENS) or (has_output and not written):
        return UNKNOWN_USAGE
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    if cached is None:
        cached = usage.get("prompt_cache_hit_tokens")
    is_count = type(cached) is int and 0 <= cached <= read
    return Usage(read, written, cached if is_count else None, "measured")


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the provider's requested wait in seconds: a number, or a date minus the provider's own
    date.

    Using the provider's clock makes the result independent of ours.
    """
    milliseconds = _seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = _seconds(value)
    if seconds is not None:
        return seconds
    # imported here: it takes milliseconds and is rarely needed
    from email.utils import parsedate_to_datetime

    try:
        until = parsedate_to_datetime(value)
        now = parsedate_to_datetime(headers.get("date", ""))
        return min(max((until - now).total_seconds(), 0.0), _MAX_RETRY_SECONDS)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _seconds(value: str | None) -> float | None:
    if value is None or not re.fullmatch(r"\s*\d{1,12}(\.\d{1,9})?\s*", value, re.ASCII):
        return None
    return min(float(value), _MAX_RETRY_SECONDS)


def _parse(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _read_message(document: object) -> tuple[str, str | None]:
    """Return an error's message and code, in any of the forms that servers use."""
    if not isinstance(document, dict):
        return "", None
    error: Any = document.get("error") or document
    if isinstance(error, str):
        return error, None
    if not isinstance(error, dict):
        return "", None
    words = next(_strings(error, ("message", "detail", "error")), "")
    return words, next(_strings(error, ("code", "type")), None)


def _strings(mapping: Mapping[str, Any], names: Iterable[str]) -> Any:  # noqa: ANN401
    return (mapping[name] for name in names if isinstance(mapping.get(name), str) and mapping[name])


def _name(document: Mapping[str, Any], key: str) -> str | None:
    value = document.get(key)
    return value[:256] if isinstance(value, str) and value else None
