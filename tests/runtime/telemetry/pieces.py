"""A team that is observed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from tests.repositories import Repo

PROMPT = """---
version: 1.2.3
description: d
author: jane@example.com
model: scripted/answers.yaml
fallbacks: [echo/any]
inputs: {text: string, name: {type: string, redact: true, default: nobody}}
---
{{ text }} {{ name }}
"""
ANSWERS = """rules:
  - {when: {text: fail}, fault: {status: 401}}
  - {answer: fine, model: served-1}
"""


def team(repo: Repo, table: str, monkeypatch: pytest.MonkeyPatch) -> Repo:
    monkeypatch.delenv("PROMPTOPS_LOG", raising=False)
    repo.write("prompts/a.md", PROMPT)
    repo.write("answers.yaml", ANSWERS)
    repo.write("promptops.toml", f"[telemetry]\n{table}\n")
    return repo
