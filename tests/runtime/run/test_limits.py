"""Limits of the configuration stop runs, over all processes of a machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

import promptops
from promptops.runtime.guards.refusal import GuardError
from tests.runtime.alerts.receiver import Receiver
from tests.runtime.run.pieces import PROMPT, limit, list_runs

if TYPE_CHECKING:
    from tests.repositories import Repo
    from tests.runtime.provider import Provider

MAX_MICROS = 1_000


@pytest.mark.slow
def test_those_who_share_a_log_share_a_budget(team: Repo, near: Provider) -> None:
    limit(team, f"spend_per_hour = {MAX_MICROS / 1_000_000:.6f}")
    near.always(text="Short.")
    with promptops.open(team.path) as one, promptops.open(team.path) as two:
        plan = one.plan("a@working", {"text": "0"})
        assert plan.cost_micros is not None
        spent = runs = 0
        while spent + plan.cost_micros <= MAX_MICROS:
            run = (one, two)[runs % 2].run("a@working", {"text": str(runs % 10)})
            spent += run.cost_micros or 0
            runs += 1
        assert runs > 10
        with pytest.raises(GuardError) as caught:
            one.run("a@working", {"text": "0"})
        assert caught.value.guard == "guards.spend_per_hour"
        assert caught.value.spent == spent
        assert len(near.requests) == runs
        with pytest.raises(GuardError):
            asyncio.run(two.arun("a@working", {"text": "x"}))
    assert [one.status for one in list_runs(team)][:3] == ["refused", "refused", "succeeded"]
    assert (team.path / ".git/promptops-log/ledger.db").is_file()


def test_a_user_at_the_limit_leaves_the_others_alone(team: Repo, near: Provider) -> None:
    near.reply(text="Short.")
    limit(team, "per_user = {calls_per_minute = 1}\nledger = 'here/ledger.db'")
    with promptops.open(team.path) as registry:
        assert registry.run("a@working", {"text": "1"}, user="u-1").text
        with pytest.raises(GuardError, match="calls_per_minute is 1 call"):
            registry.run("a@working", {"text": "2"}, user="u-1")
        assert registry.run("a@working", {"text": "3"}, user="u-2").text
    assert (team.path / "here" / "ledger.db").is_file()


def test_a_free_model_needs_no_bound_where_spending_is_limited(team: Repo) -> None:
    limit(team, "spend_per_hour = 0.01")
    text = PROMPT.format(more="").replace("max_tokens: 100\n", "").replace("near/small", "echo/any")
    team.write("prompts/free.md", text.replace("fallbacks: [far/large]\n", ""))
    with promptops.open(team.path) as registry:
        assert registry.run("free@working", {"text": "1"}).cost_micros == 0


@pytest.mark.parametrize(
    ("model", "bound", "lacking"),
    [
        ("near/small", "", "max_tokens"),
        ("bare/any", "max_tokens: 100\n", "a price of bare/any"),
        ("bare/any", "", "a price of bare/any and max_tokens"),
    ],
)
def test_a_cost_without_a_bound_says_what_it_lacks(
    team: Repo, near: Provider, model: str, bound: str, lacking: str
) -> None:
    limit(team, f"spend_per_hour = 0.01\n[models.bare]\nbase_url = '{near.base_url}'")
    text = PROMPT.format(more="").replace("max_tokens: 100\n", bound).replace("near/small", model)
    team.write("prompts/open.md", text.replace("fallbacks: [far/large]\n", ""))
    with (
        promptops.open(team.path) as registry,
        pytest.raises(GuardError, match=rf"it lacks {lacking}(\n|$)"),
    ):
        registry.run("open@working", {"text": "1"})


def test_the_owner_of_the_bill_is_told_once(team: Repo, near: Provider) -> None:
    with Receiver() as receiver:
        limit(team, f"calls_per_minute = 1\n[alerts.webhook]\nurl = '{receiver.url}'")
        near.always(text="Short.")
        with promptops.open(team.path) as registry:
            registry.run("a@working", {"text": "1"})
            for _ in range(3):
                with pytest.raises(GuardError):
                    registry.run("a@working", {"text": "2"})
    assert [one.json["kind"] for one in receiver.requests] == ["guard"]
    assert "calls_per_minute" in receiver.requests[0].json["title"]


def test_a_refused_key_is_told_although_a_fallback_answers(
    team: Repo, near: Provider, far: Provider
) -> None:
    with Receiver() as receiver:
        limit(team, f"[alerts.webhook]\nurl = '{receiver.url}'")
        near.always(status=401, error={"message": "wrong key sk-hunter2"})
        far.always(text="Long.")
        with promptops.open(team.path) as registry:
            assert registry.run("a@working", {"text": "1"}).is_degraded
            assert asyncio.run(registry.arun("a@working", {"text": "2"})).is_degraded
    (told,) = receiver.requests
    assert (told.json["kind"], told.json["severity"]) == ("key", "critical")
    assert told.json["title"] == snapshot("near/small rejects the API key (HTTP 401)")
    assert "hunter2" not in str(told.json)
