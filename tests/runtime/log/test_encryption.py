"""Texts encrypted at rest."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

import pytest

from promptops.errors import ConfigurationError, IntegrityError
from promptops.runtime.log.encryption import read_keys
from tests.forking import count_hung
from tests.runtime.log.pieces import end, make_attempt, make_keyring, make_random, make_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.log import RunLog


def key(letter: bytes) -> str:
    return base64.b64encode(letter * 32).decode()


def test_encryption_and_rotation(open_store: Callable[..., RunLog]) -> None:
    old, new = key(b"a"), key(b"b")
    plain = open_store(content="full")
    first, second = end(make_run(), error="no"), end(make_run(), answer="second")
    plain.finish(first, [make_attempt(first, error="why"), make_attempt(first, 2, error="what")])
    name = "RUN_LOG_KEY"
    log = open_store({name: old}, content="full", encryption_key=name)
    log.finish(second)
    assert log.get(first.id).run.answer == first.answer
    with pytest.raises(ConfigurationError):
        plain.get(second.id)
    assert log.rotate() > 0
    assert log.rotate() == 0
    with pytest.raises(ConfigurationError):
        open_store(content="full")
    both = open_store({name: f"{new}, {old}"}, content="full", encryption_key=name)
    both.rotate()
    log = open_store({name: new}, content="full", encryption_key=name)
    for run in (first, second):
        assert log.get(run.id).run == run
    assert [one.id for one in log.find_output("second")] == [second.id]
    for bad in ("", "short", None):
        with pytest.raises(ConfigurationError) as caught:
            open_store({} if bad is None else {name: bad}, encryption_key=name)
        assert not bad or bad not in str(caught.value)


def test_what_is_sealed_comes_back_and_never_looks_the_same() -> None:
    keyring = make_keyring(b"a")
    sealed = [keyring.seal(b"text") for _ in range(2)]
    assert sealed[0] != sealed[1]
    assert [keyring.open(one) for one in sealed] == [b"text"] * 2
    assert not any(b"text" in one for one in sealed)


@pytest.mark.parametrize("place", [4, 15, 16, -1], ids=["nonce", "its end", "text", "tag"])
def test_an_altered_text_is_an_error(place: int) -> None:
    keyring = make_keyring(b"a")
    sealed = bytearray(keyring.seal(b"text"))
    sealed[place] ^= 1
    with pytest.raises(IntegrityError, match="a text of the run log was altered"):
        keyring.open(bytes(sealed))


def test_each_key_decrypts_and_the_first_one_encrypts() -> None:
    old, both = make_keyring(b"a"), read_keys("KEY", f"{key(b'b')} , {key(b'a')}", make_random(1))
    sealed = old.seal(b"text")
    assert both.open(sealed) == b"text"
    assert (old.is_current(sealed), both.is_current(sealed)) == (True, False)
    with pytest.raises(ConfigurationError, match="with a key that RUN_LOG_KEY does not contain"):
        old.open(both.seal(b"text"))


@pytest.mark.parametrize(
    "text", [None, "", " ", "short", key(b"a")[:-4], f"{key(b'a')},", "ä" * 44]
)
def test_what_is_no_key_is_refused_and_not_repeated(text: str | None) -> None:
    with pytest.raises(ConfigurationError, match="KEY") as caught:
        read_keys("KEY", text, make_random(1))
    said = (text or "").strip()
    assert not said or said not in str(caught.value)


@pytest.mark.story
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_no_child_is_forked_while_the_cipher_starts() -> None:
    use = "from promptops.runtime.log.encryption import Keyring; Keyring([bytes(32)], bytes, 'X')"
    assert count_hung(use, processes=20) == 0
