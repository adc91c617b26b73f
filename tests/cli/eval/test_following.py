"""`promptops eval run` asks the models that a prompt chooses, as in production."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.runtime.models.model import NO_USAGE, Answer, ModelError
from tests.cli.running import accept, run
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from typer.testing import Result

    from promptops.runtime.models.model import Request
    from tests.repositories import Repo

OUT = "scripted/out.yaml"
FIRST = "scripted/first.yaml"
SECOND = "scripted/second.yaml"
SUITE = """
schema: promptops.suite/v1
prompt: ask
samples:
- {name: a, inputs: {q: short}, expect: [{contains: answer}]}
- {name: b, inputs: {q: something long}, expect: [{contains: answer}]}
"""


@pytest.fixture
def project(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """Two models that answer, and one that is out."""
    monkeypatch.setattr("promptops.runtime.run.steps.delay_seconds", lambda *_: 0.0)
    repo.write("out.yaml", "rules: [{fault: {status: 503}}]")
    repo.write("first.yaml", "rules: [{answer: The first answer.}]")
    repo.write("second.yaml", "rules: [{answer: The second answer.}]")
    repo.write("evals/ask.yaml", SUITE)
    return repo


def write(project: Repo, model: str, name: str = "ask", **keys: str) -> None:
    text = prompt_text(body="{{ q }}", inputs="{q: string}", model=model, **keys)
    project.write(f"prompts/{name}.md", text)


def eval_run(project: Repo, *args: str) -> Result:
    return run(project, "eval", "run", *args)


def as_json(project: Repo, *args: str, code: int = 0) -> dict[str, Any]:
    result = eval_run(project, "--format", "json", *args)
    assert result.exit_code == code, result.output
    loaded: dict[str, Any] = json.loads(result.stdout)
    return loaded


def answers(found: dict[str, Any]) -> list[tuple[str, str | None, bool]]:
    """Return what was answered, by which other model, and whether for want of the first."""
    trials = [one["trials"][0] for one in found["suites"][0]["samples"]]
    return [(one["answer"], one["answered_by"], one["is_degraded"]) for one in trials]


@pytest.mark.slow
def test_a_fallback_answers_where_the_first_model_is_out(project: Repo) -> None:
    write(project, OUT, fallbacks=f"[{SECOND}]")
    found = as_json(project)
    assert answers(found) == [("The second answer.", SECOND, True)] * 2
    text = eval_run(project).stdout
    assert masked(text) == snapshot("""\
ask work tree  scripted/out.yaml  evals/ask.yaml
passed: 2 of 2 samples pass; not compared: nothing is live or released
  - 2 of 2 trials were answered by scripted/second.yaml, since a model before it failed

