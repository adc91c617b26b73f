"""`promptops new --spec`: valid or nothing, marked as a draft, repaired once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from inline_snapshot import snapshot

from promptops.repository.repository import find_prompt, open_repository
from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text
from tests.runtime.provider import Provider
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo

SPEC = "Sort tickets of a shop by topic. A program reads the answer."
ANSWER: dict[str, Any] = {
    "description": "Sort a ticket by topic.",
    "inputs": {
        "ticket": {"type": "string"},
        "language": {"type": "string", "enum": ["en", "de"]},
    },
    "output": {
        "type": "object",
        "required": ["topic"],
        "additionalProperties": False,
        "properties": {"topic": {"enum": ["billing", "other"]}},
    },
    "system": "Sort the ticket. Answer with its topic as JSON.",
    "user": "Language: {{ language }}\n\nThe ticket:\n\n{{ ticket }}",
    "samples": [
        {
            "name": "charged twice",
            "inputs": {"ticket": "I was charged twice.", "language": "en"},
            "criteria": ["The topic is billing."],
        },
        {
            "name": "no such language",
            "inputs": {"ticket": "Bonjour.", "language": "fr"},
            "criteria": ["The topic is other."],
        },
    ],
}


def script(repo: Repo, *answers: object) -> None:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in answers]
    repo.write("rules.yaml", yaml.safe_dump({"rules": [{"answers": texts}]}))
    repo.write("spec.txt", SPEC)


def new(repo: Repo, *more: str, stdin: str | None = None) -> Any:
    args = ("new", "support/sort", "--spec", "spec.txt", "--writer", "scripted/rules.yaml")
    return run(repo, *args, *more, stdin=stdin)


def is_untouched(repo: Repo) -> bool:
    return not (repo.path / "prompts/support").exists() and not (repo.path / "evals").exists()


@pytest.mark.slow
def test_a_description_becomes_a_draft_that_validates(repo: Repo) -> None:
    script(repo, ANSWER)

    said = new(repo, "--model", "openai/gpt-4o")

    assert said.exit_code == 0, said.output
    assert masked(said.stderr) == snapshot("""\
scripted/rules.yaml will be called with promptops/draft 1.0.0, at most twice
estimated cost 0.0000 USD, highest 0.0000 USD
warning: left out: sample 'no such language': input 'language' is refused: "fr" is not one of "en" or "de"
1 sample, 1 call, 0.0000 USD
next: review both; prompts/support/sort.md is a draft, and is not released, until you remove
      its 'status: draft'; move the samples that are good into a suite
""")
    prompt = find_prompt(open_repository(repo.path).working, "support/sort", where="here")
    assert (prompt.status, prompt.model) == ("draft", "openai/gpt-4o")
    assert prompt.output == ANSWER["output"]
    assert prompt.inputs["ticket"] == {"type": "string", "maxLength": 20000, "untrusted": True}
    assert prompt.inputs["language"] == ANSWER["inputs"]["language"]
    messages = prompt.render({"ticket": "Hello.", "language": "en"})
    assert masked(messages[1]["content"]) == snapshot("""\
Language: en

The ticket:

Hello.\
""")
    text = (repo.path / "prompts/support/sort.md").read_text("utf-8")
    assert masked(text) == snapshot("""\
---
# Drafted by scripted/rules.yaml with promptops/draft 1.0.0 (<digest>) on <time> UTC.
# Review it, then remove the status: drafts are not released.
version: 0.1.0
status: draft
description: Sort a ticket by topic.
author: you@example.com
model: openai/gpt-4o
temperature: 0.2
max_tokens: 1000
inputs:
  ticket:
    type: string
    maxLength: 20000
    untrusted: true
  language:
    type: string
    enum:
    - en
    - de
output:
  type: object
  required:
  - topic
  additionalProperties: false
  properties:
    topic:
      enum:
      - billing
      - other
---
{% system %}
Sort the ticket. Answer with its topic as JSON.
{% endsystem %}
{% user %}
Language: {{ language }}

The ticket:

