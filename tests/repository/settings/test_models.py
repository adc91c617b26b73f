from __future__ import annotations

import tomllib

import pytest

from promptops.errors import ConfigurationError
from promptops.repository.settings.models import ModelSettings, read_models


def read(text: str) -> ModelSettings:
    return read_models(tomllib.loads(text).get("models", {}), "promptops.toml")


def test_nothing_configured_allows_everything() -> None:
    settings = read("")
    assert settings == ModelSettings()
    assert settings.allows("openai/gpt-4o", "prompts/a.md")
    assert next(settings.list_endpoints("openai/gpt-4o"), None) is None


def test_an_endpoint_with_everything() -> None:
    settings = read("""
        [models.local]
        base_url = "http://127.0.0.1:8000/v1"
        key = "LOCAL_KEY"
        model = "qwen3-8b"
        transport = "openai"
        headers = {X-Team = "support", Authorization = "Basic ${LOCAL_LOGIN}"}
        input_price = 0.15
        output_price = 0.6
        cached_price = 0.075
        context = 32768
        output = 4096
    """)
    found = next(settings.list_endpoints("local"), None)
    assert found is not None
    assert (found.base_url, found.key, found.model) == (
        "http://127.0.0.1:8000/v1",
        "LOCAL_KEY",
        "qwen3-8b",
    )
    assert (found.input_price, found.output_price, found.cached_price) == (150_000, 600_000, 75_000)
    assert (found.context, found.output, found.transport) == (32768, 4096, "openai")
    assert found.headers["Authorization"] == "Basic ${LOCAL_LOGIN}"


def test_an_endpoint_serves_what_is_written_below_its_name() -> None:
    settings = read('[models.gateway]\nbase_url = "https://llm.example.com/v1"')
    found = next(settings.list_endpoints("gateway/gpt-4o"), None)
    assert found is not None
    assert found.model is None
    assert next(settings.list_endpoints("other/gpt-4o"), None) is None


def test_the_list_of_the_last_fitting_path_holds() -> None:
    settings = read("""
        [models]
        allow = ["openai/*"]
        [models."prompts/legal"]
        allow = ["azure/*"]
        [models."prompts/legal/**/draft*.md"]
        allow = []
    """)
    assert settings.allows("openai/gpt-4o", "prompts/a.md")
    assert not settings.allows("azure/gpt-4o", "prompts/a.md")
    assert settings.allows("azure/gpt-4o", "prompts/legal/a.md")
    assert not settings.allows("openai/gpt-4o", "prompts/legal/a.md")
    assert not settings.allows("azure/gpt-4o", "prompts/legal/x/draft1.md")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models = 1", "models is not a table"),
        ('[models]\nallow = "openai/*"', "models.allow is not a list of texts"),
        ("[models]\nallowed = []", "models.allowed is not a table"),
        ("[models.a]\nbase_ulr = 'x'", "unknown key 'models.a.base_ulr'"),
        ("[models.a]\nmodel = 'gpt-4o'", "models.a.model has no base_url"),
        ("[models.a]\nbase_url = 'localhost:80'", "models.a.base_url is not an http(s) address"),
        ("[models.a]\nbase_url = 'http://a:b@c/'", "models.a.base_url contains a password"),
        ("[models.a]\nbase_url = 'http://c/?api-key=1'", "models.a.base_url contains a key"),
        ("[models.a]\nbase_url = 'http://c:99999/'", "models.a.base_url is not an http(s) address"),
        ("[models.a]\nkey = 'sk-abcdef0123456789'", "models.a.key is not the name of an env"),
        ("[models.a]\nkey = 'abcdef0123456789abcdef0123456789'", "models.a.key is not the name"),
        ("[models.a]\nheaders = {Authorization = 'Bearer abc'}", "contains a key in plain text"),
        ("[models.a]\nheaders = {x-portkey-api-key = 'abc'}", "contains a key in plain text"),
        ("[models.a]\nheaders = {X-Api-Key = 'abc${A}'}", "contains a key in plain text"),
        ("[models.a]\nheaders = {'a b' = 'abc'}", "models.a.headers.a b is not a header"),
        ("[models.a]\nheaders = {Host = 'abc'}", "models.a.headers.Host is set by the transport"),
        ("[models.a]\ninput_price = 0\noutput_price = 1", "models.a.input_price is 0"),
        ("[models.a]\ninput_price = 1", "models.a.output_price is missing"),
        ("[models.a]\noutput_price = nan\ninput_price = 1", "output_price is not an amount"),
        ("[models.a]\ninput_price = -1\noutput_price = 1", "input_price is not an amount"),
        ("[models.a]\ncached_price = 1", "models.a.input_price is missing"),
        (
            "[models.a]\nfree = true\ninput_price = 1\noutput_price = 1",
            "models.a.free is true although a price is set",
        ),
        ("[models.a]\ntransport = 'grpc'", "models.a.transport is 'grpc'"),
        ("[models.a]\ncontext = 0", "models.a.context is not a whole number from 1"),
        ("[models.a]\nallow = []\nkey = 'A'", "unknown key 'models.a.key'"),
    ],
)
def test_a_fault_names_file_and_key(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    assert caught.value.message.startswith("promptops.toml: ")
    assert message in caught.value.message
    assert "sk-abc" not in caught.value.message + (caught.value.hint or "")


def test_a_header_of_portkey_is_no_key() -> None:
    text = "[models.a]\nheaders = {x-portkey-provider = 'openai', x-portkey-config = 'pc-1'}"

    (endpoint,) = read(text).list_endpoints("a")

    assert dict(endpoint.headers) == {"x-portkey-provider": "openai", "x-portkey-config": "pc-1"}
