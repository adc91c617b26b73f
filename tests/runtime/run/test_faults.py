"""Runs under faults: killed, forked, cancelled, left, slow, huge, and very many."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import promptops
from tests.runtime.run.pieces import list_runs, logged

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo
    from tests.runtime.provider import Provider


@pytest.mark.story
def test_a_killed_process_leaves_an_interrupted_run(team: Repo, near: Provider) -> None:
    near.reply(hang="headers")
    program = f"""
        import promptops
        with promptops.open({str(team.path)!r}) as registry:
            registry.run("a@working", {{"text": "x"}}, user="u-1")
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)])
    assert near.arrived.wait(30)
    process.kill()
    process.wait(30)
    (run,) = list_runs(team)
    assert (run.status, run.user, run.version) == ("interrupted", "u-1", "1.0.0")
    assert logged(team, run.id).run.messages is not None


@pytest.mark.story
def test_two_hundred_threads_share_a_registry(
    registry: Registry, team: Repo, near: Provider
) -> None:
    near.always(text="Yes.")
    with ThreadPoolExecutor(200) as pool:
        runs = list(pool.map(lambda n: registry.run("a@working", {"text": str(n)}), range(200)))
    assert len({run.id for run in runs}) == 200
    assert len(near.requests) == 200
    with promptops.open(team.path) as other:
        other.close()
    registry.close()
    assert {run.status for run in list_runs(team)} == {"succeeded"}


def test_a_cancelled_run_disconnects_and_is_recorded(team: Repo, near: Provider) -> None:
    near.reply(hang="headers")

    async def cancel() -> float:
        with promptops.open(team.path) as registry:
            task = asyncio.create_task(registry.arun("a@working", {"text": "x"}))
            await asyncio.to_thread(near.arrived.wait, 30)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            began = time.monotonic()
            await asyncio.to_thread(near.requests[0].disconnected.wait, 30)
            await registry.aclose()
            return time.monotonic() - began

    assert asyncio.run(cancel()) < 5
    (run,) = list_runs(team)
    assert (run.status, run.stage) == ("interrupted", "call")
    # What was sent may be paid for.
    assert run.cost_micros
    assert logged(team, run.id).attempts[0].error_kind == "CancelledError"


@pytest.mark.story
@pytest.mark.parametrize("is_async", [False, True])
def test_a_stream_whose_last_reference_is_gone_disconnects(
    team: Repo, near: Provider, *, is_async: bool
) -> None:
    near.reply(text="word " * 500, chunks=500, drip=0.02)

    async def leave() -> None:
        with promptops.open(team.path) as registry:
            stream = registry.astream("a@working", {"text": "x"})
            async for _ in stream:
                break
            del stream
            gc.collect()
            # The loop closes the generator in a task, which it begins in its next round.
            await asyncio.sleep(0)
            await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
            await asyncio.to_thread(near.requests[0].disconnected.wait, 30)
            await registry.aclose()

    if is_async:
        asyncio.run(leave())
    else:
        with promptops.open(team.path) as registry:
            for _ in registry.stream("a@working", {"text": "x"}):
                break
            gc.collect()
            near.requests[0].disconnected.wait(30)
    assert near.requests[0].disconnected.is_set()
    (run,) = list_runs(team)
    assert (run.status, run.error) == ("interrupted", "abandoned by the caller")


@pytest.mark.story
def test_ten_megabytes_go_in_and_out(registry: Registry, team: Repo, near: Provider) -> None:
    text = "All work and no play, " * (9_999_000 // 22) + "."
    config = (team.path / "promptops.toml").read_text()
    team.write("promptops.toml", f"{config}[guards]\ntokens_per_day = 100_000_000\n")
    near.reply(text=text)
    with promptops.open(team.path) as other:
        run = other.run("a@working", {"text": text})
    assert run.text == text
    assert near.requests[0].json["messages"][0]["content"] == f"Sum up: {text}"
    kept = logged(team, run.id).run
    assert kept.status == "succeeded"
    assert kept.answer == text


@pytest.mark.story
@pytest.mark.parametrize("piece", ["word and work, ", "4111 ", "token:A1b2C3d4e5f6g7h8i9j0k "])
def test_an_event_loop_goes_on_while_long_texts_are_recorded(
    team: Repo, near: Provider, piece: str
) -> None:
    # Longer than what is recorded on the loop itself.
    text = piece * (300_000 // len(piece))
    recording: list[bool] = []

    async def ask() -> None:
        loop = threading.get_ident()
        with promptops.open(team.path) as registry:
            near.always(text=text)
            recorder: Any = registry.open_runner()._tools.recorder
            write = recorder._write

            def watched(*arguments: Any) -> None:
                recording.append(threading.get_ident() == loop)
                write(*arguments)

            recorder._write = watched
            run = await registry.arun("a@working", {"text": text})
            pieces = [one async for one in registry.astream("a@working", {"text": f"{text}."})]
            await registry.aclose()
        assert (run.text, "".join(one.text for one in pieces)) == (text, text)

    asyncio.run(ask())
    # Each run begins and ends in the log, and never on the loop.
    assert recording == [False] * 4
    kept = [logged(team, one.id).run for one in list_runs(team)]
    assert [one.status for one in kept] == ["succeeded"] * 2
    assert all(one.is_redacted == piece.startswith("token") for one in kept)


@pytest.mark.slow
def test_a_log_that_is_lost_under_a_long_run_gets_all_of_it(
    registry: Registry, team: Repo, near: Provider
) -> None:
    text = "word " * 100_000
    near.always(text=None)

    model = registry.open_runner().models.get("near/small")
    call = model.call

    def lose(*arguments: Any, **options: Any) -> Any:
        for file in (team.path / ".git" / "promptops-log").iterdir():
            file.unlink()
        return call(*arguments, **options)

    model.call = lose  # type: ignore[method-assign]
    run = registry.run("a@working", {"text": text})
    entry = logged(team, run.id)
    assert entry.run.inputs == {"text": text}
    assert entry.run.answer == run.text


def test_characters_that_stores_cannot_hold_survive(
    registry: Registry, team: Repo, near: Provider
) -> None:
    text = "nul \x00, surrogate \ud800, end"
    near.reply(text=text)
    run = registry.run("a@working", {"text": "x\x00y"})
    assert logged(team, run.id).run.answer == run.text
    assert logged(team, run.id).run.inputs == {"text": "x\x00y"}


def test_a_clock_that_jumps_changes_no_run(
    registry: Registry, team: Repo, near: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    near.always(text="Yes.")
    assert registry.run("a@working", {"text": "1"}).text == "Yes."
    for jump in (-86_400 * 365, 86_400 * 365):
        now = time.time() + jump
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda now=now: now)
            assert registry.run("a@working", {"text": str(jump)}).text == "Yes."


@pytest.mark.slow
def test_an_event_loop_that_is_closed_is_not_missed(team: Repo, near: Provider) -> None:
    near.always(text="Yes.")
    with promptops.open(team.path) as registry:
        for number in range(3):
            run = asyncio.run(registry.arun("a@working", {"text": str(number)}))
            assert run.text == "Yes."
