"""Texts encrypted at rest."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from promptops.errors import ConfigurationError
from tests.runtime.log.pieces import end, make_attempt, make_run

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
