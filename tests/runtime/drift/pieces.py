"""Runs of a prompt that does not change, and of ones that do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.runtime.log.statistics import RunGroup
from tests.runtime.log.pieces import START, end, make_run

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from promptops.runtime.log.record import RunRecord

WORDS = ("the", "order", "was", "charged", "twice", "and", "customer", "asks", "money", "back")


def text(chance: random.Random, mean: float) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(1 + int(chance.expovariate(1 / mean))))


def make_runs(
    chance: random.Random,
    count: int,
    change: Callable[[dict[str, Any], random.Random], None] | None = None,
    *,
    day: int = 0,
) -> list[RunRecord]:
    runs = []
    for number in range(count):
        answer = text(chance, 40)
        if chance.random() < 0.02:
            answer = f"I cannot help with that. {answer}"
        values: dict[str, Any] = {
            "answer": answer,
            "inputs": {
                "ticket": text(chance, 60),
                "plan": chance.choice(["free", "pro", "pro", "team"]),
                "age": chance.randrange(400),
            },
        }
        if chance.random() < 0.03:
            values |= {"stage": "output", "status": "failed"}
        if chance.random() < 0.1:
            del values["inputs"]["age"]
        if change is not None:
            change(values, chance)
        key = f"k-{chance.getrandbits(60)}"
        run = make_run(START + day * 86_400 + number, key=key, user=key)
        runs.append(end(run, **values))
    return runs


def make_group(
    chance: random.Random, runs: int, errors: float, p95: float, cost: float
) -> RunGroup:
    failed = sum(chance.random() < errors for _ in range(runs))
    return RunGroup(
        by={},
        runs=runs,
        statuses={"failed": failed, "succeeded": runs - failed},
        stages={},
        cost_micros=round(runs * cost * chance.lognormvariate(0, 0.05)),
        unpriced=0,
        input_tokens=0,
        output_tokens=0,
        cached=0,
        p50_ms=p95 / 2,
        p95_ms=p95 * chance.lognormvariate(0, 0.1),
        is_exact=False,
    )
