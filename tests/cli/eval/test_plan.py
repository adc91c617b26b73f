"""`promptops eval plan`: what a suite can notice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from tests.cli.running import accept, refuse

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_a_plan_says_what_a_suite_can_notice(released: Repo) -> None:
    said = accept(released, "eval", "plan", "--detect", "0.05")
    assert said == snapshot(
        "evals/support/reply.yaml, 40 samples of 1 trial, detects a loss of 24.9 points in four of five cases; it detects one of 5.0 points in 4% of cases. To detect that in four of five cases takes 451 samples.\n"
    )
    refuse(released, "eval", "plan", "--detect", "2", code=2)
