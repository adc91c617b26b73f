"""What runs have spent when providers, clocks, callers or processes fail: never less than sent."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

import promptops
from promptops.runtime.guards.refusal import GuardError
from promptops.runtime.models.model import ModelError
from promptops.runtime.run import retry
from promptops.runtime.run import runner as runner_module
from promptops.runtime.run.execution import CommandExecutor
from promptops.runtime.run.runner import Runner
from tests.runtime.run.pieces import PROMPT, list_runs, logged, read_spent
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptops.runtime.registry import Registry
    from tests.repositories import Repo
    from tests.runtime.provider import Provider

# 11 tokens at 1 and 7 at 2 micro-dollars.
COST = 25
SHORT = "timeout: 0.6\n"


def estimate(registry: Registry, ref: str = "a@working") -> int:
    cost = registry.plan(ref, {"text": "x"}).cost_micros
    assert cost is not None
    return cost


# --- providers ---------------------------------------------------------------------------------


DRIP = {"drip": 0.02, "text": "x" * 500, "is_plain": True}


@pytest.mark.story
@pytest.mark.parametrize(
    ("reply", "stream"),
    [
        ({"hang": "headers"}, False),
        ({"hang": "headers"}, True),
        ({"hang": "body"}, False),
        (DRIP, False),
        (DRIP, True),
    ],
)
def test_a_slow_model_is_replaced_and_may_have_cost_something(
    team: Repo, near: Provider, far: Provider, reply: dict[str, Any], *, stream: bool
) -> None:
    team.write("prompts/a.md", PROMPT.format(more=SHORT))
    near.always(**reply)
    far.always(text="From afar.")
    with promptops.open(team.path) as registry:
        if stream:
            (*_, last) = registry.stream("a@working", {"text": "x"})
            run = last.run
        else:
            run = registry.run("a@working", {"text": "x"})
        assert run is not None
        assert (run.text, run.model) == ("From afar.", "far/large")
        assert [one.error_kind for one in run.attempts] == ["timeout"] * 3 + [None]
        # Nobody knows what the three cost, so that they cost what was reserved.
        assert run.cost_micros == 3 * estimate(registry) + 10 * COST
        assert read_spent(registry) == run.cost_micros


@pytest.mark.parametrize(
    "reply",
    [
        {"body": b"<!doctype html><p>Welcome", "content_type": "text/html"},
        {"text": ""},
        {"body": b'{"choices": [{"message": {"content": "Y'},
        {"drop": "body", "text": "Yes, of course."},
    ],
)
def test_a_success_that_is_none_is_asked_again_and_counted(
    registry: Registry, near: Provider, reply: dict[str, Any]
) -> None:
    near.reply(**reply)
    near.reply(text="Yes.")
    run = registry.run("a@working", {"text": "x"})
    assert run.text == "Yes."
    assert run.cost_micros == estimate(registry) + COST == read_spent(registry)


def test_plain_json_where_a_stream_was_asked_for_is_no_answer(
    registry: Registry, near: Provider, far: Provider
) -> None:
    near.always(body=b'"Yes."')
    far.always(text="From afar.")
    (*_, last) = registry.stream("a@working", {"text": "x"})
    assert last.run is not None
    assert last.run.text == "From afar."


def test_a_stream_that_breaks_is_no_answer_and_nothing_is_said_twice(
    registry: Registry, team: Repo, near: Provider, far: Provider
) -> None:
    near.always(text="One two three four.", drop="body", chunks=4)
    said: list[str] = []
    pieces = registry.stream("a@working", {"text": "x"})
    with pytest.raises(ModelError) as caught:
        said.extend(piece.text for piece in pieces)
    assert said
    assert "".join(said) != "One two three four."
    assert (len(near.requests), len(far.requests)) == (1, 0)
    assert caught.value.run_id is not None
    kept = logged(team, caught.value.run_id).run
    assert (kept.status, kept.answer) == ("failed", "".join(said))
    assert kept.cost_micros == estimate(registry) == read_spent(registry)


@pytest.mark.parametrize(
    "text",
    ["Rate limit reached, retry after 1 s", "429 Too Many Requests", "the request timed out"],
)
def test_a_wrong_request_stays_wrong_whatever_the_provider_calls_it(
    registry: Registry, near: Provider, far: Provider, text: str
) -> None:
    near.always(status=400, error={"error": {"message": text, "type": "rate_limit_error"}})
    with pytest.raises(ModelError):
        registry.run("a@working", {"text": "x"})
    assert (len(near.requests), len(far.requests)) == (1, 0)
    assert read_spent(registry) == 0


def test_who_asks_to_wait_beyond_the_runs_end_is_not_waited_for(
    registry: Registry, near: Provider, far: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promptops.runtime.run.steps.delay_seconds", retry.delay_seconds)
    near.always(status=429, headers={"Retry-After": "3600"})
    far.always(text="From afar.")
    assert registry.run("a@working", {"text": "x"}).text == "From afar."
    assert len(near.requests) == 1


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        {"prompt_tokens": -11, "completion_tokens": -7, "total_tokens": -18},
        {"prompt_tokens": 11, "completion_tokens": 10**18, "total_tokens": 10**18},
        {"prompt_tokens": "many", "completion_tokens": None},
    ],
)
def test_usage_that_nobody_can_believe_counts_as_reserved(
    registry: Registry, near: Provider, usage: Any
) -> None:
    near.reply(text="Short.", usage=usage)
    run = registry.run("a@working", {"text": "x"})
    assert run.usage.source == "unknown"
    assert run.cost_micros == estimate(registry) == read_spent(registry)


def test_the_price_is_that_of_the_model_that_was_asked_for(
    registry: Registry, near: Provider
) -> None:
    near.reply(text="Short.", model="gpt-9-huge")
    run = registry.run("a@working", {"text": "x"})
    assert (run.model, run.cost_micros) == ("near/small", COST)
    assert run.attempts[0].served_model == "gpt-9-huge"


def test_a_model_without_a_price_runs_at_unknown_cost(team: Repo, near: Provider) -> None:
    team.write("promptops.toml", f'[models.near]\nbase_url = "{near.base_url}"\n')
    near.reply(text="Short.")
    with promptops.open(team.path) as registry:
        run = registry.run("a@working", {"text": "x"})
        assert run.cost_micros is None
        assert read_spent(registry) == 0
    assert logged(team, run.id).run.cost_micros is None


def test_a_key_is_in_no_error_log_or_alert(
    team: Repo, near: Provider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    key = "sk-hunter2hunter2hunter2"
    monkeypatch.setenv("NEAR_KEY", key)
    told = team.path / "told.json"
    path = team.path / "promptops.toml"
    path.write_text(
        f'[models.near]\nbase_url = "{near.base_url}"\nkey = "NEAR_KEY"\n'
        '[alerts.command]\nrun_variable = "TELL"\n'
    )
    monkeypatch.setenv("TELL", f"tee -a {told}")
    team.write("prompts/a.md", PROMPT.format(more="").replace("fallbacks: [far/large]\n", ""))
    near.always(status=401, error={"error": {"message": f"wrong key {key}", "code": key}})
    with promptops.open(team.path) as registry, pytest.raises(ModelError) as caught:
        registry.run("a@working", {"text": "x"})
    assert near.requests[0].headers["authorization"] == f"Bearer {key}"
    assert key not in f"{caught.value!r} {caught.value.message} {caught.value.hint} {caplog.text}"
    alert = re.sub(r"/401/\d+", "/401/<hour>", told.read_text())
    assert masked(alert) == snapshot(
        '{"schema": "promptops.alert/v1", "kind": "key", "severity": "critical", "title": "near/small rejects the API key (HTTP 401)", "detail": "The prompt a asked for it in run <uuid>. Prompts with fallbacks use them; others fail until this is fixed.", "key": "refused/near/small/401/<hour>", "source": "vm", "at": "<time>"}'
    )
    folder = team.path / ".git" / "promptops-log"
    for file in (told, *folder.iterdir()):
        assert key.encode() not in file.read_bytes()


def test_alerts_that_arrive_nowhere_stop_no_run(
    team: Repo,
    near: Provider,
    far: Provider,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = team.path / "promptops.toml"
    path.write_text(
        f"{path.read_text()}\n[alerts.webhook]\nurl = 'http://127.0.0.1:9/'\n"
        '[alerts.command]\nrun_variable = "TELL"\n'
    )
    monkeypatch.setenv("TELL", "/nowhere/to-be-found")
    near.always(status=401)
    far.always(text="From afar.")
    with promptops.open(team.path) as registry:
        assert registry.run("a@working", {"text": "x"}).text == "From afar."
    assert "Traceback" not in caplog.text


# --- callers that leave ------------------------------------------------------------------------


@pytest.mark.story
@pytest.mark.parametrize("way", ["close", "drop", "cancel"])
def test_a_stream_that_is_left_on_an_event_loop_counts_as_reserved(
    team: Repo, near: Provider, way: str
) -> None:
    near.always(text="One two three four five six.", hang="body", chunks=6)

    async def listen(registry: Registry) -> None:
        async for piece in registry.astream("a@working", {"text": "x"}):
            assert piece.text

    async def leave(registry: Registry) -> None:
        if way == "cancel":
            task = asyncio.create_task(listen(registry))
            await asyncio.to_thread(near.arrived.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            parts: Any = registry.astream("a@working", {"text": "x"})
            async for piece in parts:
                assert piece.text
                break
            if way == "close":
                await parts.aclose()
            del parts
            gc.collect()
        assert await asyncio.to_thread(near.requests[0].disconnected.wait, 10)

    with promptops.open(team.path) as registry:
        asyncio.run(leave(registry))
        assert read_spent(registry) == estimate(registry)
    (kept,) = list_runs(team)
    assert (kept.status, kept.stage) == ("interrupted", "call")


# --- clocks, processes, threads ----------------------------------------------------------------


@pytest.mark.parametrize("jump", [-7200.0, 7200.0])
def test_a_clock_that_jumps_changes_no_duration_and_stops_nothing(
    team: Repo, near: Provider, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    now = [time.time()]
    monkeypatch.setattr("promptops.runtime.run.opening.time.time", lambda: now[0])
    call = CommandExecutor.do

    def jumping(executor: CommandExecutor, command: Any) -> Any:
        if type(command).__name__ == "Call":
            now[0] += jump
        return call(executor, command)

    monkeypatch.setattr(CommandExecutor, "do", jumping)
    near.always(text="Short.")
    with promptops.open(team.path) as registry:
        ids = [registry.run("a@working", {"text": str(n)}).id for n in range(2)]
    for one in ids:
        kept = logged(team, one).run
        assert kept.status == "succeeded"
        assert kept.ms is not None
        assert 0 <= kept.ms < 7_000_000


STEPS = ("Find", "Begin", "Admit", "Reserve", "Call", "Settle", "Report", "finish")


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_process_killed_at_any_step_leaves_what_it_may_have_spent(
    team: Repo, near: Provider, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    near.always(text="Short.")
    place = STEPS.index(step) + (when == "after")

    def die() -> None:
        with promptops.open(team.path) as registry:
            runner: Any = registry.open_runner()
            recorder = runner._tools.recorder
            monkeypatch.setattr(
                CommandExecutor, "do", killing(CommandExecutor.do, lambda: step, when)
            )
            if step == "finish":
                recorder.finish = killing(recorder.finish, lambda: step, when, name=step)
            registry.run("a@working", {"text": "x"})

    assert in_child(die) == signal.SIGKILL
    with promptops.open(team.path) as registry:
        reserved = 0 if place < STEPS.index("Reserve") + 1 else estimate(registry)
        spent = reserved if place < STEPS.index("Settle") + 1 else COST
        assert read_spent(registry) == spent
        assert len(near.requests) == (place > STEPS.index("Call"))
        assert registry.run("a@working", {"text": "y"}).text == "Short."
        assert read_spent(registry) == spent + COST
    has_begun, has_ended = place > STEPS.index("Begin"), place == len(STEPS)
    expected = ["succeeded"] if has_ended else ["interrupted"] if has_begun else []
    assert [one.status for one in list_runs(team)] == ["succeeded", *expected]


def speak(registry: Registry) -> None:
    for piece in registry.stream("a@working", {"text": "x"}):
        assert piece.text or piece.run


async def arun(registry: Registry) -> None:
    await registry.arun("a@working", {"text": "x"})


async def aspeak(registry: Registry) -> None:
    async for piece in registry.astream("a@working", {"text": "x"}):
        assert piece.text or piece.run


WAYS: Mapping[str, Callable[[Registry], Any]] = {"stream": speak, "arun": arun, "astream": aspeak}


@pytest.mark.slow
@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("step", STEPS)
def test_a_stream_or_an_event_loop_killed_before_any_step_leaves_what_it_may_have_spent(
    team: Repo, near: Provider, monkeypatch: pytest.MonkeyPatch, step: str, way: str
) -> None:
    near.always(text="Short.")
    place = STEPS.index(step)

    def die() -> None:
        watch_steps(monkeypatch, step)
        with promptops.open(team.path) as registry:
            asked = WAYS[way](registry)
            if asked is not None:
                asyncio.run(asked)

    assert in_child(die) == signal.SIGKILL
    with promptops.open(team.path) as registry:
        reserved = estimate(registry) if place > STEPS.index("Reserve") else 0
        spent = COST if place > STEPS.index("Settle") else reserved
        assert read_spent(registry) == spent
        assert len(near.requests) == (place > STEPS.index("Call"))
        assert registry.run("a@working", {"text": "y"}).text == "Short."
        assert read_spent(registry) == spent + COST
    expected = ["interrupted"] if place > STEPS.index("Begin") else []
    assert [one.status for one in list_runs(team)] == ["succeeded", *expected]


@pytest.mark.slow
@pytest.mark.parametrize("is_async", [False, True])
def test_a_stream_killed_in_the_middle_counts_as_reserved(
    team: Repo, near: Provider, *, is_async: bool
) -> None:
    near.always(text="One two three four.")

    async def hear(registry: Registry) -> None:
        async for _ in registry.astream("a@working", {"text": "x"}):
            os.kill(os.getpid(), signal.SIGKILL)

    def die() -> None:
        with promptops.open(team.path) as registry:
            if is_async:
                asyncio.run(hear(registry))
            for _ in registry.stream("a@working", {"text": "x"}):
                os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(die) == signal.SIGKILL
    with promptops.open(team.path) as registry:
        assert read_spent(registry) == estimate(registry)
    assert [one.status for one in list_runs(team)] == ["interrupted"]


def watch_steps(monkeypatch: pytest.MonkeyPatch, last: str) -> None:
    """Kill this process before a run carries out a step."""
    take: Any = vars(runner_module)["take_course"]
    finish = Runner._finish

    def watched(*arguments: Any) -> Any:
        steps = take(*arguments)
        command = next(steps)
        while True:
            if type(command).__name__ == last:
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                result = yield command
            except BaseException as error:  # noqa: BLE001 - the course decides
                command = steps.throw(error)
                continue
            try:
                command = steps.send(result)
            except StopIteration:
                return

    def ending(runner: Runner, course: Any) -> Any:
        if last == "finish":
            os.kill(os.getpid(), signal.SIGKILL)
        return finish(runner, course)

    monkeypatch.setattr(runner_module, "take_course", watched)
    monkeypatch.setattr(Runner, "_finish", ending)


def killing(
    do: Callable[..., Any], step: Callable[[], str], when: str, *, name: str | None = None
) -> Callable[..., Any]:
    def carry_out(*arguments: Any, **options: Any) -> Any:
        is_it = (name or type(arguments[-1]).__name__) == step()
        if is_it and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = do(*arguments, **options)
        if is_it:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return carry_out


def in_child(act: Callable[[], None]) -> int:
    """Do something in a forked process, and return its exit code, or the signal that ended it."""
    child = os.fork()
    if child == 0:
        try:
            act()
        except BaseException:  # noqa: BLE001 - a forked test must not go on
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


@pytest.mark.slow
def test_a_fork_goes_on_with_the_same_registry(team: Repo, near: Provider) -> None:
    near.always(text="Short.")
    with promptops.open(team.path) as registry:
        registry.run("a@working", {"text": "1"})

        def run() -> None:
            assert registry.run("a@working", {"text": "2"}).text == "Short."

        assert in_child(run) == 0
        registry.run("a@working", {"text": "3"})
        assert read_spent(registry) == 3 * COST
    assert [one.status for one in list_runs(team)] == ["succeeded"] * 3
    # A connection belongs to one process.
    assert len({one.connection for one in near.requests}) >= 2


@pytest.mark.story
def test_two_hundred_threads_get_their_answers_up_to_the_limit(team: Repo, near: Provider) -> None:
    path = team.path / "promptops.toml"
    path.write_text(f"{path.read_text()}\n[guards]\ncalls_per_minute = 150\nspend_per_day = 1\n")
    near.always(text=None)
    start = threading.Barrier(200)

    with promptops.open(team.path) as registry:
        registry.plan("a@working", {"text": "x"})

        def run(number: int) -> str:
            start.wait(60)
            try:
                return registry.run("a@working", {"text": f"<{number}>"}).text
            except GuardError as error:
                return error.guard

        with ThreadPoolExecutor(200) as pool:
            said = list(pool.map(run, range(200)))
        assert read_spent(registry, "day") == len(near.requests) * COST
    answers = [one for one in said if one != "guards.calls_per_minute"]
    # A minute may have ended meanwhile.
    assert len(answers) == len(near.requests) >= 150
    assert all(f"<{said.index(one)}>" in one for one in answers)
    kept = [one.status for one in list_runs(team, 300)]
    assert (kept.count("succeeded"), len(kept)) == (len(answers), 200)
