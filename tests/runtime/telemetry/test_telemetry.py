"""Observers of runs."""

from __future__ import annotations

from inline_snapshot import snapshot

from promptops.runtime.telemetry.telemetry import Telemetry
from tests.runtime.log.pieces import make_run
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


class Recording:
    """An observer that notes what it is told, and numbers the runs that begin."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def begin(self, _run: object) -> object:
        return len(self.told)

    def end(self, _run: object, _attempts: object, begun: object) -> None:
        self.told.append(begun)

    def event(self, kind: str, _detail: object) -> None:
        self.told.append(kind)

    def close(self) -> None:
        self.told.append("closed")


class Failing(Recording):
    def begin(self, _run: object) -> object:
        raise RuntimeError


def test_each_observer_gets_what_it_began_with_although_another_one_fails() -> None:
    one, broken, other = Recording(), Failing(), Recording()
    other.told.append("earlier")
    telemetry = Telemetry([one, broken, other], lambda _text: None)
    telemetry.end(make_run(), [], telemetry.begin(make_run()))
    telemetry.event("alert", {})
    telemetry.close()
    assert one.told == [0, "alert", "closed"]
    assert broken.told == [None, "alert", "closed"]
    assert other.told == ["earlier", 1, "alert", "closed"]
