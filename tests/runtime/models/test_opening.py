from __future__ import annotations

import time
import tomllib
from typing import TYPE_CHECKING

import pytest

from promptops.repository.settings.models import ModelSettings, read_models
from promptops.runtime.models import Models, open_model
from promptops.runtime.models.model import Endpoint, ModelError
from promptops.runtime.models.opening import Target, find_target
from tests.runtime.models.transports import ask
from tests.runtime.provider import Provider

if TYPE_CHECKING:
    from pathlib import Path


def read(text: str) -> ModelSettings:
    return read_models(tomllib.loads(text).get("models", {}), "promptops.toml")


SETTINGS = read("""
    [models.local]
    base_url = "http://127.0.0.1:1/v1"
    model = "qwen3"
    [models.gateway]
    base_url = "http://127.0.0.1:2/v1"
    key = "GATEWAY_KEY"
    [models.mistral]
    key = "OTHER_KEY"
    [models."groq/llama"]
    input_price = 1
    output_price = 2
    [models.anthropic]
    base_url = "http://127.0.0.1:3"
    [models."cohere/command"]
    base_url = "http://127.0.0.1:4/v1"
    transport = "openai"
""")


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("echo", Target("echo", "", "", Endpoint())),
        ("scripted/tests/a.yaml", Target("scripted", "tests/a.yaml", "tests/a.yaml", Endpoint())),
        ("openai/gpt-4o", Target("openai", "gpt-4o", "openai", Endpoint())),
        ("gpt-4o", Target("openai", "gpt-4o", "openai", Endpoint())),
        ("groq/llama", Target("openai", "llama", "groq", Endpoint())),
        (
            "openrouter/openai/gpt-4o",
            Target("openai", "openai/gpt-4o", "openrouter", Endpoint()),
        ),
        ("local", Target("openai", "qwen3", "local", Endpoint("http://127.0.0.1:1/v1"))),
        (
            "gateway/openai/gpt-4o",
            Target(
                "openai",
                "openai/gpt-4o",
                "gateway",
                Endpoint("http://127.0.0.1:2/v1", "GATEWAY_KEY"),
            ),
        ),
        ("mistral/small", Target("openai", "small", "mistral", Endpoint(None, "OTHER_KEY"))),
        ("gemini/flash", Target("litellm", "gemini/flash", "gemini", Endpoint())),
        (
            "anthropic/claude",
            Target("litellm", "anthropic/claude", "anthropic", Endpoint("http://127.0.0.1:3")),
        ),
        (
            "cohere/command",
            Target("openai", "command", "cohere/command", Endpoint("http://127.0.0.1:4/v1")),
        ),
    ],
)
def test_what_a_name_stands_for(name: str, target: Target) -> None:
    assert find_target(name, SETTINGS) == target


def test_models_of_one_endpoint_share_connections() -> None:
    with Provider() as provider:
        settings = read(f'[models.local]\nbase_url = "{provider.base_url}"')
        models = Models(settings, root=None, environment={})
        for name in ("local/a", "local/b", "local/a"):
            models.get(name).call(ask(), deadline=time.monotonic() + 30)
        assert models.get("local/a") is models.get("local/a")
        assert [one.json["model"] for one in provider.requests] == ["a", "b", "a"]
        assert provider.connections == 1
        models.close()


def test_nothing_is_fallen_back_on(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not a model"):
        open_model("openai/", ModelSettings(), root=None)
    with pytest.raises(ModelError, match="in a repository only"):
        open_model("scripted/a.yaml", ModelSettings(), root=None)
    for path in ("../a.yaml", "/a.yaml", "a/../../b", ".git/config", ""):
        with pytest.raises(ModelError, match="is not a file below"):
            open_model(f"scripted/{path}", ModelSettings(), root=tmp_path)
    with pytest.raises(ModelError, match="does not exist"):
        open_model("scripted/a.yaml", ModelSettings(), root=tmp_path)
