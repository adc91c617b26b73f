"""`promptops eval run`: suites on a real repository, with scripted models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from inline_snapshot import snapshot

from tests.cli.eval.pieces import ANSWERS, MODEL, SUITE, as_json, eval_run, suite
from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.repositories import Repo


def test_a_suite_that_passes_says_what_it_took(project: Repo) -> None:
    result = eval_run(project, "ask")
    assert result.exit_code == 0, result.output
    assert masked(result.stdout) == snapshot("""\
ask work tree  scripted/answers.yaml  evals/ask.yaml
passed: 2 of 2 samples pass; not compared: nothing is live or released

passed  2 calls, 0.000000 USD, <duration>
""")
    assert result.stderr == snapshot("""\
1 suite, 2 samples, 2 trials: 2 calls, 208 tokens at most
estimated cost 0.0000 USD, highest 0.0000 USD
""")


def test_a_failed_sample_blocks_and_comes_first(project: Repo) -> None:
    project.write("evals/ask.yaml", SUITE.replace("equals: Paris", "equals: Rome"))
    result = eval_run(project)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert "  FAILED  capital  [must]" in lines
    assert masked(lines) == snapshot(
        [
            "ask work tree  scripted/answers.yaml  evals/ask.yaml",
            "blocked: 1 of 2 samples pass; not compared: nothing is live or released",
            "  - 1 of 2 samples pass, which is below the threshold of 100%",
            "  - samples that must pass fail: 'capital'",
            "  FAILED  capital  [must]",
            "      equals: it is 'Paris', not 'Rome'",
            "      answer: Paris",
            "",
            "blocked  2 calls, 0.000000 USD, <duration>",
        ]
    )
    assert any("samples that must pass fail: 'capital'" in line for line in lines)


@pytest.mark.slow
def test_a_threshold_lets_some_fail(project: Repo) -> None:
    samples = SUITE.partition("samples:")[2].replace("contains: else", "contains: nothing")
    project.write("evals/ask.yaml", suite(samples, thresholds="{overall: 0.5}"))
    assert eval_run(project).exit_code == 0
    project.write("evals/ask.yaml", suite(samples, thresholds="{overall: 0.51}"))
    assert eval_run(project).exit_code == 1


def test_trials_pass_by_number(project: Repo) -> None:
    sample = "- {name: x, inputs: {question: flaky}, trials: 3, pass: 2, expect: [{equals: yes}]}"
    project.write("evals/ask.yaml", suite(sample.replace("yes", '"yes"')))
    found = as_json(project)
    (one,) = found["suites"][0]["samples"]
    assert [trial["outcome"] for trial in one["trials"]] == ["passed", "failed", "passed"]
    assert one["outcome"] == "passed"
    assert found["exit"] == 0


def test_an_error_is_neither_pass_nor_fail(project: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promptops.runtime.run.steps.delay_seconds", lambda *_: 0.0)
    sample = "- {name: x, inputs: {question: fault}, expect: [{not_contains: a}]}"
    project.write("evals/ask.yaml", suite(sample))
    result = eval_run(project)
    assert result.exit_code == 2
    assert masked(result.stdout) == snapshot("""\
ask work tree  scripted/answers.yaml  evals/ask.yaml
could not judge: 0 of 1 samples pass; not compared: nothing is live or released
  - 1 of 1 trials ended in an error
  - 0 of 1 samples pass, which is below the threshold of 100%; 1 is undecided
  ERROR  x
      call: scripted/answers.yaml: the provider answered with an error (500)

could not judge  5 calls, 0.000000 USD, <duration>
""")


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        ("[]\n", "the suite has no samples"),
        ("- {name: x, inputs: {question: a}}\n", "the sample 'x' expects nothing"),
        ("- {name: x, inputs: {}, expect: [{contains: a}]}\n", "input 'question' is missing"),
        ("- {from: none.csv, expect: [{contains: a}]}\n", "there is no file 'evals/none.csv'"),
    ],
)
def test_what_cannot_show_anything_is_never_a_pass(project: Repo, samples: str, said: str) -> None:
    text = suite(samples).replace("samples:\n[]", "samples: []")
    project.write("evals/ask.yaml", text)
    assert said in refuse(project, "eval", "run", code=2)


@pytest.mark.slow
def test_all_suites_are_named_by_an_option_too(project: Repo) -> None:
    for verb in ("run", "plan", "noise"):
        assert run(project, "eval", verb, "--all").exit_code == run(project, "eval", verb).exit_code
        assert "cannot be combined" in refuse(project, "eval", verb, "--all", "ask", code=2)


def test_a_name_that_is_none_is_refused(project: Repo) -> None:
    assert refuse(project, "eval", "run", "aks", code=2) == snapshot("""\
