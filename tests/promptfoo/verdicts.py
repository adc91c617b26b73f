"""Our verdict on an assertion of promptfoo: what was carried over, judged on an answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promptops.evals.scorers.registry import judge_check
from promptops.evals.scorers.scorer import Context, JudgedAnswer, ScorerError
from promptops.prompt.suite.reading import read_suite
from promptops.repository.adoption.promptfoo.assertions import LostCheckError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.prompt.suite import Check
    from promptops.repository.adoption.promptfoo.assertions import Converter


def parse_checks(written: Sequence[Mapping[str, Any]]) -> tuple[Check, ...]:
    """The checks of a suite's `expect`."""
    sample = {"name": "x", "inputs": {}, "expect": list(written)}
    suite = {"schema": "promptops.suite/v1", "prompt": "a", "samples": [sample]}
    reading = read_suite("evals/a.yaml", json.dumps(suite, ensure_ascii=False).encode())
    assert reading.suite is not None, reading.faults
    return reading.suite.samples[0].checks


def judge(converter: Converter, assertion: object, values: Mapping[str, Any], answer: str) -> str:
    """`pass`, `fail`, `error`, or `named: ` and why it has another verdict or none."""
    try:
        carried = converter.convert(assertion, values)
    except LostCheckError as error:
        return f"named: {error}"
    differs = [one.differs for one in carried if one.differs]
    if differs:
        return f"named: {differs[0]}"
    judged = JudgedAnswer(answer, latency_seconds=0.001)
    try:
        checks = parse_checks([one.check for one in carried])
        met = [judge_check(check, judged, Context()).is_met for check in checks]
    except ScorerError:
        return "error"
    return "pass" if all(met) else "fail"
