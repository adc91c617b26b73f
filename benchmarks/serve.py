#!/usr/bin/env python3
"""Measures `promptops serve` beside its own framework, a bare proxy and LiteLLM Proxy.

    nox -s serve_speed
    nox -s serve_speed -- --proxy build/litellm/bin/litellm     # also beside LiteLLM Proxy

Every server is a process of its own on loopback, and so is the provider, which answers at once. The
client keeps its connections. `constant` is promptops' own application, with its middleware, keys
and log, whose routes answer with a constant; `bare` is Starlette that passes a stream on through
httpx. The exit code is 1 when a goal is missed.

Under open load, a request's time counts from the moment it was due, not from the moment it was
sent. Client and server each get a core and, where the system allows it, real-time priority, so that
other programs of the machine do not show up as a tail. `constant` answers the same load, and
`sleeper` is the client without any request: what they show is not promptops' doing.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from beside_litellm import CHUNKS, SERVER
from runs import as_installed, make_repository

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTIONS = 16
# Short rounds: a pause of the machine spoils one of them, not all.
OPEN_ROUNDS = 31
OPEN_REQUESTS = 400
_TICKS = os.sysconf("SC_CLK_TCK")
CONSTANT = """
import sys
from starlette.responses import JSONResponse
from promptops.server import application

async def constant(call):
    return JSONResponse({"version": "0.1.0", "messages": []})

application.ROUTES = tuple((a, b, c, constant) for a, b, c, _ in application.ROUTES)
from promptops.cli import main
sys.argv[0] = "promptops"
main()
"""
BARE = """
import sys, httpx, uvicorn
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

client = httpx.AsyncClient(base_url=sys.argv[1], timeout=60)

async def forward(request):
    body = await request.body()
    sent = client.build_request("POST", "/chat/completions", content=body)
    answer = await client.send(sent, stream=True)
    return StreamingResponse(answer.aiter_raw(), media_type="text/event-stream",
        background=None)

uvicorn.run(Starlette(routes=[Route("/v1/chat/completions", forward, methods=["POST"])]),
    port=int(sys.argv[2]), log_level="critical", access_log=False)
"""
PROXY = """
model_list:
  - model_name: small
    litellm_params: {model: openai/small, api_base: "%s", api_key: none}
general_settings: {master_key: sk-bench}
litellm_settings: {telemetry: false}
"""


class Load(NamedTuple):
    """What a load took.

    Attributes:
        seconds: its duration.
        times: the duration of each request, in order of their ends.
        processor: the server's processor time.
    """

    seconds: float
    times: list[float]
    processor: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.times) / self.seconds

    @property
    def cost(self) -> float:
        """Milliseconds of processor time a request."""
        return self.processor / len(self.times) * 1000


class Server(NamedTuple):
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int
    start_seconds: float

    def processor(self) -> float:
        """Its processor time so far, in seconds."""
        text = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8")
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def threads(self) -> Iterator[Path]:
        """Its threads, as folders of `/proc`."""
        return Path(f"/proc/{self.process.pid}/task").iterdir()

    def memory(self) -> int:
        """What it holds, in bytes."""
        text = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        found = re.search(r"VmRSS:\s+(\d+)", text)
        assert found is not None
        return int(found[1]) * 1024


class Upstream(NamedTuple):
    """The provider's process and port."""

    pid: int
    port: int


# --- the client ----------------------------------------------------------------------------------


