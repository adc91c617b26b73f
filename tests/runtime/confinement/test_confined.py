"""The program that renders with limits, run in this process with the limits noted instead."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from promptops.runtime.confinement.confined import main

resource = pytest.importorskip("resource")

BODY = "Answer {{ question }}{{ 1 // (0 if question == 'b' else 1) }}"
TEMPLATE = {"name": "a.md", "body": BODY, "partials": {}}


class World:
    """What the program read and wrote, and which limits it set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.limits: list[tuple[int, tuple[int, int]]] = []
        self.hard = resource.RLIM_INFINITY
        self._patch = monkeypatch
        monkeypatch.setattr(sys, "path", list(sys.path))
        monkeypatch.setattr(resource, "setrlimit", lambda *one: self.limits.append(one))
        monkeypatch.setattr(resource, "getrlimit", lambda _kind: (0, self.hard))
        used = SimpleNamespace(ru_utime=2.5, ru_stime=0.25)
        monkeypatch.setattr(resource, "getrusage", lambda _who: used)

    def ask(self, *questions: Any) -> list[Any]:
        first = {"path": sys.path, "memory": 10**9}
        sent = b"".join(
            b"%d\n%b" % (len(data), data)
            for data in (json.dumps(one).encode() for one in (first, *questions))
        )
        written = io.BytesIO()
        self._patch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(sent)))
        self._patch.setattr(sys, "stdout", SimpleNamespace(buffer=written))
        main()
        written.seek(0)
        replies = []
        while size := written.readline():
            replies.append(json.loads(written.read(int(size))))
        return replies


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def question(key: str = "k", *, values: Any = None, **more: Any) -> dict[str, Any]:
    return {"key": key, "seconds": 10, "values": values or {"question": "x"}, **more}


def answer(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


def test_a_template_is_sent_once_and_known_by_its_key(world: World) -> None:
    other = {**TEMPLATE, "body": "Other"}
    assert world.ask(
        question(),
        question(template=TEMPLATE),
        question(values={"question": "y"}),
        question("l", template=other),
        # Only the last one is kept.
        question(),
    ) == [
        {"unknown": True},
        answer("Answer x1"),
        answer("Answer y1"),
        answer("Other"),
        {"unknown": True},
    ]


def test_a_fault_has_its_place(world: World) -> None:
    (reply,) = world.ask(question(template=TEMPLATE, values={"question": "b"}))
    error = reply["error"]
    assert (error["path"], error["line"]) == ("a.md", 1)
    assert "zero" in error["message"]


def test_of_several_renderings_a_fault_spoils_none(world: World) -> None:
    many = [{"question": one} for one in "abc"]
    (reply,) = world.ask(question(template=TEMPLATE, many=many))
    first, fault, last = reply["many"]
    assert (first, fault, last) == (
        answer("Answer a1")["messages"],
        None,
        answer("Answer c1")["messages"],
    )


def test_memory_is_limited_once_and_time_for_each_question(world: World) -> None:
    world.ask(question(template=TEMPLATE), question())
    unlimited = resource.RLIM_INFINITY
    assert world.limits == [
        (resource.RLIMIT_AS, (10**9, unlimited)),
        # What it has used is not counted against a question.
        (resource.RLIMIT_CPU, (13, unlimited)),
        (resource.RLIMIT_CPU, (13, unlimited)),
    ]


def test_a_limit_of_the_system_is_not_exceeded(world: World) -> None:
    world.hard = 7
    world.ask(question(template=TEMPLATE))
    assert [pair for _, pair in world.limits] == [(7, 7), (7, 7)]


def test_a_parent_that_asks_nothing_is_no_fault(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"")))
    main()
    assert world.limits == []


@pytest.mark.story
def test_a_process_has_so_much_time_of_the_processor() -> None:
    pytest.importorskip("resource")
    code = "from promptops.runtime.confinement.confined import _limit_time\n_limit_time(0)\nwhile True: pass"
    ended = subprocess.run([sys.executable, "-c", code], check=False, timeout=600)
    assert ended.returncode == -signal.SIGXCPU
