"""Calls that LiteLLM does not record, and those that it must."""

from __future__ import annotations

import json
import threading
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from promptops.runtime.models.litellm import LiteLLMModel
from promptops.runtime.models.litellm_setup import RECORDS, load, spare_records
from promptops.runtime.models.model import Endpoint, ModelError, Request, Usage
from tests.runtime.provider import Provider

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.skipif(find_spec("litellm") is None, reason="LiteLLM is not installed"),
    # LiteLLM's own habits.
    pytest.mark.filterwarnings("ignore"),
]
NAME = "anthropic/claude-haiku-4-5"
ARGUMENTS = {"model": NAME, "messages": [{"role": "user", "content": "x"}]}
MESSAGE: dict[str, Any] = {
    "id": "m",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5",
    "content": [{"type": "text", "text": "Hello."}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 11, "output_tokens": 7},
}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as one:
        yield one


@pytest.fixture
def model(provider: Provider) -> LiteLLMModel:
    endpoint = Endpoint(provider.base_url.removesuffix("/v1"), "TEAM_KEY", {})
    return LiteLLMModel(NAME, endpoint, {"TEAM_KEY": "sk-secret-0123456789"})


def ask() -> tuple[Request, float]:
    request = Request(NAME, [{"role": "user", "content": "x"}], {"max_tokens": 9})
    return request, time.monotonic() + 120


def write_event(name: str, **more: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **more})}\n\n".encode()


def test_a_call_in_another_format_has_its_usage(model: LiteLLMModel, provider: Provider) -> None:
    provider.reply(body=json.dumps(MESSAGE).encode())
    request, deadline = ask()
    answer = model.call(request, deadline=deadline)
    assert (answer.text, answer.finish) == ("Hello.", "stop")
    assert answer.usage == Usage(11, 7, 0, "measured")


def test_a_stream_in_another_format_has_its_usage(model: LiteLLMModel, provider: Provider) -> None:
    text = {"type": "text_delta", "text": "Hello."}
    provider.reply(
        events=[
            write_event("message_start", message={**MESSAGE, "content": []}),
            write_event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            write_event("content_block_delta", index=0, delta=text),
            write_event("content_block_stop", index=0),
            write_event(
                "message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 7}
            ),
            write_event("message_stop"),
        ]
    )
    request, deadline = ask()
    *_, last = model.stream(request, deadline=deadline)
    assert last.answer is not None
    assert last.answer.usage == Usage(11, 7, 0, "estimated")


def test_a_callback_of_the_application_gets_the_call(
    model: LiteLLMModel, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    litellm = load(NAME)
    from litellm.integrations.custom_logger import CustomLogger

    called = threading.Event()
    logger = CustomLogger()

    async def hear(**_: object) -> None:
        called.set()

    monkeypatch.setattr(logger, "async_log_success_event", hear)
    monkeypatch.setattr(litellm, "callbacks", [logger])
    # LiteLLM adds what it finds there to further lists.
    for name in RECORDS:
        if isinstance(getattr(litellm, name), list):
            monkeypatch.setattr(litellm, name, list(getattr(litellm, name)))
    provider.reply(body=json.dumps(MESSAGE).encode())
    request, deadline = ask()
    model.call(request, deadline=deadline)
    assert called.wait(60)


def test_a_call_is_recorded_for_nobody() -> None:
    found = spare_records(load(NAME), ARGUMENTS)
    silent = found.pop("litellm_logging_obj")
    assert found.pop("litellm_call_id") == silent.litellm_call_id
    assert found == ARGUMENTS
    assert silent.response_cost_calculator(result=None) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("callbacks", ["x"]),
        ("failure_callback", ["x"]),
        ("max_budget", 1.0),
        ("post_call_rules", [len]),
    ],
)
def test_a_call_is_recorded_for_an_application_that_asks(
    name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    litellm = load(NAME)
    monkeypatch.setattr(litellm, name, value)
    assert spare_records(litellm, ARGUMENTS) == ARGUMENTS


def test_retries_of_the_application_do_not_repeat_a_call(
    model: LiteLLMModel, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load(NAME), "num_retries", 2)
    provider.always(status=500, body=b"{}")
    request, deadline = ask()
    with pytest.raises(ModelError, match="500"):
        model.call(request, deadline=deadline)
    assert len(provider.requests) == 1


def test_a_model_that_completes_texts_answers_a_chat(provider: Provider) -> None:
    name = "text-completion-openai/davinci-002"
    model = LiteLLMModel(name, Endpoint(provider.base_url), {})
    choice = {"index": 0, "text": "Hello.", "finish_reason": "stop"}
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    more = {"id": "c", "object": "text_completion", "created": 0, "model": "davinci-002"}
    provider.reply(body=json.dumps({**more, "choices": [choice], "usage": usage}).encode())
    request = Request(name, [{"role": "user", "content": "x"}], {"max_tokens": 9})
    answer = model.call(request, deadline=time.monotonic() + 120)
    assert (answer.text, answer.usage) == ("Hello.", Usage(11, 7, None, "measured"))


def test_a_stream_is_recorded() -> None:
    arguments = {**ARGUMENTS, "stream": True}
    assert spare_records(load(NAME), arguments) == arguments
