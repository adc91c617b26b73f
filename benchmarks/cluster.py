#!/usr/bin/env python3
"""Measures one eval run on a Dask cluster of one, two and four workers, with a slow model.

    nox -s cluster_speed
    nox -s cluster_speed -- --seconds 0.5 --trials 400

A server on loopback takes the same time for every answer, and every worker makes four calls at
once. What is compared is the trials a second; the exit code is 1 when two or four workers are less
than 0.8 times as fast as so many single ones.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

GOAL = 0.8
THREADS = 4
_PROMPT = """---
description: Answer a question.
version: 0.1.0
author: bench@example.com
model: local/m
max_tokens: 50
inputs:
  question: {type: string}
---
{{ question }}
"""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    seconds = 0.5


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(self.server.seconds)
        message = {"role": "assistant", "content": asked["messages"][-1]["content"]}
        body = json.dumps(
            {
                "id": "1",
                "object": "chat.completion",
                "model": "m",
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> int:
    """Measure, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=0.5, help="the time of one answer")
    parser.add_argument("--trials", type=int, default=200)
    options = parser.parse_args()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.seconds = options.seconds
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _make(folder / "repository", server.server_address[1], options.trials)
        rates = {count: _measure(folder, count, options.trials) for count in (1, 2, 4)}
    print("| workers | trials a second | of linear | goal | |")
    print("| ---: | ---: | ---: | ---: | --- |")
    is_met = True
    for count, rate in rates.items():
        part = rate / (rates[1] * count)
        is_met = is_met and part >= GOAL
        print(f"| {count} | {rate:.1f} | {part:.2f} | {GOAL} | {'pass' if is_met else 'miss'} |")
    return int(not is_met)


def _make(repository: Path, port: int, trials: int) -> None:
    settings = f'[models.local]\nbase_url = "http://127.0.0.1:{port}/v1"\nfree = true\n'
    samples = "".join(
        f"- name: s{number}\n  inputs: {{question: question {number}}}\n"
        f"  expect: [{{contains: question {number}}}]\n"
        for number in range(trials)
    )
    suite = f"schema: promptops.suite/v1\nprompt: ask\nsamples:\n{samples}"
    for path, text in (
        ("promptops.toml", settings),
        ("prompts/ask.md", _PROMPT),
        ("evals/ask.yaml", suite),
    ):
        file = repository / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    subprocess.run(["git", "init", "--quiet", str(repository)], check=True)


def _measure(folder: Path, count: int, trials: int) -> float:
    """Return the trials a second of a run on so many workers."""
    file = folder / f"scheduler-{count}.json"
    dask = [sys.executable, "-m"]
    place = ["--scheduler-file", str(file), "--no-dashboard"]
    local = ["--host", "127.0.0.1", "--port", "0"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    worker = [*dask, "distributed.cli.dask_worker", *place, "--nthreads", str(THREADS)]
    processes = [
        subprocess.Popen([*dask, "distributed.cli.dask_scheduler", *place, *local], **quiet)
    ]
    try:
        while not file.exists():
            time.sleep(0.05)
        processes += [subprocess.Popen([*worker, "--no-nanny"], **quiet) for _ in range(count)]
        address = json.loads(file.read_text("utf-8"))["address"]
        _wait(address, count)
        line = [sys.executable, "-m", "promptops", "eval", "run", "ask", "--live", "--format"]
        done = subprocess.run(
            [*line, "json", "--cluster", address],
            cwd=folder / "repository",
            check=True,
            capture_output=True,
            text=True,
        )
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return trials / float(json.loads(done.stdout)["seconds"])


def _wait(address: str, count: int) -> None:
    from distributed import Client

    with Client(address) as client:
        client.wait_for_workers(count)


if __name__ == "__main__":
    sys.exit(main())
