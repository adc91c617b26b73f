"""Services in two regions: restarted one after the other under load, and one region that is gone."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

import pytest

from tests.redis import find_program, serve_redis
from tests.stores import leave_out

if TYPE_CHECKING:
    from pathlib import Path

    from tests.redis import Server
    from tests.server.conftest import Team
    from tests.server.serving import Running

redis = pytest.importorskip("redis", reason="needs redis: nox -s stores")

RUN = "/v1/run/support/triage@production"
_PATIENCE_SECONDS = 60


class Load:
    """Threads that ask all the time, each request at a service that takes its connection."""

    def __init__(self, key: str) -> None:
        self.services: list[Running] = []
        self.statuses: list[int] = []
        self.lost: list[str] = []
        self._key = key
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(one,)) for one in range(4)]

    def __enter__(self) -> Self:
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping.set()
        for one in self._threads:
            one.join()

    def _ask(self, number: int) -> None:
        while not self._stopping.is_set():
            services = list(self.services)
            number += 4
            body = {"inputs": {"question": f"question {number}"}}
            for turn in range(len(services)):
                service = services[(number + turn) % len(services)]
                try:
                    self.statuses.append(service.ask("POST", RUN, body, key=self._key).status)
                    break
                except ConnectionRefusedError:
                    continue  # it is stopping or starting: a load balancer takes another one
                except OSError as error:
                    self.lost.append(repr(error))
                    break
            else:
                self.lost.append("nobody took the connection")

    def wait_for(self, count: int) -> None:
        """Wait for so many more answers."""
        wanted, until = len(self.statuses) + count, time.monotonic() + _PATIENCE_SECONDS
        while len(self.statuses) < wanted:
            assert time.monotonic() < until, (len(self.statuses), self.lost)
            time.sleep(0.01)

    def wait_for_good(self, count: int) -> None:
        """Wait until so many answers in a row are good. Refusals are quick, so they come in bulk
        until the services have found the other store.
        """
        start, until = len(self.statuses), time.monotonic() + _PATIENCE_SECONDS
        while self.statuses[start:][-count:] != [200] * count:
            assert time.monotonic() < until, (self.statuses[start:][-count:], self.lost)
            time.sleep(0.01)


@pytest.fixture
def sources(team: Team, tmp_path: Path) -> list[Path]:
    """Two copies of the team's repository, whose spending is limited."""
    settings = (team.repo.path / "promptops.toml").read_text()
    limits = '[guards]\nledger_variable = "TEST_LEDGER"\nspend_per_hour = 5\n'
    team.repo.commit({"promptops.toml": settings + limits})
    copies = [tmp_path / "a.git", tmp_path / "b.git"]
    for one in copies:
        subprocess.run(
            ["git", "clone", "--quiet", "--mirror", str(team.repo.path), str(one)], check=True
        )
    return copies


def _address(*servers: Server) -> str:
    hosts = ",".join(one.url.removeprefix("redis://").partition("/")[0] for one in servers)
    return f"redis://{hosts}/3"


def _follow(replica: Server, first: Server) -> None:
    port = first.url.rpartition(":")[2].partition("/")[0]
    with redis.Redis.from_url(replica.url) as client:
        client.replicaof("127.0.0.1", port)
        until = time.monotonic() + _PATIENCE_SECONDS
        while client.info("replication")["master_link_status"] != "up":
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.mark.story
def test_restarts_lose_nothing_and_a_region_may_go(
    team: Team, sources: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = find_program()
    if program is None:
        leave_out("redis-server is not installed")
    key = team.make_key()
    with ExitStack() as stack:
        first, second = (stack.enter_context(serve_redis(program)) for _ in range(2))
        _follow(second, first)
        ledger = _address(first, second)
        monkeypatch.setitem(team.env, "TEST_LEDGER", ledger)
        subprocess.run(
            [sys.executable, "-m", "promptops", "guards", "reset", "--reason", "first use"],
            cwd=team.repo.path,
            env=team.env,
            check=True,
            capture_output=True,
        )
        options = [text for one in sources for text in ("--source", one.as_uri())]

        def start() -> Running:
            return stack.enter_context(team.serve(*options, "--refresh", "0.2"))

        load = Load(key)
        load.services = [start(), start()]
        with load:
            load.wait_for(20)
            for _ in range(2):
                # A rolling restart: the new one takes requests before an old one stops.
                fresh = start()
                old = load.services[0]
                load.services = [load.services[1], fresh]
                load.wait_for(4)
                assert old.stop() == 0
                load.wait_for(10)
            assert set(load.statuses) == {200}
            assert load.lost == []
            # The first region goes: its copy of the repository, and its store.
            shutil.rmtree(sources[0])
            first.kill()
            with redis.Redis.from_url(second.url) as client:
                client.replicaof("NO", "ONE")
            load.wait_for_good(30)
            assert load.lost == []
        for one in load.services:
            assert one.stop() == 0
