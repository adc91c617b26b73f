"""Calls of models on a worker: their errors are values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from promptops.evals import worker
from promptops.evals.worker import WorkerRun, call_model
from promptops.repository.settings.models import ModelSettings
from promptops.runtime.models.model import ModelError, Request
from tests.screens import masked

if TYPE_CHECKING:
    import pytest


def test_a_worker_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request("local/m", [{"role": "user", "content": "Hi"}])
    other = call_model(WorkerRun("0.0.0", "a", ModelSettings()), "echo/m", request, 1.0)
    assert isinstance(other, ModelError)
    assert other.kind == "install"

    def fail(_run: WorkerRun) -> None:
        raise RuntimeError("no file handles")

    monkeypatch.setattr(worker, "_open", fail)
    run = WorkerRun(worker.read_version(), "b", ModelSettings())
    failed = call_model(run, "echo/m", request, 1.0)
    assert isinstance(failed, ModelError)
    assert masked(failed.message) == snapshot("RuntimeError: no file handles")
