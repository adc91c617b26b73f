"""Replays: which runs are taken, what they may cost, and what has become worse."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import PromptopsError, UsageError
from promptops.runtime.log.log import Filters
from promptops.runtime.replay import (
    LABEL,
    Replay,
    ReplayCap,
    ReplayCapError,
    choose_runs,
    describe_replays,
    replay,
    total,
)
from tests.runtime.log.pieces import end, make_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.runtime.log.record import RunRecord


def recorded(answer: str = "yes", **values: Any) -> RunRecord:
    return end(make_run(), answer=answer)._replace(**values)


def new(text: str = "yes", *, calls: Any = (), ms: Sequence[float | None] = ()) -> Any:
    """A run as a runner returns it."""
    return SimpleNamespace(
        id="new",
        text=text,
        tool_calls=calls,
        attempts=[SimpleNamespace(ms=one) for one in ms],
        prompt=SimpleNamespace(version="2.0.0"),
        model="near/small",
        cost_micros=7,
    )


CALL = SimpleNamespace(id="2", name="f", arguments="{}")
CALLED = ({"id": "1", "name": "f", "arguments": "{}"},)


@pytest.mark.parametrize(
    ("before", "after", "is_same"),
    [
        ("yes", "yes", True),
        ("yes", "no", False),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', True),
        ("[1, 2]", "[ 1,2 ]", True),
        ("[1, 2]", "[2, 1]", False),
        ('{"a": 1}', '{"a": true}', False),
        ('{"a": 1}', '{"a": 1.0}', False),
        # Not an object or list: then it is a text.
        ("1", "1 ", False),
        ("[" * 100_000, "[" * 99_999, False),
    ],
    ids=lambda one: one[:20] if isinstance(one, str) else str(one),
)
def test_answers_are_the_same_as_text_or_as_json(before: str, after: str, is_same: bool) -> None:
    assert Replay(recorded(before), new(after)).is_same == is_same


def test_the_same_calls_of_tools_may_have_other_ids() -> None:
    assert Replay(recorded(tool_calls=CALLED), new(calls=[CALL])).is_same
    assert not Replay(recorded(tool_calls=CALLED), new()).is_same
    assert not Replay(recorded(), new(calls=[CALL])).is_same


FAULT = PromptopsError("it broke")
CAP = ReplayCapError("the cap on costs is reached")


@pytest.mark.parametrize(
    ("status", "after", "error", "result"),
    [
        ("succeeded", new("yes"), None, "same"),
        ("succeeded", new("no"), None, "changed"),
        ("succeeded", None, FAULT, "worse"),
        ("waiting", None, FAULT, "worse"),
        ("failed", None, FAULT, "failed"),
        ("failed", new("yes"), None, "fixed"),
        # Not the new version's fault.
        ("succeeded", None, CAP, "failed"),
    ],
)
def test_the_result_of_a_replay(status: str, after: Any, error: Any, result: str) -> None:
    assert Replay(recorded(status=status), after, error).result == result


def test_its_duration_is_that_of_its_requests() -> None:
    assert Replay(recorded(), new(ms=[2.0, None, 3.5])).ms == 5.5
    assert Replay(recorded(), new(ms=[None])).ms is None
    assert Replay(recorded(), error=FAULT).ms is None


class Log:
    """A log of some runs, newest first."""

    def __init__(self, *runs: RunRecord) -> None:
        self.runs = runs
        self.pages = 0

    def list(
        self, _filters: Filters, *, limit: int, before: str | None = None
    ) -> Sequence[RunRecord]:
        self.pages += 1
        at = 0 if before is None else [run.id for run in self.runs].index(before) + 1
        # A list has no contents.
        return [run._replace(inputs=None) for run in self.runs[at : at + limit]]

    def get(self, run_id: str) -> Any:
        return SimpleNamespace(run=next(run for run in self.runs if run.id == run_id))


def choose(log: Log, limit: int, **filters: Any) -> tuple[list[str], int]:
    found, unkept = choose_runs(log, Filters(**filters), limit)  # type: ignore[arg-type]
    return [run.id for run in found], unkept


def test_the_newest_runs_are_replayed_in_their_order() -> None:
    runs = [recorded() for _ in range(5)]
    assert choose(Log(*runs), 3) == ([runs[2].id, runs[1].id, runs[0].id], 0)


def test_runs_that_cannot_be_replayed_are_passed_over() -> None:
    good = recorded()
    unkept = recorded(inputs=None)
    others = [
        recorded(status="running"),
        recorded(status="interrupted"),
        recorded(prompt=None),
        recorded(environment="eval"),
    ]
    log = Log(*others, unkept, good, recorded(status="failed"), recorded(status="waiting"))
    found, count = choose(log, 2)
    assert (len(found), found[-1], count) == (2, good.id, 1)
    # Unless they are asked for.
    assert choose(log, 1, environment="eval")[0] == [others[3].id]


def test_further_pages_are_read_until_there_are_enough() -> None:
    old = [recorded() for _ in range(3)]
    log = Log(*[recorded(status="running") for _ in range(399)], *old)
    assert choose(log, 2)[0] == [old[1].id, old[0].id]
    assert log.pages == 3


def test_a_cap_is_for_all_runs_together() -> None:
    cap = ReplayCap(100)
    assert cap.take(60) == 60
    with pytest.raises(ReplayCapError):
        cap.take(41)
    cap.give_back(60, 10)
    assert cap.take(90) == 90
    # What a run cost that nobody knows counts as its most.
    cap.give_back(90, None)
    with pytest.raises(ReplayCapError):
        cap.take(1)


def test_a_cap_needs_to_know_what_a_run_may_cost() -> None:
    assert ReplayCap(None).take(None) == 0
    with pytest.raises(ReplayCapError, match="the cost of the run is unknown"):
        ReplayCap(100).take(None)


class Registry:
    """A registry whose runner notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any, Any]] = []
        self.errors: dict[str, PromptopsError] = {}
        self.cost: int | None = 40
        self.gates: dict[str, threading.Event] = {}

    def open_runner(self) -> Registry:
        return self

    def plan(self, *_args: object) -> Any:
        return SimpleNamespace(cost_micros=self.cost)

    def run(self, ref: str, inputs: Any, caller: Any, model: str | None) -> Any:
        text = inputs["ticket"]
        if text in self.gates:
            assert self.gates[text].wait(30)
        if text in self.errors:
            raise self.errors[text]
        self.asked.append((ref, text, caller, model))
        return new(text)


