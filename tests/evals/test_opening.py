"""What a run is opened with: the source of its answers, its judge, its cap, its limits."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from promptops.evals.opening import (
    JOURNALS,
    EvalOptions,
    choose_mode,
    find_judge,
    forget_answers,
    judge_counts,
    open_prices,
    open_tools,
)
from promptops.evals.preparation import Preparation, SuitePart
from promptops.evals.question import Mode
from promptops.evals.result import TrialState
from promptops.evals.tape import NO_ANSWER, Tape, TapeEntry, TapeKey, TapePlace
from promptops.prompt.suite.suite import Sample, Suite
from promptops.repository.repository import open_repository
from tests.evals.pieces import resolve
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from promptops.repository.repository import Repository
    from tests.repositories import Repo

STATE = TrialState("work tree", "1.0.0", "sha256:0")
ENTRY = TapeEntry(TapeKey("00", 1), TapePlace("a", "m", "change"), NO_ANSWER, 0.0, 0)
KEYS = {"OPENAI_API_KEY": "k"}
OPENAI, ANTHROPIC = "openai/gpt-4o", "anthropic/claude-sonnet-4-5"


def make_part(
    *models: str, recorded: bool = True, baseline: str | None = None, judge: str | None = None
) -> SuitePart:
    tape = Tape("a", [ENTRY] if recorded else [])
    samples = (Sample("a", {}),)
    suite = Suite("evals/ask.yaml", "ask", samples, judge=judge)
    return SuitePart(
        suite, "", resolve(), STATE, models, samples, tape, "a", baseline_model=baseline
    )


@pytest.fixture
def opened(repo: Repo) -> Repository:
    return open_repository(repo.path)


def choose(
    opened: Repository,
    *parts: SuitePart,
    options: EvalOptions | None = None,
    keys: dict[str, str] | None = None,
) -> Mode:
    has_all = all(len(part.tape) for part in parts)
    return choose_mode(Preparation(parts, has_all), opened, options or EvalOptions(), keys or {})


def test_models_are_asked_where_their_keys_are(opened: Repository) -> None:
    assert choose(opened, make_part(OPENAI), keys=KEYS) is Mode.LIVE
    assert choose(opened, make_part("echo/words")) is Mode.LIVE


def test_cassettes_are_read_where_a_key_is_missing(opened: Repository) -> None:
    assert choose(opened, make_part(OPENAI)) is Mode.REPLAY
    assert choose(opened, make_part(OPENAI, ANTHROPIC), keys=KEYS) is Mode.REPLAY
    assert choose(opened, make_part(OPENAI, baseline=ANTHROPIC), keys=KEYS) is Mode.REPLAY


def test_a_suite_without_a_cassette_is_asked_unless_no_key_is_there(opened: Repository) -> None:
    some = (make_part(OPENAI), make_part(ANTHROPIC, recorded=False))
    assert choose(opened, *some, keys=KEYS) is Mode.LIVE
    assert choose(opened, *some) is Mode.REPLAY
    assert choose(opened, make_part(OPENAI, recorded=False)) is Mode.LIVE


def test_a_wish_comes_before_what_is_there(opened: Repository) -> None:
    part = make_part(OPENAI)
    assert choose(opened, part, options=EvalOptions(mode=Mode.RECORD)) is Mode.RECORD
    assert choose(opened, part, options=EvalOptions(stand_in="echo/words")) is Mode.LIVE


@pytest.fixture
def judged(repo: Repo) -> Repo:
    """A repository with two judges, of which one is configured."""
    for name in ("judge", "strict"):
        repo.write(f"prompts/{name}.md", prompt_text(model="house/judge"))
    repo.write("promptops.toml", '[eval]\njudge = "judge@working"\nagreement = 0.6\n')
    return repo


def test_a_suite_may_have_another_judge_than_the_configured_one(judged: Repo) -> None:
    opened = open_repository(judged.path)
    configured = find_judge(opened, make_part())
    own = find_judge(opened, make_part(judge="strict@working"))
    assert configured is not None
    assert own is not None
    assert (configured.name, own.name) == ("judge", "strict")
    judged.write("promptops.toml", "")
    assert find_judge(open_repository(judged.path), make_part()) is None


@pytest.mark.parametrize(("kappa", "counts"), [(0.6, True), (0.59, False), (None, False)])
def test_a_judge_counts_if_it_agrees_enough(
    judged: Repo, kappa: float | None, counts: bool
) -> None:
    opened = open_repository(judged.path)
    judge = find_judge(opened, make_part())
    assert judge is not None
    assert not judge_counts(opened, judge), "it was never measured"
    measured = {"digest": judge.digest, "model": judge.model, "kappa": kappa}
    judged.write("evals/judge.calibration.json", json.dumps({"models": [measured]}))
    assert judge_counts(opened, judge) is counts
    judged.write("promptops.toml", "")
    assert judge_counts(open_repository(judged.path), judge)


def test_only_the_answers_of_this_process_are_forgotten(opened: Repository) -> None:
    folder = opened.git.common_dir / JOURNALS
    folder.mkdir()
    names = [f"a-{os.getpid()}-b.jsonl", f"a-{os.getpid() + 1}-b.jsonl", "other.txt"]
    for name in names:
        (folder / name).write_text("")
    forget_answers(opened)
    assert sorted(file.name for file in folder.iterdir()) == sorted(names[1:])


def test_tools_are_those_that_the_repository_configures(repo: Repo) -> None:
    bare = open_tools(open_repository(repo.path), None)
    assert (bare.embedder, bare.guards, bare.safety, bare.log) == (None, None, None, None)
    repo.write(
        "promptops.toml",
        '[eval]\nembedding = "echo/words"\n[safety]\nscan = "block"\n'
        '[models]\nallow = ["openai/*"]\n[models."house/one"]\ninput_price = 3\noutput_price = 4\n',
    )
    opened = open_repository(repo.path)
    tools = open_tools(opened, None)
    assert tools.embedder is not None
    assert tools.embedder[0] == "echo/words"
    assert tools.safety is not None
    assert tools.allows("openai/gpt-4o", "ask.md")
    assert not tools.allows("house/one", "ask.md")
    assert open_prices(opened).find("house/one") is not None
