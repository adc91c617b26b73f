"""Ledgers of guards: reserving in three windows from 8 processes, beside bare redis-py.

    python benchmarks/guards.py                              a ledger in a file
    python benchmarks/guards.py --url redis://127.0.0.1/9    another one

For Redis it also sends the same script through redis-py alone, turn by turn in one process.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from promptops.runtime.guards.opening import open_ledger
from promptops.runtime.ledger import Charge, LostCountsError

PROCESSES = 8
TURNS = 2000


def charges() -> list[Charge]:
    end = int(time.time()) + 3600
    return [Charge(f"bench/{name}", 10**12, 7, "micros", end, end + 60) for name in "abc"]


def work(url: str, name: str, count: int) -> None:
    """Reserve and settle, and print how long each reservation took."""
    ledger, taken, times = open_ledger(url), charges(), []
    for number in range(count + 1):
        key = f"{name}/{number}"
        start = time.perf_counter()
        ledger.reserve(key, taken, lease_seconds=60, now=time.time())
        times.append(time.perf_counter() - start)
        ledger.settle(key, {"micros": 5}, now=time.time())
    # The first one opened the store.
    print(json.dumps(times[1:]))


def begin(url: str) -> None:
    """Begin a ledger that has never counted anything, as `guards reset` does."""
    ledger = open_ledger(url)
    try:
        ledger.standings(now=time.time())
    except LostCountsError:
        ledger.reset([], by="bench", reason="a new ledger", now=time.time())
    ledger.close()


def measure_processes(url: str, count: int) -> None:
    start = time.perf_counter()
    workers = [
        subprocess.Popen(
            [
                sys.executable,
                __file__,
                "--work",
                f"{os.getpid()}-{number}",
                "--url",
                url,
                "--count",
                str(count),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    times = sorted(second for one in workers for second in json.loads(one.communicate()[0]))
    wall = time.perf_counter() - start
    p50, p95, p99 = (times[int(len(times) * part)] * 1000 for part in (0.5, 0.95, 0.99))
    print(f"{PROCESSES} processes, {len(times)} pairs    {len(times) / wall:8.0f} pairs/s")
    print(f"reserve p50                    {p50:8.2f} ms")
    print(f"reserve p95                    {p95:8.2f} ms   (goal 0.3 in a file)")
    print(f"reserve p99                    {p99:8.2f} ms   (goal 25 in a file)")


def measure_bare(url: str) -> None:
    import redis

    from promptops.runtime.guards.redis import _RESERVE, RedisLedger

    ledger, taken = RedisLedger(url), charges()
    sent: list[tuple[list[object], list[object]]] = []
    script = ledger._reserve  # noqa: SLF001
    ledger._reserve = lambda keys, args: sent.append((keys, args)) or ["ok"]  # type: ignore[assignment]  # noqa: SLF001
    for number in range(TURNS):
        ledger.reserve(f"bare/{os.getpid()}/{number}", taken, lease_seconds=60, now=time.time())
    ledger._reserve = script  # noqa: SLF001
    bare = redis.Redis.from_url(url, decode_responses=True).register_script(_RESERVE)
    ours, theirs = [], []
    for number, (keys, args) in enumerate(sent):
        start = time.perf_counter()
        ledger.reserve(f"ours/{os.getpid()}/{number}", taken, lease_seconds=60, now=time.time())
        middle = time.perf_counter()
        bare(keys=keys, args=args)
        ours.append(middle - start)
        theirs.append(time.perf_counter() - middle)
    ratio = statistics.median(ours) / statistics.median(theirs)
    print(f"beside bare redis-py           {ratio:8.2f} times   (goal 1.3)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url")
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.url or str(Path(folder) / "ledger.db")
        if options.work:
            work(url, options.work, options.count)
            return
        begin(url)
        measure_processes(url, options.count)
        if url.startswith("redis"):
            measure_bare(url)


if __name__ == "__main__":
    main()
