"""The engine: no reference is followed, and no schema or pattern runs away."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from promptops.prompt.schema import SchemaFault, compile_schema


def test_no_reference_ever_opens_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a connection was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    for reference in ("http://127.0.0.1:9/s", "https://example.com/s", "urn:x", "//example.com/s"):
        with pytest.raises(SchemaFault, match="outside"):
            compile_schema({"$ref": reference})


def test_schemas_that_go_in_circles_or_too_deep_do_no_harm() -> None:
    with pytest.raises(SchemaFault, match="forms a cycle"):
        compile_schema({"$ref": "#"})
    deep: dict[str, Any] = {}
    for _ in range(2000):
        deep = {"not": deep}
    with pytest.raises(SchemaFault):
        compile_schema(deep)
