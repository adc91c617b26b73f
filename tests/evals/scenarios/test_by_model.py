"""Drafts by a model: bounded, checked, without repeats, and named after who made them."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from inline_snapshot import snapshot

from promptops.evals.scenarios.asking import ask_for_scenarios, count_rounds
from promptops.evals.scenarios.collection import (
    CATEGORIES,
)
from tests.cli.running import accept, refuse, run
from tests.evals.scenarios.pieces import WORDS, make_scenario
from tests.prompts import prompt_text, suite_text
from tests.repositories import Repo
from tests.runtime.provider import Provider
from tests.screens import masked
from tests.templates import copy_template

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def script(repo: Repo, answers: Sequence[object]) -> None:
    """A repository with a prompt, a scenario prompt by `init`, and a scripted model."""
    copy_template(build_initiated, repo.path, repo.path.parent.parent)
    texts = [one if isinstance(one, str) else json.dumps({"scenarios": one}) for one in answers]
    rules = {"rules": [{"answers": texts}]}
    repo.write("rules.yaml", yaml.safe_dump(rules))


def build_initiated(folder: Path) -> None:
    """Write the files alone; the repository is that of each test."""
    repo = Repo.init(folder)
    repo.write("prompts/support/triage.md", prompt_text())
    accept(repo, "init", "--evals")
    shutil.rmtree(folder / ".git")


def generate(repo: Repo, *more: str) -> Any:
    return run(repo, "eval", "generate", "support/triage", "--model", "scripted/rules.yaml", *more)


def read_draft(repo: Repo) -> tuple[str, dict[str, Any]]:
    text = (repo.path / "evals/_drafts/support/triage.model.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return text, loaded


@pytest.mark.slow
def test_init_brings_the_prompt_and_a_model_writes_a_draft(repo: Repo) -> None:
    all_kinds = [make_scenario(kind, WORDS[at], kind) for at, kind in enumerate(CATEGORIES)]
    script(repo, [all_kinds[:5], all_kinds[3:]])

    said = generate(repo, "--max", "9")

    assert said.exit_code == 0, said.output
    assert masked(said.stderr) == snapshot("""\
scripted/rules.yaml will be called with evals/scenarios 0.1.0, 4 times at most
estimated cost 0.0000 USD, highest 0.0000 USD
round 1: 5 new of 9 asked for
round 2: 4 new of 4 asked for
left out: 2 duplicates
kinds: 1 ordinary, 1 boundary, 1 missing, 1 contradictory, 1 ambiguous, 1 language, 1 long, 1 hostile, 1 several
2 calls, 0.0000 USD
9 samples drafted in evals/_drafts/support/triage.model.yaml; review them before they count
""")
    text, suite = read_draft(repo)
    assert masked(text) == snapshot("""\
# A draft that counts for nothing, for support/triage 1.0.0
# (<digest>),
# made by scripted/rules.yaml with evals/scenarios 0.1.0 (<digest>) on <time> UTC.
# Review each sample, write down what the answer must say, and move the good ones into the suite.
schema: promptops.suite/v1
prompt: support/triage
description: Drafted by scripted/rules.yaml with evals/scenarios 0.1.0 (<digest>)
  on <time> UTC, for support/triage 1.0.0.
samples:
- name: ordinary
  tags:
  - generated
  - by-model
  - ordinary
  inputs:
    question: apple
  expect:
  - length:
      min: 1
  - rubric:
    - It answers ordinary.
- name: boundary
  tags:
  - generated
  - by-model
  - boundary
  inputs:
    question: river
  expect:
  - length:
      min: 1
  - rubric:
    - It answers boundary.
- name: missing
  tags:
  - generated
  - by-model
  - missing
  inputs:
    question: stone
  expect:
  - length:
      min: 1
  - rubric:
    - It answers missing.
- name: contradictory
  tags:
  - generated
  - by-model
  - contradictory
  inputs:
    question: cloud
  expect:
  - length:
      min: 1
  - rubric:
    - It answers contradictory.
- name: ambiguous
  tags:
  - generated
  - by-model
  - ambiguous
  inputs:
    question: tiger
  expect:
  - length:
      min: 1
  - rubric:
    - It answers ambiguous.
- name: language
  tags:
  - generated
  - by-model
  - language
  inputs:
    question: piano
  expect:
  - length:
      min: 1
  - rubric:
    - It answers language.
