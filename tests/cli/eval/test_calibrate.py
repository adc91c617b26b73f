"""`promptops eval calibrate`: a judge against people's labels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.evals.scorers.preference import write_criteria, write_pair
from tests.cli.running import refuse, run
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo

MODEL = "scripted/judge.yaml"
SCHEMA = (
    "{type: object, required: [criteria], properties: {criteria: {type: array, items: "
    "{type: object, required: [met], properties: {met: {type: boolean}}}}}}"
)


def labelled(count: int) -> str:
    """Samples in which the good answers say so; half of them are good."""
    lines = [
        f"- name: s{n}\n  inputs: {{task: t, answer: {'good' if n % 2 else 'bad'} {n},"
        f" criteria: [It is good.]}}\n"
        f"  expect: [{{json: {{criteria: [{{met: {'true' if n % 2 else 'false'}}}]}}}}]\n"
        for n in range(count)
    ]
    return "".join(lines)


@pytest.fixture
def project(repo: Repo) -> Repo:
    """A judge with twelve labelled samples and a model that is right of all."""
    repo.write(
        "prompts/judge.md",
        prompt_text(
            body="{{ task }} {{ answer }} {{ criteria }} {{ reference }}",
            model=MODEL,
            inputs="{task: string, answer: string, criteria: {type: array},"
            " reference: {type: string, default: ''}}",
            output=SCHEMA,
        ),
    )
    repo.write("evals/judge.yaml", suite(labelled(12)))
    repo.write(
        "judge.yaml",
        "rules: [{when: {regex: 't good'}, data: {criteria: [{met: true}]}},"
        " {data: {criteria: [{met: false}]}}]",
    )
    return repo


def suite(samples: str, prompt: str = "judge") -> str:
    return f"schema: promptops.suite/v1\nprompt: {prompt}\nsamples:\n{samples}"


def test_a_judge_that_agrees_is_said_to(project: Repo) -> None:
    result = run(project, "eval", "calibrate", "judge")
    assert result.exit_code == 0, result.output
    assert result.stdout == snapshot("""\
judge with scripted/judge.yaml: kappa 1.00 (0.43 to 1.00); it agrees on 100% of 12 criteria
  0 are passed wrongly, 0 failed wrongly
  it is as kind to the longer half of the answers as to the shorter half
""")


def test_a_judge_that_always_says_yes_has_no_agreement(project: Repo) -> None:
    project.write("judge.yaml", "rules: [{data: {criteria: [{met: true}]}}]")
    project.write("promptops.toml", "[eval]\nagreement = 0.6\njudge = 'judge'\n")
    result = run(project, "eval", "calibrate", "--format", "json")
    assert result.exit_code == 1
    (found,) = json.loads(result.stdout)["models"]
    assert found["kappa"] == 0
    assert (found["passes_wrongly"], found["fails_wrongly"]) == (6, 0)


def test_nonsense_and_missing_labels_are_no_measurement(project: Repo) -> None:
    project.write("judge.yaml", "rules: [{answer: I think so.}]")
    assert run(project, "eval", "calibrate", "judge").exit_code == 2
    sample = "- {name: a, inputs: {task: t, answer: a, criteria: [b]}, expect: [{contains: met}]}\n"
    project.write("evals/judge.yaml", suite(sample))
    assert refuse(project, "eval", "calibrate", "judge", code=2) == snapshot("""\
error: evals/judge.yaml has no labelled samples
 hint: a label is a check such as json: {criteria: [{met: true}, {met: false}]}\
""")
    refuse(project, "eval", "calibrate", code=2)


def test_a_judge_that_favours_what_stands_first_is_found_out(project: Repo) -> None:
    samples = "".join(
        f"- name: s{n}\n  inputs: {{task: t, answer: a {n}, criteria: [one, two]}}\n"
        f"  expect: [{{json: {{criteria: [{{met: true}}, {{met: false}}]}}}}]\n"
        for n in range(6)
    )
    project.write("evals/judge.yaml", suite(samples))
    project.write("judge.yaml", "rules: [{data: {criteria: [{met: true}, {met: false}]}}]")
    result = run(project, "eval", "calibrate", "judge")
    assert result.stdout == snapshot("""\
judge with scripted/judge.yaml: kappa 1.00 (0.43 to 1.00); it agrees on 100% of 12 criteria
  0 are passed wrongly, 0 failed wrongly
  12 of 12 rulings depend on the order