passed  8 calls, 0.000000 USD, <duration>
""")
    # Each model alone, where models are named.
    alone = as_json(project, "--models", f"{OUT},{SECOND}", code=2)
    outcomes = [one["outcome"] for one in alone["suites"][0]["samples"]]
    assert outcomes == ["error", "error", "passed", "passed"]


@pytest.mark.slow
def test_a_cassette_keeps_why_a_fallback_answered(project: Repo) -> None:
    write(project, OUT, fallbacks=f"[{SECOND}]")
    live = as_json(project, "--record")
    lines = (project.path / "evals/ask.cassette.jsonl").read_text().splitlines()
    assert len(lines) == 5
    failures = [json.loads(one)["failure"] for one in lines if '"failure"' in one]
    assert [one[1] for one in failures] == [OUT] * 2
    again = as_json(project, "--replay")
    assert answers(again) == answers(live)
    assert again["calls"] == 0
    # Once the first model answers again, its answers take the place of its errors.
    project.write("out.yaml", "rules: [{answer: The answer is back.}]")
    assert answers(as_json(project, "--record"))[0] == ("The answer is back.", None, False)
    assert answers(as_json(project, "--replay"))[0] == ("The answer is back.", None, False)


def test_an_error_in_a_cassette_quotes_nobody(
    project: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, OUT, fallbacks=f"[{SECOND}]")
    phone = "+49 171 39028" + "46"

    async def fail(_self: object, request: Request, **_: object) -> Answer:
        if request.model == OUT:
            raise ModelError(phone, model=OUT, kind="status", status=404, is_sent=True)
        return Answer("The second answer.", (), "stop", NO_USAGE)

    monkeypatch.setattr("promptops.runtime.models.scripted.ScriptedModel.acall", fail)
    as_json(project, "--record")
    text = (project.path / "evals/ask.cassette.jsonl").read_text()
    assert masked(text) == snapshot("""\
{"schema": "promptops.cassette/v1", "prompt": "ask"}
{"sample": "a", "model": "scripted/out.yaml", "side": "change", "trial": 1, "request": "<id>", "text": "The second answer.", "finish": "stop", "usage": [0, 0, 0, "measured"], "served_model": null, "seconds": 0.0, "cost_micros": 0}
{"sample": "a", "model": "scripted/out.yaml", "side": "change", "trial": 1, "request": "<id>", "failure": ["[redacted telephone number]", "scripted/out.yaml", "status", 404, null]}
{"sample": "b", "model": "scripted/out.yaml", "side": "change", "trial": 1, "request": "<id>", "failure": ["[redacted telephone number]", "scripted/out.yaml", "status", 404, null]}
{"sample": "b", "model": "scripted/out.yaml", "side": "change", "trial": 1, "request": "<id>", "text": "The second answer.", "finish": "stop", "usage": [0, 0, 0, "measured"], "served_model": null, "seconds": 0.0, "cost_micros": 0}
""")
    assert phone not in text


@pytest.mark.slow
def test_a_model_that_stays_out_is_not_tried_for_each_sample(project: Repo) -> None:
    write(project, OUT, fallbacks=f"[{SECOND}]")
    rows = "\n".join(json.dumps({"q": f"question {n}"}) for n in range(50))
    project.write("evals/rows.jsonl", f"{rows}\n")
    samples = "- {from: rows.jsonl, expect: [{contains: answer}]}"
    project.write("evals/ask.yaml", SUITE.partition("- {")[0] + samples)
    found = as_json(project, "--record", "--concurrency", "1")
    # Five calls until it counts as out, and one for each sample of the other.
    assert found["calls"] <= 60
    assert answers(as_json(project, "--replay")) == answers(found)


@pytest.mark.slow
def test_routes_and_candidates_choose_the_model(project: Repo) -> None:
    routes = f'[{{when: "q | length > 6", model: {SECOND}}}]'
    write(project, FIRST, routes=routes)
    found = as_json(project)
    assert answers(found) == [
        ("The first answer.", None, False),
        ("The second answer.", SECOND, False),
    ]
    text = eval_run(project).stdout
    assert masked(text) == snapshot("""\
ask work tree  scripted/first.yaml  evals/ask.yaml
passed: 2 of 2 samples pass; not compared: nothing is live or released
  - 1 of 2 trials was answered by scripted/second.yaml, which the prompt chose

