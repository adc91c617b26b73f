"""Ask models from the workers of a Dask cluster.

This process renders, counts, stores answers and judges, as without a cluster. Only model calls are
tasks, each with its own key (Dask would merge equal ones). A worker needs the same version of
promptops and the models' API keys, but no repository. If a worker is killed, another one repeats
its unfinished calls.

Dask rather than Ray: 70 MB installed instead of 285, BSD, pure Python, and a scheduler that listens
only on the given address.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
import warnings
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any

from promptops.about import __version__
from promptops.errors import PromptopsError
from promptops.evals.worker import WorkerRun, call_model, read_version
from promptops.runtime.models import Models
from promptops.runtime.models.model import ModelError
from promptops.runtime.models.opening import is_offline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from distributed import Client

    from promptops.repository.settings.models import ModelSettings
    from promptops.runtime.models.model import Answer, Model, Part, Request

CONNECT_SECONDS = 10.0
_LOOK_SECONDS = 2.0
_MISSING = re.compile(r"No module named '(\w+)")
_INSTALL = "install promptops in this version on every worker"
# Dask stops a worker that cannot import a call's modules.
_LOGS = f"the workers' logs say why they ended; each needs promptops {__version__}"
_GONE = "the cluster's scheduler is gone"


class ClusterError(PromptopsError):
    """A cluster is unreachable, or its workers are missing or have another version."""

    page = "docs/evals.md#on-several-machines"


def count_threads(address: str) -> int:
    """Return the number of calls that a cluster's workers make concurrently.

    Args:
        address: the scheduler's address, such as `tcp://10.0.0.5:8786`.

    Raises:
        ClusterError: it is unreachable, or has no usable workers.
    """

    async def ask() -> tuple[dict[str, Any], dict[str, str | BaseException]]:
        async with await _connect(address) as client:
            found = (await client.scheduler.identity(n_workers=-1))["workers"]
            return found, await client.run(read_version, on_error="return")

    workers, versions = asyncio.run(ask())
    if not workers:
        raise ClusterError(
            f"the cluster at {address} has no workers",
            hint=f"start workers: dask worker {address} --nthreads 10",
        )
    for worker, version in versions.items():
        if isinstance(version, BaseException):
            raise _refuse_worker(f"the worker at {worker}", version) from version
        if version != __version__:
            raise ClusterError(
                f"the worker at {worker} has promptops {version}, and this is {__version__}",
                hint=_INSTALL,
            )
    return sum(int(one["nthreads"]) for one in workers.values())


def _refuse_worker(worker: str, error: BaseException) -> ClusterError:
    """Return the error for a worker that cannot run promptops."""
    missing = _MISSING.search(str(error))
    what = f"has no {missing[1]}" if missing is not None else f"cannot run promptops: {error}"
    return ClusterError(f"{worker} {what}", hint=_INSTALL)


async def _connect(address: str) -> Client:
    """Return a client of this event loop. Raises ClusterError."""
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            "a cluster needs Dask, which is not installed",
            hint="pip install 'git-promptops[cluster]'",
        ) from error
    _silence()
    client = None
    try:
        # Dask's own timeout does not apply to a server with another protocol.
        async with asyncio.timeout(CONNECT_SECONDS):
            # It would warn of differing versions of libraries that calls do not use.
            warnings.filterwarnings("ignore", "Mismatched versions found")
            client = Client(
                address, asynchronous=True, timeout=CONNECT_SECONDS, set_as_default=False
            )
            await client
    except (OSError, ValueError, TimeoutError) as error:
        if client is not None:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await client.close(timeout=0)
        raise ClusterError(
            f"there is no Dask scheduler at {address}",
            hint="give its address, such as tcp://10.0.0.5:8786",
        ) from error
    return client


def _silence() -> None:
    """Keep Dask from printing stack traces; raised errors say what is wrong."""
    for name in tuple(logging.root.manager.loggerDict):
        if name.startswith(("distributed", "tornado")):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    asyncio.get_running_loop().set_exception_handler(_report)


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Report an error of a task that nobody awaited, except of reconnections that Dask gave up."""
    if "distributed" not in repr(context.get("future")):
        loop.default_exception_handler(context)


