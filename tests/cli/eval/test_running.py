"""What all verbs that run evals share."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from promptops.cli.eval.running import (
    choose_mode_by_flags,
    say_costs,
    show_progress,
    split_models,
    to_micros,
)
from promptops.errors import UsageError
from promptops.evals.plan import EvalPlan
from promptops.evals.question import Mode
from promptops.evals.runner import EvalProgress


def test_a_stopped_run_ends_its_line_of_progress(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("promptops.cli.eval.running.is_terminal", lambda _stream: True)
    tell = show_progress()
    progress = EvalProgress(10, 1000, 1, 0, 1200, 2.0, 10)
    tell(progress)
    tell(progress._replace(is_over=True))
    assert capsys.readouterr().err.split("\r\x1b[K") == snapshot(
        [
            "",
            "10/1000  1 failed  0.0012 USD  5.0/s  3 min left",
            "10/1000  1 failed  0.0012 USD  5.0/s  3 min left\n",
        ]
    )


@pytest.mark.parametrize(
    ("text", "models"),
    [(None, ()), ("a", ("a",)), (" a ,b,, a", ("a", "b"))],
)
def test_models_are_named_once_each(text: str | None, models: tuple[str, ...]) -> None:
    assert split_models(text) == models


@pytest.mark.parametrize("text", ["", " , "])
def test_no_model_at_all_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--models is empty"):
        split_models(text)


def test_one_way_to_get_answers_is_chosen() -> None:
    assert choose_mode_by_flags(record=False, replay=False, live=False) is None
    assert choose_mode_by_flags(record=False, replay=True, live=False) is Mode.REPLAY
    with pytest.raises(UsageError, match="--record and --live cannot be combined"):
        choose_mode_by_flags(record=True, replay=False, live=True)


@pytest.mark.parametrize(
    ("dollars", "micros"), [(None, None), (0.0, 0), (1.5, 1_500_000), (0.000_000_9, 0)]
)
def test_a_cap_is_rounded_down(dollars: float | None, micros: int | None) -> None:
    assert to_micros(dollars) == micros


def test_costs_that_nobody_knows_are_said_to_be_unknown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say_costs(EvalPlan(estimated_micros=None, highest_micros=None))
    say_costs(EvalPlan(estimated_micros=1_234_500, highest_micros=2_000_000))
    assert capsys.readouterr().err == (
        "estimated cost unknown, highest unknown: a model has no price or a prompt no max_tokens\n"
        "estimated cost 1.2345 USD, highest 2.0000 USD\n"
    )
