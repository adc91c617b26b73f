"""What a JSON object gives, and what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import IntegrityError
from promptops.forge.record import ForgeRecord

if TYPE_CHECKING:
    from collections.abc import Callable

GIVEN = ForgeRecord(
    {
        "text": "a b",
        "number": 7,
        "flag": False,
        "null": None,
        "record": {"word": "x"},
        "records": [{"word": "x"}],
        "texts": ["x", ""],
    },
    "the answer",
)


def test_what_is_there() -> None:
    assert GIVEN.text("text") == "a b"
    assert GIVEN.text_or_none("text") == "a b"
    assert GIVEN.text_or_none("null") is None
    assert GIVEN.number("number") == 7
    assert GIVEN.flag("flag") is False
    assert GIVEN.record("record").word("word") == "x"
    assert GIVEN.record_or_none("null") is None
    assert [one.word("word") for one in GIVEN.records("records")] == ["x"]
    assert GIVEN.texts("texts") == ["x", ""]
    assert (GIVEN.has("flag"), GIVEN.has("null"), GIVEN.has("nothing")) == (True, False, False)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: GIVEN.text("number"), "'number' in the answer is a whole number, not a text"),
        (lambda: GIVEN.text_or_none("nothing"), "'nothing' is missing in the answer"),
        (lambda: GIVEN.record_or_none("nothing"), "'nothing' is missing in the answer"),
        (lambda: GIVEN.number("flag"), "'flag' in the answer is true or false, not a whole number"),
        (lambda: GIVEN.flag("number"), "'number' in the answer is a whole number, not true or"),
        (lambda: GIVEN.record("records"), "'records' in the answer is a list, not an object"),
        (lambda: GIVEN.records("texts"), "an item of 'texts' in the answer is a text, not an ob"),
        (lambda: GIVEN.texts("records"), "an item of 'records' in the answer is an object, not a"),
        (lambda: GIVEN.record("record").text("x"), "'x' is missing in 'record' in the answer"),
        (lambda: GIVEN.word("text"), "'text' cannot be 'a b' in the answer"),
        (
            lambda: GIVEN.object_id("text"),
            "'text' is 'a b', which is not an object id in the answer",
        ),
    ],
)
def test_what_is_not(ask: Callable[[], Any], message: str) -> None:
    with pytest.raises(IntegrityError) as raised:
        ask()
    assert raised.value.message.startswith(message)
    assert raised.value.hint
