"""Calls of models in an eval: asked once, within the cap, recorded and replayed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from promptops.evals.asking import Asker
from promptops.evals.cap import CapReachedError
from promptops.evals.question import Mode
from promptops.evals.tape import MissingError, Tape
from promptops.repository.settings.guards import GuardSettings, Limits
from promptops.runtime.guards.guard import Guards
from promptops.runtime.guards.memory import MemoryLedger
from promptops.runtime.guards.refusal import GuardError
from promptops.runtime.models.model import ModelError
from tests.evals.pieces import PlayedModels, make_answer, make_place, make_tools, resolve

if TYPE_CHECKING:
    from promptops.evals.question import Asked, AskingTools
    from promptops.runtime.guards.reservation import Reservation
    from promptops.runtime.models.model import Answer, ErrorKind, Request

ASK = resolve()
SECRET = "sk-proj-" + "a1B2" * 8


def ask(tools: AskingTools, tape: Tape | None = None) -> Asked:
    """Ask the question of one sample."""
    return asyncio.run(Asker(tools).start(ASK, {"question": "Why?"}, make_place(tape=tape)))


def fail(kind: ErrorKind, status: int | None = None) -> ModelError:
    is_sent = kind not in {"key", "install"}
    return ModelError("it is down", model="house/one", kind=kind, status=status, is_sent=is_sent)


def test_samples_that_ask_the_same_share_an_answer_in_each_trial() -> None:
    async def scenario() -> list[tuple[int, bool]]:
        asker = Asker(make_tools(models))
        places = [
            make_place(1),
            make_place(1, sample="b"),
            make_place(2),
            make_place(1, sample="c"),
        ]
        asking = [asker.start(ASK, {"question": "Why?"}, place) for place in places]
        asked = await asyncio.gather(*asking)
        assert (asker.calls, asker.replayed) == (2, 2)
        return [(place.trial, one.is_replayed) for place, one in zip(places, asked, strict=True)]

    async def answer(_request: Request) -> Answer:
        await asyncio.sleep(0)
        return make_answer()

    models = PlayedModels(answer)
    assert asyncio.run(scenario()) == [(1, False), (1, True), (2, False), (1, True)]
    assert len(models.requests) == 2


def test_samples_that_share_a_call_share_its_error() -> None:
    async def break_off(_request: Request) -> Answer:
        await asyncio.sleep(0)
        raise fail("status", 400)

    async def scenario() -> list[object]:
        asker = Asker(make_tools(models))
        places = [make_place(sample=name) for name in "abc"]
        asking = [asker.start(ASK, {"question": "Why?"}, place) for place in places]
        return list(await asyncio.gather(*asking, return_exceptions=True))

    models = PlayedModels(break_off)
    assert [str(one) for one in asyncio.run(scenario())] == ["it is down"] * 3
    assert len(models.requests) == 1


def test_a_recorded_answer_is_given_again_and_nobody_is_asked() -> None:
    tape, models = Tape("a"), PlayedModels()
    recorded = ask(make_tools(models, mode=Mode.RECORD), tape)
    replayed = ask(make_tools(models, mode=Mode.REPLAY), tape)
    assert len(models.requests) == 1
    assert replayed == recorded._replace(is_replayed=True)


def test_an_answer_that_was_not_recorded_is_missing() -> None:
    models = PlayedModels()
    with pytest.raises(MissingError):
        ask(make_tools(models, mode=Mode.REPLAY))
    assert models.requests == []


def test_a_secret_is_neither_recorded_nor_judged() -> None:
    async def leak(_request: Request) -> Answer:
        return make_answer(SECRET)

    tape = Tape("a")
    judged = ask(make_tools(PlayedModels(leak), mode=Mode.RECORD), tape)
    (entry,) = tape.all()
    assert SECRET not in entry.answer.text
    assert judged.answer.text == entry.answer.text
    assert ask(make_tools(PlayedModels(leak))).answer.text == SECRET


def test_a_call_costs_what_its_tokens_do_and_not_what_was_held() -> None:
    tools = make_tools(PlayedModels(), cap=1_000)
    assert ask(tools).cost_micros == 20
    assert (tools.cost_cap.spent, tools.cost_cap.unpriced) == (20, 0)


def test_a_call_that_may_cost_more_than_the_rest_is_not_made() -> None:
    models = PlayedModels()
    # An answer of 50 tokens costs 100 micro-dollars, and the question something more.
    with pytest.raises(CapReachedError):
        ask(make_tools(models, cap=100))
    assert models.requests == []


def test_a_call_without_reported_tokens_has_no_known_cost() -> None:
    async def answer(_request: Request) -> Answer:
        return make_answer(tokens=None)

    tools = make_tools(PlayedModels(answer))
    assert ask(tools).cost_micros is None
    assert tools.cost_cap.unpriced == 1


@pytest.mark.parametrize(("kind", "made"), [("key", 0), ("install", 0), ("status", 1)])
def test_a_call_that_was_never_sent_is_not_counted(kind: ErrorKind, made: int) -> None:
    async def refuse(_request: Request) -> Answer:
        raise fail(kind, 400 if kind == "status" else None)

    async def scenario() -> int:
        asker = Asker(make_tools(PlayedModels(refuse)))
        with pytest.raises(ModelError):
            await asker.start(ASK, {"question": "Why?"}, make_place())
        return asker.calls

    assert asyncio.run(scenario()) == made


def test_a_rate_limit_slows_the_run_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promptops.runtime.run.steps.delay_seconds", lambda *_: 0.0)
    replies = [fail("status", 429)]

    async def answer(_request: Request) -> Answer:
        if replies:
            raise replies.pop()
        return make_answer()

    tools = make_tools(PlayedModels(answer))
    assert ask(tools).answer.text == "yes"
    assert tools.pace.limit == 2


def test_a_stand_in_is_asked_and_paid_instead() -> None:
    models = PlayedModels()
    asked = ask(make_tools(models, stand_in="echo/one"))
    assert [one.model for one in models.requests] == ["echo/one"]
    assert asked.cost_micros == 0


class SlowGuards(Guards):
    """Limits of the environment `eval`. A task learns late of its first reservation, as of one
    that a thread made.
    """

    def __init__(self, limits: Limits) -> None:
        settings = GuardSettings(environments={"eval": limits})
        super().__init__(settings, MemoryLedger(), clock=lambda: 1_800_000_000.0)
        self.refused = asyncio.Event()
        self._is_first = True

    async def areserve(self, *args: Any, **values: Any) -> Reservation:
        """Return the first reservation after another one was refused."""
        is_first, self._is_first = self._is_first, False
        try:
            reservation = await super().areserve(*args, **values)
        except GuardError:
            self.refused.set()
            raise
        if is_first:
            await self.refused.wait()
        return reservation


def ask_two(limits: Limits, *, cancels_first: bool = False) -> list[object]:
    """Ask two questions at once; return their answers and errors."""

    async def scenario() -> list[object]:
        guards = SlowGuards(limits)
        asker = Asker(make_tools(PlayedModels(), guards=guards))
        asking = [
            asyncio.ensure_future(asker.start(ASK, {"question": text}, make_place(sample=text)))
            for text in ("one", "two")
        ]
        if cancels_first:
            await guards.refused.wait()
            asking[0].cancel()
        async with asyncio.timeout(60):
            found = await asyncio.gather(*asking, return_exceptions=True)
        return [type(one) if isinstance(one, BaseException) else one.answer.text for one in found]

    return asyncio.run(scenario())


def test_a_call_waits_for_one_that_is_still_being_reserved() -> None:
    # A call may take 144 tokens, and takes 15.
    assert ask_two(Limits(tokens_per_day=250)) == ["house/one", "house/one"]


def test_a_call_is_refused_once_those_that_it_waited_for_have_left_no_room() -> None:
    assert ask_two(Limits(calls_per_minute=1)) == ["house/one", GuardError]


def test_a_call_does_not_wait_for_one_that_was_cancelled() -> None:
    limits = Limits(calls_per_minute=1)
    assert ask_two(limits, cancels_first=True) == [asyncio.CancelledError, GuardError]