- name: long
  tags:
  - generated
  - by-model
  - long
  inputs:
    question: bread
  expect:
  - length:
      min: 1
  - rubric:
    - It answers long.
- name: hostile
  tags:
  - generated
  - by-model
  - hostile
  inputs:
    question: lemon
  expect:
  - length:
      min: 1
  - rubric:
    - It answers hostile.
- name: several
  tags:
  - generated
  - by-model
  - several
  inputs:
    question: chair
  expect:
  - length:
      min: 1
  - rubric:
    - It answers several.
""")
    assert "UTC" in suite["description"]
    assert "for support/triage 1.0.0" in suite["description"]
    tags = {one["tags"][-1] for one in suite["samples"]}
    assert tags == set(CATEGORIES)
    assert suite["samples"][0]["expect"][-1] == {"rubric": ["It answers ordinary."]}
    assert '"errors": 0' in accept(repo, "validate", "--format", "json")
    (repo.path / "evals/_drafts/support/triage.model.yaml").rename(repo.path / "evals/t.yaml")
    assert '"errors": 0' in accept(repo, "validate", "--format", "json")


def test_the_second_init_changes_nothing(repo: Repo) -> None:
    script(repo, [])
    before = repo.path.joinpath("promptops.toml").read_text()

    said = accept(repo, "init", "--evals")

    assert masked(said) == snapshot("""\
kept  promptops.toml (exists already)
kept  prompts/ (has 2 prompts already)
kept  .github/CODEOWNERS (has owners for the prompts)
kept  .github/workflows/promptops.yml (exists already)
kept  .github/workflows/promptops-review.yml (exists already)
kept  .github/workflows/promptops-evals.yml (exists already)
kept  promptops.toml (names a scenario prompt already)
kept  .pre-commit-config.yaml (has a promptops hook)
""")
    assert before == repo.path.joinpath("promptops.toml").read_text()
    assert 'scenarios = "evals/scenarios"' in before


def test_a_table_for_evals_is_not_touched(repo: Repo) -> None:
    repo.write("promptops.toml", "[eval]\nconcurrency = 2\n")

    said = accept(repo, "init", "--evals")

    assert 'scenarios = "evals/scenarios"' in said
    assert masked(repo.path.joinpath("promptops.toml").read_text()) == snapshot("""\
[eval]
concurrency = 2
""")


def test_answers_that_cannot_be_used_cost_a_round(repo: Repo) -> None:
    script(repo, ["nonsense", [make_scenario("one", "apple")], "[]"])

    said = generate(repo, "--max", "1")

    assert said.exit_code == 0, said.output
    assert masked(said.stderr) == snapshot("""\
scripted/rules.yaml will be called with evals/scenarios 0.1.0, 4 times at most
estimated cost 0.0000 USD, highest 0.0000 USD
round 1: 0 new of 1 asked for: the answer is not JSON: Expecting value: line 1 column 1 (char 0)
round 2: 1 new of 1 asked for
round 3: 0 new of 1 asked for: the answer does not match the output schema: the answer: [] is not of type "object"
round 4: 0 new of 1 asked for: the answer does not match the output schema: the answer: [] is not of type "object"
kinds: 1 ordinary
missing kinds: boundary, missing, contradictory, ambiguous, language, long, hostile, several
4 calls, 0.0000 USD
1 sample drafted in evals/_drafts/support/triage.model.yaml; review them before they count
""")


def test_a_model_that_never_answers_in_form_writes_nothing(repo: Repo) -> None:
    script(repo, ['{"scenarios": 7}'])

    said = refuse(
        repo, "eval", "generate", "support/triage", "--model", "scripted/rules.yaml", code=2
    )

    assert masked(said) == snapshot("""\
scripted/rules.yaml will be called with evals/scenarios 0.1.0, 6 times at most
estimated cost 0.0000 USD, highest 0.0000 USD
round 1: 0 new of 20 asked for: the answer does not match the output schema: scenarios: 7 is not of type "array"
round 2: 0 new of 20 asked for: the answer does not match the output schema: scenarios: 7 is not of type "array"
2 calls, 0.0000 USD
error: no scenarios were drafted
 hint: see the lines above, or try another model\
""")
    assert not (repo.path / "evals/_drafts").exists()


def test_asking_is_bounded(repo: Repo) -> None:
    script(repo, [[make_scenario(f"s{number}", WORDS[number])] for number in range(10)])

    said = generate(repo, "--max", "40")

    assert said.exit_code == 0, said.output
    assert masked(said.stderr) == snapshot("""\