""")


def test_a_judge_that_prefers_the_first_of_two_answers_is_found_out(project: Repo) -> None:
    pair = write_pair("short", "long and winding")
    criteria = list(write_criteria("Brevity"))
    sample = {
        "name": "pair",
        "inputs": {"task": "t", "answer": pair, "criteria": criteria},
        "expect": [{"json": {"criteria": [{"met": True}, {"met": False}]}}],
    }
    project.write("evals/judge.yaml", suite(f"- {json.dumps(sample)}\n"))
    first = "{when: {regex: 'The first answer is.*The second answer is'},"
    first += " data: {criteria: [{met: true}, {met: false}]}}"
    other = "{data: {criteria: [{met: false}, {met: true}]}}"
    project.write("judge.yaml", f"rules: [{first}, {other}]")
    result = run(project, "eval", "calibrate", "judge")
    # It is right of the pair and in both orders of the criteria, and names the first when swapped.
    assert result.stdout == snapshot("""\
judge with scripted/judge.yaml: kappa 1.00 (-0.42 to 1.00); it agrees on 100% of 2 criteria
  0 are passed wrongly, 0 failed wrongly
  2 of 4 rulings depend on the order
""")


@pytest.mark.slow
def test_only_a_calibrated_judge_decides(project: Repo) -> None:
    project.write("promptops.toml", "[eval]\nagreement = 0.6\njudge = 'judge'\n")
    project.write("prompts/ask.md", prompt_text(model="scripted/ask.yaml"))
    project.write("ask.yaml", "rules: [{answer: bad}]")
    sample = "- {name: a, inputs: {question: q}, expect: [{rubric: It is good.}"
    project.write("evals/ask.yaml", suite(sample + "]}\n", "ask"))
    alone = run(project, "eval", "run", "ask")
    assert alone.exit_code == 2
    assert masked(alone.stdout) == snapshot("""\
ask work tree  scripted/ask.yaml  evals/ask.yaml
could not judge: 0 of 1 samples pass; not compared: nothing is live or released
  - 1 of 1 trials ended in an error
  - 0 of 1 samples pass, which is below the threshold of 100%; 1 is undecided
  ERROR  a
      score: no check is counted: the judge's agreement with people is too low or was not measured (promptops eval calibrate --write measures it)
      answer: bad

could not judge  2 calls, 0.000000 USD, <duration>
""")
    project.write("evals/ask.yaml", suite(sample + ", {contains: bad}]}\n", "ask"))
    assert run(project, "eval", "run", "ask").exit_code == 0
    written = run(project, "eval", "calibrate", "--write")
    assert written.stderr == snapshot("""\
1 suite, 12 samples, 12 trials: 12 calls, 4340 tokens at most
estimated cost 0.0000 USD, highest 0.0000 USD
written: evals/judge.calibration.json
""")
    assert run(project, "eval", "run", "ask").exit_code == 1
    text = (project.path / "prompts/judge.md").read_text()
    project.write("prompts/judge.md", text.replace("{{ task }}", "So: {{ task }}"))
    assert run(project, "eval", "run", "ask").exit_code == 0


@pytest.mark.slow
def test_a_judge_prefers_neither_where_it_contradicts_itself(project: Repo) -> None:
    body = {"inputs": "{question: string}", "model": "scripted/ask.yaml"}
    project.write("prompts/ask.md", prompt_text(body="old {{ question }}", **body))
    project.write("ask.yaml", "rules: [{when: {text: old}, answer: first}, {answer: second}]")
    sample = "- {name: a, inputs: {question: q}, expect: [{preference: It is better., min: 0.6}]}\n"
    project.write(
        "evals/ask.yaml", suite(sample, "ask").replace("prompt: ask", "prompt: ask\njudge: judge")
    )
    project.commit()
    assert run(project, "release", "ask", "--local").exit_code == 0
    project.write("prompts/ask.md", prompt_text("1.1.0", body="new {{ question }}", **body))
    project.write("judge.yaml", "rules: [{data: {criteria: [{met: true}, {met: false}]}}]")
    result = run(project, "eval", "run", "ask")
    assert masked(result.stdout) == snapshot("""\
ask work tree  scripted/ask.yaml  evals/ask.yaml
not blocked: 0 of 1 samples pass; compared with 1.0.0
  too few samples: 100.0% -> 0.0%, -100.0 points (95%: -100.0 to +100.0), 1 of 1 samples differ, p = 1
  In about 95 of 100 suites of 1 sample like these, the interval contains the true difference: a loss of up to 100.0 points can hide from this suite, and so can anything that affects fewer than 95% of inputs, or only inputs unlike these samples.
  LOST  a  the baseline: 1 of 1
      preference (0.50): the judge's choice depends on the order
      was, is: [-first-]{+second+}

