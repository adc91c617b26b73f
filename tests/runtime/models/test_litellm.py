"""What a prompt may tell LiteLLM: nothing about where a request goes, and with which key."""

from __future__ import annotations

import time

import pytest

from promptops.runtime.models.litellm import LiteLLMModel
from promptops.runtime.models.model import Endpoint, ModelError, Request

NAME = "anthropic/claude-haiku-4-5"


@pytest.mark.parametrize(
    "name",
    [
        "api_base",
        "api_key",
        "aws_bedrock_runtime_endpoint",
        "base_url",
        "client",
        "custom_llm_provider",
        "extra_body",
        "extra_headers",
        "fallbacks",
        "litellm_credential_name",
        "metadata",
        "mock_response",
        "model_list",
        "ssl_verify",
        "vertex_credentials",
        "whatever_comes_next",
    ],
)
def test_no_parameter_says_where_a_key_goes(name: str) -> None:
    model = LiteLLMModel(NAME, Endpoint(), {"ANTHROPIC_API_KEY": "sk-secret-0123456789"})
    request = Request(NAME, [{"role": "user", "content": "x"}], {name: "http://127.0.0.1:9"})
    with pytest.raises(ModelError, match=f"the parameter '{name}' is not passed on") as caught:
        model.call(request, deadline=time.monotonic() + 60)
    assert not caught.value.is_sent
