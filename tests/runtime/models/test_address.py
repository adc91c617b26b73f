"""Where an endpoint is, and which key it is given."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.runtime.models.address import find_address
from promptops.runtime.models.model import Endpoint, ModelError
from promptops.runtime.models.providers import PROVIDERS


def address(model: str, endpoint: Endpoint, environment: dict[str, str]) -> Any:
    return find_address(model, endpoint, PROVIDERS.get(model.partition("/")[0]), environment)


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://h", "http://h/v1/chat/completions"),
        ("http://h/", "http://h/v1/chat/completions"),
        ("http://h/v1", "http://h/v1/chat/completions"),
        ("http://h/v1/", "http://h/v1/chat/completions"),
        ("http://h/openai/v1", "http://h/openai/v1/chat/completions"),
        ("http://h/v1/chat/completions", "http://h/v1/chat/completions"),
        ("http://h/v1?api-version=1", "http://h/v1/chat/completions?api-version=1"),
    ],
)
def test_an_address_with_or_without_its_version(base: str, url: str) -> None:
    assert address("local", Endpoint(base), {}).url == url


def test_the_provider_and_its_key() -> None:
    found = address("openai/gpt-4o", Endpoint(), {"OPENAI_API_KEY": " sk-1\n"})
    assert found.url == "https://api.openai.com/v1/chat/completions"
    assert found.headers["Authorization"] == "Bearer sk-1"
    assert found.secrets == ("sk-1",)


def test_another_address_of_the_environment_needs_no_key() -> None:
    found = address("openai/gpt-4o", Endpoint(), {"OPENAI_BASE_URL": "http://h/v1"})
    assert found.url == "http://h/v1/chat/completions"
    assert "Authorization" not in found.headers


def test_a_key_goes_nowhere_but_where_it_belongs() -> None:
    found = address("openai/gpt-4o", Endpoint("http://elsewhere/v1"), {"OPENAI_API_KEY": "sk-1"})
    assert "Authorization" not in found.headers


def test_headers_hold_variables_and_win() -> None:
    endpoint = Endpoint("http://h", "KEY", {"authorization": "Basic ${LOGIN}", "X-A": "b"})
    found = address("local", endpoint, {"KEY": "k", "LOGIN": "secret"})
    assert found.headers["authorization"] == "Basic secret"
    assert "Authorization" not in found.headers
    assert found.headers["X-A"] == "b"
    assert found.secrets == ("k", "secret")


@pytest.mark.parametrize("key", ["", "  ", "sk-\u201c1", "sk-1\nsk-2"])
def test_a_missing_or_broken_key(key: str) -> None:
    with pytest.raises(ModelError, match="OPENAI_API_KEY") as caught:
        address("openai/gpt-4o", Endpoint(), {"OPENAI_API_KEY": key})
    assert (caught.value.kind, caught.value.is_sent) == ("key", False)
    assert "sk-" not in caught.value.message