scripted/rules.yaml will be called with evals/scenarios 0.1.0, 5 times at most
estimated cost 0.0000 USD, highest 0.0000 USD
round 1: 1 new of 20 asked for
round 2: 1 new of 20 asked for
round 3: 1 new of 20 asked for
round 4: 1 new of 20 asked for
round 5: 1 new of 20 asked for
kinds: 5 ordinary
missing kinds: boundary, missing, contradictory, ambiguous, language, long, hostile, several
5 calls, 0.0000 USD
5 samples drafted in evals/_drafts/support/triage.model.yaml; review them before they count
""")
    assert len(read_draft(repo)[1]["samples"]) == count_rounds(40)


def test_a_fault_of_the_model_keeps_what_came_before(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promptops.runtime.run.steps.delay_seconds", lambda *_: 0.0)
    script(repo, [])
    first = json.dumps({"scenarios": [make_scenario("one", "apple")]})
    rules = [
        {"when": {"count": 1}, "answer": first},
        {"fault": {"status": 500, "message": "down\nfor good"}},
    ]
    repo.write("rules.yaml", yaml.safe_dump({"rules": rules}))

    said = generate(repo)

    assert said.exit_code == 0, said.output
    assert masked(said.stderr) == snapshot("""\
scripted/rules.yaml will be called with evals/scenarios 0.1.0, 6 times at most
estimated cost 0.0000 USD, highest 0.0000 USD
round 1: 1 new of 20 asked for
kinds: 1 ordinary
missing kinds: boundary, missing, contradictory, ambiguous, language, long, hostile, several
warning: ended early: scripted/rules.yaml: the provider answered with an error (500): down for good
6 calls, 0.0000 USD
1 sample drafted in evals/_drafts/support/triage.model.yaml; review them before they count
""")
    assert len(read_draft(repo)[1]["samples"]) == 1


def test_a_model_that_cannot_be_asked_is_the_error(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(repo, [])
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    said = refuse(repo, "eval", "generate", "support/triage", "--model", "openai/gpt-4o", code=2)

    capped = run(
        repo,
        *("eval", "generate", "support/triage"),
        *("--model", "openai/gpt-4o", "--max-cost", "0.000001"),
    )

    assert masked(said) == snapshot("""\
openai/gpt-4o will be called with evals/scenarios 0.1.0, 6 times at most
estimated cost 0.0694 USD, highest 0.2755 USD
error: openai/gpt-4o: no key: OPENAI_API_KEY is not set
 hint: export OPENAI_API_KEY=... where promptops runs\
""")
    assert capped.exit_code != 0
    assert " hint: raise --max-cost" in capped.stderr
    assert "--resume" not in capped.stderr


def test_a_cut_off_answer_asks_for_less(repo: Repo) -> None:
    script(repo, [])
    cut = {"answer": '{"scenarios": [', "finish": "length"}
    good = {"data": {"scenarios": [make_scenario("one", "apple")]}}
    repo.write("rules.yaml", yaml.safe_dump({"rules": [{"answers": [cut, good]}]}))

    said = generate(repo, "--max", "8")

    assert masked(said.stderr) == snapshot("""\
scripted/rules.yaml will be called with evals/scenarios 0.1.0, 4 times at most
estimated cost 0.0000 USD, highest 0.0000 USD
round 1: 0 new of 8 asked for: the answer is incomplete: it ended with 'length'
round 2: 1 new of 4 asked for
round 3: 0 new of 4 asked for
round 4: 0 new of 4 asked for
left out: 2 duplicates
kinds: 1 ordinary
missing kinds: boundary, missing, contradictory, ambiguous, language, long, hostile, several
4 calls, 0.0000 USD
1 sample drafted in evals/_drafts/support/triage.model.yaml; review them before they count
""")


def test_the_plan_asks_nobody(repo: Repo) -> None:
    script(repo, [[make_scenario("one", "apple")]])

    said = generate(repo, "--dry-run", "--max", "40")
    by_schema = run(repo, "eval", "generate", "support/triage", "--dry-run")

    assert said.exit_code == by_schema.exit_code == 0
    assert masked(said.stderr) == snapshot("""\
