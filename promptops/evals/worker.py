"""Run on a cluster's worker: call a model, and return its answer or error as a value."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from promptops.about import __version__
from promptops.runtime.models import Models
from promptops.runtime.models.model import ModelError

if TYPE_CHECKING:
    from promptops.repository.settings.models import ModelSettings
    from promptops.runtime.models.model import Answer, Request

_MAX_RUNS = 4
_LOCK = threading.Lock()
# Run -> its models. All threads of a worker share their connections.
_MODELS: dict[str, Models] = {}


class WorkerRun(NamedTuple):
    """The run that a call belongs to.

    Attributes:
        version: its version of promptops, which must be the worker's.
        token: identifies the run; its calls share connections.
        settings: its table `[models]`.
    """

    version: str
    token: str
    settings: ModelSettings


def read_version() -> str:
    """Return the version of promptops in this process."""
    return __version__


def call_model(run: WorkerRun, name: str, request: Request, seconds: float) -> Answer | ModelError:
    """Call a model, and never raise: Dask would log the arguments of a task that raised.

    `ModelError` keeps its HTTP status between processes; errors of provider libraries do not.

    Args:
        run: the run of the call.
        name: the model's name.
        request: the request.
        seconds: the timeout of the call, without the time in the queue.
    """
    if run.version != __version__:
        return ModelError(
            f"a worker has promptops {__version__}, and the run promptops {run.version}",
            model=name,
            kind="install",
            is_sent=False,
            hint="install the same version on every worker",
        )
    try:
        model = _open(run).get(name)
        return model.call(request, deadline=time.monotonic() + seconds)
    except ModelError as error:
        return error
    except Exception as error:  # noqa: BLE001 - any error has to cross to another process
        text = f"{type(error).__name__}: {error}"
        return ModelError(text, model=name, kind="invalid", is_sent=True)


def _open(run: WorkerRun) -> Models:
    with _LOCK:
        found = _MODELS.get(run.token)
        if found is None:
            found = _MODELS[run.token] = Models(run.settings, root=None)
            while len(_MODELS) > _MAX_RUNS:
                _MODELS.pop(next(iter(_MODELS))).close()
        return found
