"""Drafts of suites: valid, varied, harmless until somebody moves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from inline_snapshot import snapshot

from promptops.evals.scenarios.drafting import draft_samples
from promptops.evals.scenarios.values import CANARY, ValueKind
from promptops.prompt.inputs import InputValidator
from promptops.repository.repository import find_prompt, open_repository
from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.prompt.prompt import Prompt
    from tests.repositories import Repo

INPUTS = """
  ticket: {type: string, minLength: 2, maxLength: 5000}
  count: {type: integer, minimum: 1, exclusiveMaximum: 9, default: 3}
  mode: {enum: [fast, 'on', 7]}
  code: {type: string, pattern: '^[A-Z]{3}$', examples: [ABC]}
  tags: {type: array, maxItems: 4, items: {enum: [a, b]}, default: []}
  order: {type: object, required: [id], properties: {id: {type: integer}, note: {type: string}},
          default: {id: 1}}
  flag: {type: [boolean, 'null'], default: null}
"""


def load(repo: Repo, **keys: str) -> Prompt:
    body = " ".join(
        f"{{{{ {name} }}}}" for name in ("ticket", "count", "mode", "code", "tags", "order", "flag")
    )
    repo.write("prompts/support/triage.md", prompt_text("1.0.0", body, inputs=INPUTS, **keys))
    return find_prompt(open_repository(repo.path).working, "support/triage", where="here")


def test_every_sample_fits_the_schemas(repo: Repo) -> None:
    prompt = load(repo)

    samples = draft_samples(prompt, 1000)

    validator = InputValidator(prompt.inputs)
    for sample in samples:
        validator.complete(sample.inputs)
    assert len({one.name for one in samples}) == len(samples) > 60
    tags = {tag for one in samples for tag in one.tags}
    assert {kind.value for kind in ValueKind if kind is not ValueKind.PLAIN} < tags
    assert "several" in tags
    assert {one.inputs["mode"] for one in samples} == {"fast", "on", 7}
    assert {one.inputs["code"] for one in samples} == {"ABC"}
    assert {one.inputs.get("count") for one in samples} == {None, 1, 8}
    assert max(len(one.inputs["ticket"]) for one in samples) == 5000
    assert min(len(one.inputs["ticket"]) for one in samples) == 2


def test_what_must_hold_of_any_answer_is_checked(repo: Repo) -> None:
    plain, typed = load(repo), load(repo, output="{type: object}")

    for sample in draft_samples(plain, 60):
        assert sample.expect[0] == {"length": {"min": 1}}
        is_hostile = CANARY in sample.inputs["ticket"]
        assert ({"not_contains": CANARY} in sample.expect) is is_hostile
    assert draft_samples(typed, 1)[0].expect == [{"json_schema": {"type": "object"}}]


def test_a_prompt_without_inputs_has_one_sample(repo: Repo) -> None:
    repo.write("prompts/fixed.md", prompt_text("1.0.0", "Say hello.", inputs="{}"))
    prompt = find_prompt(open_repository(repo.path).working, "fixed", where="here")

    samples = draft_samples(prompt, 60)

    assert len(samples) <= 1


@pytest.mark.slow
def test_a_draft_counts_for_nothing_and_is_a_valid_suite_once_moved(repo: Repo) -> None:
    load(repo)

    said = run(repo, "eval", "generate", "support/triage", "--max", "40")
    before = accept(repo, "validate", "--format", "json")
    draft = repo.path / "evals/_drafts/support/triage.yaml"
    text = draft.read_text("utf-8")
    again = refuse(repo, "eval", "generate", "support/triage", code=2)
    draft.rename(repo.path / "evals/triage.yaml")
    after = accept(repo, "validate", "--format", "json")

    assert masked(said.stderr) == snapshot(
        "40 samples drafted in evals/_drafts/support/triage.yaml; review them before they count\n"
    )
    assert text.startswith("# A draft that counts for nothing")
    assert len(yaml.safe_load(text)["samples"]) == 40
    assert masked(again) == snapshot("""\
error: evals/_drafts/support/triage.yaml already exists
 hint: remove it, or choose another file with --output\
""")
    assert before == snapshot("""\
{
  "schema": "promptops.validate/v1",
  "summary": {
    "prompts": 1,
    "errors": 0,
    "warnings": 0,
    "notes": 1
  },
  "findings": [
    {
      "check": "missing-evals",
      "severity": "note",
      "message": "the prompt has no eval suite",
      "hint": "write evals/support/triage.yaml",
      "path": "prompts/support/triage.md",
      "line": null,
      "column": null,
      "end_line": null,
      "end_column": null,
      "fixable": false,
      "documentation": "docs/checks.md#missing-evals",
      "included_from": []
    }
  ]
}
""")
    assert after == snapshot("""\
{
  "schema": "promptops.validate/v1",
  "summary": {
    "prompts": 1,
    "errors": 0,
    "warnings": 0,
    "notes": 1
  },
  "findings": [
    {
      "check": "missing-evals",
      "severity": "note",
      "message": "the prompt has no eval suite",
      "hint": "write evals/support/triage.yaml",
      "path": "prompts/support/triage.md",
      "line": null,
      "column": null,
      "end_line": null,
      "end_column": null,
      "fixable": false,
      "documentation": "docs/checks.md#missing-evals",
      "included_from": []
    }
  ]
}
""")


def test_a_prompt_that_is_not_there_is_an_error(repo: Repo) -> None:
    load(repo)

    assert refuse(repo, "eval", "generate", "support/triag", code=2) == snapshot("""\
error: there is no prompt support/triag in the work tree
 hint: did you mean support/triage?\
""")
