"""The model that answers with what it was told."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from promptops.runtime.models.echo import EchoModel
from promptops.runtime.models.model import ModelError, Request


def test_echo() -> None:
    model = EchoModel()
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "s"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "a "}, {"type": "text", "text": "b"}],
        },
        {"role": "assistant", "content": "c"},
    ]
    request = Request("echo/x", messages)
    deadline = time.monotonic() + 30
    found = model.call(request, deadline=deadline)
    assert found.text == "a b"
    assert found.usage.source == "estimated"
    assert asyncio.run(model.acall(request, deadline=deadline)) == found
    assert [part.text for part in model.stream(request, deadline=deadline)] == ["a ", "b", ""]
    assert model.call(Request("echo", []), deadline=deadline).text == ""
    with pytest.raises(ModelError):
        model.call(request, deadline=time.monotonic() - 1)
