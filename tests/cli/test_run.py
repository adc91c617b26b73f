"""`promptops run`, against a provider on loopback and without any."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import count
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import run
from tests.prompts import prompt_text
from tests.runtime.provider import Provider
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
---
Sum up: {{ text }}
"""


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as opened:
        yield opened


@pytest.fixture
def team(repo: Repo, provider: Provider) -> Repo:
    table = f'[models.near]\nbase_url = "{provider.base_url}"\ninput_price = 1\noutput_price = 2\n'
    repo.write("promptops.toml", table)
    repo.write("prompts/a.md", PROMPT)
    return repo


def test_the_answer_is_data_and_the_rest_is_talk(team: Repo, provider: Provider) -> None:
    provider.reply(text="Short.")
    result = run(team, "run", "a@working", "--var", "text=long")
    assert result.exit_code == 0
    assert result.stdout == "Short.\n"
    assert masked(result.stderr) == snapshot(
        "run <uuid>  a 1.0.0  near/small  11 + 7 tokens (measured)  0.000025 USD\n"
    )


def test_json_is_one_document(team: Repo, provider: Provider) -> None:
    provider.reply(text="Short.")
    result = run(team, "run", "a@working", "--var", "text=x", "--format", "json")
    document = json.loads(result.stdout)
    assert document["schema"] == "promptops.run/v1"
    assert (document["text"], document["model"]) == ("Short.", "near/small")
    assert document["usage"]["source"] == "measured"
    assert [one["status"] for one in document["attempts"]] == [200]


def test_a_stream_prints_the_same_answer(team: Repo, provider: Provider) -> None:
    provider.reply(text="One two three.")
    result = run(team, "run", "a@working", "--var", "text=x", "--stream")
    assert result.stdout == "One two three.\n"


def test_a_dry_run_shows_the_request_and_asks_nobody(team: Repo, provider: Provider) -> None:
    result = run(team, "run", "a@working", "--var", "text=x", "--dry-run")
    request = json.loads(result.stdout)
    assert request["model"] == "near/small"
    assert request["messages"][0]["content"] == "Sum up: x"
    assert result.stderr == snapshot("""\
a 1.0.0 would call near/small
at most 93 tokens of prompt; at most 0.000193 USD an attempt
limited by guards.spend_per_hour: 20.00 USD
""")
    assert provider.requests == []


def test_a_dry_run_names_the_limits_of_the_caller(team: Repo) -> None:
    text = (team.path / "promptops.toml").read_text()
    team.write("promptops.toml", f"{text}[guards.per_user]\nspend_per_day = 0.5\n")
    asked = ("run", "a@working", "--var", "text=x", "--dry-run", "--format", "json")
    plain = json.loads(run(team, *asked).stdout)
    for_user = json.loads(run(team, *asked, "--user", "u-1").stdout)
    assert len(for_user["limits"]) == len(plain["limits"]) + 1
    assert for_user["limits"][-1]["guard"] == "guards.per_user.spend_per_day"
    assert for_user["limits"][-1]["limit"] == 500_000


@pytest.mark.slow
def test_a_paused_prompt_says_its_fixed_reply(team: Repo, provider: Provider) -> None:
    team.write("prompts/a.md", prompt_text(model="near/small", reply="Later."))
    team.commit()
    for command in (["release", "--all"], ["promote", "a", "--to", "staging"]):
        assert run(team, *command).exit_code == 0
    assert run(team, "pause", "a", "--env", "staging", "--reason", "leak").exit_code == 0
    result = run(team, "run", "a@staging", "--var", "question=q")
    assert (result.exit_code, result.stdout) == (0, "Later.\n")
    assert masked(result.stderr) == snapshot("""\
reply: a is paused in staging by Jane Doe on 2026-01-01 00:00 UTC: leak
run <uuid>  a 1.0.0  fixed reply  0 + 0 tokens (measured)  0.000000 USD
""")
    assert provider.requests == []


