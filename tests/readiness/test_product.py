"""The second level: other teams depend on the prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.readiness.facts import ReadinessFacts
from promptops.repository.adoption.scan import ScanFind
from promptops.repository.repository import open_repository
from tests.prompts import prompt_text
from tests.readiness.pieces import (
    judge_item,
    make_facts,
)

if TYPE_CHECKING:
    from tests.repositories import Repo

A = {"a": prompt_text()}
HISTORY = {"a": prompt_text(body="{% history %}Answer {{ question }}")}
MANY = {"a": {"": 20}}
CHAT = ScanFind("app/chat.py", 2, "call", "chat", "k1")
CHANNEL = '[alerts.slack]\nurl_variable = "SLACK_URL"\n'
ASKING = '[gate]\nevals = "warn"\n'


@pytest.mark.parametrize(
    ("facts", "item", "outcome", "said"),
    [
        (make_facts(runs={"runs": 1}), "runtime", "met", "1 runs in 30 days"),
        (make_facts(runs={"runs": 1}, code=[CHAT]), "runtime", "missing", "app/chat.py:2"),
        (make_facts(), "runtime", "missing", "no run of the last 30 days"),
        (make_facts(), "guards", "missing", "no limit is configured"),
        (
            make_facts("[guards]\ntokens_per_minute = 5\n"),
            "guards",
            "met",
            "spending is limited",
        ),
        (make_facts("[guards]\nspend_per_hour = 5\n"), "guards", "met", "spending is limited"),
        (make_facts(), "cache", "missing", "every identical request is paid for"),
        (make_facts('[cache]\nttl = "1h"\n'), "cache", "met", "cached for 3,600 s"),
        (make_facts(), "monitoring", "missing", "volume and cost are not reported"),
        (make_facts("[telemetry]\nprometheus = true\n"), "monitoring", "met", "Prometheus"),
        (
            make_facts(f"{CHANNEL}[telemetry]\notel = true\nprometheus = true\n"),
            "monitoring",
            "met",
            "alerts by slack and OpenTelemetry and Prometheus",
        ),
        (make_facts(prompts=A, samples={"a": {"": 19}}), "twenty-samples", "missing", "a (19)"),
        (
            make_facts(prompts=A, samples=MANY),
            "twenty-samples",
            "missing",
            "nothing runs the samples",
        ),
        (make_facts(ASKING, A, samples=MANY), "twenty-samples", "met", "the gate asks for"),
        (
            make_facts("[environments.production]\nevals = true\n", A, samples=MANY),
            "twenty-samples",
            "met",
            "the gate asks for",
        ),
        (make_facts(), "fallbacks", "missing", "there is no prompt"),
        (make_facts(prompts=A), "fallbacks", "missing", "when the model fails: a"),
        (
            make_facts(prompts={"a": prompt_text(reply="Call us.")}),
            "fallbacks",
            "met",
            "the only prompt has another model or a fixed reply",
        ),
        (make_facts(prompts=A), "conversations", "met", "no prompt uses earlier messages"),
        (make_facts(prompts=HISTORY), "conversations", "missing", "a uses earlier messages"),
        (make_facts("[conversations]\ntokens = 9\n", HISTORY), "conversations", "met", "a window"),
        (make_facts(), "token-limits", "missing", "there is no prompt"),
        (make_facts(prompts=A), "token-limits", "missing", "no limit on the answer: a"),
        (
            make_facts(prompts={"a": prompt_text(max_tokens="9")}),
            "token-limits",
            "met",
            "limits the length",
        ),
    ],
)
def test_each_item_is_judged_by_its_own_facts(
    facts: ReadinessFacts, item: str, outcome: str, said: str
) -> None:
    found = judge_item(facts, item)
    assert found[0] == outcome
    assert said in found[1]


def test_a_prompt_is_versioned_once_it_is_released(repo: Repo) -> None:
    facts = ReadinessFacts(open_repository(repo.path))
    assert judge_item(facts, "versions")[0] == "met"
    repo.write("prompts/new.md", prompt_text())
    facts = ReadinessFacts(open_repository(repo.path))
    assert judge_item(facts, "versions") == ("missing", "new has no release")