scripted/rules.yaml will be called with evals/scenarios 0.1.0, 5 times at most
estimated cost 0.0000 USD, highest 0.0000 USD
""")
    assert "would draft" in by_schema.stderr
    assert not (repo.path / "evals/_drafts").exists()


def test_the_cap_ends_it_before_it_costs_more(repo: Repo) -> None:
    script(repo, [])
    settings = repo.path.joinpath("promptops.toml").read_text()
    with Provider() as provider:
        table = f'base_url = "{provider.base_url}"\ninput_price = 1\noutput_price = 10\n'
        repo.write("promptops.toml", f"{settings}\n[models.near]\n{table}")
        for word in ("apple", "river", "stone"):
            answer = json.dumps({"scenarios": [make_scenario(word, word)]})
            provider.reply(text=answer, usage={"prompt_tokens": 500, "completion_tokens": 3000})

        # A question costs at most 0.032 USD, and each answer 0.0305.
        said = generate(repo, "--model", "near", "--max", "9", "--max-cost", "0.07")
        number = len(provider.requests)

    assert said.exit_code == 0, said.output
    assert masked(said.stderr) == snapshot("""\
near will be called with evals/scenarios 0.1.0, 4 times at most
estimated cost 0.0345 USD, highest 0.1373 USD
the cap of 0.0700 USD may end it early; finished samples are kept
round 1: 1 new of 9 asked for
round 2: 1 new of 8 asked for
kinds: 2 ordinary
missing kinds: boundary, missing, contradictory, ambiguous, language, long, hostile, several
warning: ended early: another call of near could exceed the cap of 0.070000 USD
2 calls, 0.0610 USD
2 samples drafted in evals/_drafts/support/triage.model.yaml; review them before they count
""")
    assert number == len(read_draft(repo)[1]["samples"]) == 2


def test_the_limits_of_evals_end_it_too(repo: Repo) -> None:
    script(repo, [])
    settings = repo.path.joinpath("promptops.toml").read_text()
    with Provider() as provider:
        table = f'base_url = "{provider.base_url}"\ninput_price = 1\noutput_price = 10\n'
        limit = "[guards.environments.eval]\nspend_per_day = 0.05\n"
        repo.write("promptops.toml", f"{settings}\n[models.near]\n{table}{limit}")
        answer = json.dumps({"scenarios": [make_scenario("one", "apple")]})
        provider.always(text=answer, usage={"prompt_tokens": 500, "completion_tokens": 3000})

        said = generate(repo, "--model", "near", "--max", "9")

        assert len(provider.requests) == 1
    assert said.exit_code == 0, said.output
    assert masked(said.stderr) == snapshot("""\
near will be called with evals/scenarios 0.1.0, 4 times at most
estimated cost 0.0345 USD, highest 0.1373 USD
round 1: 1 new of 9 asked for
kinds: 1 ordinary
missing kinds: boundary, missing, contradictory, ambiguous, language, long, hostile, several
warning: ended early: guards.environments.eval.spend_per_day is 0.05 USD: 0.0305 USD are spent or reserved, and this call may take 0.032021 USD
1 call, 0.0305 USD
1 sample drafted in evals/_drafts/support/triage.model.yaml; review them before they count
""")
    assert len(read_draft(repo)[1]["samples"]) == 1


@pytest.mark.slow
def test_the_embedding_model_finds_repeats(repo: Repo) -> None:
    same = [
        make_scenario("one", "The parcel never came and nobody answers the phone", "boundary"),
        make_scenario("two", "and nobody answers the phone the parcel never came", "boundary"),
    ]
    script(repo, [same])
    settings = repo.path.joinpath("promptops.toml").read_text()
    generate(repo, "--max", "2")
    without = read_draft(repo)[1]["samples"]
    (repo.path / "evals/_drafts/support/triage.model.yaml").unlink()
    repo.write("promptops.toml", f'{settings}embedding = "echo/words"\n')

    generate(repo, "--max", "2")

    assert len(without) == 2
    assert len(read_draft(repo)[1]["samples"]) == 1


def test_what_was_written_before_an_interrupt_is_kept(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(repo, [[make_scenario("one", "apple")]])
    asked = ask_for_scenarios

    async def interrupt(*args: Any, **options: Any) -> None:
        await asked(*args, **{**options, "rounds": 1})
        raise KeyboardInterrupt

    monkeypatch.setattr("promptops.evals.scenarios.by_model.ask_for_scenarios", interrupt)

    said = generate(repo)

    assert said.exit_code == 130, said.output
    assert masked(said.stderr) == snapshot("""\
