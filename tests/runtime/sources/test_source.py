"""How old a copy is, whatever the clock says."""

from __future__ import annotations

import time

import pytest

from promptops.runtime.sources.source import measure_age


@pytest.mark.parametrize(("fetched_at", "age"), [(940.0, 60.0), (1000.0, 0.0), (5000.0, 0.0)])
def test_an_age_is_not_negative_where_the_clock_was_set_back(
    monkeypatch: pytest.MonkeyPatch, fetched_at: float, age: float
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    assert measure_age(fetched_at) == age
