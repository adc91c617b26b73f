"""The run log: runs a second from 8 processes, bytes a run, kills, and questions to many runs.

    python benchmarks/runlog.py                 a short run
    python benchmarks/runlog.py --runs 1000000  the questions over a million runs (minutes)

A run has a system text of 2 kB that all share, an input of 1.5 kB, a message that quotes it, and an
answer of 0.5 kB; it is begun and completed in two commits.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable  # noqa: TC003 -- read by dataclasses of other tools
from pathlib import Path

from promptops.repository.settings.log import LogSettings
from promptops.runtime.log.identifiers import make_id
from promptops.runtime.log.log import Filters, RunLog, open_log
from promptops.runtime.log.record import RunRecord
from promptops.runtime.log.rows import RUN_COLUMNS, columns, run_row
from promptops.runtime.redaction import redact

WORDS = """
the customer wrote that order was charged twice on card and wants money back please answer
politely shop refund invoice delivery late parcel address account password reset email
shipping address changed cancel subscription monthly plan team support reply within day issue
product broken screen replacement warranty receipt attached photo urgent Monday number
""".split()  # noqa: SIM905 -- a list of so many words is long
WRITERS = 8
_TURNS = 11


def text(chance: random.Random, length: int) -> str:
    words: list[str] = []
    size = 0
    while size < length:
        word = chance.choice(WORDS) if chance.random() < 0.8 else f"{chance.getrandbits(28):x}"
        words.append(word)
        size += len(word) + 1
    return " ".join(words)[:length]


SYSTEM = text(random.Random(0), 2000)


def open_at(path: Path) -> RunLog:
    return open_log(path, LogSettings(), clock=time.time, random=os.urandom, key=os.environ.get)


def make(chance: random.Random, at: float, number: int) -> RunRecord:
    ticket = text(chance, 1500)
    return RunRecord(
        id=make_id(at, os.urandom(10)),
        ref="support/triage@production",
        started_at=at,
        prompt=f"support/triage-{number % 10}",
        version=f"1.{number % 3}.0",
        digest="sha256:" + "ab" * 32,
        commit="cd" * 20,
        environment="production",
        deployment=7,
        model="openai/gpt-4o-mini",
        user=f"user-{number % 5000}",
        tenant="acme",
        key=f"user-{number % 5000}",
        lease_until=at + 120,
        inputs={"ticket": ticket},
        messages=[
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": f"Ticket: {ticket}"},
        ],
    )


def end(run: RunRecord, chance: random.Random) -> RunRecord:
    is_failed = chance.random() < 0.03
    return run._replace(
        status="failed" if is_failed else "succeeded",
        stage="call" if is_failed else None,
        ms=chance.lognormvariate(6.5, 0.6),
        cost_micros=chance.randrange(100, 5000),
        input_tokens=900,
        output_tokens=120,
        usage_source="measured",
        finish="stop",
        answer=text(chance, 500),
    )


def write(path: Path, count: int, seed: int) -> None:
    """One writer: prints each run that was acknowledged."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        run = make(chance, time.time(), number)
        made.append((run, end(run, chance)))
    log = open_at(path)
    print("ready", flush=True)
    sys.stdin.readline()
    start, used = time.perf_counter(), time.process_time()
    slowest = 0.0
    for run, ended in made:
        before = time.perf_counter()
        log.begin(run)
        log.finish(ended)
        slowest = max(slowest, time.perf_counter() - before)
        os.write(1, f"{run.id}\n".encode())
    taken = time.perf_counter() - start
    print(f"done {taken} {time.process_time() - used} {slowest}", flush=True)


