"""`promptops eval plan`: what a suite can notice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.mark.slow
def test_a_plan_says_what_a_suite_can_notice(released: Repo) -> None:
    said = accept(released, "eval", "plan", "--detect", "0.05")
    assert said == snapshot(
        "evals/support/reply.yaml, 40 samples of 1 trial, detects a loss of 24.9 points in four of five cases; it detects one of 5.0 points in 4% of cases. To detect that in four of five cases takes 451 samples.\n"
    )
    refuse(released, "eval", "plan", "--detect", "2", code=2)


@pytest.mark.parametrize(
    "options",
    [
        ("--detect", "0"),
        ("--detect", "0.5", "--rate", "0.4"),
        ("--rate", "1.1"),
        ("--rate", "0"),
        ("--intraclass", "1"),
        ("--intraclass=-0.1",),
    ],
)
def test_a_loss_that_cannot_be_is_refused(released: Repo, options: tuple[str, ...]) -> None:
    said = refuse(released, "eval", "plan", *options, code=2)
    assert "a loss of that size is impossible" in said


@pytest.mark.slow
def test_more_trials_need_fewer_samples_and_a_small_suite_notices_nothing(released: Repo) -> None:
    found = json.loads(accept(released, "eval", "plan", "--trials", "3", "--format", "json"))
    (one,) = found["suites"]
    needed = list(one["needed_trials"].values())
    assert needed == sorted(needed, reverse=True)
    assert one["needed"] == one["needed_trials"]["3"]
    text = (released.path / "evals/support/reply.yaml").read_text()
    few = text.splitlines()[:5]
    released.write("evals/support/reply.yaml", "\n".join([*few, ""]))
    said = accept(released, "eval", "plan")
    assert "2 samples of 1 trial, is too small to detect any loss in four of five cases" in said
