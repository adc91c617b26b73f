"""Whether a model's key is set, without calling it."""

from __future__ import annotations

import pytest

from promptops.repository.settings.models import read_models
from promptops.runtime.models.keys import has_key

SETTINGS = read_models(
    {
        "local": {"base_url": "http://127.0.0.1:1/v1"},
        "gateway": {"base_url": "http://127.0.0.1:2/v1", "key": "GATEWAY_KEY"},
    },
    "promptops.toml",
)


@pytest.mark.parametrize(
    ("model", "variable"),
    [
        ("openai/gpt-4o", "OPENAI_API_KEY"),
        ("gpt-4o", "OPENAI_API_KEY"),
        ("groq/llama", "GROQ_API_KEY"),
        ("gateway/openai/gpt-4o", "GATEWAY_KEY"),
        # LiteLLM finds these by itself; any variable of theirs may be the one.
        ("anthropic/claude", "ANTHROPIC_API_KEY"),
        ("bedrock/claude", "AWS_ACCESS_KEY_ID"),
        ("vertex_ai/gemini", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("gemini/flash", "GEMINI_API_KEY"),
        ("gemini/flash", "GOOGLE_API_KEY"),
    ],
)
def test_a_model_has_its_key_by_its_own_variable(model: str, variable: str) -> None:
    others = {"HOME": "/root", "OTHER_API_KEY": "k"}
    assert has_key(model, SETTINGS, {**others, variable: "k"})
    assert not has_key(model, SETTINGS, {**others, variable: ""})
    assert not has_key(model, SETTINGS, others)


@pytest.mark.parametrize("model", ["echo", "scripted/a.yaml", "local/qwen", "ollama/qwen3"])
def test_a_model_without_a_key_needs_none(model: str) -> None:
    assert has_key(model, SETTINGS, {})
