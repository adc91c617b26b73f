"""Embedding models, over real sockets."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from promptops.repository.settings.models import read_models
from promptops.runtime.models.embedding import Embedder
from promptops.runtime.models.model import ModelError
from tests.runtime.provider import Provider


def embed(provider: Provider, *texts: str) -> list[list[float]]:
    settings = read_models({"local": {"base_url": provider.base_url}}, "promptops.toml")
    embedder = Embedder("local/e5", settings, {})
    return embedder.embed(texts, deadline=time.monotonic() + 20)


def body(*vectors: Any) -> bytes:
    data = [{"index": n, "embedding": one} for n, one in enumerate(vectors)]
    return json.dumps({"data": data[::-1]}).encode()


def test_a_vector_comes_for_each_text_in_order() -> None:
    with Provider() as provider:
        provider.reply(body=body([1, 0], [0.12345678, 1]))
        assert embed(provider, "a", "b") == [[1.0, 0.0], [0.123457, 1.0]]
        (received,) = provider.requests
        assert received.path == "/v1/embeddings"
        assert received.json == {"model": "e5", "input": ["a", "b"]}


@pytest.mark.parametrize(
    "reply",
    [
        {"body": body([1, 0])},
        {"body": body([], [1])},
        {"body": body(["x"], [1])},
        {"body": b"<html>"},
        {"status": 429},
        {"status": 500},
    ],
)
def test_what_is_no_answer_is_an_error(reply: dict[str, Any]) -> None:
    with Provider() as provider:
        provider.reply(**reply)
        with pytest.raises(ModelError, match="local/e5"):
            embed(provider, "a", "b")


def test_words_alone_need_no_provider() -> None:
    embedder = Embedder("echo/words", read_models({}, ""), {})
    one, two, other = embedder.embed(["Good day", "day, good!", "night"], deadline=0)
    assert one == two
    assert one != other


def test_other_formats_are_refused() -> None:
    with pytest.raises(ModelError, match="OpenAI's format or onnx"):
        Embedder("cohere/embed", read_models({}, ""), {}).embed(["a"], deadline=0)
