"""Counts of tokens: the bound is one, whatever the text, and nothing is downloaded for it."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.prompt.tokens import estimate_tokens
from promptops.runtime.models import tokens
from promptops.runtime.models.tokens import count_tokens

if TYPE_CHECKING:
    from pathlib import Path

MODEL = "openai/gpt-4o-mini"
CONTENT = st.text(alphabet=st.characters(), max_size=200)


def user(content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content}]


@pytest.mark.story
@given(st.lists(st.tuples(st.sampled_from(("system", "user", "assistant")), CONTENT), max_size=5))
def test_no_text_has_more_tokens_than_bytes(pairs: list[tuple[str, str]]) -> None:
    messages = [{"role": role, "content": text} for role, text in pairs]
    counted = count_tokens(messages, {}, MODEL)
    size = sum(len(text.encode("utf-8", "surrogatepass")) for _, text in pairs)
    assert counted.tokens >= size
    assert not counted.is_exact
    assert 0 <= counted.likely <= counted.tokens


@pytest.mark.slow
@given(CONTENT, CONTENT)
def test_more_text_is_never_fewer_tokens(one: str, other: str) -> None:
    alone, both = count_tokens(user(one), {}, MODEL), count_tokens(user(one + other), {}, MODEL)
    assert both.tokens >= alone.tokens


@pytest.mark.parametrize(
    ("text", "likely"),
    [("", 0), ("a", 1), ("four", 1), ("fives", 2), ("ä", 1), ("日本語", 2), ("\ud800", 1)],
)
def test_a_middle_guess(text: str, likely: int) -> None:
    assert estimate_tokens(text) == likely


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tools", [{"type": "function", "function": {"name": "find", "parameters": {}}}]),
        ("functions", [{"name": "find"}]),
        ("response_format", {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}),
        ("tool_choice", {"type": "function", "function": {"name": "find"}}),
    ],
)
def test_what_shapes_the_answer_counts(key: str, value: Any) -> None:
    plain, shaped = (count_tokens(user("x"), one, MODEL).tokens for one in ({}, {key: value}))
    assert shaped - plain >= len(json.dumps(value))
    assert count_tokens(user("x"), {"temperature": 1, "user": "u" * 99}, MODEL).tokens == plain


def test_parts_of_a_message_count_and_so_do_pictures() -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    text = {"type": "text", "text": "x" * 1000}
    assert count_tokens(user([text]), {}, MODEL).tokens < 1200
    with_picture = count_tokens(user([text, picture]), {}, MODEL)
    assert with_picture.tokens > 50_000
    assert with_picture.likely < 2_000
    embedded = {"type": "image_url", "image_url": {"url": "data:," + "A" * 200_000}}
    assert count_tokens(user([embedded]), {}, MODEL).tokens > 200_000


def test_calls_of_tools_in_the_history_count() -> None:
    call = {"id": "1", "function": {"name": "find", "arguments": "x" * 500}}
    messages = [{"role": "assistant", "content": None, "tool_calls": [call]}]
    assert count_tokens(messages, {}, MODEL).tokens > 500


def test_what_is_no_json_is_still_bounded() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert count_tokens([{"role": "user", "content": "x", "extra": loop}], {}, MODEL).tokens > 0
    assert count_tokens([{"role": "user", "content": "x", "extra": object()}], {}, MODEL).tokens


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a vocabulary was fetched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(autouse=True)
def forget_encodings() -> None:
    tokens._encoding.cache_clear()


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("model", [MODEL, "gpt-4o", "anthropic/claude-haiku-4-5", "local/x", ""])
def test_an_exact_number_is_never_worth_a_download(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    assert not count_tokens(user("hello"), {}, model, exactly=True).is_exact


@pytest.mark.usefixtures("no_network")
def test_a_damaged_vocabulary_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = tokens._VOCABULARY_URL.format("o200k_base")
    name = hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()
    (tmp_path / name).write_bytes(b"YQ== 0\n")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    assert not tokens._has_vocabulary("o200k_base")
    assert not count_tokens(user("hello"), {}, MODEL, exactly=True).is_exact


@pytest.mark.usefixtures("no_network")
@pytest.mark.skipif(
    importlib.util.find_spec("tiktoken") is None, reason="tiktoken is not installed"
)
def test_with_a_vocabulary_the_number_is_exact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a vocabulary of single bytes: the way to it is real, the words of a language are not."""
    data = b"".join(base64.b64encode(bytes([n])) + b" %d\n" % n for n in range(256))
    digest = hashlib.sha256(data).hexdigest()
    url = tokens._VOCABULARY_URL.format("o200k_base")
    (tmp_path / hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()).write_bytes(data)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setitem(tokens._VOCABULARIES, "o200k_base", digest)
    from tiktoken import registry
    from tiktoken_ext import openai_public

    monkeypatch.setattr(registry, "ENCODINGS", {})
    wanted = dict(openai_public.ENCODING_CONSTRUCTORS)
    monkeypatch.setattr(registry, "ENCODING_CONSTRUCTORS", wanted)
    monkeypatch.setattr(
        openai_public,
        "load_tiktoken_bpe",
        lambda place, expected_hash: _load(place, digest),
    )
    counted = count_tokens(user("hällo"), {}, MODEL, exactly=True)
    assert counted == (3 + 3 + len("user") + len("hällo".encode()), True, counted.tokens)
    # What the formula does not cover stays a bound.
    assert not count_tokens(user("x"), {"tools": [{}]}, MODEL, exactly=True).is_exact
    assert not count_tokens(user([{"type": "image_url"}]), {}, MODEL, exactly=True).is_exact
    calls = [{"role": "assistant", "content": "x", "tool_calls": []}]
    assert not count_tokens(calls, {}, MODEL, exactly=True).is_exact


def _load(place: str, digest: str) -> dict[bytes, int]:
    from tiktoken.load import load_tiktoken_bpe

    loaded: dict[bytes, int] = load_tiktoken_bpe(place, expected_hash=digest)
    return loaded
