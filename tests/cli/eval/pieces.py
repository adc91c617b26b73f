"""What the tests of several eval verbs use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.cli.running import run

if TYPE_CHECKING:
    from typer.testing import Result

    from tests.repositories import Repo


MODEL = "scripted/answers.yaml"
BODY = "{% system %}{% include '_shared/tone.md' %}{% endsystem %}{% user %}{{ q }}{% enduser %}"


def write_suite(project: Repo) -> None:
    """Write forty samples, eight of them about refunds."""
    samples = [
        f"- {{name: s{n}, inputs: {{q: {'refund' if n < 8 else 'other'} {n}}},"
        f" tags: [{'refunds' if n < 8 else 'others'}],"
        f" expect: [{{contains: {'refund' if n < 8 else 'Hello'}}}]}}"
        for n in range(40)
    ]
    text = "schema: promptops.suite/v1\nprompt: support/reply\nsamples:\n" + "\n".join(samples)
    project.write("evals/support/reply.yaml", f"{text}\n")


ANSWERS = """
rules:
  - when: {role: user, text: fault}
    fault: {status: 500}
  - when: {role: user, text: capital}
    answer: Paris
    usage: {input: 100, output: 50}
  - when: {role: user, text: flaky}
    answers: ["yes", "no", "yes"]
  - when: {role: system, text: brief}
    answer: short
  - answer: something else
"""
SUITE = """
schema: promptops.suite/v1
prompt: ask
samples:
- name: capital
  tags: [must]
  inputs: {question: What is the capital of France?}
  expect: [{equals: Paris}]
- name: other
  inputs: {question: Something?}
  expect: [{contains: else}]
"""


def eval_run(project: Repo, *args: str) -> Result:
    return run(project, "eval", "run", *args)


def as_json(project: Repo, *args: str) -> dict[str, Any]:
    result = eval_run(project, "--format", "json", *args)
    assert "Traceback" not in result.output
    loaded: dict[str, Any] = json.loads(result.stdout)
    assert loaded["exit"] == result.exit_code
    return loaded


def suite(samples: str, **keys: str) -> str:
    more = "".join(f"{key}: {value}\n" for key, value in keys.items())
    return f"schema: promptops.suite/v1\nprompt: ask\n{more}samples:\n{samples}"
