"""Compare runs with LiteLLM: calls, router, streams, start.

    python benchmarks/beside_litellm.py      # in an environment with promptops[models] in it

A server in a process of its own answers at once. Every side is a fresh process that makes the same
calls one after the other; the sides take turns. Runs have guards, log and validation on. Processor
time counts, since a machine shared with others is noisy; memory is what the process holds after its
first call.
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
from typing import TYPE_CHECKING, Any

from runs import as_installed, make_repository

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Measure = Callable[[Callable[[int], Awaitable[object]]], Awaitable[None]]

WARM_UP = 5
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
[models."openai/small"]
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
    "openai/small", [{"role": "user", "content": "Classify: x"}],
    api_base=%r, api_key="none", **%r
).choices[0].message.content)
"""


# --- one side, in a process of its own ---------------------------------------------------------


def configure_litellm() -> Any:  # noqa: ANN401 - a module that is only there for some
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    litellm.suppress_debug_info = True
    return litellm


def wire(url: str, number: int) -> dict[str, Any]:
    """Return a run's request, for LiteLLM."""
    message = {"role": "user", "content": f"Classify: {number}"}
    return {"messages": [message], **MORE, "api_base": url, "api_key": "none"}


async def use_runs(place: Path, measure: Measure) -> None:
    import promptops

    with promptops.open(place) as registry:
        await measure(lambda number: registry.arun("a", {"text": str(number)}, user="u-1"))
        await registry.aclose()


async def use_run_streams(place: Path, measure: Measure) -> None:
    import promptops

    with promptops.open(place) as registry:

        async def ask(number: int) -> None:
            async for _ in registry.astream("a", {"text": str(number)}, user="u-1"):
                pass

        await measure(ask)
        await registry.aclose()


async def use_completion(url: str, measure: Measure) -> None:
    litellm = configure_litellm()
    await measure(lambda number: litellm.acompletion("openai/small", **wire(url, number)))


async def use_streams(url: str, measure: Measure) -> None:
    litellm = configure_litellm()

    async def ask(number: int) -> None:
        more = {"stream": True, "stream_options": {"include_usage": True}}
        async for _ in await litellm.acompletion("openai/small", **wire(url, number), **more):
            pass

    await measure(ask)


async def use_router(url: str, measure: Measure) -> None:
    litellm = configure_litellm()
    models = [
        {
            "model_name": name,
            "litellm_params": {"model": "openai/small", "api_base": url, "api_key": "none"},
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


async def use_sync_completion(url: str, measure: Measure) -> None:
    litellm = configure_litellm()
    await measure(in_thread(lambda number: litellm.completion("openai/small", **wire(url, number))))


async def use_runs_through(place: Path, measure: Measure) -> None:
    import promptops

    with promptops.open(place) as registry:
        await measure(
            in_thread(lambda number: registry.run("a", {"text": str(number)}, model="openai/small"))
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


def work(side: str, place: Path, url: str, count: int) -> None:
    """Make the calls of one side, and print what a call and the process took."""
    found: dict[str, float] = {}

    async def measure(ask: Callable[[int], Awaitable[object]]) -> None:
        await ask(0)
        found["megabytes"] = read_memory()
        for number in range(1, WARM_UP):
            await ask(number)
        began, wall = time.process_time(), time.perf_counter()
        for number in range(WARM_UP, WARM_UP + count):
            await ask(number)
        found["processor"] = (time.process_time() - began) / count
        found["wall"] = (time.perf_counter() - wall) / count

    asyncio.run(SIDES[side](url if side.startswith("litellm") else place, measure))
    print(json.dumps(found))


def read_memory() -> float:
    """Return the memory of this process, in megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


# --- all of them, in turns ---------------------------------------------------------------------


def run_side(side: str, place: Path, url: str, count: int) -> dict[str, float]:
    line = [sys.executable, __file__, "--work", side, "--place", str(place), "--url", url]
    line += ["--count", str(count)]
    done = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def compare_calls(place: Path, url: str, count: int, turns: int) -> None:
    found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for turn in range(turns):
        for side in list(SIDES)[:: -1 if turn % 2 else 1]:
            found[side].append(run_side(side, place, url, count))

    def of(side: str, what: str) -> float:
        return median(one[what] for one in found[side])

    for side in SIDES:
        print(
            f"{side:30} {of(side, 'processor') * 1000:7.2f} ms processor a call, "
            f"{of(side, 'megabytes'):6.0f} MB after the first"
        )
    for ours, other, what, goal in (
        ("registry.arun", "litellm.acompletion", "processor", 0.3),
        ("registry.arun", "litellm.Router", "processor", 0.25),
        ("registry.astream", "litellm.acompletion(stream)", "processor", 0.1),
        ("registry.run through litellm", "litellm.completion", "wall", 1.15),
        ("registry.run through litellm", "litellm.completion", "processor", 1.15),
        ("registry.arun", "litellm.acompletion", "megabytes", 0.4),
    ):
        ratio = of(ours, what) / of(other, what)
        print(f"{ours} / {other}, {what}: {ratio:.3f} (goal {goal})")


def compare_starts(place: Path, url: str, turns: int) -> None:
    """Compare `promptops run` from a cold process with a script that imports LiteLLM."""
    run = [sys.executable, "-m", "promptops", "run", "a", "--var", "text=x", "--stream"]
    lines = {"promptops run": run, "litellm": [sys.executable, "-c", COLD % (url, MORE)]}
    taken: dict[str, list[float]] = {name: [] for name in lines}
    environment = as_installed(place.parent)
    # The first turn compiles the modules.
    for turn in range(turns + 1):
        for name, line in lines.items():
            began = time.perf_counter()
            with subprocess.Popen(
                line,
                cwd=place,
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
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options.place, options.url, options.count)
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
            config = place / "promptops.toml"
            config.write_text(f"{config.read_text()}{THROUGH % url}")
            compare_calls(place, url, options.count, options.turns)
            compare_starts(place, url, options.turns)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
