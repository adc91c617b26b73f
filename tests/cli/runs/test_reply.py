"""`promptops runs reply`: a run that waits for its tools goes on in another process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import refuse, run
from tests.runtime.provider import Provider
from tests.runtime.run.pieces import TOOL, ask_for
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.repositories import Repo

PROMPT = """---
version: 1.0.0
description: d
author: jane@example.com
model: near/small
max_tokens: 50
inputs: {text: string}
tools: [look.json]
---
Look: {{ text }}
"""


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as opened:
        yield opened


@pytest.fixture
def team(repo: Repo, provider: Provider) -> Repo:
    table = f'[models.near]\nbase_url = "{provider.base_url}"\ninput_price = 1\noutput_price = 2\n'
    repo.write("promptops.toml", table)
    repo.write("prompts/look.json", json.dumps(TOOL))
    repo.write("prompts/a.md", PROMPT)
    return repo


def wait(team: Repo, provider: Provider, *numbers: int) -> str:
    ask_for(provider, *numbers)
    done = run(team, "run", "a@working", "--var", "text=x", "--format", "json")
    return str(json.loads(done.stdout)["id"])


@pytest.mark.slow
def test_the_run_says_what_it_waits_for_and_goes_on(team: Repo, provider: Provider) -> None:
    ask_for(provider, 1)
    waiting = run(team, "run", "a@working", "--var", "text=x")
    assert masked(waiting.stderr) == snapshot("""\
wants call-1: look({"n": 1})
run <uuid>  a 1.0.0  near/small  11 + 7 tokens (measured)  0.000025 USD
it waits for tool results: promptops runs reply <uuid> --result call-1=@FILE
""")
    (told,) = [line for line in waiting.stderr.splitlines() if "runs reply" in line]
    provider.reply(text="Sunny.")
    words = told.partition("promptops ")[2].replace("@FILE", "warm").split()
    done = run(team, *words)
    assert (done.exit_code, done.stdout) == (0, "Sunny.\n")
    assert f"run {words[2]}" in done.stderr
    assert masked(done.stderr) == snapshot(
        "run <uuid>  a 1.0.0  near/small  11 + 7 tokens (measured)  0.000050 USD\n"
    )
    results = [one for one in provider.requests[1].json["messages"] if one["role"] == "tool"]
    assert [one["content"] for one in results] == ["warm"]
    assert masked(refuse(team, *words)) == snapshot("""\
error: run <uuid> is not waiting for results: it succeeded
 hint: continue only a run whose model called tools, and only once\
""")


def test_results_come_as_json_and_the_answer_as_a_stream(team: Repo, provider: Provider) -> None:
    run_id = wait(team, provider, 1, 2)
    provider.reply(text="Blue and warm.")
    results = json.dumps({"call-1": {"sky": "blue"}, "call-2": "warm"})
    done = run(team, "runs", "reply", run_id, "--results", "-", "--stream", stdin=results)
    assert (done.exit_code, done.stdout) == (0, "Blue and warm.\n")
    sent = [one["content"] for one in provider.requests[1].json["messages"] if "content" in one]
    assert sent[-2:] == ['{"sky": "blue"}', "warm"]


def test_a_result_may_be_a_file_and_the_answer_a_document(team: Repo, provider: Provider) -> None:
    run_id = wait(team, provider, 1)
    team.write("result.txt", "from a file")
    provider.reply(text="Read.")
    file = f"call-1=@{team.path / 'result.txt'}"
    done = run(team, "runs", "reply", run_id, "--result", file, "--format", "json")
    document = json.loads(done.stdout)
    assert (document["id"], document["text"]) == (run_id, "Read.")
    assert provider.requests[1].json["messages"][-1]["content"] == "from a file"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "the run waits for call-1"),
        (["--result", "warm"], "'warm' is not a result"),
        (["--result", "call-9=warm"], "no result for 'call-1'"),
        (["--result", "call-1=a", "--results", "-"], "cannot be combined"),
        (["--stream", "--format", "json"], "--stream"),
    ],
)
def test_what_is_no_result_asks_nobody(
    team: Repo, provider: Provider, words: list[str], said: str
) -> None:
    run_id = wait(team, provider, 1)
    assert said in refuse(team, "runs", "reply", run_id, *words, code=2)
    assert len(provider.requests) == 1


@pytest.mark.parametrize("text", ["{", "3"])
def test_a_file_without_results_is_refused(team: Repo, provider: Provider, text: str) -> None:
    run_id = wait(team, provider, 1)
    team.write("results.json", text)
    path = str(team.path / "results.json")
    assert "results.json" in refuse(team, "runs", "reply", run_id, "--results", path, code=2)
