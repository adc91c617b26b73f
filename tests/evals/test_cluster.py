"""`eval run --cluster`: a Dask scheduler and workers as processes, and a provider on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

import pytest
from inline_snapshot import snapshot

from tests import postgres, redis
from tests.prompts import prompt_text
from tests.runtime.provider import Provider
from tests.screens import masked
from tests.stores import leave_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from tests.repositories import Repo

if os.environ.get("PROMPTOPS_REQUIRE_DASK") is None:
    pytest.importorskip("distributed", reason="needs Dask: nox -s cluster")

SAMPLES = 24
THREADS = 2
_PATIENCE_SECONDS = 60


class DaskCluster:
    """A scheduler and its workers; a context manager."""

    def __init__(self, folder: Path, workers: int) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        self._scheduler = self._start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"
        )
        self.address = self._read_address()
        self.workers = [self.add_worker() for _ in range(workers)]

    def _read_address(self) -> str:
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            # The scheduler does not write its file at once.
            with suppress(FileNotFoundError, json.JSONDecodeError):
                return str(json.loads(self._file.read_text())["address"])
            time.sleep(0.05)
        raise AssertionError(self.log())

    def add_worker(self) -> subprocess.Popen[bytes]:
        """Start another worker. It runs no nanny, which would start a killed one again."""
        return self._start(
            "dask_worker", "--no-nanny", "--nthreads", str(THREADS), "--no-dashboard"
        )

    def _start(self, program: str, *args: str) -> subprocess.Popen[bytes]:
        return self._run(["-m", f"distributed.cli.{program}"], program, *args)

    def _run(self, program: list[str], name: str, *args: str) -> subprocess.Popen[bytes]:
        with (self._folder / f"{name}-{time.monotonic_ns()}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, *program, "--scheduler-file", str(self._file), *args],
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )

    def add_bare_worker(self) -> None:
        """Start a worker in whose process promptops cannot be imported."""
        program = (
            "import sys; sys.modules['promptops'] = None; "
            "from distributed.cli.dask_worker import main; main()"
        )
        arguments = ("--no-nanny", "--nthreads", str(THREADS), "--no-dashboard")
        self.workers.append(self._run(["-c", program], "bare", *arguments))

    def wait_for_workers(self) -> None:
        from distributed import Client

        with Client(self.address) as client:
            client.wait_for_workers(len(self.workers), timeout=_PATIENCE_SECONDS)

    def kill_scheduler(self) -> None:
        self._scheduler.kill()
        self._scheduler.wait()

    def log(self) -> str:
        return "".join(one.read_text() for one in self._folder.glob("*.log"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one in (*self.workers, self._scheduler):
            one.kill()
            one.wait()


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as made:
        yield made


@pytest.fixture
def project(repo: Repo, provider: Provider) -> Repo:
    repo.write(
        "promptops.toml",
        f"""
        [models.local]
        base_url = "{provider.base_url}"
        input_price = 1.0
        output_price = 2.0
        """,
    )
    text = prompt_text(body="{{ question }}", model="local/m", max_tokens="50")
    repo.write("prompts/ask.md", text)
    samples = "".join(
        f"- name: s{number}\n  inputs: {{question: question {number}}}\n"
        f"  expect: [{{contains: question {number}}}]\n"
        for number in range(SAMPLES)
    )
    repo.write(
        "evals/ask.yaml",
        f"schema: promptops.suite/v1\nprompt: ask\ndefaults: {{trials: 2}}\nsamples:\n{samples}",
    )
    return repo


def start(project: Repo, *args: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "promptops", "eval", "run", "ask", "--live", "--format", "json"]
    return subprocess.Popen(
        [*line, *args],
        cwd=project.path,
        env=None if env is None else {**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def show(project: Repo, env: dict[str, str], *args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "promptops", *args],
        cwd=project.path,
        env={**os.environ, **env},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def finish(process: subprocess.Popen[str]) -> tuple[dict[str, Any], str]:
    told, complained = process.communicate(timeout=_PATIENCE_SECONDS * 2)
    assert "Traceback" not in complained
    return json.loads(told) if told else {}, complained


def judged(result: dict[str, Any]) -> list[object]:
    """What a run says of every trial, without what differs between two runs."""
    return [
        (sample["name"], sample["outcome"], [trial["answer"] for trial in sample["trials"]])
        for suite in result["suites"]
        for sample in suite["samples"]
    ]


@pytest.mark.story
def test_a_cluster_says_what_one_machine_says(
    project: Repo, provider: Provider, tmp_path: Path
) -> None:
    alone, _ = finish(start(project))
    with DaskCluster(tmp_path, 2) as cluster:
        cluster.wait_for_workers()
        together, complained = finish(start(project, "--cluster", cluster.address))
    assert judged(together) == judged(alone)
    assert together["cost_micros"] == alone["cost_micros"]
    assert together["calls"] == alone["calls"] == SAMPLES * 2
    # Equal tasks would be one: every trial has been asked.
    assert len(provider.requests) == 2 * SAMPLES * 2
    assert "question" not in cluster.log() + complained


@pytest.mark.story
def test_a_killed_worker_loses_nothing_and_bills_nothing_twice(
    project: Repo, provider: Provider, tmp_path: Path
) -> None:
    provider.always(delay=0.3)
    with DaskCluster(tmp_path, 2) as cluster:
        cluster.wait_for_workers()
        running = start(project, "--cluster", cluster.address)
        assert provider.arrived.wait(_PATIENCE_SECONDS)
        cluster.workers[0].send_signal(signal.SIGKILL)
        result, _ = finish(running)
    assert result["exit"] == 0
    assert [one for one in judged(result) if one[1] != "passed"] == []  # type: ignore[index]
    assert result["calls"] == SAMPLES * 2
    one_call = 11 * 1 + 7 * 2
    assert result["cost_micros"] == one_call * SAMPLES * 2
    # What it was asking, no more, was asked again.
    assert len(provider.requests) <= SAMPLES * 2 + THREADS


@pytest.mark.story
def test_shared_stores_count_each_call_once(
    project: Repo, provider: Provider, tmp_path: Path
) -> None:
    redis_program, postgres_programs = redis.find_program(), postgres.find_programs()
    if redis_program is None or postgres_programs is None:
        leave_out("needs redis-server and PostgreSQL")
    settings = (project.path / "promptops.toml").read_text()
    limits = (
        '[guards]\nledger_variable = "LEDGER"\n[guards.environments.eval]\nspend_per_day = 50\n'
    )
    project.write("promptops.toml", settings + limits)
    provider.always(delay=0.2)
    with (
        redis.serve_redis(redis_program) as ledger,
        postgres.serve_postgres(postgres_programs) as log,
        DaskCluster(tmp_path, 2) as cluster,
    ):
        env = {"LEDGER": ledger.url, "PROMPTOPS_LOG": log.url}
        show(project, env, "guards", "reset", "--reason", "first use")
        cluster.wait_for_workers()
        running = start(project, "--cluster", cluster.address, env=env)
        until = time.monotonic() + _PATIENCE_SECONDS
        while len(provider.requests) < SAMPLES and time.monotonic() < until:
            time.sleep(0.02)
        cluster.workers[0].kill()
        together, _ = finish(running)
        provider.always()
        alone, _ = finish(start(project, env=env))
        assert together["exit"] == 0
        assert judged(together) == judged(alone)
        told = json.loads(show(project, env, "guards", "show", "--format", "json"))
        listed = show(project, env, "runs", "list", "--evals", "--limit", "500", "--format", "json")
        runs = json.loads(listed)["runs"]
    one_call = 11 * 1 + 7 * 2
    spent = {one["spent"] for one in told["limits"] if one["of"] == "environment/eval"}
    assert spent == {2 * SAMPLES * 2 * one_call}, told["limits"]
    assert len(runs) == 2 * SAMPLES * 2


@pytest.mark.story
def test_an_error_crosses_with_its_status(
    project: Repo, provider: Provider, tmp_path: Path
) -> None:
    provider.always(status=401)
    with DaskCluster(tmp_path, 1) as cluster:
        cluster.wait_for_workers()
        result, _ = finish(start(project, "--cluster", cluster.address))
    errors = {
        trial["error"] for sample in result["suites"][0]["samples"] for trial in sample["trials"]
    }
    assert result["exit"] == 2
    assert all("401" in error for error in errors), errors


@pytest.mark.story
def test_a_run_whose_scheduler_is_gone_ends_and_resumes(
    project: Repo, provider: Provider, tmp_path: Path
) -> None:
    provider.always(delay=0.2)
    with DaskCluster(tmp_path, 1) as cluster:
        cluster.wait_for_workers()
        running = start(project, "--cluster", cluster.address)
        until = time.monotonic() + _PATIENCE_SECONDS
        while len(provider.requests) < SAMPLES and time.monotonic() < until:
            time.sleep(0.02)
        cluster.kill_scheduler()
        result, _ = finish(running)
    assert result["exit"] == 2
    assert masked(result["stopped"]) == snapshot("the cluster's scheduler is gone")
    provider.always()
    asked = len(provider.requests)
    resumed, _ = finish(start(project, "--resume"))
    assert resumed["exit"] == 0
    assert resumed["replayed"] > 0
    assert len(provider.requests) - asked == SAMPLES * 2 - resumed["replayed"]


@pytest.mark.story
def test_without_a_scheduler_or_workers_the_error_says_so(project: Repo, tmp_path: Path) -> None:
    _, complained = finish(start(project, "--cluster", "nonsense"))
    assert masked(complained) == snapshot("""\