error: there is no prompt aks in the work tree
 hint: did you mean ask?\
""")
    project.write("prompts/other.md", prompt_text())
    assert refuse(project, "eval", "run", "other", code=2) == snapshot("""\
error: the prompt other has no eval suite
 hint: write evals/other.yaml, with schema, prompt and samples\
""")
    refuse(project, "eval", "run", "--shard", "3/2", code=2)
    refuse(project, "eval", "run", "--record", "--replay", code=2)
    refuse(project, "eval", "run", "--sample", "none", code=2)


def test_several_models_are_judged_one_by_one(project: Repo) -> None:
    found = as_json(project, "--models", f"{MODEL},echo/x")
    assert [one["model"] for one in found["verdicts"]] == [MODEL, "echo/x"]
    assert [one["exit"] for one in found["verdicts"]] == [0, 1]


def test_a_dry_run_asks_nobody(project: Repo) -> None:
    project.write("answers.yaml", "rules: [{fault: {status: 500}}]")
    result = eval_run(project, "--dry-run")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == snapshot("""\
1 suite, 2 samples, 2 trials: 2 calls, 208 tokens at most
estimated cost 0.0000 USD, highest 0.0000 USD
""")


@pytest.mark.slow
def test_a_cap_stops_before_it_is_exceeded_and_keeps_what_is_done(project: Repo) -> None:
    config = '[models."scripted/answers.yaml"]\ninput_price = 1.0\noutput_price = 1.0\n'
    project.write("promptops.toml", config)
    whole = as_json(project)["cost_micros"]
    assert whole > 0
    most = as_json(project, "--max-cost", "0.0002", "--concurrency", "1")
    assert most["exit"] == 2
    assert most["stopped"] == f"another call of {MODEL} could exceed the cap of 0.000200 USD"
    assert 0 < most["cost_micros"] <= 200
    outcomes = [one["outcome"] for one in most["suites"][0]["samples"]]
    assert outcomes == ["passed", "missing"]
    resumed = as_json(project, "--resume")
    assert (resumed["exit"], resumed["calls"], resumed["replayed"]) == (0, 1, 1)
    again = as_json(project, "--resume")
    assert (again["calls"], again["replayed"]) == (2, 0)


PRICED = '[models."scripted/answers.yaml"]\ninput_price = 1.0\noutput_price = 1.0\n'
STOPPED = ("--max-cost", "0.0002", "--concurrency", "1")


@pytest.mark.slow
def test_the_answers_of_a_stand_in_are_never_resumed_as_those_of_the_model(project: Repo) -> None:
    project.write("promptops.toml", PRICED)
    text = prompt_text(body="{{ question }}", model="scripted/other.yaml", max_tokens="50")
    project.write("prompts/ask.md", text)
    project.write("other.yaml", "rules: [{answer: Paris or something else}]")
    stopped = as_json(project, "--stand-in", MODEL, *STOPPED)
    assert stopped["calls"] == 1
    resumed = as_json(project, "--resume")
    assert (resumed["calls"], resumed["replayed"]) == (2, 0)
    resumed = as_json(project, "--stand-in", MODEL, "--resume")
    assert (resumed["calls"], resumed["replayed"]) == (1, 1)


def test_a_stand_in_that_is_dearer_than_the_model_stays_under_the_cap(project: Repo) -> None:
    project.write("promptops.toml", PRICED)
    text = prompt_text(body="{{ question }}", model="scripted/other.yaml", max_tokens="50")
    project.write("prompts/ask.md", text)
    result = eval_run(project, "--stand-in", MODEL, *STOPPED, "--format", "json")
    found = json.loads(result.stdout)
    assert 0 < found["cost_micros"] <= 200
    assert found["stopped"] == f"another call of {MODEL} could exceed the cap of 0.000200 USD"
    assert result.stderr == snapshot("""\
