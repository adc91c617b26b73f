"""Compare evals over the network with a bare loop at a slow server, and with promptfoo.

    python benchmarks/beside_promptfoo.py                              # the slow server alone
    python benchmarks/beside_promptfoo.py --promptfoo node main.js     # promptfoo's command
    python benchmarks/beside_promptfoo.py --promptfoo ... --samples 10000

One server of OpenAI's format in a process of its own, one suite of three checks. Processor time and
memory are those of each side's whole process. The goals: at most 1.3 of the bare loop's wall time
with 50 connections to a server that takes 50 ms; ten times promptfoo's samples per processor second
at 0.2 of its memory; a replay in 0.1 of its time with a warm cache.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Self

from evals import measure

sys.path.insert(0, str(Path(__file__).parents[1]))

PROMPT = """\
---
version: 1.0.0
description: Answer a question.
author: jane@example.com
model: openai/m
max_tokens: 100
inputs: {question: string}
---
{{ question }}
"""
SUITE = """\
schema: promptops.suite/v1
prompt: ask
samples:
- {from: rows.jsonl, expect: [{contains: number}, {ends: '?'}, {not_contains: sorry}]}
"""
SERVER = """
import asyncio, json, sys

DELAY = float(sys.argv[1])
async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            size = next(
                int(line.partition(b":")[2])
                for line in head.lower().split(b"\\r\\n")
                if line.startswith(b"content-length")
            )
            asked = json.loads(await reader.readexactly(size))
            if DELAY:
                await asyncio.sleep(DELAY)
            message = {"role": "assistant", "content": asked["messages"][-1]["content"]}
            body = json.dumps({
                "id": "x", "object": "chat.completion", "created": 0, "model": "m",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
            }).encode()
            writer.write(
                b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: "
                + str(len(body)).encode() + b"\\r\\n\\r\\n" + body
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""
BARE = """
import asyncio, sys, time
from promptops.evals.suites import Suites
from promptops.repository.repository import find_prompt, open_repository
from promptops.runtime.models import Models
from promptops.runtime.models.model import Request

repository = open_repository(".")
suites = Suites(repository)
prompt = find_prompt(repository.working, "ask", where="here")
(found,) = suites.find([])
suite, _ = suites.load(found, prompt)
models = Models(repository.config.models, root=repository.git.work_tree)

async def main():
    pending = iter(suite.samples)
    async def work():
        for sample in pending:
            messages = prompt.render(sample.inputs)
            request = Request("openai/m", messages, prompt.wire_parameters)
            await models.get("openai/m").acall(request, deadline=time.monotonic() + 60)
    await asyncio.gather(*(work() for _ in range(50)))
    await models.aclose()

if len(sys.argv) > 1:
    asyncio.run(main())
"""


class Server:
    """The server, for as long as the context is open."""

    def __init__(self, delay: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(delay)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}/v1"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()


def make_repository(folder: Path, samples: int, url: str) -> None:
    """Write a repository with one suite, and the same as a configuration of promptfoo."""
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    for name in ("prompts", "evals", "theirs"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "promptops.toml").write_text(
        f'[models.openai]\nbase_url = "{url}"\nfree = true\n[eval]\nconcurrency = 50\n'
    )
    (folder / "prompts/ask.md").write_text(PROMPT)
    (folder / "evals/ask.yaml").write_text(SUITE)
    rows = [{"question": f"What is number {n}?"} for n in range(samples)]
    (folder / "evals/rows.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    checks = [
        {"type": "contains", "value": "number"},
        {"type": "regex", "value": "\\?$"},
        {"type": "not-contains", "value": "sorry"},
    ]
    provider = {"id": "openai:chat:m", "config": {"apiBaseUrl": url, "apiKey": "none"}}
    configuration = {
        "prompts": ["{{question}}"],
        "providers": [provider],
        "defaultTest": {"assert": checks},
        "tests": [{"vars": row} for row in rows],
    }
    (folder / "theirs/promptfooconfig.json").write_text(json.dumps(configuration))


def compare_with_bare_loop(folder: Path, samples: int) -> None:
    """Print the wall time beside that of the bare loop, at a server that takes 50 ms."""
    run = (sys.executable, "-m", "promptops", "eval", "run", "ask", "--against", "none", "--live")
    with Server(0.05) as server:
        make_repository(folder, samples, server.url)
        start = min(measure(folder, *run, "--dry-run")[1] for _ in range(3))
        nothing = min(measure(folder, sys.executable, "-c", BARE)[1] for _ in range(3))
        bare = min(measure(folder, sys.executable, "-c", BARE, "run")[1] for _ in range(3))
        whole = min(measure(folder, *run)[1] for _ in range(3))
    ratio = (whole - start) / (bare - nothing)
    print(
        f"{samples} samples at 50 ms, 50 connections: {whole - start:.2f} s, the bare loop"
        f" {bare - nothing:.2f} s: {ratio:.2f} (goal 1.3)"
    )


def compare_with_promptfoo(folder: Path, samples: int, command: list[str]) -> None:
    """Print processor time, memory and the time of a replay beside promptfoo's."""
    run = (sys.executable, "-m", "promptops", "eval", "run", "ask", "--against", "none")
    os.environ.update(
        PROMPTFOO_DISABLE_TELEMETRY="1",
        PROMPTFOO_DISABLE_UPDATE="1",
        PROMPTFOO_CONFIG_DIR=str(folder / "home"),
        OPENAI_API_KEY="none",
    )
    theirs = (*command, "eval", "-c", "theirs/promptfooconfig.json", "--no-table")
    theirs += ("--no-progress-bar", "--max-concurrency", "50")
    with Server(0) as server:
        make_repository(folder, samples, server.url)
        cpu, _, memory = measure(folder, *run, "--live")
        their_cpu, _, their_memory = measure(folder, *theirs, "--no-cache")
        print(
            f"{samples} samples: {samples / cpu:.0f} a processor second and {memory / 1024:.0f} MB,"
            f" promptfoo {samples / their_cpu:.0f} and {their_memory / 1024:.0f} MB:"
            f" {their_cpu / cpu:.1f} times as many (goal 10),"
            f" {memory / their_memory:.2f} of the memory (goal 0.2)"
        )
        measure(folder, *run, "--record")
        measure(folder, *theirs)
        replay = min(measure(folder, *run, "--replay")[1] for _ in range(2))
        cached = min(measure(folder, *theirs)[1] for _ in range(2))
        print(
            f"replay {replay:.2f} s, promptfoo with a warm cache {cached:.2f} s:"
            f" {replay / cached:.2f} (goal 0.1)"
        )


def main() -> None:
    """Print one line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--promptfoo", nargs="+")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if options.promptfoo:
            compare_with_promptfoo(Path(name), options.samples, options.promptfoo)
        else:
            compare_with_bare_loop(Path(name), options.samples)


if __name__ == "__main__":
    main()
