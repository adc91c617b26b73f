"""`promptops eval run` with a baseline: a change is compared sample by sample."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.eval.pieces import BODY, MODEL
from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from typer.testing import Result

    from tests.repositories import Repo


def eval_run(project: Repo, *args: str) -> Result:
    return run(project, "eval", "run", *args)


def change(project: Repo, tone: str = "Be brief.") -> None:
    project.write("prompts/_shared/tone.md", f"{tone}\n")


@pytest.mark.slow
def test_a_word_in_a_partial_that_loses_a_slice_is_worse_and_named(released: Repo) -> None:
    change(released)
    result = eval_run(released)
    assert result.exit_code == 1
    assert masked(result.stdout) == snapshot("""\
support/reply work tree  scripted/answers.yaml  evals/support/reply.yaml
blocked: 32 of 40 samples pass; compared with 1.0.0
  worse: 100.0% -> 80.0%, -20.0 points (95%: -33.2 to -4.9), 8 of 40 samples differ, p = 0.0078; a loss of 19.1 points is found in 4 of 5 such suites
  tagged 'refunds': worse: 100.0% -> 0.0%, -100.0 points (97.5%: -100.0 to -23.2), 8 of 8 samples differ, p = 0.016
  In about 95 of 100 suites of 40 samples like these, the interval contains the true difference: the loss may be as large as 33.2 points, and anything that affects fewer than 7.2% of inputs, or only inputs unlike these samples, can hide from this suite.
  LOST  s0  [refunds]  the baseline: 1 of 1
      contains: it does not contain 'refund'
      was, is: [-Your refund comes-]{+Hello+}.
  LOST  s1  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s2  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s3  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s4  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s5  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s6  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s7  [refunds]  the baseline: 1 of 1  (the same)

blocked  80 calls, 0.000000 USD, <duration>
""")
    assert "tagged 'refunds': worse" in result.stdout
    assert sum(line.startswith("  LOST  s") for line in result.stdout.splitlines()) == 8


@pytest.mark.slow
def test_a_change_without_an_effect_is_no_difference(released: Repo) -> None:
    change(released, "Be very helpful.")
    result = eval_run(released, "--format", "json")
    assert result.exit_code == 0
    (found,) = json.loads(result.stdout)["verdicts"]
    assert found["verdict"]["finding"] == "no difference found"
    assert found["verdict"]["overall"]["p"] == 1.0
    low, high = found["verdict"]["overall"]["interval"]
    assert low < 0 < high
    margin = eval_run(released, "--format", "json", "--margin", "0.2")
    assert json.loads(margin.stdout)["verdicts"][0]["verdict"]["finding"] == "not worse"


@pytest.mark.slow
def test_the_comparison_replays_from_one_cassette(released: Repo) -> None:
    change(released)
    assert eval_run(released, "--record").exit_code == 1
    released.write("answers.yaml", "rules: [{fault: {status: 500}}]")
    result = eval_run(released, "--replay")
    assert result.exit_code == 1
    assert masked(result.stdout) == snapshot("""\
support/reply work tree  scripted/answers.yaml  evals/support/reply.yaml
blocked: 32 of 40 samples pass; compared with 1.0.0
  worse: 100.0% -> 80.0%, -20.0 points (95%: -33.2 to -4.9), 8 of 40 samples differ, p = 0.0078; a loss of 19.1 points is found in 4 of 5 such suites
  tagged 'refunds': worse: 100.0% -> 0.0%, -100.0 points (97.5%: -100.0 to -23.2), 8 of 8 samples differ, p = 0.016
  In about 95 of 100 suites of 40 samples like these, the interval contains the true difference: the loss may be as large as 33.2 points, and anything that affects fewer than 7.2% of inputs, or only inputs unlike these samples, can hide from this suite.
  LOST  s0  [refunds]  the baseline: 1 of 1
      contains: it does not contain 'refund'
      was, is: [-Your refund comes-]{+Hello+}.
  LOST  s1  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s2  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s3  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s4  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s5  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s6  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s7  [refunds]  the baseline: 1 of 1  (the same)