class Client:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def open(self) -> None:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    def close(self) -> None:
        """Disconnect."""
        self._writer.close()

    async def ask(self, request: bytes) -> float:
        """Send a request, read the whole answer, and return when its first byte of body came."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head[9:12])
        length = re.search(rb"content-length: (\d+)", head)
        if length:
            body = await self._reader.readexactly(int(length[1]))
            first = time.perf_counter()
        else:
            first, body = 0.0, b""
            while True:
                size = int(await self._reader.readline(), 16)
                first = first or time.perf_counter()
                body += (await self._reader.readexactly(size + 2))[:-2]
                if size == 0:
                    break
        if status != 200:
            raise SystemExit(f"status {status}: {body[:300]!r}")
        return first


def request(method: str, path: str, key: str, body: object = None) -> bytes:
    """Return a request."""
    data = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


async def saturate(server: Server, requests: list[bytes], at_once: int) -> Load:
    """Send all requests, as fast as they are answered."""
    clients = [Client(server.port) for _ in range(at_once)]
    for one in clients:
        await one.open()
        await one.ask(requests[0])
    times: list[float] = []
    left = iter(requests[1:])

    async def work(client: Client) -> None:
        for one in left:
            began = time.perf_counter()
            await client.ask(one)
            times.append(time.perf_counter() - began)

    before, start = server.processor(), time.perf_counter()
    await asyncio.gather(*map(work, clients))
    return Load(time.perf_counter() - start, times, server.processor() - before)


class Waits(NamedTuple):
    """How long requests took that were sent at fixed times.

    Attributes:
        times: the time of each, from when it was due, sorted.
        late: how late the client sent each, sorted.
    """

    times: list[float]
    late: list[float]

    @property
    def tail(self) -> float:
        """The 99th percentile, as a multiple of the median."""
        return percentile(self.times, 0.99) / median(self.times)


def percentile(times: list[float], part: float) -> float:
    """Return a percentile of sorted times."""
    return times[int(len(times) * part)]


def pool(rounds: list[Waits]) -> Waits:
    """Return several rounds as one."""
    return Waits(
        sorted(one for each in rounds for one in each.times),
        sorted(one for each in rounds for one in each.late),
    )


async def send_at(server: Server | None, requests: list[bytes], rate: float) -> Waits:
    """Send requests at fixed times, whatever the answers take; without a server, none is sent."""
    free: asyncio.Queue[Client] = asyncio.Queue()
    for _ in range(64 if server is not None else 0):
        assert server is not None
        client = Client(server.port)
        await client.open()
        await client.ask(requests[0])
        free.put_nowait(client)
    times: list[float] = []
    late: list[float] = []

    async def send(one: bytes, due: float) -> None:
        if server is not None:
            client = await free.get()
            await client.ask(one)
            free.put_nowait(client)
        times.append(time.perf_counter() - due)

    start = time.perf_counter() + 0.1
    tasks = []
    for number, one in enumerate(requests):
        due = start + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        late.append(time.perf_counter() - due)
        tasks.append(asyncio.create_task(send(one, due)))
    for task in tasks:
        await task
    while not free.empty():
        free.get_nowait().close()
    return Waits(sorted(times), sorted(late))


@contextmanager
def apart(*servers: Server, provider: int | None = None) -> Iterator[bool]:
    """Give client and provider one core and the servers another; yield whether all go first."""
    cores = sorted(os.sched_getaffinity(0))
    left = [0] if provider is None else [0, provider]
    right = [int(one.name) for server in servers for one in server.threads()]
    before = os.sched_getscheduler(0)
    is_first = True
    for thread in (*left, *right):
        os.sched_setaffinity(thread, {cores[0] if thread in right else cores[-1]})
        try:
            os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(1))
        except PermissionError:
            is_first = False
    gc.collect()
    gc.disable()
    try:
        yield is_first
    finally:
        gc.enable()
        for thread in (*left, *right):
            os.sched_setaffinity(thread, cores)
            if is_first:
                os.sched_setscheduler(thread, before, os.sched_param(0))


async def stream(server: Server, requests: list[bytes]) -> tuple[float, float]:
    """Return the processor time a stream takes, and the median time to its first byte."""
    client = Client(server.port)
    await client.open()
    await client.ask(requests[0])
    before, firsts = server.processor(), []
    for one in requests[1:]:
        began = time.perf_counter()
        firsts.append(await client.ask(one) - began)
    return (server.processor() - before) / len(firsts), median(firsts)


# --- the servers ---------------------------------------------------------------------------------


@contextmanager
def run(line: list[str], folder: Path, port: int = 0) -> Iterator[Server]:
    """Run a server; without a port, it says on its standard error where it listens."""
    began = time.perf_counter()
    log = (folder / "server.log").open("wb")
    process = subprocess.Popen(
        line,
        cwd=folder,
        env=as_installed(folder),
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        found = port or _read_port(folder / "server.log", process)
        _wait(found, process)
        yield Server(process, found, time.perf_counter() - began)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        log.close()


def _read_port(file: Path, process: subprocess.Popen[bytes]) -> int:
    while process.poll() is None:
        found = re.search(r" at http://127\.0\.0\.1:(\d+)", file.read_text("utf-8"))
        if found:
            return int(found[1])
        time.sleep(0.005)
    raise SystemExit(file.read_text("utf-8"))


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    import socket

    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.005)
        else:
            return
    raise SystemExit("a server did not start")


def _free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Table:
    """Prints results, and remembers whether a goal was missed."""

    def __init__(self) -> None:
        self.is_met = True
        print("| what | value | goal | |\n| --- | ---: | ---: | --- |", flush=True)

    def line(self, what: str, value: str, goal: str = "", *, holds: bool = True) -> None:
        """Print one line."""
        self.is_met = self.is_met and holds
        verdict = "" if not goal else "pass" if holds else "miss"
        print(f"| {what} | {value} | {goal} | {verdict} |", flush=True)


def main() -> int:
    """Measure, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--proxy", help="the program `litellm` of litellm[proxy]")
    options = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        provider = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE)
        try:
            assert provider.stdout is not None
            upstream = Upstream(provider.pid, int(provider.stdout.readline()))
            place = make_repository(folder, upstream.port)
            made = subprocess.run(
                [sys.executable, "-m", "promptops", "serve", "keys", "add", "bench"],
                cwd=place,
                check=True,
                capture_output=True,
                text=True,
            )
            # An epoll loop wakes up on whole milliseconds, which is longer than an answer takes.
            with asyncio.Runner(
                loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())
            ) as runner:
                runner.run(measure(table, place, upstream, made.stdout.strip(), options))
        finally:
            provider.kill()
            provider.wait()
    return int(not table.is_met)


