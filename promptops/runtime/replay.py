"""Replay recorded runs with another version of the prompt.

Limits and the log count replays in the environment `eval`, because they are not real traffic. The
label `replay_of` names the original run. Replays keep its user, so that an erasure includes them.
"""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptops.errors import PromptopsError, RefusedError, UsageError
from promptops.repository.config import EVAL_ENVIRONMENT
from promptops.runtime.run.interface import Caller

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptops.runtime.log.log import Filters, RunLog
    from promptops.runtime.log.record import RunRecord
    from promptops.runtime.registry import Registry
    from promptops.runtime.run.result import Run

LABEL = "replay_of"
RESULTS = ("worse", "failed", "changed", "fixed", "same")
"""The possible results of a replay, most important first."""
_PAGE = 200


class ReplayCapError(RefusedError):
    """A run would exceed the cost limit of all replays."""

    page = "docs/runs.md#replaying"


@dataclass(frozen=True, slots=True)
class Replay:
    """One recorded run, and its replay.

    Attributes:
        before: the recorded run, with its content.
        after: the new run, or None.
        error: why there is no new run.
    """

    before: RunRecord
    after: Run | None = None
    error: PromptopsError | None = None

    @property
    def is_same(self) -> bool:
        """Whether both gave the same answer: equal JSON, or equal text and tool calls."""
        if self.after is None or self.before.answer is None:
            return False
        calls = [(one.get("name"), one.get("arguments")) for one in self.before.tool_calls]
        if calls != [(one.name, one.arguments) for one in self.after.tool_calls]:
            return False
        if self.before.answer == self.after.text:
            return True
        is_json, left = _parse(self.before.answer)
        is_also, right = _parse(self.after.text)
        return is_json and is_also and left == right

    @property
    def is_worse(self) -> bool:
        """Whether it succeeded before and fails now. Reaching the cost limit is not a failure."""
        failed = self.error is not None and not isinstance(self.error, ReplayCapError)
        return failed and self.before.status in {"succeeded", "waiting"}

    @property
    def result(self) -> str:
        """The result: one of `RESULTS`."""
        if self.is_worse:
            return "worse"
        if self.error is not None:
            return "failed"
        if self.before.status != "succeeded":
            return "fixed"
        return "same" if self.is_same else "changed"

    @property
    def ms(self) -> float | None:
        """The duration of the new run's requests, in milliseconds; None without requests."""
        if self.after is None:
            return None
        spans = [attempt.ms for attempt in self.after.attempts if attempt.ms is not None]
        return sum(spans) if spans else None


def _parse(text: str) -> tuple[bool, str]:
    """Return whether a text is a JSON object or list, and its canonical text.

    Compared as text, since in Python 1 equals True.
    """
    import json

    try:
        value = json.loads(text)
        return isinstance(value, dict | list), json.dumps(value, sort_keys=True)
    except (ValueError, RecursionError):
        return False, text


def choose_runs(log: RunLog, filters: Filters, limit: int) -> tuple[list[RunRecord], int]:
    """Return the newest runs that can be replayed, oldest first, with their content.

    Replays, unfinished runs and runs without stored inputs are skipped. The second result is the
    number of runs without stored inputs.
    """
    found: list[RunRecord] = []
    unkept = 0
    before: str | None = None
    while len(found) < limit:
        page = log.list(filters, limit=_PAGE, before=before)
        for run in page:
            if run.status not in {"succeeded", "failed", "waiting"} or run.prompt is None:
                continue
            if run.environment == EVAL_ENVIRONMENT and filters.environment is None:
                continue
            whole = log.get(run.id).run
            if whole.inputs is None:
                unkept += 1
                continue
            found.append(whole)
            if len(found) == limit:
                break
        if len(page) < _PAGE:
            break
        before = page[-1].id
    return found[::-1], unkept


