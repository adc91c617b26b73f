"""Call embedding models, at any endpoint with OpenAI's `/embeddings`.

`onnx/FOLDER` is a model in this process (`onnx.py`). `echo/words` needs no provider: each word
increments one element of the vector. It distinguishes texts only by their words, which is enough to
try a suite.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import threading
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.runtime.models.address import find_address
from promptops.runtime.models.model import ModelError
from promptops.runtime.models.openai import read_blocking
from promptops.runtime.models.opening import find_target
from promptops.runtime.models.providers import PROVIDERS
from promptops.runtime.models.wire import WireReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.repository.settings.models import ModelSettings
    from promptops.runtime.models.onnx import OnnxEmbedder

_WORD = re.compile(r"\w+")
_PLACES = 512
# More digits add no information, and a cassette has many vectors.
_DIGITS = 6


class Embedder:
    """An embedding model. Threads may share it.

    Args:
        name: the model's name, as in `[eval] embedding`.
        settings: the table `[models]`.
        environment: the environment variables with keys, addresses and proxies.
        root: the repository's top, for models in this process.
    """

    def __init__(
        self,
        name: str,
        settings: ModelSettings,
        environment: Mapping[str, str],
        root: Path | None = None,
    ) -> None:
        self._name = name
        self._root = root
        self._local: OnnxEmbedder | None = None
        self._opening = threading.Lock()
        self._target = find_target(name, settings)
        self._environment = environment

    def embed(self, texts: Sequence[str], *, deadline: float) -> list[list[float]]:
        """Return a vector for each text; raises ModelError."""
        if self._name.startswith("onnx/"):
            return self._open_local().embed(texts)
        if self._target.transport == "echo":
            return [_count_words(text) for text in texts]
        if self._target.transport != "openai":
            raise ModelError(
                f"{self._name}: embeddings come from endpoints with OpenAI's format or onnx/FOLDER",
                model=self._name,
                kind="invalid",
                is_sent=False,
                hint=f'set base_url in [models."{self._name}"]',
            )
        from promptops.web.connection import Connections

        provider = PROVIDERS.get(self._target.place.partition("/")[0])
        address = find_address(self._name, self._target.endpoint, provider, self._environment)
        address = address._replace(url=address.url.replace("/chat/completions", "/embeddings"))
        body = json.dumps({"model": self._target.wire_name, "input": list(texts)}).encode()
        connections = Connections(address.url, address.headers, address.proxy)
        with contextlib.closing(connections):
            reader = WireReader(self._name, address.secrets)
            _, data = read_blocking(reader, connections, body, deadline)
        return self._read(data, len(texts))

    def require(self) -> None:
        """Raise ModelError if a model in this process lacks a file or a library. Call no model."""
        if self._name.startswith("onnx/"):
            from promptops.runtime.models.onnx import require_model

            require_model(self._name, self._folder)

    @property
    def _folder(self) -> Path:
        return (self._root or Path()) / self._name.removeprefix("onnx/")

    def _open_local(self) -> OnnxEmbedder:
        from promptops.runtime.models.onnx import OnnxEmbedder

        with self._opening:
            if self._local is None:
                self._local = OnnxEmbedder(self._name, self._folder)
            return self._local

    def _read(self, data: bytes, count: int) -> list[list[float]]:
        try:
            items = sorted(json.loads(data)["data"], key=lambda one: one["index"])
            vectors = [[round(float(one), _DIGITS) for one in item["embedding"]] for item in items]
        except (ValueError, KeyError, TypeError) as error:
            raise self._invalid(f"the reply has no embeddings ({error})") from None
        if len(vectors) != count:
            raise self._invalid(f"there are {len(vectors)} vectors for {count} texts")
        if not all(vector and all(map(math.isfinite, vector)) for vector in vectors):
            raise self._invalid("a vector is empty or not numeric")
        return vectors

    def _invalid(self, wrong: str) -> ModelError:
        return ModelError(f"{self._name}: {wrong}", model=self._name, kind="invalid", is_sent=True)


def _count_words(text: str) -> list[float]:
    vector = [0.0] * _PLACES
    for word in _WORD.findall(text.casefold()):
        vector[zlib.crc32(word.encode()) % _PLACES] += 1.0
    return vector
