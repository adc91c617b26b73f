"""Others may run before this goes on, on every system."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from promptops.runtime.stores.yielding import yield_turn

if TYPE_CHECKING:
    import pytest


def test_a_system_that_cannot_yield_sleeps_for_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[object] = []
    monkeypatch.setattr(time, "sleep", turns.append)
    monkeypatch.setattr(os, "sched_yield", lambda: turns.append("yielded"), raising=False)
    yield_turn()
    monkeypatch.delattr(os, "sched_yield")
    yield_turn()
    assert turns == ["yielded", 0]
