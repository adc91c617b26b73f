"""Prompts of these tests, and what the log keeps of their runs."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from promptops.errors import PausedError
from promptops.prompt.closure import collect_closure
from promptops.prompt.prompt import load_prompt
from promptops.repository.settings.log import LogSettings
from promptops.runtime.log.log import open_log
from promptops.runtime.resolution import ResolvedPrompt
from promptops.runtime.run.commands import RunFacts
from promptops.runtime.run.course import Course, RunLimits
from tests.prompts import prompt_text
from tests.runtime.log.pieces import START, make_run, new_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptops.runtime.guards.guard import Guards
    from promptops.runtime.log.log import RunLog
    from promptops.runtime.log.record import LogEntry, RunRecord
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo
    from tests.runtime.provider import Provider

PROMPT = """---
version: 1.0.0
description: d
author: jane@example.com
model: near/small
fallbacks: [far/large]
max_tokens: 100
inputs: {{text: string}}
{more}---
Sum up: {{{{ text }}}}
"""
OUTPUT = """output:
  type: object
  required: [topic]
  properties: {topic: {enum: [billing, bug]}}
"""
TOOL = {
    "type": "function",
    "function": {"name": "look", "parameters": {"type": "object", "properties": {}}},
}


def call(number: int) -> dict[str, Any]:
    arguments = json.dumps({"n": number})
    return {
        "id": f"call-{number}",
        "type": "function",
        "function": {"name": "look", "arguments": arguments},
    }


def ask_for(near: Provider, *numbers: int) -> None:
    calls = [call(number) for number in numbers]
    near.reply(text="", tool_calls=calls, finish="tool_calls")


def write(team: Repo, name: str, more: str) -> None:
    """Write a prompt with further keys."""
    team.write(f"prompts/{name}.md", PROMPT.format(more=more))


def limit(team: Repo, table: str) -> None:
    """Write a table of limits."""
    path = team.path / "promptops.toml"
    path.write_text(f"{path.read_text()}\n[guards]\n{table}\n")


@contextmanager
def opened_log(team: Repo) -> Iterator[RunLog]:
    log = open_log(
        team.path / ".git" / "promptops-log" / "runs.db",
        LogSettings(),
        clock=lambda: 0.0,
        random=bytes,
        key=lambda _name: None,
        create=False,
    )
    with closing(log):
        yield log


def logged(team: Repo, run_id: str) -> LogEntry:
    with opened_log(team) as log:
        return log.get(run_id)


def list_runs(team: Repo, limit: int = 50) -> Sequence[RunRecord]:
    with opened_log(team) as log:
        return log.list(limit=limit)


def read_spent(registry: Registry, length: str = "hour") -> int:
    """What all runs have spent, in micro-dollars, as the ledger has it."""
    guards: Guards = registry.open_runner()._tools.guards
    name = f"guards.spend_per_{length}"
    return next(one.spent for one in guards.standings() if one.guard == name)


def make_prompt(body: str = "Answer {{ question }}", **keys: str) -> ResolvedPrompt:
    """A prompt of a work tree, made of its text alone."""
    text = prompt_text(body=body, **keys).encode()
    closure = collect_closure("a", lambda path: text if path == "a.md" else None)
    assert closure is not None
    return ResolvedPrompt("a@working", load_prompt(closure), None, "here")


def make_course(prompt: ResolvedPrompt | None = None, **record: Any) -> Course:
    """The state of a run that began."""
    course = Course(make_run(**record), {}, None, RunLimits())
    course.prompt = prompt
    return course


def make_facts(**changed: Any) -> RunFacts:
    """A world in which everything is allowed, each request has 100 tokens, and nothing costs."""
    facts = RunFacts(
        clock=lambda: START,
        monotonic=lambda: 0.0,
        random=lambda: 0.5,
        price=lambda _model: None,
        count=lambda _request: 100,
        context=lambda _model: None,
        allows=lambda _model, _path: True,
        check_depth=lambda: None,
        describe_pause=lambda _prompt: PausedError("paused"),
        make_id=new_id,
    )
    return facts._replace(**changed)
