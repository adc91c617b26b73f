"""Count a request's tokens: an upper bound without a vocabulary, or the exact number.

Tokenizers in use work on bytes, or fall back to them, so a text never has more tokens than UTF-8
bytes. That is the bound. It holds for every language and for code, and it never needs a download.
Two things can exceed it, both rarely: normalisation that lengthens a text (ligatures of Arabic),
and long instructions that a provider adds on its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.files import read_file
from promptops.prompt.tokens import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ENCODER = json.JSONEncoder(ensure_ascii=False)
# The tokens that chat templates add to a request and to each message.
_REQUEST_TOKENS = 64
_MESSAGE_TOKENS = 16
# The maximum tokens that providers charge for an image.
_MEDIA_TOKENS = 50_000
# The vocabularies of OpenAI's models: address (which determines the file name) and hash.
_VOCABULARIES = {
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
}
_VOCABULARY_URL = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"


class TokenCount(NamedTuple):
    """The tokens of a request.

    Attributes:
        tokens: the upper bound.
        is_exact: whether the number is exact.
        likely: an estimate, for decisions that must not refuse too early.
    """

    tokens: int
    is_exact: bool
    likely: int


def count_tokens(
    messages: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, Any],
    model: str,
    *,
    exactly: bool = False,
) -> TokenCount:
    """Count the tokens of a request's messages, tools and output schema.

    `exactly` asks for the exact number, for which tiktoken and its vocabulary must be installed and
    the model be one of OpenAI's; it takes some tenths of a second the first time. Without them the
    result is the upper bound.
    """
    size = likely = media = shape = 0
    for message in messages:
        for key, value in message.items():
            # Fast path for nearly all values, because evals count every request twice.
            if isinstance(value, str) and value.isascii():
                size += len(value)
                likely += -(-len(value) // 4)
                continue
            texts: list[str] = []
            media += _collect(key, value, texts)
            size += sum(map(_bytes, texts))
            likely += sum(map(estimate_tokens, texts))
    if not _SHAPES.isdisjoint(parameters):
        shape = sum(_bytes(_json(parameters[key])) for key in _SHAPES if parameters.get(key))
    if exactly and not media and not shape:
        counted = _count_exactly(messages, model)
        if counted is not None:
            return TokenCount(counted, is_exact=True, likely=counted)
    around = _REQUEST_TOKENS + _MESSAGE_TOKENS * len(messages)
    likely += shape // 3 + 4 * len(messages) + media // 40
    most = size + shape + media + around
    return TokenCount(most, is_exact=False, likely=min(likely, most))


_SHAPES = frozenset({"tools", "functions", "response_format", "tool_choice"})


def _collect(key: str, value: object, texts: list[str]) -> int:
    """Add the texts of a message's value; return the tokens of its other parts."""
    media = 0
    if isinstance(value, str):
        texts.append(value)
    elif key == "content" and isinstance(value, list | tuple):
        for part in value:
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                texts.append(part["text"])
            else:
                media += max(_MEDIA_TOKENS, _bytes(_json(part)))
    elif value is not None:
        texts.append(_json(value))
    return media


def _json(value: object) -> str:
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError, RecursionError):
        return repr(value)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _count_exactly(messages: Sequence[Mapping[str, Any]], model: str) -> int | None:
    provider, slash, name = model.rpartition("/")
    if slash and provider not in {"openai", "azure"}:
        return None
    encoding = _encoding(name)
    if encoding is None:
        return None
    count = 3
    for message in messages:
        if not set(message) <= {"role", "content", "name"}:
            return None
        count += 4 if "name" in message else 3
        for value in message.values():
            if not isinstance(value, str):
                return None
            count += len(encoding.encode(value, disallowed_special=()))
    return count


@cache
def _encoding(name: str) -> Any:  # noqa: ANN401 - tiktoken may be missing
    """Return the encoding of an OpenAI model, if available without a download."""
    try:
        import tiktoken
        from tiktoken.model import encoding_name_for_model
    except ImportError:
        return None
    try:
        encoding = encoding_name_for_model(name)
    except KeyError:
        return None
    if not _has_vocabulary(encoding):
        return None
    return tiktoken.get_encoding(encoding)


def _has_vocabulary(encoding: str) -> bool:
    """Return whether tiktoken's cache has the complete vocabulary; otherwise it would download
    it.
    """
    expected = _VOCABULARIES.get(encoding)
    folder = os.environ.get("TIKTOKEN_CACHE_DIR") or os.environ.get("DATA_GYM_CACHE_DIR")
    if expected is None or folder == "":
        return False
    place = Path(folder) if folder else Path(tempfile.gettempdir(), "data-gym-cache")
    url = _VOCABULARY_URL.format(encoding)
    file = place / hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()
    try:
        return hashlib.sha256(read_file(file)).hexdigest() == expected
    except OSError:
        return False