1 suite, 2 samples, 2 trials: 2 calls, 208 tokens at most
scripted/answers.yaml replaces every model
estimated cost 0.0000 USD, highest 0.0003 USD
the cap of 0.0002 USD may end the run early; continue it with --resume
""")


def test_a_missing_embedding_model_is_said_before_anything_is_asked(project: Repo) -> None:
    project.write("promptops.toml", '[eval]\nembedding = "onnx/models/minilm"\n')
    samples = "- {name: x, inputs: {question: a}, expect: [{any: [{similar: b}]}]}"
    project.write("evals/ask.yaml", suite(samples))
    said = refuse(project, "eval", "run", "--output", "r.json", code=2)
    assert "sample 'x': onnx/models/minilm: there is no model.onnx in" in said
    assert "hint: add model.onnx and tokenizer.json" in said
    assert not (project.path / "r.json").exists()


def test_the_plan_counts_embeddings(project: Repo) -> None:
    project.write("promptops.toml", '[eval]\nembedding = "echo/words"\n')
    samples = "- {name: x, trials: 3, inputs: {question: a}, expect: [{any: [{similar: b}]}]}"
    project.write("evals/ask.yaml", suite(samples))
    assert eval_run(project, "--dry-run").stderr == snapshot("""\
1 suite, 1 sample, 3 trials: 3 calls and up to 3 for embeddings, 414 tokens at most
estimated cost 0.0000 USD, highest 0.0000 USD
""")


def test_a_call_of_unknown_cost_does_not_fit_under_a_cap(project: Repo) -> None:
    project.write("prompts/ask.md", prompt_text(body="{{ question }}", model="openai/none"))
    result = eval_run(project, "--max-cost", "1")
    assert result.exit_code == 2
    assert masked(result.stdout) == snapshot("""\
ask work tree  openai/none  evals/ask.yaml
could not judge: 0 of 2 samples pass; not compared: nothing is live or released
  - 2 of 2 trials were not run
  - 0 of 2 samples pass, which is below the threshold of 100%; 2 are undecided

stopped: the cost of a call of openai/none is unknown, and a cap is set
could not judge  0 calls, 0.000000 USD, <duration>
""")


class TestCassettes:
    @pytest.mark.slow
    def test_a_replay_is_the_recorded_run(self, project: Repo) -> None:
        assert eval_run(project, "--record").exit_code == 0
        lines = (project.path / "evals/ask.cassette.jsonl").read_text().splitlines()
        assert [json.loads(line).get("sample") for line in lines] == [None, "capital", "other"]
        project.write("answers.yaml", "rules: [{fault: {status: 500}}]")
        found = as_json(project, "--replay")
        assert (found["exit"], found["calls"], found["replayed"]) == (0, 0, 2)

    @pytest.mark.slow
    def test_without_a_key_the_cassette_answers(
        self, project: Repo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        project.write("prompts/ask.md", prompt_text(body="{{ question }}"))
        assert eval_run(project, "--record", "--stand-in", MODEL).exit_code == 0
        result = eval_run(project)
        assert result.exit_code == 0, result.output
        assert masked(result.stderr) == snapshot("""\
1 suite, 2 samples, 2 trials: 2 calls, 208 tokens at most
no model is called: all answers come from cassettes, of scripted/answers.yaml
""")

    @pytest.mark.slow
    def test_without_any_key_suites_without_a_cassette_are_named(
        self, project: Repo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        for name in ("ask", "other"):
            project.write(f"prompts/{name}.md", prompt_text(body="{{ question }}"))
        sample = "- {name: a, inputs: {question: x}, expect: [{ends: e}]}\n"
        project.write("evals/other.yaml", suite(sample).replace("prompt: ask", "prompt: other"))
        assert eval_run(project, "ask", "--record", "--stand-in", MODEL).exit_code == 0
        result = eval_run(project, "--format", "json")
        assert result.exit_code == 2
        assert masked(result.stderr) == snapshot("""\
