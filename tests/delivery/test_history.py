"""Looking back: what was live at a time, and since which deployment."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from promptops.delivery import history
from promptops.delivery.history import find_past_state
from promptops.delivery.state import Entry, Live, State
from promptops.prompt.version import Version

A, B = (Entry((Live(Version.parse(one), "", ""),)) for one in ("1.0.0", "2.0.0"))
STATES = {"one": State({"a": A}), "two": State({"a": A, "b": B}), "three": State({"b": B})}
# Newest first. The clock of the second was wrong; order comes from the graph.
DEPLOYMENTS = [
    SimpleNamespace(
        commit=commit,
        author=SimpleNamespace(time_seconds=seconds),
        changes=[SimpleNamespace(name=name)],
    )
    for commit, seconds, name in (("three", 300, "a"), ("two", 50, "b"), ("one", 100, "a"))
]


@pytest.mark.parametrize(
    ("seconds", "deployment", "live"),
    [
        (49, None, {}),
        (60, "two", {"a": "one", "b": "two"}),
        (200, "two", {"a": "one", "b": "two"}),
        (300, "three", {"b": "two"}),
    ],
)
def test_what_was_live_at_a_time_is_the_state_of_the_last_deployment_by_then(
    monkeypatch: pytest.MonkeyPatch, seconds: int, deployment: str | None, live: dict[str, str]
) -> None:
    monkeypatch.setattr(history, "read_state", lambda _, commit: STATES[commit])
    found = find_past_state(None, DEPLOYMENTS, seconds)  # type: ignore[arg-type]
    assert (None if found is None else found.deployment.commit) == deployment
    prompts = () if found is None else found.prompts
    assert {one.name: one.since.commit for one in prompts} == live