async def measure(
    table: Table, place: Path, upstream: Upstream, key: str, options: argparse.Namespace
) -> None:
    """Compare the servers, a pair at a time."""
    serve = ["serve", "--port", "0", "--max-connections", "1000"]
    ours = [sys.executable, "-m", "promptops", *serve]
    constant = [sys.executable, "-c", CONSTANT, *serve]
    count = options.requests
    kinds = {
        "resolve": [request("GET", "/v1/resolve/a@production", key)] * count,
        "render": [
            request("POST", "/v1/render/a@production", key, {"inputs": {"text": f"{number}"}})
            for number in range(count)
        ],
    }
    with run(ours, place) as us, run(constant, place) as them:
        for kind, requests in kinds.items():
            rates: list[float] = []
            costs: list[float] = []
            with apart(us, them):
                for _ in range(options.rounds):
                    mine = await saturate(us, requests, CONNECTIONS)
                    other = await saturate(them, requests, CONNECTIONS)
                    rates.append(mine.rate / other.rate)
                    costs.append(other.cost / mine.cost)
            value = median(rates)
            shown = f"{value:.2f} ({median(costs):.2f} by processor time)"
            table.line(
                f"{kind}: requests a second beside constant", shown, "0.5", holds=value >= 0.5
            )
            await measure_tail(table, kind, us, them, requests)
    await measure_streams(table, place, upstream, key, options)
    if options.proxy:
        await measure_proxy(table, place, upstream, key, options)