scripted/rules.yaml will be called with evals/scenarios 0.1.0, 6 times at most
estimated cost 0.0000 USD, highest 0.0000 USD
round 1: 1 new of 20 asked for
kinds: 1 ordinary
missing kinds: boundary, missing, contradictory, ambiguous, language, long, hostile, several
warning: ended early: interrupted
1 call, 0.0000 USD
1 sample drafted in evals/_drafts/support/triage.model.yaml; review them before they count
""")
    assert len(read_draft(repo)[1]["samples"]) == 1


def test_samples_of_the_suite_are_not_repeated(repo: Repo) -> None:
    script(repo, [[make_scenario("again", "Why?"), make_scenario("new", "apple")]])
    repo.write("evals/support/triage.yaml", suite_text("support/triage"))

    said = generate(repo, "--max", "2")

    assert masked(said.stderr) == snapshot("""\
scripted/rules.yaml will be called with evals/scenarios 0.1.0, 4 times at most
estimated cost 0.0000 USD, highest 0.0000 USD
round 1: 1 new of 2 asked for
round 2: 0 new of 2 asked for
round 3: 0 new of 2 asked for
left out: 5 duplicates
kinds: 1 ordinary
missing kinds: boundary, missing, contradictory, ambiguous, language, long, hostile, several
3 calls, 0.0000 USD
1 sample drafted in evals/_drafts/support/triage.model.yaml; review them before they count
""")
    assert [one["name"] for one in read_draft(repo)[1]["samples"]] == ["new"]


def test_a_hostile_answer_cannot_leave_the_comment_or_reach_the_terminal(repo: Repo) -> None:
    script(repo, [])
    one = make_scenario("\x1b[31mred\nprompt: other", "\x1b]0;x\x07")
    reply = {"data": {"scenarios": [one, {"name": "\x1b[2J"}]}, "model": "m\nsamples: []"}
    repo.write("rules.yaml", yaml.safe_dump({"rules": [reply]}))

    said = generate(repo, "--max", "1")

    assert "\x1b" not in said.output
    text, suite = read_draft(repo)
    assert suite["prompt"] == "support/triage"
    assert len(suite["samples"]) == 1
    assert "\nsamples: []" not in text


def test_text_that_no_file_can_hold_costs_a_round(repo: Repo) -> None:
    script(repo, [[make_scenario("broken", "\ud800")], [make_scenario("good", "y")]])

    said = generate(repo, "--max", "1")

    assert said.exit_code == 0, said.output
    assert masked(said.stderr) == snapshot("""\
scripted/rules.yaml will be called with evals/scenarios 0.1.0, 4 times at most
estimated cost 0.0000 USD, highest 0.0000 USD
round 1: 0 new of 1 asked for: the answer is not JSON in UTF-8: \\ud800 is half of a character
round 2: 1 new of 1 asked for
round 3: 0 new of 1 asked for
round 4: 0 new of 1 asked for
left out: 2 duplicates
kinds: 1 ordinary
missing kinds: boundary, missing, contradictory, ambiguous, language, long, hostile, several
4 calls, 0.0000 USD
1 sample drafted in evals/_drafts/support/triage.model.yaml; review them before they count
""")
    assert [one["name"] for one in read_draft(repo)[1]["samples"]] == ["good"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--prompt", "support/triage"), "is not a scenario prompt: it has no input 'prompt'"),
        (("--prompt", "nobody/there"), "nobody/there"),
        (("--prompt", "evals/scenarios@9.9.9"), "has no release"),
        (("--max", "501"), "at most 500"),
        (("--model", "scripted/none.yaml"), "none.yaml"),
        (("--model", "nobody"), "nobody"),
        (("-o", "promptops.toml"), "already exists"),
    ],
)
def test_a_wrong_request_asks_nobody(repo: Repo, more: tuple[str, ...], told: str) -> None:
    script(repo, [[make_scenario("one", "apple")]])

    result = generate(repo, *more)

    assert result.exit_code != 0
    assert told in result.stderr
    assert "round 1" not in result.stderr
    assert "Traceback" not in result.output


def test_without_a_scenario_prompt_it_says_what_brings_one(repo: Repo) -> None:
    repo.write("prompts/support/triage.md", prompt_text())

    said = refuse(repo, "eval", "generate", "support/triage", "--model", "echo/x", code=2)

    assert masked(said) == snapshot("""\
error: no scenario prompt is configured
 hint: create one with promptops init --evals, or set scenarios in [eval] or --prompt\
""")
    assert "--max-cost" in refuse(
        repo, "eval", "generate", "support/triage", "--max-cost", "1", code=2
    )
