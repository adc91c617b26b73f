"""What holds whatever the samples, shards and prices are."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.evals.cap import CapError, CostCap
from promptops.evals.merging import merge_results
from promptops.evals.outcome import judge_run
from promptops.evals.records import result_from_json, result_to_json
from promptops.evals.report.words import compare_words
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


@settings(deadline=None)
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


@settings(deadline=None)
@given(
    st.integers(0, 100),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12),
)
def test_a_cap_holds_whatever_calls_cost(cap: int, calls: list[tuple[int, int]]) -> None:
    async def one(cost_cap: CostCap, most: int, cost: int) -> None:
        try:
            held = await cost_cap.take(most, "m")
        except CapError:
            return
        await asyncio.sleep(0)
        cost_cap.settle(held, min(cost, most))
        assert cost_cap.spent <= cap

    async def scenario() -> None:
        cost_cap = CostCap(cap)
        async with asyncio.timeout(10):  # nobody waits for ever
            await asyncio.gather(*(one(cost_cap, most, cost) for most, cost in calls))
        assert cost_cap.spent <= cap

    asyncio.run(scenario())


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_a_difference_in_words_holds_both_texts(old: str, new: str) -> None:
    pieces = compare_words(old, new)
    assert "".join(one.text for one in pieces if one.side != "new") == old
    assert "".join(one.text for one in pieces if one.side != "old") == new
