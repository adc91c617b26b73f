"""Values are encoded as `json.dumps` would, only faster."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promptops.runtime import encoding
from promptops.runtime.encoding import make_encoder

VALUES: list[Any] = [
    {"b": 1, "a": [True, None, 1.5, -0.0, 10**30]},
    'é\u2028\ud83d\ude00"\\\n',
    {"a": {}, "b": [], "ü": ()},
    float("nan"),
    {1: 2, None: 3},
    "\ud800",
]


@pytest.fixture(params=["fast", "slow"], autouse=True)
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both with and without the encoder in C."""
    if request.param == "slow":
        monkeypatch.setattr(encoding, "c_make_encoder", None)


@pytest.mark.parametrize("value", VALUES, ids=ascii)
@pytest.mark.parametrize("is_ascii", [True, False])
def test_the_text_is_that_of_the_standard_library(value: Any, is_ascii: bool) -> None:
    ours = make_encoder(separators=(",", ":"), is_ascii=is_ascii)
    assert ours(value) == json.dumps(value, separators=(",", ":"), ensure_ascii=is_ascii)
    assert make_encoder(is_ascii=is_ascii)(value) == json.dumps(value, ensure_ascii=is_ascii)


def test_keys_are_sorted_if_wanted() -> None:
    assert make_encoder(sort_keys=True)({"b": 1, "a": {"d": 1, "c": 2}}) == (
        '{"a": {"c": 2, "d": 1}, "b": 1}'
    )


def test_what_is_no_json_is_converted_or_refused() -> None:
    assert make_encoder(default=str)({"a": 1 + 2j}) == '{"a": "(1+2j)"}'
    with pytest.raises(TypeError, match="a complex is not a JSON value"):
        make_encoder()({"a": 1 + 2j})