class ClusterModels(Models):
    """Calls models by the workers of a cluster. Belongs to one event loop.

    Models without a provider, such as `scripted/...`, run in this process.

    Args:
        address: the scheduler's address.
        settings: the table `[models]`, which is sent to workers. It has the names of the API keys'
            variables, not the keys.
        root: the repository's top.
        lost_seconds: how long calls wait if there are no workers.
    """

    def __init__(
        self, address: str, settings: ModelSettings, *, root: Path, lost_seconds: float = 60.0
    ) -> None:
        super().__init__(settings, root=root)
        self.lost_seconds = lost_seconds
        self._address = address
        self._client: asyncio.Task[Client] | None = None
        self._token = secrets.token_hex(8)
        self._numbers = count(1)
        self._alone_since: float | None = None

    def _open(self, name: str) -> Model:
        return super()._open(name) if is_offline(name) else _ClusterModel(name, self)

    async def call(self, name: str, request: Request, deadline: float) -> Answer:
        """Call a model by a worker. Raises ModelError and ClusterError."""
        if self._client is None:
            self._client = asyncio.ensure_future(_connect(self._address))
        client = await asyncio.shield(self._client)
        from distributed.client import ClosedClientError

        key = f"promptops-{self._token}-{next(self._numbers)}"
        seconds = deadline - time.monotonic()
        run = WorkerRun(__version__, self._token, self._settings)
        try:
            future = client.submit(call_model, run, name, request, seconds, key=key, pure=False)
        except ClosedClientError as error:
            raise ClusterError(_GONE) from error
        try:
            done = await self._wait(client, asyncio.ensure_future(_read(future)), name)
        finally:
            # A running call ends by itself or at its deadline, because Dask cannot stop a thread.
            future.release()
        if isinstance(done, ModelError):
            raise done
        return done

    async def _wait(
        self, client: Client, result: asyncio.Task[Answer | ModelError], model: str
    ) -> Answer | ModelError:
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        try:
            while not (await asyncio.wait({result}, timeout=_LOOK_SECONDS))[0]:
                self._look_for_workers(client)
            return result.result()
        except KilledWorker as error:
            raise ModelError(
                "all workers that made this call were killed",
                model=model,
                kind="connection",
                is_sent=True,
                hint=_LOGS,
            ) from error
        except (FutureCancelledError, OSError) as error:
            raise ClusterError(_GONE) from error
        finally:
            result.cancel()

    def _look_for_workers(self, client: Client) -> None:
        """Raise ClusterError if there were no workers for `lost_seconds`."""
        now = time.monotonic()
        if client.scheduler_info()["workers"]:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since > self.lost_seconds:
            raise ClusterError("the cluster has no workers any more", hint=_LOGS)

    async def aclose(self) -> None:
        """Close the connections to the cluster and of models in this process."""
        opened, self._client = self._client, None
        if opened is not None and opened.done() and opened.exception() is None:
            await opened.result().close()
        await super().aclose()


async def _read(future: Any) -> Answer | ModelError:  # noqa: ANN401 - Dask's future has no type
    found: Answer | ModelError = await future
    return found


class _ClusterModel:
    """One model that is called by workers."""

    def __init__(self, name: str, models: ClusterModels) -> None:
        self._name = name
        self._models = models

    async def acall(self, request: Request, *, deadline: float) -> Answer:
        """Return the answer to `request`."""
        return await self._models.call(self._name, request, deadline)

    def call(self, request: Request, *, deadline: float) -> Answer:
        """Raise NotImplementedError: evals call on an event loop only."""
        raise NotImplementedError

    def stream(self, request: Request, *, deadline: float) -> Iterator[Part]:
        """Raise NotImplementedError: evals do not stream."""
        raise NotImplementedError

    def astream(self, request: Request, *, deadline: float) -> AsyncIterator[Part]:
        """Raise NotImplementedError: evals do not stream."""
        raise NotImplementedError

    def close(self) -> None:
        """Do nothing: the connection is closed with the models."""

    async def aclose(self) -> None:
        """Do nothing: the connection is closed with the models."""