def start_writers(path: Path, count: int) -> list[subprocess.Popen[str]]:
    open_at(path).close()
    writers = [
        subprocess.Popen(
            [sys.executable, __file__, "--write", str(path), str(count), str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(WRITERS)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    return writers


def measure_writing(folder: Path, count: int) -> None:
    path = folder / "runs.db"
    writers = start_writers(path, count)
    start = time.perf_counter()
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    outputs = [writer.communicate()[0].splitlines() for writer in writers]
    taken = time.perf_counter() - start
    total = WRITERS * count
    used = sum(float(lines[-1].split()[2]) for lines in outputs) / total
    slowest = max(float(lines[-1].split()[3]) for lines in outputs)
    with open_at(path) as log:
        [group] = log.stats()
        assert group.runs == total, group
        log._database._connect(writing=True).execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[attr-defined]  # noqa: SLF001
    size = path.stat().st_size / total
    print(f"{WRITERS} processes, {total} runs   {total / taken:8.0f} runs/s   (goal 1500)")
    print(f"processor time                 {used * 1000:8.2f} ms a run")
    print(f"slowest begin and finish       {slowest * 1000:8.1f} ms")
    print(f"size                           {size:8.0f} bytes a run   (goal 1900)")


def measure_kills(folder: Path, count: int) -> None:
    path = folder / "killed.db"
    writers = start_writers(path, count)
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    acknowledged: set[str] = set()
    for number, writer in enumerate(writers):
        time.sleep(0.02 * number)
        writer.send_signal(signal.SIGKILL)
    for writer in writers:
        for line in writer.communicate()[0].split("\n")[:-1]:
            if not line.startswith("done"):
                acknowledged.add(line)
    with open_at(path) as log:
        kept = {entry.run.id: entry.run.status for entry in log.export()}
    lost = [one for one in acknowledged if kept.get(one) not in ("succeeded", "failed")]
    left = sum(status == "interrupted" for status in kept.values())
    print(
        f"kill -9 of {WRITERS} writers         {len(acknowledged):8} acknowledged,"
        f" {len(lost)} lost, {left} interrupted"
    )
    assert not lost


def fill(path: Path, total: int, now: float) -> None:
    """Put runs of the last 30 days into a log, without their texts, as fast as SQLite can."""
    import sqlite3

    open_at(path).close()
    chance = random.Random(1)
    step = 30 * 86_400 / total
    connection = sqlite3.connect(path)
    statement = (
        f"INSERT INTO runs ({columns(RUN_COLUMNS)}) VALUES ({', '.join('?' * len(RUN_COLUMNS))})"
    )
    sample = make(chance, now, 0)
    for number in range(total):
        at = now - 30 * 86_400 + number * step
        run = sample._replace(
            id=make_id(at, chance.randbytes(10)),
            started_at=at,
            prompt=f"support/triage-{number % 10}",
            version=f"1.{number % 3}.0",
            user=f"user-{number % 5000}",
            key=f"user-{number % 5000}",
        )
        connection.execute(statement, run_row(end(run, chance), None, None, is_redacted=False))
    connection.commit()
    connection.close()


def measure_questions(folder: Path, total: int) -> None:
    path, now = folder / "many.db", time.time()
    fill(path, total, now)
    with open_at(path) as log:
        start = time.perf_counter()
        log.tend()  # type: ignore[attr-defined]
        print(f"adding up {total} runs by hour {time.perf_counter() - start:10.2f} s")
        day = Filters(since=now - 86_400)
        one_day = Filters(since=now - 86_400, prompt="support/triage-1")
        questions: dict[str, Callable[[], object]] = {
            "last day, in all (goal 100)": lambda: log.stats(day),
            "last day, by version": lambda: log.stats(day, by=["prompt", "version"]),
            "last day, one prompt": lambda: log.stats(one_day),
            "last day, by user": lambda: log.stats(day, by=["user"]),
            "all time, by prompt": lambda: log.stats(by=["prompt"]),
            "all time, by day": lambda: log.stats(by=["day"]),
            "list": log.list,
            "list of a user": lambda: log.list(Filters(user="user-77")),
            "list of errors": lambda: log.list(Filters(stage="call")),
        }
        for name, question in questions.items():
            times = []
            for _ in range(5):
                start = time.perf_counter()
                question()
                times.append(time.perf_counter() - start)
            print(f"{name:30} {sorted(times)[2] * 1000:8.1f} ms")
    measure_list(path)


def measure_list(path: Path) -> None:
    """Compare `promptops runs list` over such a log with `promptops --help`, in turns."""
    # Compiled modules, as those of a wheel are.
    environment = {
        **{name: one for name, one in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "PYTHONPYCACHEPREFIX": str(path.parent / "compiled"),
        "PROMPTOPS_LOG": str(path),
    }
    words = {"runs list": ["runs", "list"], "--help": ["--help"]}
    times: dict[str, list[float]] = {name: [] for name in words}
    for turn in range(_TURNS + 1):
        for name, more in words.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            line = [sys.executable, "-m", "promptops", *more]
            subprocess.run(line, cwd=path.parent, env=environment, check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            # The first turn compiles the modules.
            times[name] += [taken] if turn else []
    ours, other = (statistics.median(times[name]) for name in words)
    print(
        f"promptops runs list {ours * 1000:.0f} ms processor, --help {other * 1000:.0f} ms: "
        f"{ours / other:.2f} (goal 1.5)"
    )


def measure_redaction() -> None:
    for size in (4_000, 1_000_000, 10_000_000):
        slowest = ("", 0.0)
        for piece in ("word ", "eyJ-", "4111 ", "token:A1b2C3d4e5f6g7h8i9j0k ", "sk-ant-api03-"):
            content = (piece * (size // len(piece) + 1))[:size]
            start = time.process_time()
            redact(content)
            slowest = max(slowest, (piece, time.process_time() - start), key=lambda one: one[1])
        print(f"redacting {size:8} characters   {slowest[1] * 1000:8.2f} ms at most")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=100_000, help="for the questions")
    parser.add_argument("--each", type=int, default=500, help="runs of each writer")
    parser.add_argument("--write", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write(Path(options.write[0]), int(options.write[1]), int(options.write[2]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measure_writing(folder, options.each)
        measure_kills(folder, options.each)
        measure_redaction()
        measure_questions(folder, options.runs)


if __name__ == "__main__":
    main()
