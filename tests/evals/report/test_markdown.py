"""A run as Markdown, for a comment on a change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from promptops.evals.outcome import judge_run
from promptops.evals.report.markdown import to_markdown
from tests.evals.report.runs import run_of, sample


def test_markdown_says_what_was_asked_of_a_lost_sample() -> None:
    asked = {"ticket": "@jane was <b>charged</b>\ntwice", "much": "x" * 400}
    result = run_of(replace(sample("a", "0", "1"), inputs=asked))
    outcomes, code = judge_run(result)
    found = to_markdown(result, outcomes, code)
    assert "- asked: ticket: @\u200bjane was \\<b\\>charged\\</b\\> twice" in found
    assert f"- asked: much: {'x' * 300}…" in found


@pytest.mark.story
def test_markdown_names_the_slices_that_moved_and_says_each_thing_once() -> None:
    lost = [sample(f"s{at}", "000", "111", tags=("billing",)) for at in range(8)]
    kept = [sample(f"t{at}", "111", "111", tags=("other",)) for at in range(8)]
    result = run_of(*lost, *kept)
    outcomes, code = judge_run(result)
    found = to_markdown(result, outcomes, code)
    assert found.count("-50.0 points") == 1
    assert "**ask**, scripted/a: worse: 100.0%" in found
    assert "- tagged 'billing': worse: 100.0%" in found
    assert "tagged 'other'" not in found
