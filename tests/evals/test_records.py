"""Runs as JSON: read whole or refused, and never breaking anything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.errors import UsageError
from promptops.evals.merging import merge_results
from promptops.evals.outcome import judge_run
from promptops.evals.records import result_from_json, result_to_json
from promptops.evals.report.junit import to_junit
from promptops.evals.report.markdown import to_markdown
from promptops.evals.report.text import to_text
from promptops.evals.result import (
    CheckOutcome,
    EvalResult,
    SampleOutcome,
    SampleResult,
    SuiteRunResult,
    Trial,
    TrialState,
)
from tests.evals.pieces import ANY_JSON


def make_document() -> dict[str, Any]:
    trial = Trial(
        1, SampleOutcome.FAILED, 0.5, "no", (CheckOutcome("equals", 0.0, False, "it is no"),)
    )
    sample = SampleResult("a", "m", ("must",), 1, (trial,), (trial,))
    state = TrialState("work tree", "1.0.0", "sha256:0")
    suite = SuiteRunResult("evals/a.yaml", "", "a", state, (sample,), state)
    return result_to_json(EvalResult((suite,)))


def list_paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            found += list_paths(one, (*path, key))
    return found


PATHS = list_paths(make_document())


@pytest.mark.slow
@settings(deadline=None)
@given(st.sampled_from(PATHS[1:]), ANY_JSON)
def test_a_result_is_read_whole_or_refused(path: tuple[Any, ...], value: Any) -> None:
    document = make_document()
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    try:
        result = result_from_json(document, "a.json")
        merged = merge_results([("a.json", result)])
    except UsageError:
        return
    outcomes, code = judge_run(merged)
    assert "\n".join(to_text(merged, outcomes, code, lambda text, _: text))
    assert to_junit(merged, outcomes)
    assert to_markdown(merged, outcomes, code)