1 suite, 24 samples, 48 trials: 48 calls, 4540 tokens at most
estimated cost 0.0015 USD, highest 0.0093 USD
error: there is no Dask scheduler at nonsense
 hint: give its address, such as tcp://10.0.0.5:8786
""")
    with DaskCluster(tmp_path, 0) as cluster:
        _, complained = finish(start(project, "--cluster", cluster.address))
    assert f"the cluster at {cluster.address} has no workers" in complained


@pytest.mark.story
def test_a_worker_without_promptops_is_an_error_that_names_it(
    project: Repo, provider: Provider, tmp_path: Path
) -> None:
    with DaskCluster(tmp_path, 1) as cluster:
        cluster.add_bare_worker()
        cluster.wait_for_workers()
        _, complained = finish(start(project, "--cluster", cluster.address))
    assert masked(complained) == snapshot("""\
1 suite, 24 samples, 48 trials: 48 calls, 4540 tokens at most
estimated cost 0.0015 USD, highest 0.0093 USD
error: the worker at tcp://127.0.0.1:<port> has no promptops
 hint: install promptops in this version on every worker
""")
    assert "has no promptops" in complained
    assert not provider.requests


@pytest.mark.story
def test_a_worker_without_promptops_that_joins_later_costs_nothing(
    project: Repo, provider: Provider, tmp_path: Path
) -> None:
    provider.always(delay=0.2)
    with DaskCluster(tmp_path, 1) as cluster:
        cluster.wait_for_workers()
        running = start(project, "--cluster", cluster.address)
        assert provider.arrived.wait(_PATIENCE_SECONDS)
        # Dask ends it at the first call, which goes to another one.
        cluster.add_bare_worker()
        result, _ = finish(running)
    assert result["exit"] == 0
    assert len(provider.requests) == SAMPLES * 2


@pytest.mark.story
def test_a_server_of_something_else_is_no_scheduler(project: Repo, provider: Provider) -> None:
    address = f"tcp://127.0.0.1:{provider.port}"
    _, complained = finish(start(project, "--cluster", address))
    assert f"there is no Dask scheduler at {address}" in complained