{{ ticket }}
{% enduser %}
""")
    suite = yaml.safe_load((repo.path / "evals/_drafts/support/sort.spec.yaml").read_text("utf-8"))
    assert [one["name"] for one in suite["samples"]] == ["charged twice"]
    assert '"errors": 0' in accept(repo, "validate", "--format", "json")


@pytest.mark.slow
def test_the_mark_keeps_it_from_being_released_until_it_is_removed(repo: Repo) -> None:
    script(repo, ANSWER)
    assert new(repo).exit_code == 0
    path = "prompts/support/sort.md"
    text = (repo.path / path).read_text("utf-8")
    repo.commit({path: text})

    assert "is a draft" in refuse(repo, "release", "support/sort")
    repo.commit({path: text.replace("status: draft\n", "")})
    assert "support/sort 0.1.0 released" in accept(repo, "release", "support/sort")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "told"),
    [
        ("I would rather not.", "repaired: the answer is not JSON"),
        ({**ANSWER, "user": "{{ nobody }}"}, "nobody"),
        ({**ANSWER, "system": "{% if %}"}, "repaired: "),
        ({**ANSWER, "inputs": {"ticket": {"type": "strin"}}}, "repaired: "),
        ({**ANSWER, "inputs": {"Not a name": {"type": "string"}}}, "repaired: "),
        ({**ANSWER, "output": {"type": 7}}, "repaired: "),
        ({**ANSWER, "samples": []}, "repaired: "),
        ({**ANSWER, "samples": ["x"]}, "repaired: sample number 1"),
        ({**ANSWER, "description": ""}, "repaired: "),
        ([ANSWER], "repaired: "),
        ({**ANSWER, "system": "Sort \ud800."}, "repaired: "),
        ({**ANSWER, "inputs": {"ticket": {"type": "string", "title": "\udfff"}}}, "repaired: "),
    ],
)
def test_what_cannot_be_used_is_repaired_once(repo: Repo, first: object, told: str) -> None:
    script(repo, first, ANSWER)

    said = new(repo)

    assert said.exit_code == 0, said.output
    assert told in said.stderr
    assert "2 calls" in said.stderr
    assert '"errors": 0' in accept(repo, "validate", "--format", "json")


def test_nonsense_twice_writes_nothing(repo: Repo) -> None:
    script(repo, "no", {**ANSWER, "user": "{{ nobody }}"})

    said = refuse(
        repo, "new", "support/sort", "--spec", "spec.txt", "--writer", "scripted/rules.yaml"
    )

    assert masked(said) == snapshot("""\
scripted/rules.yaml will be called with promptops/draft 1.0.0, at most twice
estimated cost 0.0000 USD, highest 0.0000 USD
error: what scripted/rules.yaml wrote cannot be used, even after a retry: 'nobody' is not a declared input (add 'nobody: string' under 'inputs')
 hint: nothing was written; add details to the description, or use another model with --writer\
""")
    assert is_untouched(repo)


def test_the_second_question_says_what_was_wrong(repo: Repo) -> None:
    script(repo)
    rules = [
        {"when": {"text": "That cannot be used"}, "data": ANSWER},
        {"answer": "no\x1b[31m"},
    ]
    repo.write("rules.yaml", yaml.safe_dump({"rules": rules}))

    said = new(repo)

    assert said.exit_code == 0, said.output
    assert "\x1b" not in said.output


def test_the_plan_asks_nobody_and_writes_nothing(repo: Repo) -> None:
    script(repo, ANSWER)

    said = new(repo, "--dry-run")
    priced = run(
        repo, "new", "support/sort", "--spec", "spec.txt", "--model", "openai/gpt-4o", "--dry-run"
    )

    assert said.exit_code == priced.exit_code == 0
    assert masked(said.stderr) == snapshot("""\
scripted/rules.yaml will be called with promptops/draft 1.0.0, at most twice
estimated cost 0.0000 USD, highest 0.0000 USD
dry run: nothing was written
""")
    assert masked(said.stdout) == snapshot("""\
