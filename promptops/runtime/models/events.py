"""Decode the events of a streamed answer of OpenAI's chat completions."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from promptops.runtime.models.model import Part, ToolCall
from promptops.runtime.models.wire import MAX_ANSWER_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.runtime.models.wire import WireReader

_LINE_END = re.compile(rb"\r\n|\n|\r")


class StreamReader:
    """Decodes a stream of events from chunks of any size."""

    def __init__(self, reader: WireReader) -> None:
        self._reader = reader
        self._rest = b""
        self._data: list[bytes] = []
        self._texts: list[str] = []
        self._refusals: list[str] = []
        self._calls: dict[int, list[str]] = {}
        self._head: dict[str, Any] = {}
        self._finish: object = None
        self._usage: object = None
        self._size = 0
        self._has_event = False
        self.is_done = False

    def feed(self, data: bytes) -> list[str]:
        """Add received bytes; return the texts in them."""
        self._size += len(data)
        if self._size > MAX_ANSWER_BYTES:
            raise self._reader.too_large()
        if self._rest:
            data = self._rest + data
        texts: list[str] = []
        if b"\r" in data:
            lines = self._split(data)
        else:
            lines = data.split(b"\n")
            self._rest = lines.pop()
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif not line and self._data:
                event = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                self._data.clear()
                self._take(event, texts)
                if self.is_done:
                    break
        return texts

    def _split(self, data: bytes) -> list[bytes]:
        """Split at any of the three newlines; a CR at the end may be half of one."""
        held = b""
        if data.endswith(b"\r"):
            data, held = data[:-1], b"\r"
        lines = _LINE_END.split(data)
        self._rest = lines.pop() + held
        return lines

    def _take(self, event: bytes, texts: list[str]) -> None:
        if event.strip() == b"[DONE]":
            self.is_done = True
            return
        reader = self._reader
        try:
            document = json.loads(event)
        except (ValueError, RecursionError) as error:
            raise reader.fail("invalid", "an event of the stream is not JSON") from error
        if not isinstance(document, dict):
            raise reader.fail("invalid", "an event of the stream is not an object")
        if document.get("error"):
            raise reader.read_reported(document)
        self._has_event = True
        if not self._head and document.get("id"):
            self._head = document
        usage = document.get("usage")
        if usage is not None:
            self._usage = usage
        choices = document.get("choices")
        if choices:
            choice = choices[0] if isinstance(choices, list) else None
            if not isinstance(choice, dict):
                raise reader.fail("invalid", "an event of the stream has no choice")
            # Of several requested answers, the first one counts.
            if not choice.get("index"):
                self._take_choice(choice, texts)

    def _take_choice(self, choice: Mapping[str, Any], texts: list[str]) -> None:
        finish = choice.get("finish_reason")
        if finish is not None:
            self._finish = finish
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return
        content = delta.get("content")
        if content:
            text = content if type(content) is str else self._reader.read_text(content)
            if text:
                self._texts.append(text)
                texts.append(text)
        if delta.get("refusal"):
            self._refusals.append(self._reader.read_text(delta["refusal"]))
        if delta.get("tool_calls"):
            self._add_calls(delta["tool_calls"])

    def _add_calls(self, calls: object) -> None:
        if not isinstance(calls, list):
            raise self._reader.fail("invalid", "the tool calls are not a list")
        for call in calls:
            function = call.get("function") if isinstance(call, dict) else None
            if not isinstance(function, dict):
                raise self._reader.fail("invalid", "a tool call has no function")
            index, identity = call.get("index"), call.get("id")
            if not isinstance(index, int):
                # Without an index, an id begins the next call.
                index = len(self._calls) - (0 if identity or not self._calls else 1)
            parts = self._calls.setdefault(index, ["", "", ""])
            for place, value in enumerate((identity, function.get("name"))):
                # Some servers repeat both in every chunk.
                if isinstance(value, str) and not parts[place]:
                    parts[place] = value
            arguments = function.get("arguments")
            if isinstance(arguments, dict):
                arguments = json.dumps(arguments, ensure_ascii=False)
            if isinstance(arguments, str):
                parts[2] += arguments

    def finish(self) -> Part:
        """Return the last part, once the stream has ended."""
        reader = self._reader
        if not self.is_done and (self._data or self._rest.startswith(b"data:")):
            # The last event may lack the empty line after it.
            self.feed(b"\n\n")
        if not self._has_event:
            if self._rest.lstrip().startswith((b"{", b"<")):
                raise reader.not_a_stream("", self._rest)
            raise reader.fail("empty", "the stream has no event")
        if not self.is_done and self._finish is None:
            raise reader.fail("connection", "the stream was cut off")
        for name in (parts[1] for parts in self._calls.values()):
            if not name:
                raise reader.fail("invalid", "a tool call names no function")
        answer = reader.finish(
            self._head,
            text="".join(self._texts),
            refusal="".join(self._refusals),
            calls=tuple(ToolCall(*parts) for _, parts in sorted(self._calls.items())),
            finish=self._finish,
            usage=self._usage,
        )
        return Part("", answer)
