"""The models of a configuration, under LiteLLM's names, with the settings that all share."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.repository.adoption.promptfoo.notebook import Notebook
from promptops.repository.adoption.promptfoo.providers import AdoptedModels, read_models


def read(value: Any) -> tuple[AdoptedModels, list[str]]:
    notebook = Notebook()
    return read_models(value, notebook), [note.message for note in notebook.notes()]


@pytest.mark.parametrize(
    ("identity", "model"),
    [
        ("openai:gpt-4o", "openai/gpt-4o"),
        ("openai:chat:gpt-4o", "openai/gpt-4o"),
        ("anthropic:messages:claude-x", "anthropic/claude-x"),
        ("vertex:gemini-2.0", "vertex_ai/gemini-2.0"),
        ("bedrock:converse:us.anthropic.x-v1:0", "bedrock/us.anthropic.x-v1:0"),
        ("ollama:llama3:8b", "ollama_chat/llama3:8b"),
        ("litellm:mistral/m", "mistral/m"),
        ("echo", "echo/prompt"),
    ],
)
def test_a_provider_that_litellm_knows_gets_its_name(identity: str, model: str) -> None:
    assert read(identity) == (AdoptedModels((model,), {}), [])


@pytest.mark.parametrize(
    "identity",
    [
        "https://example.com/v1",
        "file://provider.py",
        "openai:",
        "openai:embedding:x",
        "openai:image:x",
        "litellm:",
        "unheard:of",
    ],
)
def test_any_other_is_named(identity: str) -> None:
    assert read([identity]) == (
        AdoptedModels((), {}),
        [f"the provider '{identity}' is not carried over"],
    )


def test_a_provider_is_written_in_three_ways() -> None:
    models, _ = read(
        ["openai:a", {"id": "openai:b", "config": {}}, {"openai:c": {"config": {"seed": 1}}}]
    )
    assert models.names == ("openai/a", "openai/b", "openai/c")


def test_only_settings_that_all_models_share_are_kept() -> None:
    models, notes = read(
        [
            {"id": "openai:a", "config": {"max_tokens": 9, "temperature": 0}},
            {"id": "openai:b", "config": {"max_tokens": 9, "temperature": 1, "label": "x"}},
        ]
    )
    assert models.settings == {"max_tokens": 9}
    assert notes == ["'temperature' is not the same for all models and is not carried over"]


def test_keys_and_addresses_stay_out_of_prompts() -> None:
    config = {"apiKey": "k", "apiBaseUrl": "https://a", "maxTokens": 9}
    models, notes = read({"id": "openai:a", "config": config})
    assert models.settings == {"max_tokens": 9}
    assert notes == [
        "the address of 'openai:a' belongs in the table [models]",
        "'apiKey' of 'openai:a' is not carried over: keys come from the environment",
    ]
