"""Merge the shards of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promptops.errors import UsageError
from promptops.evals.result import EvalResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.evals.result import SampleResult, SuiteRunResult


def merge_results(shards: Sequence[tuple[str, EvalResult]]) -> EvalResult:
    """Merge shards, given as (file, result), with the samples in their original order.

    Raises:
        UsageError: a shard is missing or duplicate, or shards belong to different runs.
    """
    by_number: dict[int, tuple[str, EvalResult]] = {}
    count = shards[0][1].shard[1]
    for path, result in shards:
        number, of = result.shard
        if of != count:
            raise UsageError(
                f"{path} is shard {number} of {of}, and {shards[0][0]} is one of {count}",
                hint="merge the shards of one run",
            )
        if number in by_number:
            raise UsageError(
                f"{path} and {by_number[number][0]} are both shard {number} of {of}",
                hint="pass each shard once",
            )
        by_number[number] = path, result
    missing = [str(one) for one in range(1, count + 1) if one not in by_number]
    if missing:
        raise UsageError(
            f"missing shards: {', '.join(missing)} of {count}",
            hint="run the missing shards: promptops eval run --shard N/OF --output FILE",
        )
    ordered = [by_number[one] for one in sorted(by_number)]
    first_path, first = ordered[0]
    for path, result in ordered[1:]:
        _compare(first_path, first, path, result)
    results = [result for _, result in ordered]
    return EvalResult(
        tuple(_merge_suites([result.suites for result in results])),
        sum(one.cost_micros for one in results),
        sum(one.unpriced for one in results),
        sum(one.calls for one in results),
        sum(one.replayed for one in results),
        max(one.seconds for one in results),
        next((one.stopped for one in results if one.stopped), ""),
    )


def _compare(first_path: str, first: EvalResult, path: str, other: EvalResult) -> None:
    """Check that two shards have the same suites, prompts and baselines."""
    if [one.path for one in first.suites] != [one.path for one in other.suites]:
        raise UsageError(
            f"{first_path} and {path} ran different suites",
            hint="run all shards with the same arguments",
        )
    for one, two in zip(first.suites, other.suites, strict=True):
        for what, left, right in (
            ("suite", one.digest, two.digest),
            ("prompt", one.change, two.change),
            ("baseline", one.baseline, two.baseline),
        ):
            if left != right:
                raise UsageError(
                    f"{first_path} and {path} ran different states of the {what} of {one.path}",
                    hint="run all shards from one commit",
                )
        # A shard without a sample of the suite has no model either.
        if one.models and two.models and one.models != two.models:
            raise UsageError(
                f"{first_path} and {path} asked different models for {one.path}",
                hint="run all shards with the same --models",
            )


def _merge_suites(shards: Sequence[Sequence[SuiteRunResult]]) -> list[SuiteRunResult]:
    """Interleave the samples, which were distributed round-robin."""
    hands = [
        [(index, name) for index, suite in enumerate(suites) for name in _names(suite)]
        for suites in shards
    ]
    order: list[list[str]] = [[] for _ in shards[0]]
    for turn in range(max(map(len, hands))):
        for hand in hands:
            if turn < len(hand):
                index, name = hand[turn]
                order[index].append(name)
    merged = []
    for index, first in enumerate(shards[0]):
        found: dict[tuple[str, str], SampleResult] = {
            (one.model, one.name): one for suites in shards for one in suites[index].samples
        }
        models = dict.fromkeys(model for model, _ in found)
        samples = tuple(found[model, name] for model in models for name in order[index])
        merged.append(replace(first, samples=samples))
    return merged


def _names(suite: SuiteRunResult) -> list[str]:
    return list(dict.fromkeys(one.name for one in suite.samples))