blocked  0 calls, 80 replayed, 0.000000 USD, <duration>
""")


@pytest.mark.slow
def test_only_touched_suites_run(released: Repo) -> None:
    released.write("prompts/other.md", prompt_text(model=MODEL))
    released.write(
        "evals/other.yaml",
        "schema: promptops.suite/v1\nprompt: other\nsamples:\n"
        "- {name: a, inputs: {question: a}, expect: [{contains: Hello}]}\n",
    )
    released.commit()
    base = released.rev("HEAD")
    nothing = eval_run(released, "--changed", "--base", base)
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert masked(nothing.stderr) == snapshot("no change since <id> affects a suite\n")
    change(released, "Be kind.")
    assert touched(released, base) == ["evals/support/reply.yaml"]
    change(released, "Be helpful.")
    assert touched(released, base) == []
    text = (released.path / "evals/other.yaml").read_text()
    released.write("evals/other.yaml", text.replace("Hello", "ell"))
    assert touched(released, base) == ["evals/other.yaml"]
    refuse(released, "eval", "run", "--base", base, code=2)


def touched(project: Repo, base: str) -> list[str]:
    result = eval_run(project, "--changed", "--base", base, "--against", "none", "--format", "json")
    if not result.stdout:
        return []
    return [one["path"] for one in json.loads(result.stdout)["suites"]]


@pytest.mark.slow
def test_another_model_is_tried_on_all_that_is_live(released: Repo) -> None:
    accept(released, "promote", "support/reply@1.0.0", "--to", "staging", "--yes")
    released.write("dull.yaml", "rules: [{answer: Hello.}]")
    args = ("--using", MODEL, "--instead", "scripted/dull.yaml", "--env", "staging")
    result = eval_run(released, *args)
    assert result.exit_code == 1, result.output
    assert "with scripted/dull.yaml" in result.stdout
    assert masked(result.stdout) == snapshot("""\
support/reply 1.0.0 (staging, deployment 1) with scripted/dull.yaml  scripted/dull.yaml  evals/support/reply.yaml
blocked: 32 of 40 samples pass; compared with 1.0.0 (staging, deployment 1) with scripted/answers.yaml
  worse: 100.0% -> 80.0%, -20.0 points (95%: -33.2 to -4.9), 8 of 40 samples differ, p = 0.0078; a loss of 19.1 points is found in 4 of 5 such suites
  tagged 'refunds': worse: 100.0% -> 0.0%, -100.0 points (97.5%: -100.0 to -23.2), 8 of 8 samples differ, p = 0.016
  In about 95 of 100 suites of 40 samples like these, the interval contains the true difference: the loss may be as large as 33.2 points, and anything that affects fewer than 7.2% of inputs, or only inputs unlike these samples, can hide from this suite.
  LOST  s0  [refunds]  the baseline: 1 of 1
      contains: it does not contain 'refund'
      was, is: [-Your refund comes-]{+Hello+}.
  LOST  s1  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s2  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s3  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s4  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s5  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s6  [refunds]  the baseline: 1 of 1  (the same)
  LOST  s7  [refunds]  the baseline: 1 of 1  (the same)

blocked  80 calls, 0.000000 USD, <duration>
""")
    # A suite that fits only the work tree's inputs does not stop the others.
    text = (released.path / "evals/support/reply.yaml").read_text()
    released.write("evals/support/extra.yaml", text.replace("inputs: {q:", "inputs: {ticket:"))
    more = eval_run(released, *args)
    assert more.exit_code == 1
    assert more.stderr == snapshot("""\
