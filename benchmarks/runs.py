"""What a run costs beside the bare call that it makes.

    python benchmarks/runs.py               # in an environment with promptops in it

A server in a process of its own answers at once, or after two seconds. The two sides take turns
over the same transport: a bare loop, and `registry.arun` with guards, log and validation on.
Processor time counts, since a machine shared with others is noisy.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import promptops
from promptops.runtime.models.model import Model, Request

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry

ROUNDS = 5
SERVER = """
import asyncio, json, sys

DELAY = float(sys.argv[1])
MESSAGE = {"role": "assistant", "content": '{"topic": "bug"}'}
BODY = json.dumps({
    "id": "x", "model": "m", "choices": [{"message": MESSAGE, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 11, "completion_tokens": 7},
}).encode()
HEAD = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: "
ANSWER = HEAD + str(len(BODY)).encode() + b"\\r\\n\\r\\n" + BODY


class Provider(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.data = transport, b""

    def data_received(self, data):
        self.data += data
        head, found, rest = self.data.partition(b"\\r\\n\\r\\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\\r")[0])
        if len(rest) >= length:
            self.data = rest[length:]
            asyncio.get_running_loop().call_later(DELAY, self.transport.write, ANSWER)


async def main():
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
"""
PROMPT = """---
version: 1.0.0
description: Classify a ticket.
author: jane@example.com
model: near/small
max_tokens: 100
inputs: {text: string}
output: {type: object, required: [topic], properties: {topic: {enum: [billing, bug]}}}
---
Classify: {{ text }}
"""
CONFIG = """
[models.near]
base_url = "http://127.0.0.1:%d/v1"
input_price = 1
output_price = 2

[guards]
spend_per_hour = 100000
spend_per_day = 1000000
identical_per_minute = 1000000
"""


def make_repository(folder: Path, port: int) -> Path:
    """A repository with one prompt, released and live."""
    remote, place = folder / "remote.git", folder / "repository"
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    git(folder, "init", "--quiet", "--initial-branch=main", str(place))
    for name, value in (("user.name", "Jane"), ("user.email", "jane@example.com")):
        git(place, "config", name, value)
    git(place, "remote", "add", "origin", str(remote))
    (place / "prompts").mkdir()
    (place / "prompts/a.md").write_text(PROMPT)
    (place / "promptops.toml").write_text(f'environments = ["production"]\n{CONFIG % port}')
    git(place, "add", ".")
    git(place, "commit", "--quiet", "-m", "Add a prompt")
    git(place, "push", "--quiet", "origin", "main")
    for words in (("release", "a", "--push"), ("promote", "a", "--to", "production")):
        line = [sys.executable, "-m", "promptops", *words]
        subprocess.run(line, cwd=place, check=True, capture_output=True)
    return place


def git(folder: Path, *words: str) -> None:
    """Run git."""
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


async def ask_bare(model: Model, count: int, at_once: int) -> None:
    """Make the same calls without promptops."""
    queue = iter(range(count))

    async def work() -> None:
        for number in queue:
            messages = [{"role": "user", "content": f"Classify: {number}"}]
            request = Request("near/small", messages, {"max_tokens": 100})
            answer = await model.acall(request, deadline=time.monotonic() + 60)
            json.loads(answer.text)

    await asyncio.gather(*(work() for _ in range(at_once)))


async def ask_registry(registry: Registry, count: int, at_once: int) -> None:
    """Make the calls as runs."""
    queue = iter(range(count))

    async def work() -> None:
        for number in queue:
            await registry.arun("a", {"text": str(number)}, user="u-1")

    await asyncio.gather(*(work() for _ in range(at_once)))


async def measure(place: Path, count: int, at_once: int) -> None:
    """Take turns, and print the medians."""
    with promptops.open(place) as registry:
        await registry.arun("a", {"text": "first"})
        model = registry.open_runner().models.get("near/small")
        times: dict[str, list[tuple[float, float]]] = {"bare": [], "arun": []}
        lag = Lag()
        for _ in range(ROUNDS):
            for name, ask in (
                ("bare", lambda: ask_bare(model, count, at_once)),
                ("arun", lambda: ask_registry(registry, count, at_once)),
            ):
                watching = asyncio.create_task(lag.watch()) if name == "arun" else None
                began, processor = time.perf_counter(), time.process_time()
                await ask()
                taken = time.perf_counter() - began, time.process_time() - processor
                times[name].append(taken)
                if watching is not None:
                    watching.cancel()
        await registry.aclose()
    walls = {name: median(one[0] for one in values) for name, values in times.items()}
    cpu = {name: median(one[1] for one in values) / count for name, values in times.items()}
    print(f"{count} calls, {at_once} at once, {ROUNDS} rounds")
    for name in times:
        print(f"  {name}: {cpu[name] * 1000:.2f} ms processor a call, {walls[name]:.2f} s in all")
    print(f"  more: {(cpu['arun'] - cpu['bare']) * 1000:.2f} ms processor a call")
    print(f"  wall: {walls['arun'] / walls['bare']:.2f} of the bare loop; lag p99 {lag.p99:.0f} ms")


class Lag:
    """How late an event loop comes back to somebody who waits for a moment."""

    def __init__(self) -> None:
        self._late: list[float] = []

    async def watch(self) -> None:
        """Measure until cancelled."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.01)
            self._late.append(time.perf_counter() - began - 0.01)

    @property
    def p99(self) -> float:
        """In milliseconds."""
        return sorted(self._late)[int(len(self._late) * 0.99)] * 1000


def as_installed(folder: Path) -> dict[str, str]:
    """Return the environment of commands whose modules are compiled, as those of a wheel are."""
    names = {name: one for name, one in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**names, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}


def measure_start(place: Path, rounds: int) -> None:
    """Compare `promptops run`, from a cold process to its first token, with `promptops resolve`."""
    times: dict[str, list[float]] = {"run": [], "resolve": []}
    environment = as_installed(place.parent)
    for turn in range(rounds + 1):
        for name, words in (
            ("run", ["a", "--var", f"text={turn}"]),
            ("resolve", ["a"]),
        ):
            line = [sys.executable, "-m", "promptops", name, *words]
            began = time.perf_counter()
            with subprocess.Popen(
                line,
                cwd=place,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            ) as process:
                assert process.stdout is not None
                assert process.stdout.read(1)
                taken = time.perf_counter() - began
                process.stdout.read()
            assert process.returncode == 0
            # The first turn compiles the modules.
            times[name] += [taken] if turn else []
    run, resolve = median(times["run"]), median(times["resolve"])
    print(f"to first token: run {run:.2f} s, resolve {resolve:.2f} s: {run / resolve:.2f} (goal 2)")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds until the server answers")
    options = parser.parse_args()
    line = [sys.executable, "-c", SERVER, str(options.delay)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        try:
            place = make_repository(Path(folder), int(server.stdout.readline()))
            asyncio.run(measure(place, options.count, options.at_once))
            if options.at_once == 1:
                measure_start(place, ROUNDS)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
