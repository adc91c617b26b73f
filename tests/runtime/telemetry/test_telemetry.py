"""Observers of runs."""

from __future__ import annotations

from inline_snapshot import snapshot

from promptops.runtime.telemetry.telemetry import Telemetry
from tests.screens import masked


def test_what_is_wrong_with_telemetry_never_reaches_a_run() -> None:
    class Broken:
        def begin(self, run: object) -> object:
            raise RuntimeError("begin")

        def end(self, *_: object) -> None:
            raise RuntimeError("end")

        def event(self, *_: object) -> None:
            raise RuntimeError("event")

        def close(self) -> None:
            raise RuntimeError("close")

    said: list[str] = []
    telemetry = Telemetry([Broken()], said.append)
    begun = telemetry.begin(None)  # type: ignore[arg-type]
    telemetry.end(None, [], begun)  # type: ignore[arg-type]
    telemetry.event("alert", {})
    telemetry.close()
    assert masked(said) == snapshot(["telemetry failed: RuntimeError: begin"])
