"""Run an embedding model in this process: a folder with `model.onnx` and `tokenizer.json`.

    [eval]
    embedding = "onnx/models/minilm"      # the folder, from the repository's top

Any model that sentence-transformers can export works. A text's vector is the mean of its tokens'
vectors, unless the model returns one for the whole text. A text that the model cannot represent
(too long, or chiefly of unknown tokens) is an error, because its similarity would be meaningless.
Needs the extra `similar`.
"""

from __future__ import annotations

import math
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from promptops.runtime.models.model import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FAMILY = "onnx"
_MAX_TOKENS = 512
_MAX_UNKNOWN = 0.2
_UNKNOWN = ("[UNK]", "<unk>")
_DIGITS = 6


def require_model(name: str, folder: Path) -> list[Path]:
    """Return the files of a model; raises ModelError if one or a library is missing."""
    files = [folder / "model.onnx", folder / "tokenizer.json"]
    missing = next((file for file in files if not file.is_file()), None)
    if missing is not None:
        hint = "add model.onnx and tokenizer.json, as sentence-transformers exports them"
        raise _error(name, f"there is no {missing.name} in {folder}", hint)
    if not all(map(find_spec, ("onnxruntime", "tokenizers"))):
        wrong = "a model in this process needs onnxruntime and tokenizers"
        raise _error(name, wrong, "pip install 'git-promptops[similar]'")
    return files


class OnnxEmbedder:
    """An embedding model from a folder. Threads may share it.

    Args:
        name: the model's name, for messages.
        folder: its folder.

    Raises ModelError for a folder without a usable model, or without the extra.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        files = require_model(name, folder)
        import onnxruntime
        from tokenizers import Tokenizer

        try:
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 3
            providers = ["CPUExecutionProvider"]
            self._session = onnxruntime.InferenceSession(str(files[0]), options, providers)
            self._tokenizer = Tokenizer.from_file(str(files[1]))
        except Exception as error:
            raise self._error(f"the model cannot be opened: {error}".split("\n", 1)[0]) from error
        truncation = self._tokenizer.truncation
        self._longest = min(_MAX_TOKENS, (truncation or {}).get("max_length", _MAX_TOKENS))
        # Do not truncate, so that a text beyond the model's limit is an error; padding only takes
        # time.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        found = (self._tokenizer.token_to_id(one) for one in _UNKNOWN)
        self._unknown = next((one for one in found if one is not None), None)
        self._inputs = {one.name for one in self._session.get_inputs()}

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector for each text; raises ModelError."""
        return [self._embed(text) for text in texts]

    def _embed(self, text: str) -> list[float]:
        import numpy as np

        encoding = self._tokenizer.encode(text)
        count = len(encoding.ids)
        if count > self._longest:
            raise self._error(
                f"a text has {count} tokens, and the model's limit is {self._longest}"
            )
        unknown = sum(one == self._unknown for one in encoding.ids)
        if unknown > _MAX_UNKNOWN * count:
            raise self._error(f"{unknown} of a text's {count} tokens are unknown to the model")
        rows = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        given = {
            name: np.array([row], dtype=np.int64)
            for name, row in rows.items()
            if name in self._inputs
        }
        try:
            output: Any = self._session.run(None, given)[0][0]
        except Exception as error:
            raise self._error(f"the model failed: {error}".split("\n", 1)[0]) from error
        vector = output.mean(axis=0) if output.ndim > 1 else output
        found = [round(float(one), _DIGITS) for one in vector]
        if not found or not all(map(math.isfinite, found)):
            raise self._error("a vector is empty or not numeric")
        return found

    def _error(self, wrong: str) -> ModelError:
        return _error(self._name, wrong)


def _error(name: str, wrong: str, hint: str | None = None) -> ModelError:
    message = f"{name}: {wrong}"
    return ModelError(message, model=name, kind="invalid", is_sent=False, hint=hint)
