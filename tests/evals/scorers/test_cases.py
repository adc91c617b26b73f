"""Every scorer on right, wrong and strange answers, which stand in `cases/` as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from promptops.evals.scorers.registry import CheckResult, judge_check
from promptops.evals.scorers.scorer import Context, JudgedAnswer, ScorerError
from promptops.runtime.models.model import ToolCall
from tests.evals.scorers.pieces import check

CASES = Path(__file__).with_name("cases")


def load() -> list[Any]:
    return [
        pytest.param(case, id=f"{file.stem}: {next(iter(case['expect'].values()))!r:.40}")
        for file in sorted(CASES.glob("*.yaml"))
        for case in yaml.safe_load(file.read_text("utf-8"))
    ]


def read_answer(written: str | dict[str, Any]) -> JudgedAnswer:
    if isinstance(written, str):
        return JudgedAnswer(written)
    calls = [[one, ""] if isinstance(one, str) else one for one in written.get("tool_calls", ())]
    made = tuple(ToolCall(str(number), *call) for number, call in enumerate(calls))
    return JudgedAnswer(**{"text": "", **written, "tool_calls": made})


@pytest.mark.story
@pytest.mark.parametrize("case", load())
def test_an_answer_is_judged(case: dict[str, Any]) -> None:
    expected = check(case["expect"])

    def judge(answer: str | dict[str, Any]) -> CheckResult:
        return judge_check(expected, read_answer(answer), Context())

    assert [one for one in case.get("passes", ()) if not judge(one).is_met] == []
    assert [one for one in case.get("fails", ()) if judge(one).is_met] == []
    for answer, value in case.get("scores", ()):
        assert judge(answer).score.value == pytest.approx(value, abs=1e-9), answer
    for answer, reason in case.get("says", ()):
        assert judge(answer).score.reason == reason
    for answer, message in case.get("errors", ()):
        with pytest.raises(ScorerError) as raised:
            judge(answer)
        assert message in raised.value.message