async def measure_tail(
    table: Table, kind: str, us: Server, them: Server, requests: list[bytes]
) -> None:
    """Compare the slowest requests with the median one, under open load."""
    part = (requests * OPEN_REQUESTS)[:OPEN_REQUESTS]
    ours: list[Waits] = []
    constant: list[Waits] = []
    sleeper: list[Waits] = []
    with apart(us, them) as is_first:
        rate = (await saturate(us, requests, CONNECTIONS)).rate / 2
        for _ in range(OPEN_ROUNDS):
            ours.append(await send_at(us, part, rate))
            constant.append(await send_at(them, part, rate))
            sleeper.append(await send_at(None, part, rate))
    found, control = (median(one.tail for one in rounds) for rounds in (ours, constant))
    how = "real-time priority" if is_first else "ordinary priority"
    what = f"{kind}: p99 of the median, at {rate:.0f} requests a second, {how}"
    table.line(what, f"{found:.1f} (constant: {control:.1f})", "3", holds=found <= 3)
    all_of = [pool(rounds) for rounds in (ours, constant, sleeper)]
    shown = ", ".join(
        f"{name} {median(one.times) * 1000:.2f} and {percentile(one.times, 0.99) * 1000:.2f}"
        for name, one in zip(("ours", "constant", "sleeper"), all_of, strict=True)
    )
    table.line(f"{kind}: median and p99 of all rounds, in ms", shown)
    late = percentile(all_of[0].late, 0.99) * 1000
    table.line(f"{kind}: how late the client sends, p99", f"{late:.2f} ms")


def _completions(key: str, count: int, model: str, *, is_stream: bool, ours: bool) -> list[bytes]:
    bodies = []
    for number in range(count):
        body: dict[str, object] = {"model": model, "stream": is_stream}
        if ours:
            body |= {"messages": [], "inputs": {"text": str(number)}}
        else:
            body["messages"] = [{"role": "user", "content": f"Classify: {number}"}]
        bodies.append(request("POST", "/v1/chat/completions", key, body))
    return bodies


async def measure_streams(
    table: Table, place: Path, upstream: Upstream, key: str, options: argparse.Namespace
) -> None:
    port = _free_port()
    url = f"http://127.0.0.1:{upstream.port}/v1"
    bare = [sys.executable, "-c", BARE, url, str(port)]
    ours = [sys.executable, "-m", "promptops", "serve", "--port", "0"]
    with run(ours, place) as us, run(bare, place.parent, port) as them:
        ratios, later = [], []
        with apart(us, them, provider=upstream.pid):
            for _ in range(options.rounds):
                asked = _completions(
                    key, options.streams, "prompt:a@production", is_stream=True, ours=True
                )
                mine, first = await stream(us, asked)
                asked = _completions(key, options.streams, "small", is_stream=True, ours=False)
                other, base = await stream(them, asked)
                ratios.append(mine / other)
                later.append((first - base) * 1000)
        value, more = median(ratios), median(later)
        what = f"a stream of {CHUNKS} chunks: processor time beside a bare proxy"
        table.line(what, f"{value:.2f}", "1.5", holds=value <= 1.5)
        table.line("its first byte", f"{more:.1f} ms later", "3 ms", holds=more <= 3)


async def measure_proxy(
    table: Table, place: Path, upstream: Upstream, key: str, options: argparse.Namespace
) -> None:
    settings = place.parent / "proxy.yaml"
    settings.write_text(PROXY % f"http://127.0.0.1:{upstream.port}/v1", "utf-8")
    port = _free_port()
    proxy = [options.proxy, "--config", str(settings), "--port", str(port), "--host", "127.0.0.1"]
    ours = [sys.executable, "-m", "promptops", "serve", "--port", "0"]
    count = max(100, options.requests // 10)
    with run(ours, place) as us, run(proxy, place.parent, port) as them:
        mine = _completions(key, count, "prompt:a@production", is_stream=False, ours=True)
        theirs = _completions("sk-bench", count, "small", is_stream=False, ours=False)
        rates = []
        for _ in range(options.rounds):
            fast = await saturate(us, mine, CONNECTIONS)
            slow = await saturate(them, theirs, CONNECTIONS)
            rates.append(fast.rate / slow.rate)
        value = median(rates)
        table.line("requests a second beside LiteLLM Proxy", f"{value:.1f}", "5", holds=value >= 5)
        part = us.start_seconds / them.start_seconds
        table.line("start beside LiteLLM Proxy", f"{part:.2f}", "0.25", holds=part <= 0.25)
        part = us.memory() / them.memory()
        table.line("memory beside LiteLLM Proxy", f"{part:.2f}", "0.25", holds=part <= 0.25)


if __name__ == "__main__":
    sys.exit(main())
