"""Drafts by a model: bounded, checked, without repeats, and named after who made them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from promptops.evals.scenarios.asking import ask_for_scenarios, count_rounds
from promptops.evals.scenarios.collection import (
    CATEGORIES,
    ScenarioCollection,
    describe_refused,
)
from promptops.evals.scenarios.drafting import write_draft
from promptops.evals.scenarios.likeness import are_alike, take_print
from promptops.repository.repository import find_prompt, open_repository
from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text, suite_text
from tests.runtime.provider import Provider
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.repositories import Repo

WORDS = ("apple", "river", "stone", "cloud", "tiger", "piano", "bread", "lemon", "chair", "candle")


def scenario(name: str, question: object, category: str = "ordinary") -> dict[str, Any]:
    criteria = [f"It answers {name}."]
    return {
        "name": name,
        "category": category,
        "inputs": {"question": question},
        "criteria": criteria,
    }


def collect(repo: Repo, limit: int = 5, inputs: str = "{question: string}") -> ScenarioCollection:
    repo.write("prompts/support/triage.md", prompt_text(inputs=inputs))
    prompt = find_prompt(open_repository(repo.path).working, "support/triage", where="here")
    return ScenarioCollection(prompt, limit)


def script(repo: Repo, answers: Sequence[object]) -> None:
    """A repository with a prompt, a scenario prompt by `init`, and a scripted model."""
    repo.write("prompts/support/triage.md", prompt_text())
    accept(repo, "init", "--evals")
    texts = [one if isinstance(one, str) else json.dumps({"scenarios": one}) for one in answers]
    rules = {"rules": [{"answers": texts}]}
    repo.write("rules.yaml", yaml.safe_dump(rules))


def generate(repo: Repo, *more: str) -> Any:
    return run(repo, "eval", "generate", "support/triage", "--model", "scripted/rules.yaml", *more)


def read_draft(repo: Repo) -> tuple[str, dict[str, Any]]:
    text = (repo.path / "evals/_drafts/support/triage.model.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return text, loaded


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        ({"q": "Where is my parcel?"}, {"q": "where is my  parcel"}, True),
        ({"q": "Where is my parcel now today"}, {"q": "Where is my parcel now"}, True),
        ({"q": "Where is my parcel?"}, {"q": "Where is my money?"}, False),
        ({"q": "Where is my parcel?", "n": 1}, {"q": "Where is my parcel?", "n": 2}, False),
        ({"q": "a b c d e"}, {"q": "e d c b a"}, False),
        ({"q": "我的包裹在哪里呢今天"}, {"q": "我的包裹在哪里呢"}, True),
        ({"q": "?!"}, {"q": "..."}, False),
        ({"q": ""}, {"q": ""}, True),
        ({"q": {"a": ["x"]}}, {"q": {"a": ["x"]}}, True),
        ({"n": 1}, {"n": True}, False),
    ],
)
def test_inputs_are_alike_or_not(
    one: dict[str, Any], other: dict[str, Any], *, is_alike: bool
) -> None:
    assert are_alike(take_print(one), take_print(other)) is is_alike
    assert are_alike(take_print(other), take_print(one)) is is_alike


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_likeness_is_what_rapidfuzz_says(one: list[str], other: list[str]) -> None:
    levenshtein = pytest.importorskip("rapidfuzz.distance.Levenshtein")
    first, second = take_print({"q": " ".join(one)}), take_print({"q": " ".join(other)})
    distance = levenshtein.distance(one, other)
    assert are_alike(first, second) is (distance <= max(len(one), len(other)) * 0.2)


def test_what_is_not_valid_is_left_out_and_named(repo: Repo) -> None:
    collection = collect(repo, inputs="{question: {type: string, maxLength: 10}}")
    good = scenario("good", "Why?")
    bad: list[Any] = [
        "text",
        {**good, "name": " "},
        {**good, "name": ["x"]},
        {**good, "criteria": []},
        {**good, "inputs": {"other": 1}},
        {**good, "inputs": []},
        scenario("long", "a" * 11),
        {**good, "more": "x" * 200_001},
        {"name": "bare"},
    ]

    assert collection.check([good, *bad]) == [good]
    assert len(collection.refused) == len(bad)
    reasons = [one.reason for one in collection.refused]
    assert "'inputs'" in reasons[-1] or "required" in reasons[-1]
    assert collection.refused[6].name == "long"
    assert all(reasons)


def test_a_draft_takes_from_each_category_in_turn(repo: Repo) -> None:
    collection = collect(repo, limit=3)
    ordinary = [scenario(f"o{number}", WORDS[number]) for number in range(5)]
    rest = [scenario("h", "candle"), scenario("l", "chair")]
    rest[0]["category"], rest[1]["category"] = " Hostile ", "nobody knows"

    assert collection.add(ordinary + rest) == 7
    assert [one.tags[-1] for one in collection.choose()] == ["ordinary", "hostile", "other"]
    assert collection.wanted == 3  # categories are missing, as many as the draft may have
    assert "hostile" not in collection.missing


def test_embeddings_find_what_means_the_same_in_one_category(repo: Repo) -> None:
    collection = collect(repo)
    vectors = [[1.0, 0.0], [0.99, 0.01], [0.99, 0.01], [0.0, 1.0]]
    scenarios = [
        scenario("one", "Where is my parcel?"),
        scenario("same", "Has my package arrived yet?"),
        scenario("translated", "Wo ist mein Paket?", "language"),
        scenario("else", "Cancel my order."),
    ]

    assert collection.add(scenarios, vectors) == 3
    assert collection.repeated == ["same"]


def test_equal_names_are_told_apart(repo: Repo) -> None:
    collection = collect(repo)

    collection.add([scenario("same", "apple"), scenario("same", "river")])

    assert [one.name for one in collection.choose()] == ["same", "same (2)"]


def test_init_brings_the_prompt_and_a_model_writes_a_draft(repo: Repo) -> None:
    all_kinds = [scenario(kind, WORDS[at], kind) for at, kind in enumerate(CATEGORIES)]
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
    script(repo, ["nonsense", [scenario("one", "apple")], "[]"])

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
    script(repo, [[scenario(f"s{number}", WORDS[number])] for number in range(10)])

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


def test_a_fault_of_the_model_keeps_what_came_before(repo: Repo) -> None:
    script(repo, [])
    first = json.dumps({"scenarios": [scenario("one", "apple")]})
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
    good = {"data": {"scenarios": [scenario("one", "apple")]}}
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
    script(repo, [[scenario("one", "apple")]])

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
            answer = json.dumps({"scenarios": [scenario(word, word)]})
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
        answer = json.dumps({"scenarios": [scenario("one", "apple")]})
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


def test_the_embedding_model_finds_repeats(repo: Repo) -> None:
    same = [
        scenario("one", "The parcel never came and nobody answers the phone", "boundary"),
        scenario("two", "and nobody answers the phone the parcel never came", "boundary"),
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
    script(repo, [[scenario("one", "apple")]])
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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "name": JSON,
        "category": JSON,
        "inputs": st.fixed_dictionaries({}, optional={"question": JSON}) | JSON,
        "criteria": st.lists(st.text(max_size=9), max_size=3) | JSON,
    },
)


def test_whatever_a_model_says_is_kept_or_named(repo: Repo) -> None:
    prompt = collect(repo).prompt

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(answers=st.lists(NEARLY | JSON, max_size=4))
    def check(answers: list[Any]) -> None:
        collection = ScenarioCollection(prompt, 5)
        good = collection.check(answers)
        new = collection.add(good)
        assert len(good) + len(collection.refused) == len(answers)
        assert new + len(collection.repeated) == len(good)
        assert len(describe_refused(collection.refused)) == len(collection.refused)
        text = write_draft(prompt, collection.choose(), "by a test")
        assert len(yaml.safe_load(text)["samples"]) == min(new, 5)

    check()


def test_samples_of_the_suite_are_not_repeated(repo: Repo) -> None:
    script(repo, [[scenario("again", "Why?"), scenario("new", "apple")]])
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
    one = scenario("\x1b[31mred\nprompt: other", "\x1b]0;x\x07")
    reply = {"data": {"scenarios": [one, {"name": "\x1b[2J"}]}, "model": "m\nsamples: []"}
    repo.write("rules.yaml", yaml.safe_dump({"rules": [reply]}))

    said = generate(repo, "--max", "1")

    assert "\x1b" not in said.output
    text, suite = read_draft(repo)
    assert suite["prompt"] == "support/triage"
    assert len(suite["samples"]) == 1
    assert "\nsamples: []" not in text


def test_text_that_no_file_can_hold_costs_a_round(repo: Repo) -> None:
    script(repo, [[scenario("broken", "\ud800")], [scenario("good", "y")]])

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
    script(repo, [[scenario("one", "apple")]])

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