not blocked  4 calls, 0.000000 USD, <duration>
""")
    likes = (
        "rules: [{when: {regex: 'first answer:\\s+second'},"
        " data: {criteria: [{met: true}, {met: false}]}},"
    )
    project.write("judge.yaml", "rules: [{data: {criteria: [{met: true}, {met: true}]}}]")
    assert "the judge says of each answer that it is better" in run(project, "eval", "run").stdout
    project.write("judge.yaml", likes + " {data: {criteria: [{met: false}, {met: true}]}}]")
    assert run(project, "eval", "run", "ask").exit_code == 0


@pytest.mark.slow
def test_a_state_that_is_the_baseline_is_preferred_to_itself_by_nobody(project: Repo) -> None:
    write_conversation(project)
    project.write("judge.yaml", "rules: [{fault: {status: 500}}]")
    same = run(project, "eval", "run", "ask")
    assert same.exit_code == 0, same.output
    assert "it is the same as the baseline, 1.0.0" in same.stdout
    none = run(project, "eval", "run", "ask", "--against", "none")
    assert none.exit_code == 2
    assert "needs a baseline's answer" in none.stdout


@pytest.mark.slow
def test_each_answer_of_a_conversation_is_compared_with_its_own(project: Repo) -> None:
    write_conversation(project)
    body = {"inputs": "{question: string}", "model": "scripted/ask.yaml"}
    project.write("prompts/ask.md", prompt_text("1.1.0", body="new {{ question }}", **body))
    result = run(project, "eval", "run", "ask", "--format", "json")
    (sample,) = json.loads(result.stdout)["suites"][0]["samples"]
    (trial,) = sample["trials"]
    assert (trial["earlier"], trial["answer"]) == (["new first"], "new last")
    assert (sample["baseline"][0]["earlier"], trial["error"]) == (["old first"], None)
    assert [one["reason"] for one in trial["checks"]] == snapshot(
        [
            "answer 1 of 2: preferred in both orders",
            "answer 2 of 2: the baseline's answer is preferred in both orders",
        ]
    )
    assert masked(run(project, "eval", "run", "ask").stdout) == snapshot("""\
ask work tree  scripted/ask.yaml  evals/ask.yaml
not blocked: 0 of 1 samples pass; compared with 1.0.0
  too few samples: 100.0% -> 0.0%, -100.0 points (95%: -100.0 to +100.0), 1 of 1 samples differ, p = 1
  In about 95 of 100 suites of 1 sample like these, the interval contains the true difference: a loss of up to 100.0 points can hide from this suite, and so can anything that affects fewer than 95% of inputs, or only inputs unlike these samples.
  LOST  a  the baseline: 1 of 1
      preference: answer 2 of 2: the baseline's answer is preferred in both orders
      was, is: [-old-]{+new+} first [-old-]{+new+} last

not blocked  8 calls, 0.000000 USD, <duration>
""")


def write_conversation(project: Repo) -> None:
    """Write a released prompt with a conversation of two turns, and a judge of pairs."""
    body = {"inputs": "{question: string}", "model": "scripted/ask.yaml"}
    project.write("prompts/ask.md", prompt_text(body="old {{ question }}", **body))
    project.write(
        "ask.yaml",
        """
rules:
  - {when: {role: assistant, text: new first}, answer: new last}
  - {when: {role: assistant, text: old first}, answer: old last}
  - {when: {text: new}, answer: new first}
  - {answer: old first}
""",
    )
    likes = "data: {criteria: [{met: true}, {met: false}]}"
    dislikes = "data: {criteria: [{met: false}, {met: true}]}"
    pair = "first answer:\\\\s+{}\\\\s+The second answer:\\\\s+{}"
    rules = [
        f'{{when: {{regex: "{pair.format("new first", "old first")}"}}, {likes}}}',
        f'{{when: {{regex: "{pair.format("old first", "new first")}"}}, {dislikes}}}',
        f'{{when: {{regex: "more(?s:.*){pair.format("new last", "old last")}"}}, {dislikes}}}',
        f'{{when: {{regex: "more(?s:.*){pair.format("old last", "new last")}"}}, {likes}}}',
    ]
    project.write("judge.yaml", f"rules: [{', '.join(rules)}]")
    sample = (
        "- {name: a, inputs: {question: q}, expect: [{preference: It is better.}],"
        " turns: [{user: more, expect: [{preference: It is better.}]}]}\n"
    )
    project.write(
        "evals/ask.yaml", suite(sample, "ask").replace("prompt: ask", "prompt: ask\njudge: judge")
    )
    project.commit()
    assert run(project, "release", "ask", "--local").exit_code == 0
