"""What a run consists of: its suites, samples, models and baselines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import NotFoundError, UsageError
from promptops.evals.preparation import NONE, SuiteChoice, check_choice, list_checks, prepare
from promptops.prompt.suite.suite import Check, Sample, Turn
from promptops.repository.repository import open_repository
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from promptops.evals.preparation import Preparation
    from tests.repositories import Repo


@pytest.mark.parametrize(
    ("choice", "fault"),
    [
        ({"at": "ask@1.0.0"}, "--at takes a selector alone"),
        ({"against": "ask@latest"}, "--against takes a selector alone"),
        ({"using": "a/b"}, "--using and --instead must be used together"),
        ({"instead": "a/b"}, "--using and --instead must be used together"),
        ({"environment": "staging"}, "--env needs --using"),
        ({"using": "a/b", "instead": "a/b"}, "name the same model"),
        ({"using": "a/b", "instead": "a/c", "at": "latest"}, "compares two models on what is live"),
        ({"using": "a/b", "instead": "a/c", "models": ("m",)}, "compares two models on what is"),
        (
            {"using": "a/b", "instead": "a/c", "changed_since": "main"},
            "compares two models on what",
        ),
    ],
)
def test_a_choice_that_contradicts_itself_is_refused(choice: dict[str, Any], fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        check_choice(SuiteChoice(**choice))


def test_a_choice_that_fits_together_is_accepted() -> None:
    check_choice(SuiteChoice(at="1.0.0", against=NONE, models=("m",), changed_since="main"))
    check_choice(SuiteChoice(using="a/b", instead="a/c", environment="staging"))


def test_the_checks_of_turns_are_checks_of_the_sample() -> None:
    checks = [Check("contains", letter) for letter in "abc"]
    turns = (Turn("And?", (checks[1], checks[2])), Turn("So?"))
    assert list_checks(Sample("a", {}, (checks[0],), turns=turns)) == tuple(checks)


@pytest.fixture
def project(repo: Repo) -> Repo:
    """Two prompts with suites of five and two samples."""
    for name, count, more in (("ask", 5, ""), ("sum", 2, "models: [house/one, house/two]\n")):
        repo.write(f"prompts/{name}.md", prompt_text(model="house/own"))
        samples = "".join(
            f"- {{name: {name} {number}, inputs: {{question: Why?}}, expect: [{{contains: a}}]}}\n"
            for number in range(count)
        )
        text = f"schema: promptops.suite/v1\nprompt: {name}\n{more}samples:\n{samples}"
        repo.write(f"evals/{name}.yaml", text)
    return repo


def prepared(repo: Repo, **choice: Any) -> Preparation:
    """Prepare a run; git is only asked for a baseline by who wants one."""
    return prepare(open_repository(repo.path), SuiteChoice(**{"against": NONE, **choice}))


def list_samples(found: Preparation) -> list[str]:
    return [sample.name for part in found.parts for sample in part.samples]


def test_a_suite_asks_its_own_models_or_that_of_its_prompt(project: Repo) -> None:
    ask, two = prepared(project).parts
    assert (ask.models, ask.follows) == (("house/own",), True)
    assert (two.models, two.follows) == (("house/one", "house/two"), False)
    (named,) = prepared(project, names=("ask",), models=("house/other",)).parts
    assert (named.models, named.follows) == (("house/other",), False)


@pytest.mark.parametrize(
    ("against", "why"),
    [(None, "nothing is live or released"), (NONE, "no baseline was requested")],
)
def test_without_a_baseline_it_says_why(project: Repo, against: str | None, why: str) -> None:
    for part in prepared(project, against=against).parts:
        assert (part.baseline, part.no_baseline) == (None, why)


def test_a_baseline_that_was_named_has_to_be_there(project: Repo) -> None:
    with pytest.raises(NotFoundError):
        prepared(project, against="1.0.0")


def test_shards_are_dealt_every_sample_once(project: Repo) -> None:
    whole = list_samples(prepared(project))
    shards = [list_samples(prepared(project, shard=(number, 3))) for number in (1, 2, 3)]
    assert sorted(name for shard in shards for name in shard) == sorted(whole)
    assert [len(shard) for shard in shards] == [3, 2, 2]
    assert shards[0] == whole[::3]
    with pytest.raises(UsageError, match="there are no samples to run"):
        prepared(project, shard=(9, 9))


def test_samples_are_chosen_by_name(project: Repo) -> None:
    assert list_samples(prepared(project, only=("ask 2", "sum 0"))) == ["ask 2", "sum 0"]
    with pytest.raises(NotFoundError, match="no suite has a sample 'ask 9'"):
        prepared(project, only=("ask 2", "ask 9"))


def test_both_sides_of_noise_ask_the_same_prompt_apart(project: Repo) -> None:
    suite = project.path / "evals/sum.yaml"
    suite.write_text(suite.read_text() + "defaults: {trials: 3}\n")
    (part,) = prepared(project, names=("sum",), is_noise=True).parts
    assert part.baseline is part.change
    assert part.baseline_offset == 3


def test_a_check_that_needs_a_judge_is_refused_without_one(project: Repo) -> None:
    suite = project.path / "evals/sum.yaml"
    suite.write_text(suite.read_text().replace("contains: a", "any: [{rubric: It is kind.}]"))
    with pytest.raises(UsageError, match="checks of 'sum 0' need a judge"):
        prepared(project)
    suite.write_text(suite.read_text() + "judge: judge\n")
    assert len(prepared(project).parts) == 2


def test_a_run_has_cassettes_only_if_each_suite_has_one(project: Repo) -> None:
    entry = (
        '{"sample": "ask 0", "model": "house/own", "side": "change", "trial": 1,'
        ' "request": "00", "text": "a", "finish": "stop", "usage": [1, 1, 0, "measured"],'
        ' "seconds": 1.0, "cost_micros": 1, "tool_calls": []}\n'
    )
    head = '{"schema": "promptops.cassette/v1", "prompt": "ask"}\n'
    project.write("evals/ask.cassette.jsonl", head + entry)
    found = prepared(project)
    assert [len(part.tape) for part in found.parts] == [1, 0]
    assert not found.has_cassettes
    assert prepared(project, names=("ask",)).has_cassettes
