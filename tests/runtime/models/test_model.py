from __future__ import annotations

import pickle

from promptops.runtime.models.model import ModelError


def test_an_error_crosses_processes_whole() -> None:
    error = ModelError(
        "openai/x: too many requests",
        model="openai/x",
        kind="status",
        status=429,
        code="rate_limit",
        retry_after_seconds=2.5,
        is_sent=True,
        hint="wait",
    )
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is ModelError
    assert vars(copy) == vars(error)
    assert str(copy) == str(error) == copy.args[0]
