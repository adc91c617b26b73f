"""The result of a run."""

from __future__ import annotations

import pytest

from promptops.errors import UsageError
from promptops.runtime.models.model import NO_USAGE
from promptops.runtime.run.result import Run
from tests.runtime.run.pieces import make_prompt


def make_result(cost_micros: int | None = None) -> Run:
    return Run("id", make_prompt(), "Hi.", None, "m", "stop", NO_USAGE, cost_micros, (), ())


@pytest.mark.parametrize(("micros", "dollars"), [(None, None), (0, 0.0), (1_250_000, 1.25)])
def test_a_cost_in_dollars_is_unknown_or_exact(micros: int | None, dollars: float | None) -> None:
    assert make_result(micros).cost == dollars


def test_a_run_that_no_registry_made_can_do_nothing_more() -> None:
    run = make_result()
    for act in (
        lambda: run.messages,
        lambda: run.reply(["a"]),
        lambda: run.stream_reply(["a"]),
        run.within,
        run.feedback,
    ):
        with pytest.raises(UsageError, match="this run was not made by a registry"):
            act()