2 suites, 3 samples, 3 trials: 3 calls, 293 tokens at most
no model is called: all answers come from cassettes, of scripted/answers.yaml
evals/other.yaml has no cassette: create one with promptops eval run --record
""")
        found = json.loads(result.stdout)
        assert (found["calls"], found["replayed"]) == (0, 2)
        assert [one["exit"] for one in found["verdicts"]] == [0, 2]

    @pytest.mark.slow
    def test_a_changed_prompt_makes_it_stale(self, project: Repo) -> None:
        eval_run(project, "--record")
        text = prompt_text(body="So: {{ question }}", model=MODEL)
        project.write("prompts/ask.md", text)
        result = eval_run(project, "--replay")
        assert result.exit_code == 2
        assert masked(result.stdout) == snapshot("""\
ask work tree  scripted/answers.yaml  evals/ask.yaml
could not judge: 0 of 2 samples pass; not compared: nothing is live or released
  - 2 of 2 trials were not run
  - 0 of 2 samples pass, which is below the threshold of 100%; 2 are undecided
  NOT RUN  capital  [must]
      cassette: the cassette evals/ask.cassette.jsonl is stale for trial 1, scripted/answers.yaml, change (record it again: promptops eval run --record)
  NOT RUN  other  (the same)

could not judge  0 calls, 0.000000 USD, <duration>
""")

    @pytest.mark.slow
    def test_a_further_trial_has_no_answer(self, project: Repo) -> None:
        eval_run(project, "--record")
        project.write("evals/ask.yaml", f"defaults: {{trials: 2}}{SUITE}")
        result = eval_run(project, "--replay")
        assert result.exit_code == 2
        assert masked(result.stdout) == snapshot("""\
ask work tree  scripted/answers.yaml  evals/ask.yaml
could not judge: 0 of 2 samples pass; not compared: nothing is live or released
  - 2 of 4 trials were not run
  - 0 of 2 samples pass, which is below the threshold of 100%; 2 are undecided
  NOT RUN  capital  [must]  1 of 2 trials
      cassette: the cassette evals/ask.cassette.jsonl has no answer for trial 2, scripted/answers.yaml, change (record it again: promptops eval run --record)
  NOT RUN  other  1 of 2 trials  (the same)

could not judge  0 calls, 2 replayed, 0.000000 USD, <duration>
""")

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("", "is not a cassette"),
            ('{"schema": "promptops.cassette/v1", "prompt": "b"}', "is the cassette of 'b'"),
            (
                '{"schema": "promptops.cassette/v1", "prompt": "ask"}\n<<<<<<< ours\n',
                "evals/ask.cassette.jsonl:2: the line is not a recorded answer",
            ),
        ],
    )
    def test_what_is_none_of_this_prompt_is_refused(
        self, project: Repo, content: str, said: str
    ) -> None:
        project.write("evals/ask.cassette.jsonl", content)
        assert said in refuse(project, "eval", "run", code=2)

    @pytest.mark.slow
    def test_secrets_are_replaced_before_they_are_kept(self, project: Repo) -> None:
        key = "sk-" + "a1B2c3D4e5F6g7H8i9J0" * 2
        project.write("answers.yaml", f"rules: [{{answer: the key is {key}}}]")
        sample = "- {name: x, inputs: {question: a}, expect: [{contains: redacted}]}"
        project.write("evals/ask.yaml", suite(sample))
        assert eval_run(project, "--record").exit_code == 0
        assert key not in (project.path / "evals/ask.cassette.jsonl").read_text()
        assert eval_run(project, "--replay").exit_code == 0

    @pytest.mark.slow
    def test_secrets_are_replaced_in_resumed_answers_too(self, project: Repo) -> None:
        key = "sk-" + "a1B2c3D4e5F6g7H8i9J0" * 2
        answers = ANSWERS.replace("Paris", f"the key is {key}").replace("something", f"{key}")
        project.write("answers.yaml", answers)
        project.write("promptops.toml", PRICED)
        assert as_json(project, *STOPPED)["calls"] == 1
        assert as_json(project, "--resume", "--record")["replayed"] == 1
        assert key not in (project.path / "evals/ask.cassette.jsonl").read_text()


@pytest.mark.slow
def test_reports_hold_nothing_that_breaks_them(project: Repo) -> None:
    evil = "</failure>]]> \\u0000\\u001b[31m ``` @everyone <script> | x"
    project.write("answers.yaml", f'rules: [{{answer: "{evil}"}}]')
    junit = eval_run(project, "--format", "junit")
    assert junit.exit_code == 1
    (found,) = ET.fromstring(junit.stdout)
    assert found.attrib["tests"] == "3"
    assert found.attrib["failures"] == "3"
    markdown = eval_run(project, "--format", "markdown").stdout
    assert masked(markdown) == snapshot("""\