def test_a_key_is_kept_with_the_run(team: Repo, provider: Provider) -> None:
    provider.reply(text="Short.")
    words = ("run", "a@working", "--var", "text=x", "--user", "u-1", "--key", "cart-7")
    assert run(team, *words).exit_code == 0
    (kept,) = json.loads(run(team, "runs", "list", "--format", "json").stdout)["runs"]
    assert (kept["user"], kept["key"]) == ("u-1", "cart-7")


def test_no_provider_is_needed_for_an_echo(team: Repo) -> None:
    result = run(team, "run", "a@working", "--var", "text=x", "--model", "echo/any")
    assert (result.exit_code, result.stdout) == (0, "Sum up: x\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ["a@working"],
            2,
            snapshot("""\
error: input 'text' is missing
   run: <uuid> ended at the stage 'inputs'
 hint: this prompt takes 'text'
"""),
        ),
        (
            ["a"],
            2,
            snapshot("""\
error: production has no deployments
 hint: create the first with promptops promote NAME --to production
"""),
        ),
        (
            ["nope@working", "--var", "text=x"],
            2,
            snapshot("""\
error: there is no prompt nope in the work tree
 hint: run promptops list to see the prompts
"""),
        ),
        (
            ["a@working", "--var", "text=x", "--stream", "--format", "json"],
            2,
            snapshot("""\
error: --stream needs text output
 hint: remove --format json
"""),
        ),
    ],
    ids=count(),
)
def test_what_cannot_run_says_why(team: Repo, arguments: list[str], code: int, said: str) -> None:
    result = run(team, "run", *arguments)
    assert result.exit_code == code
    assert masked(result.stderr) == said


def test_a_model_that_refuses_is_an_error_without_the_key(
    team: Repo, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEAR_KEY", "sk-very-secret-key-000")
    text = (team.path / "promptops.toml").read_text()
    team.write("promptops.toml", f'{text}key = "NEAR_KEY"\n')
    provider.always(status=401)
    result = run(team, "run", "a@working", "--var", "text=x")
    assert result.exit_code == 2
    assert provider.requests[0].headers["authorization"] == "Bearer sk-very-secret-key-000"
    assert "sk-very-secret-key-000" not in result.stderr
    assert masked(result.stderr) == snapshot("""\
error: near/small: the provider refused the key (401): refused
   run: <uuid> ended at the stage 'call'
 hint: check the variable with the key; it may be revoked or from another account
""")


@pytest.mark.slow
def test_a_prompt_that_is_live_runs_without_a_selector(team: Repo, provider: Provider) -> None:
    team.write("prompts/a.md", prompt_text(model="near/small"))
    team.commit()
    for command in (["release", "--all"], ["promote", "a", "--to", "staging"]):
        assert run(team, *command).exit_code == 0
    provider.reply(text="Live.")
    result = run(team, "run", "a@staging", "--var", "question=q", "--format", "json")
    document = json.loads(result.stdout)
    assert (document["environment"], document["deployment"]) == ("staging", 1)


def test_the_limit_that_nobody_set_is_said_by_the_first_run(
    team: Repo, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.always(text="Short.")
    for number in range(2):
        assert run(team, "run", "a@working", "--var", f"text={number}").exit_code == 0
    (said,) = caplog.messages
    assert masked(said) == snapshot(
        "guards.spend_per_hour is not set, so all runs together may spend 20 US dollars an hour; set it in promptops.toml"
    )


@pytest.mark.story
def test_a_run_of_unknown_cost_says_so_on_standard_error(team: Repo, provider: Provider) -> None:
    provider.always(text="Short.")
    team.write("promptops.toml", f'[models.near]\nbase_url = "{provider.base_url}"\n')
    line = [sys.executable, "-m", "promptops", "run", "a@working", "--var", "text=x"]
    done = subprocess.run(line, cwd=team.path, capture_output=True, text=True, check=True)
    assert done.stdout == "Short.\n"
    assert done.stderr.count("the maximum cost of a run is unknown") == 1
