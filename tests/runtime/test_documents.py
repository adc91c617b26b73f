"""Runs and resolved prompts as JSON: what is unknown is null, what is not text is replaced."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from promptops.delivery.environments import Deployment, DeploymentChange
from promptops.git.objects import Identity
from promptops.prompt.closure import load_closure
from promptops.prompt.prompt import load_prompt
from promptops.runtime.documents import (
    describe_deployed_change,
    describe_deployment,
    describe_released,
    describe_resolved,
    describe_run,
)
from promptops.runtime.live import Placement, Share
from promptops.runtime.log.record import AttemptRecord, Decision
from promptops.runtime.models.model import ToolCall, Usage
from promptops.runtime.past import Released
from promptops.runtime.resolution import ResolvedPrompt
from promptops.runtime.run.result import Run
from tests.prompts import prompt_text

# 2026-11-30 01:00 UTC
AT = 1_796_000_400


@pytest.fixture(scope="module")
def working() -> ResolvedPrompt:
    """A prompt of the work tree."""
    closure = load_closure("a", {"a.md": prompt_text("1.2.0").encode()})
    assert closure is not None
    return ResolvedPrompt("a@working", load_prompt(closure), None, "here")


def test_a_prompt_of_the_work_tree_has_no_deployment(working: ResolvedPrompt) -> None:
    found = describe_resolved(working)
    assert (found["name"], found["version"], found["digest"]) == ("a", "1.2.0", working.digest)
    nothing = ("commit", "environment", "deployment", "paused", "yanked", "fetched_at")
    assert [found[key] for key in nothing] == [None] * 6
    assert (found["split"], found["stale"], found["warnings"]) == ([], False, [])
    assert found["files"] == {"a.md": prompt_text("1.2.0")}
    assert json.loads(json.dumps(found)) == found


def test_a_deployed_prompt_says_since_when_and_by_whom(working: ResolvedPrompt) -> None:
    live = dataclasses.replace(
        working,
        commit="c" * 40,
        placement=Placement("production", 7, "d" * 40, AT, "Jane"),
        split=(Share("1.2.0", "sha256:1", 80), Share("1.3.0", "sha256:2", 20)),
        paused="leak",
        fetched_at_seconds=AT + 0.9,
        is_stale=True,
    )
    found = describe_resolved(live)
    assert found["environment"] == "production"
    assert found["deployment"] == {
        "number": 7,
        "commit": "d" * 40,
        "deployed_at": "2026-11-30T01:00:00Z",
        "deployed_by": "Jane",
    }
    assert [one["share"] for one in found["split"]] == [80, 20]
    assert (found["paused"], found["stale"]) == ("leak", True)
    assert found["fetched_at"] == "2026-11-30T01:00:00Z"


def test_bytes_that_are_no_text_are_replaced() -> None:
    closure = load_closure("a", {"a.md": prompt_text().encode()})
    assert closure is not None
    closure = dataclasses.replace(closure, files={**closure.files, "x.txt": b"a\xffb"})
    resolved = ResolvedPrompt("a@working", load_prompt(closure), None, "here")
    assert describe_resolved(resolved)["files"]["x.txt"] == "a\ufffdb"


def run(prompt: ResolvedPrompt, **values: Any) -> Run:
    given = Run(
        id="run-1",
        prompt=prompt,
        text="yes",
        data=None,
        model="near/small",
        finish="stop",
        usage=Usage(10, 5, None, "measured"),
        cost_micros=1_500,
        attempts=(),
        decisions=(Decision("fallback", "429"),),
    )
    return dataclasses.replace(given, **values)


def test_a_run_has_its_cost_in_dollars_and_its_attempts(working: ResolvedPrompt) -> None:
    attempts = (
        AttemptRecord("run-1", 1, "near/small", float(AT), ms=12.345, status=429, error="busy"),
        AttemptRecord("run-1", 2, "far/large", float(AT), status=None),
    )
    calls = (ToolCall("1", "look", '{"a": 1}'),)
    found = describe_run(run(working, attempts=attempts, tool_calls=calls, is_degraded=True))
    assert (found["name"], found["version"], found["environment"]) == ("a", "1.2.0", None)
    assert (found["cost"], found["is_degraded"]) == (0.0015, True)
    assert found["attempts"] == [
        {"model": "near/small", "status": 429, "error": "busy", "ms": 12.3},
        {"model": "far/large", "status": None, "error": None, "ms": None},
    ]
    assert found["tool_calls"] == [{"id": "1", "name": "look", "arguments": '{"a": 1}'}]
    assert found["decisions"] == [{"rule": "fallback", "why": "429"}]


def test_an_unknown_cost_is_null(working: ResolvedPrompt) -> None:
    assert describe_run(run(working, cost_micros=None))["cost"] is None
    assert describe_run(run(working, cost_micros=0))["cost"] == 0.0


def test_a_release_has_its_time_and_whether_it_is_yanked() -> None:
    found = describe_released(Released("a", "1.0.0", "sha256:1", "c", AT, "Jane", "First.", True))
    assert (found["released_at"], found["yanked"]) == ("2026-11-30T01:00:00Z", True)
    assert found["released_by"] == "Jane"


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("none", "1.0.0", (None, "1.0.0")),
        ("1.0.0", "none", ("1.0.0", None)),
        ("1.0.0 80, 1.1.0 20", "1.1.0", ("1.0.0 80, 1.1.0 20", "1.1.0")),
    ],
)
def test_a_change_is_null_where_nothing_was_live(
    before: str, after: str, found: tuple[str | None, str | None]
) -> None:
    change = DeploymentChange("a", before, after)
    assert describe_deployed_change(change) == {"prompt": "a", "from": found[0], "to": found[1]}


def test_a_deployment_without_a_reason_has_none() -> None:
    author = Identity("Jane", "jane@example.com", AT, "+0000")
    change = DeploymentChange("a", "none", "1.0.0")
    one = Deployment(
        "production", 1, "c", None, "t", "promote", (change,), "", "op", author, None, ()
    )
    found = describe_deployment(one)
    assert (found["reason"], found["time"]) == (None, "2026-11-30T01:00:00Z")
    assert found["by"] == {"name": "Jane", "email": "jane@example.com"}
    assert found["changes"] == [{"prompt": "a", "from": None, "to": "1.0.0"}]
    assert describe_deployment(one._replace(reason="a bug"))["reason"] == "a bug"