passed  2 calls, 0.000000 USD, <duration>
""")
    write(project, FIRST, max_tokens="10", choose=f"{{by: cost, among: [{SECOND}]}}")
    assert [one[1] for one in answers(as_json(project))] == [SECOND] * 2


@pytest.mark.slow
def test_a_change_of_the_model_is_compared_with_the_model_before(project: Repo) -> None:
    write(project, FIRST)
    project.commit()
    accept(project, "release", "ask", "--local")
    write(project, SECOND)
    found = as_json(project)["suites"][0]
    assert found["baseline"]["label"].endswith(f"with {FIRST}")
    assert found["change"]["label"].endswith(f"with {SECOND}")
    assert found["samples"][0]["baseline"][0]["answer"] == "The first answer."


@pytest.mark.slow
def test_a_model_that_is_not_allowed_is_no_fallback(project: Repo) -> None:
    project.write("promptops.toml", f'[models]\nallow = ["{OUT}", "{FIRST}"]\n')
    write(project, OUT, fallbacks=f"[{SECOND}, {FIRST}]")
    assert answers(as_json(project))[0] == ("The first answer.", FIRST, True)
    # A model that an eval names may be one that is not allowed yet.
    assert answers(as_json(project, "--models", SECOND))[0][0] == "The second answer."
    write(project, SECOND)
    refused = as_json(project, code=2)["suites"][0]["samples"][0]["trials"][0]
    assert "may not use" in refused["error"]


def live(project: Repo) -> None:
    project.commit()
    for path in sorted((project.path / "prompts").glob("*.md")):
        accept(project, "release", path.stem, "--local")
        accept(project, "promote", f"{path.stem}@1.0.0", "--to", "staging", "--yes")


@pytest.mark.story
def test_another_model_is_tried_where_routes_lead_to_it(project: Repo) -> None:
    write(project, FIRST, routes='[{when: "q | length > 6", prompt: long}]')
    write(project, "scripted/old.yaml", name="long")
    project.write("old.yaml", "rules: [{answer: The old answer.}]")
    live(project)
    using = ("--using", "scripted/old.yaml", "--instead", SECOND, "--env", "staging")
    result = eval_run(project, *using, "--format", "json")
    assert result.exit_code == 0, result.output
    assert masked(result.stderr) == snapshot("""\
warning: long uses scripted/old.yaml and has no eval suite
warning: 1 of 2 samples of ask are left out: their routes do not lead to scripted/old.yaml
1 suite, 1 sample, 2 trials: 2 calls, 196 tokens at most
estimated cost 0.0000 USD, highest 0.0000 USD
""")
    (sample,) = json.loads(result.stdout)["suites"][0]["samples"]
    assert sample["name"] == "b"
    assert sample["baseline"][0]["answer"] == "The old answer."
    assert sample["trials"][0]["answer"] == "The second answer."
    project.write("evals/ask.yaml", SUITE.replace("something long", "else"))
    none = eval_run(project, *using)
    assert none.exit_code == 2
    assert masked(none.stderr) == snapshot("""\
error: no suite uses 'scripted/old.yaml'
 hint: long uses scripted/old.yaml and has no eval suite; ask is left out: the routes of its samples never lead to scripted/old.yaml
""")


@pytest.mark.slow
def test_another_model_is_tried_as_a_fallback(project: Repo) -> None:
    write(project, FIRST, fallbacks="[scripted/old.yaml]")
    project.write("old.yaml", "rules: [{answer: The old answer.}]")
    live(project)
    using = ("--using", "scripted/old.yaml", "--instead", SECOND, "--env", "staging")
    found = as_json(project, *using)["suites"][0]["samples"]
    assert [one["baseline"][0]["answer"] for one in found] == ["The old answer."] * 2
    assert [one["trials"][0]["answer"] for one in found] == ["The second answer."] * 2


@pytest.mark.slow
def test_a_plan_counts_the_dearest_model_that_may_answer(project: Repo) -> None:
    write(project, FIRST, fallbacks="[openai/gpt-4o]", max_tokens="1000")
    assert masked(eval_run(project, "--dry-run").stderr) == snapshot("""\
1 suite, 2 samples, 2 trials: 2 calls, 187 tokens at most
estimated cost 0.0000 USD, highest 0.0205 USD
""")
    write(project, FIRST, max_tokens="1000")
    assert "highest 0.0000 USD" in eval_run(project, "--dry-run").stderr


def test_where_all_are_out_the_error_names_each_of_them(project: Repo) -> None:
    project.write("last.yaml", "rules: [{fault: {status: 401}}]")
    write(project, OUT, fallbacks="[scripted/last.yaml]")
    found = as_json(project, "--concurrency", "1", "--sample", "a", code=2)
    (sample,) = found["suites"][0]["samples"]
    assert sample["trials"][0]["error"] == snapshot(
        "scripted/out.yaml: the provider answered with an error (503);"
        " scripted/last.yaml: the provider answered with an error (401)"
    )


def test_a_call_that_lacks_a_key_is_not_counted(
    project: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    write(project, "openai/gpt-4o-mini", fallbacks="[openai/gpt-4o]")
    assert as_json(project, code=2)["calls"] == 0
