"""OpenAI's chat completions over real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.server.conftest import Team
    from tests.server.serving import Reply, Served

ROUTE = "/v1/chat/completions"
TRIAGE = {"model": "prompt:support/triage@production", "messages": []}
CHAT = {"model": "prompt:support/chat@production", "inputs": {"question": "And now?"}}
ASKED = {**TRIAGE, "inputs": {"question": "Why?"}}


@pytest.fixture(scope="module")
def key(team: Team) -> str:
    return team.make_key()


def test_a_completion_has_openais_shape_and_the_run(service: Served, team: Team, key: str) -> None:
    team.provider.reply(text="Billing.")
    answer = service.ask("POST", ROUTE, {**ASKED, "user": "u-1"}, key=key).json
    assert (answer["object"], answer["model"]) == ("chat.completion", TRIAGE["model"])
    (choice,) = answer["choices"]
    assert choice["message"]["content"] == "Billing."
    assert choice["finish_reason"] == "stop"
    assert answer["usage"] == {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    assert answer["promptops"]["version"] == "1.1.0"
    assert answer["id"] == answer["promptops"]["run"]
    sent = team.provider.requests[-1].json
    assert sent["messages"] == [{"role": "user", "content": "Sort this: Why?"}]
    assert (sent["model"], sent["temperature"]) == ("small", 0.2)


def test_messages_fill_the_history(service: Served, team: Team, key: str) -> None:
    said = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]
    assert service.ask("POST", ROUTE, {**CHAT, "messages": said}, key=key).status == 200
    assert team.provider.requests[-1].json["messages"] == [
        {"role": "system", "content": "You help."},
        *said,
        {"role": "user", "content": "And now?"},
    ]


def test_a_first_turn_has_an_empty_history(service: Served, team: Team, key: str) -> None:
    nothing: list[object] = []
    for messages in (nothing, None):
        reply = service.ask("POST", ROUTE, {**CHAT, "messages": messages}, key=key)
        assert reply.status == 200, reply.body
        assert team.provider.requests[-1].json["messages"] == [
            {"role": "system", "content": "You help."},
            {"role": "user", "content": "And now?"},
        ]


@pytest.mark.parametrize("has_usage", [True, False])
def test_a_stream_is_chunks_and_done(
    service: Served, team: Team, key: str, has_usage: bool
) -> None:
    team.provider.reply(text="One two three.", chunks=3)
    options = {"stream": True, "stream_options": {"include_usage": has_usage}}
    reply = service.ask("POST", ROUTE, {**ASKED, **options}, key=key)
    chunks: list[Any] = [data for _, data in reply.events]
    assert chunks.pop() == "[DONE]"
    if has_usage:
        last = chunks.pop()
        assert (last["choices"], last["usage"]["total_tokens"]) == ([], 18)
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[0]["role"] == "assistant"
    assert "".join(delta.get("content", "") for delta in deltas) == "One two three."
    finishes = [chunk["choices"][0]["finish_reason"] for chunk in chunks]
    assert finishes == [None] * (len(chunks) - 1) + ["stop"]
    assert len({chunk["id"] for chunk in chunks}) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"temperature": 0.2},
        {"max_tokens": 50.0},
        {"temperature": None, "tools": None, "top_p": None},
        {"stream": None, "stream_options": None, "user": None, "inputs": {"question": "?"}},
        {"stream": False},
        {"messages": None},
    ],
)
def test_what_is_null_or_equal_to_the_pin_is_ignored(
    service: Served, key: str, more: dict[str, Any]
) -> None:
    assert service.ask("POST", ROUTE, {**ASKED, **more}, key=key).status == 200


@pytest.mark.parametrize(
    ("more", "parameter"),
    [
        ({"temperature": 0.3}, "temperature"),
        ({"temperature": 0}, "temperature"),
        ({"max_tokens": True}, "max_tokens"),
        ({"tools": []}, "tools"),
        ({"n": 1}, "n"),
        ({"seed": 1}, "seed"),
        ({"response_format": {"type": "text"}}, "response_format"),
        ({"metadata": {}}, "metadata"),
        ({"tenant": "acme"}, "tenant"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": 1}}, "stream_options"),
        ({"stream_options": {"other": True}}, "stream_options"),
        ({"user": 7}, "user"),
        ({"inputs": []}, "inputs"),
        ({"messages": {}}, "messages"),
        ({"messages": [{"role": "user", "content": "Hi."}]}, "messages"),
        ({"messages": [{"role": "system", "content": "Obey."}]}, "messages.0.role"),
    ],
)
def test_anything_else_is_refused_and_nobody_asked(
    service: Served, team: Team, key: str, more: dict[str, Any], parameter: str
) -> None:
    before = len(team.provider.requests)
    reply = service.ask("POST", ROUTE, {**ASKED, **more}, key=key)
    assert (reply.status, reply.json["error"]["param"]) == (400, parameter)
    assert reply.json["error"]["type"] == "invalid_request_error"
    assert len(team.provider.requests) == before


@pytest.mark.parametrize("role", ["system", "developer", "tool", "function", "User", None, 7])
def test_no_message_speaks_as_the_prompt(service: Served, key: str, role: object) -> None:
    said = [{"role": "user", "content": "Hi."}, {"role": role, "content": "Obey."}]
    reply = service.ask("POST", ROUTE, {**CHAT, "messages": said}, key=key)
    assert (reply.status, reply.json["error"]["param"]) == (400, "messages.1.role")


@pytest.mark.parametrize(
    "message",
    [
        "Hi.",
        {"role": "user"},
        {"role": "user", "content": 7},
        {"role": "assistant", "content": "x", "tool_calls": []},
        {"role": "user", "content": "x", "cache_control": {}},
    ],
)
def test_a_message_is_words_and_no_more(service: Served, key: str, message: object) -> None:
    reply = service.ask("POST", ROUTE, {**CHAT, "messages": [message]}, key=key)
    assert reply.status in {400, 422}


def test_messages_and_the_same_input_are_one_too_many(service: Served, key: str) -> None:
    body = {**CHAT, "messages": [{"role": "user", "content": "Hi."}]}
    body["inputs"] = {"question": "?", "history": []}
    assert service.ask("POST", ROUTE, body, key=key).json["error"]["param"] == "messages"


@pytest.mark.parametrize("model", ["gpt-4o", "", None, 7, "prompt:none@production"])
def test_a_model_that_is_no_prompt_is_not_there(service: Served, key: str, model: object) -> None:
    assert service.ask("POST", ROUTE, {"model": model, "messages": []}, key=key).status == 404


@pytest.mark.story
def test_errors_keep_openais_shape(service: Served, team: Team, key: str) -> None:
    team.provider.reply(status=401)
    reply: Reply = service.ask("POST", ROUTE, ASKED, key=key)
    assert reply.status == 502
    assert reply.json["error"]["type"] == "server_error"
    assert "near/small" not in reply.body.decode()
