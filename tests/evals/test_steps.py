"""The steps of a run for a question: failures are remembered, recorded, and paid for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from promptops.evals.asking import Asker
from promptops.evals.question import Mode
from promptops.evals.tape import Tape
from promptops.runtime.models.model import ModelError
from tests.evals.pieces import MODEL, PlayedModels, make_answer, make_place, make_tools, resolve

if TYPE_CHECKING:
    from promptops.evals.question import Asked
    from promptops.runtime.models.model import Answer, Request
    from promptops.runtime.resolution import ResolvedPrompt

SPARE = resolve(fallbacks="[house/spare]")


@pytest.fixture(autouse=True)
def no_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once."""
    monkeypatch.setattr("promptops.runtime.run.steps.delay_seconds", lambda *_: 0.0)


async def answer(request: Request) -> Answer:
    """Answer, but for the first model, which is down."""
    if request.model == MODEL:
        text = f"the key sk-proj-{'a1B2' * 8} is not known"
        raise ModelError(text, model=MODEL, kind="status", status=500, is_sent=True)
    return make_answer("spare")


async def follow(asker: Asker, question: str, tape: Tape, prompt: ResolvedPrompt = SPARE) -> Asked:
    place = make_place(tape=tape)._replace(follows=True)
    return await asker.start(prompt, {"question": question}, place)


def test_a_failure_is_recorded_without_secrets_and_replayed_without_a_try() -> None:
    tape, models = Tape("a"), PlayedModels(answer)
    asker = Asker(make_tools(models, mode=Mode.RECORD))
    asyncio.run(follow(asker, "Why?", tape))
    asked = len(models.requests)
    failures = [one.failure for one in tape.all() if one.failure is not None]
    assert [one.status for one in failures] == [500]
    assert "a1B2a1B2" not in failures[0].message

    replaying = Asker(make_tools(models, mode=Mode.REPLAY))
    replayed = asyncio.run(follow(replaying, "Why?", tape))
    assert (replayed.answer.text, replayed.is_degraded) == ("spare", True)
    assert len(models.requests) == asked


def test_a_model_that_keeps_failing_is_not_tried_for_every_sample() -> None:
    async def scenario() -> list[int]:
        asker = Asker(make_tools(models))
        tries = []
        for number in range(4):
            before = len(models.requests)
            asked = await follow(asker, f"Number {number}?", Tape("a"))
            assert asked.answer.text == "spare"
            new = models.requests[before:]
            tries.append(sum(one.model == MODEL for one in new))
        return tries

    models = PlayedModels(answer)
    tries = asyncio.run(scenario())
    assert tries[0] > 0
    assert tries[-1] == 0


def test_the_last_model_is_always_tried() -> None:
    async def scenario() -> None:
        asker = Asker(make_tools(models))
        for number in range(4):
            before = len(models.requests)
            with pytest.raises(ModelError):
                await follow(asker, f"Number {number}?", Tape("a"), alone)
            assert len(models.requests) > before

    alone = resolve()
    models = PlayedModels(answer)
    asyncio.run(scenario())


def test_a_request_that_was_refused_costs_nothing() -> None:
    tools = make_tools(PlayedModels(answer), cap=10_000)
    asyncio.run(follow(Asker(tools), "Why?", Tape("a")))
    assert (tools.cost_cap.spent, tools.cost_cap.unpriced) == (20, 0)


def test_a_route_leads_to_a_prompt_without_its_pauses() -> None:
    other = resolve("other", "Say {{ question }}", model="house/other")
    routed = resolve(routes="[{when: \"question == 'other'\", prompt: other}]")
    models = PlayedModels()
    sought: list[str] = []

    def find(ref: str) -> ResolvedPrompt:
        sought.append(ref)
        return other

    asker = Asker(make_tools(models, find=find))
    asked = asyncio.run(follow(asker, "other", Tape("a"), routed))
    assert sought == ["other@working"]
    assert asked.resolved.name == "other"
    assert models.requests[0].messages[0]["content"] == "Say other"
