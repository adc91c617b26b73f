"""Compare runs with LiteLLM: calls, router, streams, start.

    python benchmarks/beside_litellm.py      # in an environment with promptops[models] in it

A server in a process of its own answers at once. Every side is a process of its own that makes the
same calls one after the other; the sides take turns, a few calls in each, and the ratios are
medians over the turns. Runs have guards, log and validation on. Processor time counts, since a
machine shared with others is noisy; memory is what the process holds after its first call.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from runs import as_installed, make_repository

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Measure = Callable[[Callable[[int], Awaitable[object]]], Awaitable[None]]

# A name that LiteLLM does not know, as those of an endpoint of one's own are. It looks for a price
# all the same, in every call; `--model openai/gpt-4o-mini` spares it that.
MODEL = "openai/small"
WARM_UP = 20
SETTLE_SECONDS = 0.02
STARTS = 5
CHUNKS = 200
# The parameters of the benchmark's prompt.
SCHEMA = {
    "type": "object",
    "required": ["topic"],
    "properties": {"topic": {"enum": ["billing", "bug"]}},
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}
MORE: dict[str, Any] = {"max_tokens": 100, "response_format": FORMAT}
SERVER = """
import asyncio, json

TEXT = '{"topic": "bug"}'
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
COMMON = {"id": "x", "created": 0, "model": "m"}
CHOICE = {"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}
BODY = json.dumps(
    {**COMMON, "object": "chat.completion", "choices": [CHOICE], "usage": USAGE}
).encode()
HEAD = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: "
ANSWER = HEAD + str(len(BODY)).encode() + b"\\r\\n\\r\\n" + BODY


def event(delta, finish=None):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    part = {**COMMON, "object": "chat.completion.chunk", "choices": [choice]}
    return b"data: " + json.dumps(part).encode() + b"\\n\\n"


TEXTS = [TEXT[:-1], *[" "] * CHUNKS_BETWEEN, TEXT[-1:]]
EVENTS = [event({"role": "assistant", "content": ""}), *[event({"content": t}) for t in TEXTS]]
EVENTS += [event({}, "stop")]
last = {**COMMON, "object": "chat.completion.chunk", "choices": [], "usage": USAGE}
EVENTS += [b"data: " + json.dumps(last).encode() + b"\\n\\n", b"data: [DONE]\\n\\n"]
STREAM = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/event-stream\\r\\nTransfer-Encoding: chunked"
STREAM += b"\\r\\n\\r\\n" + b"".join(b"%x\\r\\n%s\\r\\n" % (len(e), e) for e in EVENTS)
STREAM += b"0\\r\\n\\r\\n"


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
            is_stream = json.loads(rest[:length]).get("stream")
            self.transport.write(STREAM if is_stream else ANSWER)


async def main():
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
""".replace("CHUNKS_BETWEEN", str(CHUNKS - 2))
THROUGH = """
[models."%s"]
base_url = "%s"
transport = "litellm"
input_price = 1
output_price = 2
"""
COLD = """
import os
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm
print(litellm.completion(
    %r, [{"role": "user", "content": "Classify: x"}],
    api_base=%r, api_key="none", **%r
).choices[0].message.content)
"""


# --- one side, in a process of its own ---------------------------------------------------------


class Target(NamedTuple):
    """What one side calls: the repository's folder, the server's URL, and LiteLLM's model."""

    place: Path
    url: str
    model: str


def configure_litellm() -> Any:  # noqa: ANN401 - a module that is only there for some
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    litellm.suppress_debug_info = True
    return litellm


def wire(url: str, number: int) -> dict[str, Any]:
    """Return a run's request, for LiteLLM."""
    message = {"role": "user", "content": f"Classify: {number}"}
    return {"messages": [message], **MORE, "api_base": url, "api_key": "none"}


async def use_runs(target: Target, measure: Measure) -> None:
    import promptops

    with promptops.open(target.place) as registry:
        await measure(lambda number: registry.arun("a", {"text": str(number)}, user="u-1"))
        await registry.aclose()


async def use_run_streams(target: Target, measure: Measure) -> None:
    import promptops

    with promptops.open(target.place) as registry:

        async def ask(number: int) -> None:
            async for _ in registry.astream("a", {"text": str(number)}, user="u-1"):
                pass

        await measure(ask)
        await registry.aclose()


async def use_completion(target: Target, measure: Measure) -> None:
    litellm = configure_litellm()
    await measure(lambda number: litellm.acompletion(target.model, **wire(target.url, number)))


async def use_streams(target: Target, measure: Measure) -> None:
    litellm = configure_litellm()

    async def ask(number: int) -> None:
        more = {"stream": True, "stream_options": {"include_usage": True}}
        async for _ in await litellm.acompletion(target.model, **wire(target.url, number), **more):
            pass

    await measure(ask)


async def use_router(target: Target, measure: Measure) -> None:
    litellm = configure_litellm()
    models = [
        {
            "model_name": name,
            "litellm_params": {"model": target.model, "api_base": target.url, "api_key": "none"},
        }
        for name in ("near", "far")
    ]
    router = litellm.Router(models, num_retries=2, fallbacks=[{"near": ["far"]}])

    async def ask(number: int) -> None:
        message = {"role": "user", "content": f"Classify: {number}"}
        await router.acompletion("near", [message], **MORE)

    await measure(ask)


def in_thread(call: Callable[[int], object]) -> Callable[[int], Awaitable[object]]:
    async def ask(number: int) -> object:
        return call(number)

    return ask


async def use_sync_completion(target: Target, measure: Measure) -> None:
    litellm = configure_litellm()
    await measure(
        in_thread(lambda number: litellm.completion(target.model, **wire(target.url, number)))
    )


async def use_runs_through(target: Target, measure: Measure) -> None:
    import promptops

    with promptops.open(target.place) as registry:
        await measure(
            in_thread(lambda number: registry.run("a", {"text": str(number)}, model=target.model))
        )


SIDES: Mapping[str, Any] = {
    "registry.arun": use_runs,
    "registry.astream": use_run_streams,
    "registry.run through litellm": use_runs_through,
    "litellm.acompletion": use_completion,
    "litellm.Router": use_router,
    "litellm.acompletion(stream)": use_streams,
    "litellm.completion": use_sync_completion,
}


def work(side: str, target: Target) -> None:
    """Make the calls of one side: as many as each line of the input says.

    Print the memory after the first call, and what a call took after each line.
    """

    async def measure(ask: Callable[[int], Awaitable[object]]) -> None:
        numbers = itertools.count()
        await ask(next(numbers))
        print(read_memory(), flush=True)
        for _ in range(WARM_UP):
            await ask(next(numbers))
        for line in sys.stdin:
            count = int(line)
            began, wall = time.process_time(), time.perf_counter()
            for _ in range(count):
                await ask(next(numbers))
            wall = time.perf_counter() - wall
            # Work that a call leaves to the background counts too.
            await asyncio.sleep(SETTLE_SECONDS)
            processor = time.process_time() - began
            print(json.dumps({"processor": processor / count, "wall": wall / count}), flush=True)

    asyncio.run(SIDES[side](target, measure))


def read_memory() -> float:
    """Return the memory of this process, in megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


# --- all of them, in turns ---------------------------------------------------------------------


class Side:
    """A process that makes the calls of one side when told to."""

    def __init__(self, side: str, target: Target) -> None:
        line = [sys.executable, __file__, "--work", side, "--place", str(target.place)]
        line += ["--url", target.url, "--model", target.model]
        self._process = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.megabytes = float(self._read())
        self.taken: list[dict[str, float]] = []

    def ask(self, count: int) -> None:
        """Let it make so many calls."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        self.taken.append(json.loads(self._read()))

    def values(self, what: str) -> list[float]:
        """Return what a call took in each turn; of memory there is one value."""
        return [self.megabytes] if what == "megabytes" else [one[what] for one in self.taken]

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def compare_calls(target: Target, count: int, turns: int) -> None:
    """Let the sides make their calls in turns, and compare each turn's."""
    with ExitStack() as stack:
        sides: dict[str, Side] = {}
        for name in SIDES:
            sides[name] = Side(name, target)
            stack.callback(sides[name].close)
        for turn in range(turns):
            for name in list(SIDES)[:: -1 if turn % 2 else 1]:
                sides[name].ask(count)
    for name, side in sides.items():
        print(
            f"{name:30} {median(side.values('processor')) * 1000:7.2f} ms processor a call, "
            f"{side.megabytes:6.0f} MB after the first"
        )
    for ours, other, what, goal in (
        ("registry.arun", "litellm.acompletion", "processor", 0.3),
        ("registry.arun", "litellm.Router", "processor", 0.25),
        ("registry.astream", "litellm.acompletion(stream)", "processor", 0.1),
        ("registry.run through litellm", "litellm.completion", "wall", 1.15),
        ("registry.run through litellm", "litellm.completion", "processor", 1.15),
        ("registry.arun", "litellm.acompletion", "megabytes", 0.4),
    ):
        pairs = zip(sides[ours].values(what), sides[other].values(what), strict=True)
        ratio = median(one / beside for one, beside in pairs)
        print(f"{ours} / {other}, {what}: {ratio:.3f} (goal {goal})")


def compare_starts(target: Target, turns: int) -> None:
    """Compare `promptops run` from a cold process with a script that imports LiteLLM."""
    run = [sys.executable, "-m", "promptops", "run", "a", "--var", "text=x", "--stream"]
    script = COLD % (target.model, target.url, MORE)
    lines = {"promptops run": run, "litellm": [sys.executable, "-c", script]}
    taken: dict[str, list[float]] = {name: [] for name in lines}
    environment = as_installed(target.place.parent)
    # The first turn compiles the modules.
    for turn in range(turns + 1):
        for name, line in lines.items():
            began = time.perf_counter()
            with subprocess.Popen(
                line,
                cwd=target.place,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            ) as process:
                assert process.stdout is not None
                # Measure the time to the first token.
                assert process.stdout.read(1)
                taken[name] += [time.perf_counter() - began] if turn else []
                process.stdout.read()
            assert process.returncode == 0
    ours, other = (median(taken[name]) for name in lines)
    print(f"cold to first token: {ours:.2f} s, litellm {other:.2f} s: {ours / other:.3f} (0.15)")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10, help="calls of a side in each turn")
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--model", default=MODEL, help="what LiteLLM calls the model")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, Target(options.place, options.url, options.model))
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True
        ) as server,
    ):
        assert server.stdout is not None
        try:
            port = int(server.stdout.readline())
            url = f"http://127.0.0.1:{port}/v1"
            place = make_repository(Path(folder), port)
            target = Target(place, url, options.model)
            config = place / "promptops.toml"
            config.write_text(f"{config.read_text()}{THROUGH % (target.model, url)}")
            compare_calls(target, options.count, options.turns)
            compare_starts(target, STARTS)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
