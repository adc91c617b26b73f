"""A team's repository for the checklist, and facts that are made up."""

from __future__ import annotations

import tomllib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from promptops.prompt.closure import collect_closure
from promptops.prompt.prompt import load_prompt
from promptops.readiness.checklist import ITEMS, judge_readiness
from promptops.readiness.facts import ReadinessFacts
from promptops.repository.config import load_config
from promptops.repository.repository import open_repository
from tests.released import Press
from tests.repositories import Repo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NOW = 1_767_225_600.0
KEY = "sk-proj-" + "a1B2" * 8
FULL = {
    "max_tokens": "50",
    "fallbacks": "[anthropic/claude-3-haiku]",
    "limitations": "[Knows no refunds.]",
    "review": "{when: low-confidence}",
}
CONFIG = """
[gate]
evals = "block"
[guards]
spend_per_hour = 5
per_user = {spend_per_day = 1}
per_tenant = {spend_per_day = 9}
[cache]
ttl = "1h"
[log]
retention = "90d"
encryption_key = "LOG_KEY"
[telemetry]
otel = true
[alerts.slack]
url_variable = "SLACK_URL"
[environments.production]
deployers = ["ann@example.com"]
"""
NIGHTLY = (
    "on:\n  schedule:\n    - cron: '0 3 * * *'\njobs: {a: {steps: [{run: promptops eval run}]}}\n"
)


def suite(prompt: str, count: int) -> str:
    """A suite of a prompt with so many samples."""
    samples = "".join(
        f"  - {{name: s{i}, tags: [edge], inputs: {{question: q{i}}}, expect: [{{contains: a}}]}}\n"
        for i in range(count)
    )
    return f"schema: promptops.suite/v1\nprompt: {prompt}\nsamples:\n{samples}"


def build_repo(folder: Path) -> None:
    """A team with one released prompt and nothing else."""
    press = Press(Repo.init(folder))
    press.release("support/triage", "1.0.0")
    press.release("support/triage", "1.1.0")
    press.deploy("staging", {"support/triage": "1.0.0"})
    press.deploy("production", {"support/triage": "1.0.0"})


def judge(repo: Repo, *, now: float | None = None) -> dict[str, tuple[str, str]]:
    """Judge all items of a repository: how each came out, and why."""
    facts = ReadinessFacts(open_repository(repo.path))
    if now is not None:
        facts.now = now
    found = judge_readiness(facts)
    return {one.item.id: (one.found.outcome.value, one.found.evidence) for one in found.judged}


def make_facts(
    config: str = "", prompts: Mapping[str, str] | None = None, **seen: Any
) -> ReadinessFacts:
    """Facts that nobody has to look for: a configuration, texts of prompts, and the rest by name.

    What is not given is empty, as of a repository with nothing in it.
    """
    repository: Any = SimpleNamespace(
        config=load_config({"promptops.toml": config.encode()}.get),
        runtime_tables=tomllib.loads(config),
        # No release, whatever the prefix.
        git=None,
    )
    facts = ReadinessFacts(repository, now=NOW, environment={})
    texts = {f"{name}.md": text.encode() for name, text in (prompts or {}).items()}
    loaded = {}
    for path in texts:
        closure = collect_closure(path.removesuffix(".md"), texts.get)
        assert closure is not None
        loaded[closure.name] = load_prompt(closure)
    usual: dict[str, Any] = {
        "_loaded": loaded,
        "samples": {},
        "code": (),
        "runs": {},
        "workflows": {},
    }
    usual |= {"owners": None, "last_night": None, "deployments": (), "attestations": ()}
    for name, value in (usual | seen).items():
        setattr(facts, name, value)
    return facts


def judge_item(facts: ReadinessFacts, item: str) -> tuple[str, str]:
    """Judge one item: how it came out, and why."""
    (found,) = (one.judge(facts) for one in ITEMS if one.id == item)
    return found.outcome.value, found.evidence