written  prompts/support/sort.md
written  evals/_drafts/support/sort.spec.yaml
""")
    assert "highest 0.1" in priced.stderr
    assert is_untouched(repo)


def test_nothing_is_overwritten(repo: Repo) -> None:
    script(repo, ANSWER)
    repo.write("evals/_drafts/support/sort.spec.yaml", "mine")

    taken = new(repo)
    repo.write("prompts/support/sort.md", prompt_text())
    again = new(repo)

    assert taken.exit_code == again.exit_code == 1
    assert "evals/_drafts/support/sort.spec.yaml already exists" in taken.stderr
    assert masked(again.stderr) == snapshot("""\
error: prompts/support/sort.md already exists
 hint: choose another name
""")
    assert (repo.path / "evals/_drafts/support/sort.spec.yaml").read_text() == "mine"


def test_a_description_from_standard_input(repo: Repo) -> None:
    script(repo, ANSWER)

    said = run(
        repo, "new", "a", "--spec", "-", "--writer", "scripted/rules.yaml", stdin="Sort tickets."
    )

    assert said.exit_code == 0, said.output


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--spec", "none.txt"), "there is no file none.txt"),
        (("--spec", "."), "cannot be read"),
        (("--spec", "binary"), "is not UTF-8"),
        (("--spec", "empty"), "is empty"),
        (("--spec", "long"), "more than 100,000 characters"),
        (("--spec", "spec.txt", "--from", "a"), "--spec and --from"),
        (("--spec", "spec.txt", "--prompt", "support/other"), "its inputs are not"),
        (("--spec", "spec.txt", "--writer", "nobody"), "nobody"),
        (("--writer", "echo/x"), "--writer needs --spec"),
        (("--prompt", "x"), "--prompt needs --spec"),
        (("--max-cost", "1"), "--max-cost needs --spec"),
    ],
)
def test_a_wrong_request_asks_nobody(repo: Repo, args: tuple[str, ...], told: str) -> None:
    script(repo, ANSWER)
    repo.write("prompts/support/other.md", prompt_text())
    (repo.path / "binary").write_bytes(b"\xff\xfe\x00")
    repo.write("empty", " \n")
    repo.write("long", "x" * 100_001)

    result = run(repo, "new", "a", *args)

    assert result.exit_code == 2, result.output
    assert told in result.stderr
    assert "Traceback" not in result.output
    assert not (repo.path / "prompts/a.md").exists()


def test_an_invalid_name_is_refused_before_anything(repo: Repo) -> None:
    script(repo, ANSWER)

    result = run(repo, "new", "No Name", "--spec", "spec.txt", "--writer", "scripted/rules.yaml")

    assert result.exit_code == 2
    assert masked(result.stderr) == snapshot("""\
error: 'No Name' is not a prompt name
 hint: use lower-case letters and digits, joined by single '-', '_' or '.', and '/', such as no-name
""")


def test_the_cap_refuses_before_it_costs(repo: Repo) -> None:
    script(repo)

    said = refuse(
        repo,
        "new",
        "a",
        "--spec",
        "spec.txt",
        "--model",
        "openai/gpt-4o",
        "--max-cost",
        "0.000001",
    )

    assert masked(said) == snapshot("""\
openai/gpt-4o will be called with promptops/draft 1.0.0, at most twice
estimated cost 0.0331 USD, highest 0.1315 USD
error: another call of openai/gpt-4o could exceed the cap of 0.000001 USD
 hint: raise --max-cost\
""")
    with Provider() as provider:
        repo.write("promptops.toml", f'[models.near]\nbase_url = "{provider.base_url}"\n')
        unknown = run(
            repo, *["new", "a", "--spec", "spec.txt", "--model", "near", "--max-cost", "1"]
        )
        assert provider.requests == []
    assert unknown.exit_code != 0
    assert masked(unknown.stderr) == snapshot("""\
near will be called with promptops/draft 1.0.0, at most twice
estimated cost unknown, highest unknown: a model has no price or a prompt no max_tokens
error: the cost of a call of near is unknown, and a cap is set
 hint: set its price in [models] and max_tokens in the prompt, or remove the cap
""")


def test_a_model_that_fails_writes_nothing(repo: Repo) -> None:
    script(repo)
    repo.write("rules.yaml", yaml.safe_dump({"rules": [{"fault": {"status": 401}}]}))

    said = new(repo)

    assert said.exit_code != 0
    assert "Traceback" not in said.output
    assert is_untouched(repo)