class ReplayCap:
    """The cost limit of all replays together, in micro-dollars; None: no limit.

    Args:
        cap: the limit.
    """

    def __init__(self, cap: int | None) -> None:
        self._cap = cap
        self._taken = 0
        self._lock = threading.Lock()

    def take(self, maximum_cost: int | None) -> int:
        """Reserve a run's maximum cost. Raises ReplayCapError if it is unknown or too high."""
        if self._cap is None:
            return 0
        if maximum_cost is None:
            raise ReplayCapError(
                "the cost of the run is unknown, and a cap is set",
                hint="set a price for the model and max_tokens in the prompt, or remove the cap",
            )
        with self._lock:
            if self._taken + maximum_cost > self._cap:
                raise ReplayCapError("the cap on costs is reached", hint="raise --max-cost")
            self._taken += maximum_cost
        return maximum_cost

    def give_back(self, reserved: int, cost: int | None) -> None:
        """Replace a reservation by the actual cost; if unknown, keep all of it."""
        with self._lock:
            self._taken += (reserved if cost is None else cost) - reserved


def replay(
    registry: Registry,
    runs: Sequence[RunRecord],
    at: str,
    *,
    model: str | None = None,
    cap: int | None = None,
    workers: int = 4,
) -> Iterator[Replay]:
    """Run recorded inputs again, concurrently; yield the results in the order of the runs.

    Args:
        registry: the registry.
        runs: the recorded runs, with their inputs.
        at: the selector of the version to run.
        model: a model to use instead of the prompt's.
        cap: the cost limit of all runs, in micro-dollars, with one attempt each; a run that may
            exceed it is skipped.
        workers: the number of concurrent runs.
    """
    if not at or "@" in at:
        raise UsageError(
            f"'{at}' is not a version",
            hint="use a version such as 1.3.0, staging or working, without a name",
        )
    shared = ReplayCap(cap)

    def one(run: RunRecord) -> Replay:
        return _replay_one(registry, run, f"{run.prompt}@{at}", model, shared)

    with ThreadPoolExecutor(workers, thread_name_prefix="promptops-replay") as pool:
        futures = [pool.submit(copy_context().run, one, run) for run in runs]
        try:
            for future in futures:
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _replay_one(
    registry: Registry, before: RunRecord, ref: str, model: str | None, cap: ReplayCap
) -> Replay:
    runner = registry.open_runner()
    caller = Caller(before.user, before.tenant, before.key, EVAL_ENVIRONMENT, {LABEL: before.id})
    taken, cost = 0, None
    try:
        plan = runner.plan(ref, before.inputs or {}, caller, model)
        taken = cap.take(plan.cost_micros)
    except PromptopsError as error:
        return Replay(before, error=error)
    try:
        after = runner.run(ref, before.inputs or {}, caller, model)
        cost = after.cost_micros
    except PromptopsError as error:
        return Replay(before, error=error)
    finally:
        cap.give_back(taken, cost)
    return Replay(before, after)


def total(costs: Iterable[int | None]) -> int | None:
    """Return the sum of costs; None if one is unknown."""
    amounts = list(costs)
    return None if None in amounts else sum(one for one in amounts if one is not None)


def describe_replays(replays: Sequence[Replay], at: str) -> dict[str, Any]:
    """Return a comparison as `promptops.replay/v1`."""
    counts = Counter(one.result for one in replays)
    return {
        "schema": "promptops.replay/v1",
        "at": at,
        "counts": {word: counts[word] for word in RESULTS},
        "runs": [_describe_replay(one) for one in replays],
    }


def _describe_replay(one: Replay) -> dict[str, Any]:
    before, after, error = one.before, one.after, one.error
    return {
        "run": before.id,
        "prompt": before.prompt,
        "result": one.result,
        "redacted": before.is_redacted,
        "inputs": dict(before.inputs or {}),
        "before": {
            "version": before.version,
            "status": before.status,
            "stage": before.stage,
            "error": before.error,
            "model": before.model,
            "answer": before.answer,
            "tool_calls": [dict(call) for call in before.tool_calls],
            "cost_micros": before.cost_micros,
            "ms": before.ms,
        },
        "now": {
            "run": after.id if after is not None else getattr(error, "run_id", None),
            "version": None if after is None else after.prompt.version,
            "status": "succeeded" if after is not None else "failed",
            "stage": getattr(error, "stage", None),
            "error": getattr(error, "message", None),
            "model": None if after is None else after.model,
            "answer": getattr(error, "text", None) if after is None else after.text,
            "tool_calls": []
            if after is None
            else [
                {"id": call.id, "name": call.name, "arguments": call.arguments}
                for call in after.tool_calls
            ],
            "cost_micros": None if after is None else after.cost_micros,
            "ms": one.ms,
        },
    }
