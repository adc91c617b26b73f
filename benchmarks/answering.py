"""The suite, the local server and the bare loop of what measures evals."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

ECHO = "echo/model"
"""A model inside the process, which takes no time: what is around it looks largest beside it."""
SERVED = "openai/m"
"""A model that a server of OpenAI's format answers for."""
PROMPT = """\
---
version: 1.0.0
description: Answer a question.
author: jane@example.com
model: {model}
max_tokens: 100
inputs: {{question: string}}
---
{body}
"""
BODY = """\
{% system %}Answer the question in a few words.{% endsystem %}
{% user %}{{ question }}{% enduser %}"""
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
# Renders each sample as the runner does, many at a time in the process with limits, asks and puts
# the answer to the checks; nothing else. Its argument: how many at once.
BARE = """
import asyncio, sys, time
from itertools import islice
from promptops.evals.scorers.registry import judge_check
from promptops.evals.scorers.scorer import Context, JudgedAnswer
from promptops.evals.suites import Suites
from promptops.prompt.reference import parse_ref
from promptops.repository.repository import open_repository
from promptops.runtime.lookup import resolve_selected
from promptops.runtime.models import Models
from promptops.runtime.models.model import Request

repository = open_repository(".")
suites = Suites(repository)
prompt = resolve_selected(repository, parse_ref("ask@working")).prompt
(found,) = suites.find([])
suite, _ = suites.load(found, prompt)
models, context = Models(repository.config.models, root=repository.git.work_tree), Context()
name = prompt.request_parameters["model"]

async def one(model, sample):
    request = Request(name, prompt.render(sample.inputs), prompt.wire_parameters)
    answer = await model.acall(request, deadline=time.monotonic() + 60)
    judged = JudgedAnswer(answer.text)
    return [judge_check(check, judged, context) for check in sample.checks]

async def main():
    kept = []
    def ahead():
        samples = iter(suite.samples)
        while chunk := list(islice(samples, 64)):
            prompt.render_ahead(sample.inputs for sample in chunk)
            yield from chunk
    pending, model = ahead(), models.get(name)
    async def work():
        for sample in pending:
            kept.append(await one(model, sample))
    await asyncio.gather(*(work() for _ in range(int(sys.argv[1]))))
    await models.aclose()

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


def make_repository(folder: Path, samples: int, model: str, body: str = BODY) -> None:
    """Write a repository with one suite."""
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    for name in ("prompts", "evals"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "prompts/ask.md").write_text(PROMPT.format(model=model, body=body))
    (folder / "evals/ask.yaml").write_text(SUITE)
    rows = (json.dumps({"question": f"What is number {n}?"}) for n in range(samples))
    (folder / "evals/rows.jsonl").write_text("\n".join(rows) + "\n")