warning: support/reply is left out: evals/support/extra.yaml:4:14: input 'q' is missing (and 79 more)
1 suite, 40 samples, 80 trials: 80 calls, 9996 tokens at most
estimated cost 0.0000 USD, highest 0.0000 USD
""")
    none = ("--using", "openai/none", "--instead", "b", "--env", "staging")
    refuse(released, "eval", "run", *none, code=2)
    refuse(released, "eval", "run", "--using", "a", code=2)
    refuse(released, "eval", "run", *args, "--at", "1.0.0", code=2)


@pytest.mark.story
def test_each_live_version_that_names_a_model_is_tried(released: Repo) -> None:
    accept(released, "promote", "support/reply@1.0.0", "--to", "staging", "--yes")
    keys = {"inputs": "{q: string}", "model": "scripted/new.yaml"}
    for minor, model in ((1, "scripted/new.yaml"), (2, MODEL)):
        text = prompt_text(f"1.{minor}.0", body=BODY, **{**keys, "model": model})
        released.write("prompts/support/reply.md", text)
        released.commit()
        accept(released, "release", "support/reply", "--local")
    split = ("support/reply@1.1.0", "--to", "staging", "--share", "10", "--yes")
    accept(released, "promote", *split)
    released.write("new.yaml", "rules: [{answer: Your refund comes. Hello.}]")
    args = ("--instead", "echo/x", "--env", "staging", "--format", "json")
    newer = eval_run(released, "--using", "scripted/new.yaml", *args)
    (found,) = json.loads(newer.stdout)["suites"]
    assert found["change"]["version"] == "1.1.0"
    accept(released, "promote", "support/reply@1.0.0", "--to", "staging", "--yes")
    accept(released, "promote", "support/reply@1.2.0", *split[1:])
    both = eval_run(released, "--using", MODEL, "--record", *args)
    suites = json.loads(both.stdout)["suites"]
    assert [one["change"]["version"] for one in suites] == ["1.0.0", "1.2.0"]
    released.write("answers.yaml", "rules: [{fault: {status: 500}}]")
    again = eval_run(released, "--using", MODEL, "--replay", *args)
    assert again.exit_code == both.exit_code == 1
    assert json.loads(again.stdout)["calls"] == 0


@pytest.mark.slow
def test_a_suite_is_touched_by_what_its_prompt_and_checks_lead_to(released: Repo) -> None:
    route = "[{when: \"'other' in q\", prompt: support/other}]"
    keys = {"inputs": "{q: string}", "model": MODEL}
    released.write("prompts/support/first.md", prompt_text(body="{{ q }}", routes=route, **keys))
    released.write("prompts/support/other.md", prompt_text(body="{{ q }}", **keys))
    sample = "- {name: a, inputs: {q: other}, expect: [{any: [{python: 'tools/polite.py:f'}]}]}\n"
    text = f"schema: promptops.suite/v1\nprompt: support/first\nsamples:\n{sample}"
    released.write("evals/support/first.yaml", text)
    released.write("tools/polite.py", "def f(text, inputs): return True\n")
    released.commit()
    base = released.rev("HEAD")
    assert touched(released, base) == []
    released.write("prompts/support/other.md", prompt_text(body="So: {{ q }}", **keys))
    assert touched(released, base) == ["evals/support/first.yaml"]
    released.write("prompts/support/other.md", prompt_text(body="{{ q }}", **keys))
    released.write("tools/polite.py", "def f(text, inputs): return bool(text)\n")
    assert touched(released, base) == ["evals/support/first.yaml"]


def test_states_are_named_by_selectors(released: Repo) -> None:
    assert refuse(released, "eval", "run", "--changed", "--base", "nowhere", code=2) == snapshot("""\
error: there is no commit nowhere in this repository
 hint: run git fetch, or `git branch --all` to list branches\
""")
    assert refuse(released, "eval", "run", "--at", "support/reply@1.0.0", code=2) == snapshot("""\
error: --at takes a selector alone, not 'support/reply@1.0.0'
 hint: write --at 1.0.0\
""")


@pytest.mark.slow
def test_inputs_that_the_change_adds_are_none_of_the_baseline(released: Repo) -> None:
    keys = {"inputs": "{q: string, tone: string}", "model": MODEL}
    body = BODY.replace("{{ q }}", "{{ q }} {{ tone }}")
    released.write("prompts/support/reply.md", prompt_text("2.0.0", body=body, **keys))
    text = (released.path / "evals/support/reply.yaml").read_text()
    added = text.replace("inputs: {", "inputs: {tone: kind, ")
    released.write("evals/support/reply.yaml", added)
    result = eval_run(released)
    assert result.exit_code == 0
    assert masked(result.stdout) == snapshot("""\
support/reply work tree  scripted/answers.yaml  evals/support/reply.yaml
passed: 40 of 40 samples pass; compared with 1.0.0
  no difference found: 100.0% -> 100.0%, +0.0 points (95%: -6.9 to +6.9), 0 of 40 samples differ, p = 1; a loss of 19.1 points is found in 4 of 5 such suites
  In about 95 of 100 suites of 40 samples like these, the interval contains the true difference: a loss of up to 6.9 points can hide from this suite, and so can anything that affects fewer than 7.2% of inputs, or only inputs unlike these samples.

passed  80 calls, 0.000000 USD, <duration>
""")


@pytest.mark.slow
def test_a_baseline_that_takes_other_inputs_is_not_compared_with(released: Repo) -> None:
    keys = {"inputs": "{ticket: string}", "model": MODEL}
    body = BODY.replace("{{ q }}", "{{ ticket }}")
    released.write("prompts/support/reply.md", prompt_text("2.0.0", body=body, **keys))
    text = (released.path / "evals/support/reply.yaml").read_text()
    released.write("evals/support/reply.yaml", text.replace("inputs: {q:", "inputs: {ticket:"))
    result = eval_run(released)
    assert result.exit_code == 0
    said = "40 of 40 samples cannot be compared: the baseline has other inputs"
    assert said in result.stdout
    released.write("answers.yaml", "rules: [{answer: Hello.}]")
    assert eval_run(released).exit_code == 1
