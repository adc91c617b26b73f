"""A streamed answer is the same however it is cut, and one that was cut off is an error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promptops.runtime.models.events import StreamReader
from promptops.runtime.models.model import Answer, ModelError, ToolCall, Usage
from promptops.runtime.models.wire import WireReader

DONE = b"data: [DONE]\n\n"


def event(finish: str | None = None, *, usage: Any = None, index: int = 0, **delta: Any) -> bytes:
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    document = {"id": "1", "model": "served", "choices": [choice], "usage": usage}
    return b"data: " + json.dumps(document, ensure_ascii=False).encode() + b"\n\n"


def read(*pieces: bytes) -> tuple[list[str], Answer]:
    stream = StreamReader(WireReader("team/model"))
    texts = [text for piece in pieces if not stream.is_done for text in stream.feed(piece)]
    answer = stream.finish().answer
    assert answer is not None
    return texts, answer


def fails(*pieces: bytes) -> ModelError:
    with pytest.raises(ModelError) as caught:
        read(*pieces)
    return caught.value


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=ascii)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
def test_a_stream_in_pieces_of_any_size(end: str, size: int) -> None:
    in_lines = b'data: {"choices":\ndata: [{"delta": {"content": "b"}}]}\n\n'
    whole = b": comment\n\nevent: x\n" + event(content="é") + in_lines
    whole = (whole + b"data:[DONE]\n\n").replace(b"\n", end.encode())
    texts, answer = read(*(whole[at : at + size] for at in range(0, len(whole), size)))
    assert texts == ["é", "b"]
    assert (answer.text, answer.finish, answer.served_model) == ("éb", "unknown", "served")


def test_an_event_may_have_several_lines_and_the_last_no_empty_one() -> None:
    first = b'data: {"id": "1", "choices":\ndata: [{"delta": {"content": "a"}}]}\n\n'
    assert read(first, event("stop", content="b").rstrip())[1].text == "ab"


@pytest.mark.parametrize(
    ("pieces", "kind"),
    [
        ([], "empty"),
        ([DONE], "empty"),
        ([b": ping\n\n"], "empty"),
        ([event(content="One")], "connection"),
        ([event(content="One"), b"data: {\n\n"], "invalid"),
        ([event(content="One"), b"data: [1]\n\n"], "invalid"),
        ([event(content="One"), b'data: {"error": {"message": "x"}}\n\n'], "invalid"),
        ([b'data: {"choices": [1]}\n\n'], "invalid"),
        ([event(role="assistant"), DONE], "empty"),
        ([event(tool_calls={"id": 1}), DONE], "invalid"),
        ([event(tool_calls=[{"index": 0, "function": {"arguments": "{}"}}]), DONE], "invalid"),
        ([b'{"error": "no stream"}'], "invalid"),
        ([b"<html>"], "invalid"),
    ],
)
def test_a_stream_that_is_none(pieces: list[bytes], kind: str) -> None:
    error = fails(*pieces)
    assert (error.kind, error.is_sent) == (kind, True)


def test_a_finish_reason_ends_a_stream_without_its_last_word() -> None:
    assert read(event(content="One"), event("stop"))[1].finish == "stop"


def test_nothing_counts_after_the_last_word() -> None:
    texts, answer = read(event(content="One") + DONE + event(content="Two"))
    assert (texts, answer.text) == (["One"], "One")


def test_of_several_answers_the_first_counts() -> None:
    assert read(event(content="a"), event(content="b", index=1), DONE)[1].text == "a"


def test_a_refusal_is_the_answer_where_there_is_no_other() -> None:
    answer = read(event(refusal="I will "), event("stop", refusal="not."))[1]
    assert (answer.text, answer.finish) == ("I will not.", "refusal")


def call(index: int | None, identity: str | None = None, **function: Any) -> bytes:
    one = {"index": index, "id": identity, "function": function}
    return event(tool_calls=[one])


@pytest.mark.parametrize(
    "pieces",
    [
        [
            call(0, "a", name="find", arguments=""),
            call(0, arguments='{"id"'),
            call(1, "b", name="send", arguments="{}"),
            call(0, arguments=": 7}"),
        ],
        # Without numbers an id begins the next call.
        [
            call(None, "a", name="find", arguments='{"id"'),
            call(None, arguments=": 7}"),
            call(None, "b", name="send", arguments="{}"),
        ],
        # Some servers repeat id and name in each piece, or send arguments as an object.
        [
            call(0, "a", name="find", arguments='{"id"'),
            call(0, "a", name="find", arguments=": 7}"),
            call(1, "b", name="send", arguments={}),
        ],
    ],
)
def test_tool_calls_are_joined_from_their_pieces(pieces: list[bytes]) -> None:
    answer = read(*pieces, event("tool_calls"))[1]
    assert answer.tool_calls == (ToolCall("a", "find", '{"id": 7}'), ToolCall("b", "send", "{}"))


@pytest.mark.parametrize(
    ("usage", "found"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 2}, Usage(5, 2, None, "measured")),
        ({"prompt_tokens": 5, "completion_tokens": 0}, Usage(None, None, None, "unknown")),
        (None, Usage(None, None, None, "unknown")),
    ],
)
def test_usage_comes_with_any_event(usage: Any, found: Usage) -> None:
    pieces = (event(content="a", usage=usage), event("stop"), DONE)
    assert read(*pieces)[1].usage == found


def test_an_answer_without_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promptops.runtime.models.events.MAX_ANSWER_BYTES", 1000)
    assert "is larger than" in fails(*[b": ping\n\n"] * 200).message
