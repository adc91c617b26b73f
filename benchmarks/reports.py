"""How long a verdict over 10,000 samples takes, and how large its HTML report gets.

    python benchmarks/reports.py

The goals: a verdict over 10,000 samples of three trials and 20 slices takes at most 0.5 s, and the
page of such a run has at most 15 MB. Times are those of the processor.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from promptops.evals.outcome import judge_run
from promptops.evals.report.html import to_html
from promptops.evals.result import (
    CheckOutcome,
    EvalResult,
    SampleOutcome,
    SampleResult,
    SuiteRunResult,
    Trial,
    TrialState,
)
from promptops.evals.verdict import SamplePair, compare

SAMPLES, TRIALS, SLICES = 10_000, 3, 20
MAX_SECONDS, MAX_BYTES = 0.5, 15_000_000
WORDS = [
    "the",
    "customer",
    "wants",
    "a",
    "refund",
    "for",
    "an",
    "order",
    "that",
    "never",
    "arrived",
    "and",
    "is",
    "unhappy",
]
DIGEST = "sha256:" + "0a" * 32


def make_trial(chance: random.Random, number: int, rate: float) -> Trial:
    passed = chance.random() < rate
    checks = tuple(
        CheckOutcome(label, float(passed), passed, "the answer has it" if passed else "it has not")
        for label in ("json", "not_contains", "rubric")
    )
    return Trial(
        number,
        SampleOutcome.PASSED if passed else SampleOutcome.FAILED,
        1.0 if passed else 0.4,
        " ".join(chance.choices(WORDS, k=40)),
        checks,
        cost_micros=120,
        latency_seconds=0.5,
    )


def make_run() -> EvalResult:
    chance = random.Random(1)
    samples = []
    for number in range(SAMPLES):
        rate = chance.betavariate(5, 1)
        after = rate - (0.3 if number % SLICES == 0 else 0.0)
        samples.append(
            SampleResult(
                f"sample {number}",
                "openai/gpt-4o-mini",
                (f"slice {number % SLICES}",),
                2,
                tuple(make_trial(chance, i, after) for i in range(1, TRIALS + 1)),
                tuple(make_trial(chance, i, rate) for i in range(1, TRIALS + 1)),
                {"ticket": " ".join(chance.choices(WORDS, k=40)), "language": "en"},
            )
        )
    states = (TrialState("work tree", "1.1.0", DIGEST), TrialState("1.0.0", "1.0.0", DIGEST))
    suite = SuiteRunResult(
        "evals/triage.yaml", DIGEST, "support/triage", states[0], tuple(samples), states[1]
    )
    return EvalResult((suite,))


def passes(trials: tuple[Trial, ...]) -> tuple[float, ...]:
    return tuple(float(one.outcome is SampleOutcome.PASSED) for one in trials)


def main() -> int:
    result = make_run()
    pairs = [
        SamplePair(one.name, passes(one.baseline), passes(one.trials), one.tags, one.needed)
        for one in result.suites[0].samples
    ]
    times = []
    for _ in range(3):
        started = time.process_time()
        verdict = compare(pairs)
        times.append(time.process_time() - started)
    judgements, code = judge_run(result)
    started = time.process_time()
    page = to_html(result, judgements, code).encode()
    print(f"{verdict.finding}, {len(verdict.slices)} slices: {min(times):.3f} s")
    print(f"page: {time.process_time() - started:.2f} s, {len(page) / 1e6:.1f} MB")
    return int(min(times) > MAX_SECONDS or len(page) > MAX_BYTES)


if __name__ == "__main__":
    sys.exit(main())
