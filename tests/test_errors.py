"""Errors of the library: a hint is part of what a traceback shows."""

from __future__ import annotations

import pickle
import traceback

from promptops.errors import PromptopsError, RefusedError


def shown(error: BaseException) -> list[str]:
    return "".join(traceback.format_exception(error)).splitlines()


def test_a_traceback_shows_the_hint() -> None:
    error = RefusedError("it is paused", hint="promptops resume a")
    assert shown(error)[-2:] == [
        "promptops.errors.RefusedError: it is paused",
        "hint: promptops resume a",
    ]
    assert str(error) == "it is paused"


def test_another_hint_takes_the_place_of_the_first() -> None:
    error = PromptopsError("no answer", hint="wait")
    error.hint = "check the address"
    error.add_note("seen at noon")
    assert shown(error)[1:] == ["hint: check the address", "seen at noon"]
    error.hint = None
    assert (error.hint, shown(error)[1:]) == (None, ["seen at noon"])
    assert shown(PromptopsError("no"))[1:] == []


def test_an_error_that_was_sent_to_another_process_has_its_hint_once() -> None:
    error: PromptopsError = pickle.loads(pickle.dumps(PromptopsError("no", hint="wait")))
    assert (error.hint, shown(error)[1:]) == ("wait", ["hint: wait"])
