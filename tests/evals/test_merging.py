"""Shards merged into the run that they are parts of."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.evals.merging import merge_results
from promptops.evals.outcome import judge_run
from promptops.evals.records import result_from_json, result_to_json
from promptops.evals.result import (
    EvalResult,
    SampleOutcome,
    SampleResult,
    SuiteRunResult,
    Trial,
    TrialState,
)

STATE = TrialState("work tree", "1.0.0", "sha256:0")


OUTCOMES = st.sampled_from([SampleOutcome.PASSED, SampleOutcome.FAILED, SampleOutcome.ERROR])


def make_suite(
    number: int, sides: list[tuple[SampleOutcome, SampleOutcome]], models: list[str]
) -> SuiteRunResult:
    samples = [
        SampleResult(
            f"s{index}",
            model,
            ("even",) if index % 2 else (),
            1,
            (Trial(1, after, 1.0),),
            (Trial(1, before, 1.0),),
        )
        for model in models
        for index, (before, after) in enumerate(sides)
    ]
    return SuiteRunResult(f"evals/{number}.yaml", "", "p", STATE, tuple(samples), STATE)


def deal(whole: EvalResult, number: int, count: int) -> EvalResult:
    """The shard that a run with `--shard number/count` would have written."""
    position = 0
    suites = []
    for suite in whole.suites:
        names = list(dict.fromkeys(one.name for one in suite.samples))
        mine = {name for at, name in enumerate(names, position) if at % count == number - 1}
        position += len(names)
        samples = tuple(one for one in suite.samples if one.name in mine)
        suites.append(replace(suite, samples=samples))
    return replace(whole, suites=tuple(suites), shard=(number, count))


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.lists(st.tuples(OUTCOMES, OUTCOMES), min_size=1, max_size=9), min_size=1, max_size=3
    ),
    st.sampled_from([["a"], ["a", "b"]]),
    st.integers(1, 5),
)
def test_merged_shards_are_the_whole_run(
    suites: list[list[tuple[SampleOutcome, SampleOutcome]]], models: list[str], count: int
) -> None:
    whole = EvalResult(tuple(make_suite(n, one, models) for n, one in enumerate(suites)))
    shards = [(str(number), deal(whole, number, count)) for number in range(count, 0, -1)]
    written = [(path, result_from_json(result_to_json(one), path)) for path, one in shards]
    merged = merge_results(written)
    assert merged.suites == whole.suites
    assert judge_run(merged) == judge_run(whole)