def replayed(registry: Registry, *texts: str, **options: Any) -> list[Replay]:
    runs = [recorded(text, inputs={"ticket": text}) for text in texts]
    return list(replay(registry, runs, "2.0.0", **options))  # type: ignore[arg-type]


def test_a_replay_is_no_traffic_and_names_its_run() -> None:
    registry = Registry()
    (one,) = replayed(registry, "a", model="far/large")
    ((ref, _, caller, model),) = registry.asked
    assert (ref, model, one.result) == ("support/triage@2.0.0", "far/large", "same")
    assert (caller.user, caller.tenant, caller.key) == ("u-1", "acme", "k-1")
    assert (caller.environment, caller.labels) == ("eval", {LABEL: one.before.id})


def test_results_come_in_the_order_of_the_runs() -> None:
    registry = Registry()
    registry.gates["a"] = threading.Event()
    registry.errors["b"] = FAULT
    runs = [recorded(text, inputs={"ticket": text}) for text in "abc"]
    found = replay(registry, runs, "2.0.0", workers=3)  # type: ignore[arg-type]
    threading.Thread(target=registry.gates["a"].set).start()
    assert [one.result for one in found] == ["same", "worse", "same"]


def test_a_cap_spares_the_rest_and_counts_what_runs_cost() -> None:
    registry = Registry()
    # Each may cost 40 and costs 7.
    results = [one.result for one in replayed(registry, "a", "b", "c", cap=54, workers=1)]
    assert results == ["same", "same", "same"]
    assert [one.result for one in replayed(registry, "a", "b", "c", cap=50, workers=1)] == [
        "same",
        "same",
        "failed",
    ]


@pytest.mark.parametrize("at", ["", "a@1.0.0", "@1.0.0"])
def test_a_version_has_no_name(at: str) -> None:
    with pytest.raises(UsageError, match="is not a version"):
        next(replay(Registry(), [], at))  # type: ignore[arg-type]


@pytest.mark.parametrize(("costs", "found"), [([], 0), ([1, 2], 3), ([1, None], None)])
def test_a_sum_with_an_unknown_cost_is_unknown(costs: list[int | None], found: int | None) -> None:
    assert total(costs) == found


def test_a_comparison_counts_every_result() -> None:
    failed = PromptopsError("it broke")
    failed.run_id, failed.stage = "run-9", "call"
    found = describe_replays(
        [Replay(recorded(), new("no", calls=[CALL])), Replay(recorded(), error=failed)], "2.0.0"
    )
    assert found["counts"] == {"worse": 1, "failed": 0, "changed": 1, "fixed": 0, "same": 0}
    first, second = (one["now"] for one in found["runs"])
    assert (first["run"], first["answer"], first["version"]) == ("new", "no", "2.0.0")
    assert first["tool_calls"] == [{"id": "2", "name": "f", "arguments": "{}"}]
    assert (second["run"], second["stage"], second["error"]) == ("run-9", "call", "it broke")
    assert (second["status"], second["answer"], second["model"]) == ("failed", None, None)