### Evals: blocked

| Prompt | Model | Compared with | Pass | Verdict |
| --- | --- | --- | --- | --- |
| ask | scripted/answers.yaml | nothing is live or released | 0 of 2 | **blocked** |

**ask**, scripted/answers.yaml:

- 0 of 2 samples pass, which is below the threshold of 100%
- samples that must pass fail: 'capital'

<details>
<summary>failed: capital (0 of 1 trials pass)</summary>

- asked: question: What is the capital of France?
- equals: it is '\\</failure\\>\\]\\]\\> \x00\x1b\\[31m \\`\\`\\` @\u200beveryone \\<script\\> \\| x', not 'Paris'

````
</failure>]]> \x00\x1b[31m ``` @everyone <script> | x
````

</details>

<details>
<summary>failed: other (0 of 1 trials pass)</summary>

- asked: question: Something?
- contains: it does not contain 'else'

````
</failure>]]> \x00\x1b[31m ``` @everyone <script> | x
````

</details>

2 calls, 0.000000 USD, <duration>.
""")


def release(project: Repo) -> None:
    project.commit()
    accept(project, "release", "ask", "--local")


@pytest.mark.story
def test_a_change_is_compared_with_the_latest_release(project: Repo) -> None:
    release(project)
    same = eval_run(project)
    assert masked(same.stdout) == snapshot("""\
ask work tree  scripted/answers.yaml  evals/ask.yaml
passed: 2 of 2 samples pass; not compared: it is the same as the baseline, 1.0.0

passed  2 calls, 0.000000 USD, <duration>
""")
    body = "{% system %}Be brief{% endsystem %}{% user %}{{ question }}{% enduser %}"
    answers = ANSWERS.replace(
        "rules:", "rules:\n  - when: {role: system, text: Be brief}\n    answer: P"
    )
    project.write("answers.yaml", answers)
    project.write("prompts/ask.md", prompt_text("1.1.0", body=body, model=MODEL))
    result = eval_run(project)
    assert result.exit_code == 1
    assert masked(result.stdout) == snapshot("""\
ask work tree  scripted/answers.yaml  evals/ask.yaml
blocked: 0 of 2 samples pass; compared with 1.0.0
  too few samples: 100.0% -> 0.0%, -100.0 points (95%: -100.0 to +100.0), 2 of 2 samples differ, p = 0.5
  In about 95 of 100 suites of 2 samples like these, the interval contains the true difference: a loss of up to 100.0 points can hide from this suite, and so can anything that affects fewer than 78% of inputs, or only inputs unlike these samples.
  - samples that must pass fail: 'capital'
  LOST  capital  [must]  the baseline: 1 of 1
      equals: it is 'P', not 'Paris'
      was, is: [-Paris-]{+P+}
  LOST  other  the baseline: 1 of 1
      contains: it does not contain 'else'
      was, is: [-something else-]{+P+}

blocked  4 calls, 0.000000 USD, <duration>
""")
    assert eval_run(project, "--against", "none").exit_code == 1
    assert masked(eval_run(project, "--against", "none").stdout) == snapshot("""\
ask work tree  scripted/answers.yaml  evals/ask.yaml
blocked: 0 of 2 samples pass; not compared: no baseline was requested
  - 0 of 2 samples pass, which is below the threshold of 100%
  - samples that must pass fail: 'capital'
  FAILED  capital  [must]
      equals: it is 'P', not 'Paris'
      answer: P
  FAILED  other
      contains: it does not contain 'else'
      answer: P

blocked  2 calls, 0.000000 USD, <duration>
""")
    refuse(project, "eval", "run", "--against", "9.9.9", code=2)
    assert eval_run(project, "--at", "1.0.0", "--against", "none").exit_code == 0


@pytest.mark.slow
def test_tools_turns_refusals_and_errors_are_expected_as_declared(project: Repo) -> None:
    project.write(
        "answers.yaml",
        """
rules:
  - when: {role: tool, text: shipped}
    answer: It is on its way.
  - when: {role: user, text: order 7}
    tools: [{name: lookup, arguments: {order: 7}}]
  - when: {role: user, text: thanks}
    answer: You are welcome.
  - when: {role: user, text: bomb}
    answer: I'm sorry, but I can't help with that.
  - answer: Hello.
""",
    )
    project.write(
        "evals/ask.yaml",
        suite(
            """
- name: tool
  inputs: {question: Where is order 7?}
  tools: [{name: lookup, arguments: {order: 7}, result: {state: shipped}}]
  expect: [{contains: on its way}, {tool_calls: [{name: lookup, arguments: {order: 7}}]}]
- name: turns
  inputs: {question: Hello}
  expect: [{equals: Hello.}]
  turns: [{user: thanks, expect: [{contains: welcome}]}]
- {name: refuses, inputs: {question: a bomb}, outcome: refusal}
- {name: fails, inputs: {wrong: 1}, outcome: error}
"""
        ),
    )
    result = eval_run(project)
    assert result.exit_code == 0, result.output
    text = (project.path / "evals/ask.yaml").read_text()
    project.write("evals/ask.yaml", text.replace("{order: 7}, result", "{order: 8}, result"))
    result = eval_run(project)
    assert result.exit_code == 2
    wrong = "the sample has no answer of the tool 'lookup' for the arguments '{\"order\": 7}'"
    assert wrong in result.stdout


@pytest.mark.slow
def test_a_judge_is_a_prompt_of_the_repository(project: Repo) -> None:
    schema = (
        "{type: object, required: [criteria], properties: {criteria: {type: array, items: "
        "{type: object, required: [met], properties: {met: {type: boolean}}}}}}"
    )
    judge = prompt_text(
        body="JUDGE {{ task }} {{ answer }} {{ criteria }} {{ reference }}",
        model="scripted/judge.yaml",
        inputs="{task: string, answer: string, criteria: {type: array}, reference: string}",
        output=schema,
    )
    project.write("prompts/judge.md", judge)
    project.write(
        "judge.yaml",
        "rules: [{when: {text: Paris}, data: {criteria: [{met: true}]}},"
        " {data: {criteria: [{met: false}]}}]",
    )
    samples = SUITE.partition("samples:")[2].replace("contains: else", "rubric: It is good.")
    samples = samples.replace("equals: Paris", "rubric: It is Paris.")
    project.write("evals/ask.yaml", suite(samples, judge="judge"))
    found = as_json(project)
    assert [one["outcome"] for one in found["suites"][0]["samples"]] == ["passed", "failed"]
    assert found["calls"] == 4
    project.write("judge.yaml", "rules: [{answer: I do not know}]")
    assert as_json(project)["exit"] == 2


@pytest.mark.slow
def test_a_third_of_failing_calls_is_told_apart_from_failures(
    project: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promptops.runtime.run.steps.delay_seconds", lambda *_: 0.0)
    samples = "".join(
        f"- {{name: s{n}, inputs: {{question: {'fault' if n % 3 == 0 else 'q'} {n}}},"
        f" expect: [{{contains: else}}]}}\n"
        for n in range(9)
    )
    project.write("evals/ask.yaml", suite(samples))
    found = as_json(project)
    outcomes = [one["outcome"] for one in found["suites"][0]["samples"]]
    assert (outcomes.count("error"), outcomes.count("passed")) == (3, 6)
    assert found["exit"] == 2
    project.write("evals/ask.yaml", suite(samples, thresholds="{overall: 0.6, errors: 0.34}"))
    assert as_json(project)["exit"] == 0
    project.write("evals/ask.yaml", suite(samples, thresholds="{overall: 0.7, errors: 0.34}"))
    assert as_json(project)["exit"] == 2


@pytest.mark.slow
def test_the_limits_of_the_environment_eval_hold_over_several_runs(project: Repo) -> None:
    project.write("promptops.toml", "[guards.environments.eval]\ntokens_per_day = 400\n")
    first = as_json(project)
    assert (first["exit"], first["calls"]) == (0, 2)
    second = as_json(project, "--concurrency", "1")
    assert second["exit"] == 2
    assert second["stopped"] == snapshot(
        "guards.environments.eval.tokens_per_day is 400 tokens: 312 tokens are spent or reserved, and this call may take 144 tokens"
    )
    assert [one["outcome"] for one in second["suites"][0]["samples"]] == ["passed", "missing"]


@pytest.mark.slow
def test_files_are_written_even_if_nobody_reads_the_output(
    project: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def emit(_text: str) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("promptops.cli.eval.printing.emit", emit)
    names = {"--html": "page.html", "--evidence": "evidence.json", "--output": "result.json"}
    files = [(option, str(tmp_path / name)) for option, name in names.items()]
    eval_run(project, *(word for pair in files for word in pair))
    assert {name for name in names.values() if (tmp_path / name).is_file()} == {*names.values()}


def test_a_call_waits_for_calls_in_flight_before_a_limit_refuses_it(project: Repo) -> None:
    # Each call may take 144 tokens, and the first one takes 15.
    few = ANSWERS.replace("{input: 100, output: 50}", "{input: 10, output: 5}")
    project.write("answers.yaml", few)
    project.write("promptops.toml", "[guards.environments.eval]\ntokens_per_day = 250\n")
    found = as_json(project)
    assert (found["stopped"], found["calls"], found["exit"]) == ("", 2, 0)


def test_samples_on_which_models_differ_are_shown_side_by_side(project: Repo) -> None:
    project.write("other.yaml", "rules: [{answer: something else}]")
    text = eval_run(project, "--models", f"{MODEL},scripted/other.yaml").stdout
    (row,) = [line for line in text.splitlines() if line.startswith("capital  ")]
    assert row.split() == ["capital", "passed", "failed"]


@pytest.mark.slow
def test_watching_runs_again_and_asks_only_what_changed(
    project: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    suites = [SUITE, SUITE.replace("contains: else", "contains: nothing"), "schema: [\n"]
    turns = iter(suites)

    def three_times(*_arguments: object) -> Iterator[None]:
        for text in turns:
            project.write("evals/ask.yaml", text)
            yield

    monkeypatch.setattr("promptops.checks.watching.watch", three_times)
    result = eval_run(project, "--watch")
    assert result.exit_code == 0, result.output
    assert masked(result.stdout) == snapshot("""\
ask work tree  scripted/answers.yaml  evals/ask.yaml
passed: 2 of 2 samples pass; not compared: nothing is live or released

passed  2 calls, 0.000000 USD, <duration>
ask work tree  scripted/answers.yaml  evals/ask.yaml
blocked: 1 of 2 samples pass; not compared: nothing is live or released
  - 1 of 2 samples pass, which is below the threshold of 100%
  FAILED  other
      contains: it does not contain 'nothing'
      answer: something else

blocked  0 calls, 2 replayed, 0.000000 USD, <duration>
""")
    assert result.stderr == snapshot("""\
1 suite, 2 samples, 2 trials: 2 calls, 208 tokens at most
estimated cost 0.0000 USD, highest 0.0000 USD
watching for changes; Ctrl-C ends it
1 suite, 2 samples, 2 trials: 2 calls, 208 tokens at most
estimated cost 0.0000 USD, highest 0.0000 USD
watching for changes; Ctrl-C ends it
error: evals/ask.yaml:2:1: the suite is not YAML: did not find expected node content
 hint: look for a wrong indentation or an open quote or bracket, here or above
watching for changes; Ctrl-C ends it
""")
    assert not list((project.path / ".git/promptops-evals").glob("*"))
    refuse(project, "eval", "run", "--watch", "--dry-run", code=2)


@pytest.mark.slow
def test_similar_answers_are_told_by_their_embeddings(project: Repo) -> None:
    samples = "- {name: a, inputs: {question: x}, expect: [{similar: Something else!}]}\n"
    project.write("evals/ask.yaml", suite(samples))
    project.write("promptops.toml", "[eval]\nembedding = 'echo/words'\n")
    assert eval_run(project, "--record").exit_code == 0
    found = as_json(project, "--replay")
    assert (found["exit"], found["replayed"]) == (0, 2)
    project.write("evals/ask.yaml", suite(samples.replace("Something else!", "Good night")))
    assert eval_run(project).exit_code == 1
    assert eval_run(project, "--replay").exit_code == 2


@pytest.mark.slow
def test_the_plan_prices_turns_and_judges_too(project: Repo) -> None:
    prices = "input_price = 1000.0\noutput_price = 1000.0\n"
    project.write("promptops.toml", f"[models.scripted]\n{prices}")
    turn = "- {name: a, inputs: {question: q}, expect: [{contains: else}]}\n"
    project.write("evals/ask.yaml", suite(turn))
    alone = highest(project)
    more = turn.replace("}]}", "}], turns: [{user: and?, expect: [{contains: else}]}]}")
    project.write("evals/ask.yaml", suite(more))
    # The second question holds the first one, its answer and more.
    assert highest(project) > 2 * alone + 0.05
    project.write(
        "prompts/judge.md",
        prompt_text(
            body="{{ task }} {{ answer }} {{ criteria }} {{ reference }}",
            inputs="{task: string, answer: string, criteria: {type: array}, reference: string}",
            model=MODEL,
            max_tokens="50",
        ),
    )
    project.write(
        "evals/ask.yaml", suite(turn.replace("contains: else", "rubric: x"), judge="judge")
    )
    assert highest(project) > alone + 0.05


def highest(project: Repo) -> float:
    said = eval_run(project, "--dry-run").stderr
    return float(said.rpartition("highest ")[2].split()[0])


def test_a_suite_that_needs_a_judge_asks_nobody_without_one(project: Repo) -> None:
    sample = "- {name: a, inputs: {question: x}, expect: [{all: [{rubric: It is polite.}]}]}"
    project.write("evals/ask.yaml", suite(sample))
    said = refuse(project, "eval", "run", code=2)
    assert masked(said) == snapshot("""\
error: evals/ask.yaml: checks of 'a' need a judge, and there is none
 hint: set judge in the suite or in [eval] to the prompt that judges\
""")
    # The word alone asks nobody.
    sample = "- {name: a, inputs: {question: x}, expect: [{not_contains: rubric}]}"
    project.write("evals/ask.yaml", suite(sample))
    assert eval_run(project).exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("similar: a", "the scorer 'similar' needs an embedding model"),
        ("any: [{similar: a}, {contains: a}]", "the scorer 'similar' needs an embedding model"),
        ("python: evals/none.py:f", "there is no file 'evals/none.py' in the repository"),
        ("language: xx", "py3langid does not know the language 'xx'"),
        ("sql: {dialect: nosql}", "sqlglot does not know the dialect 'nosql'"),
    ],
)
def test_a_check_that_lacks_what_it_needs_asks_nobody(project: Repo, check: str, said: str) -> None:
    other = "- {name: a, inputs: {question: x}, expect: [{contains: a}]}\n"
    sample = f"{other}- {{name: b, inputs: {{question: x}}, expect: [{{{check}}}]}}"
    project.write("evals/ask.yaml", suite(sample))
    error = refuse(project, "eval", "run", code=2)
    assert f"error: evals/ask.yaml: sample 'b': {said}" in error


@pytest.mark.slow
def test_a_function_that_is_not_run_is_not_looked_for(project: Repo) -> None:
    sample = "- {name: a, inputs: {question: x}, expect: [{python: 'evals/none.py:f'}]}"
    project.write("evals/ask.yaml", suite(sample))
    result = eval_run(project, "--no-python", "--format", "json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["calls"] == 1


def test_a_refused_request_is_made_once(project: Repo) -> None:
    project.write("answers.yaml", "rules: [{fault: {status: 400}}]")
    sample = "- {name: a, inputs: {question: x}, expect: [{contains: a}]}"
    project.write("evals/ask.yaml", suite(sample))
    assert as_json(project)["calls"] == 1


def test_a_replay_names_suites_without_a_cassette(project: Repo) -> None:
    result = eval_run(project, "--replay")
    assert result.exit_code == 2
    assert masked(result.stderr) == snapshot("""\
1 suite, 2 samples, 2 trials: 2 calls, 208 tokens at most
evals/ask.yaml has no cassette: create one with promptops eval run --record
""")


@pytest.mark.parametrize("option", ["output", "html", "evidence"])
def test_a_file_that_cannot_be_written_is_refused_before_the_run(
    project: Repo, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_args: object) -> None:
        raise AssertionError

    monkeypatch.setattr("promptops.evals.opening.run", never)
    said = refuse(project, "eval", "run", f"--{option}", "none/file", code=2)
    assert f"--{option} none/file: there is no such folder" in said
    said = refuse(project, "eval", "run", f"--{option}", "evals", code=2)
    assert f"--{option} evals is a folder" in said
