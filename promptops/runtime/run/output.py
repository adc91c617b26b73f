"""Parse an answer and validate it by the prompt's output schema."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from promptops.errors import RefusedError
from promptops.prompt.exact_json import refuse_constant
from promptops.runtime.models.model import NO_USAGE, Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.runtime.run.course import Course

_MAX_FAULTS = 5
# A lone surrogate, as text or escaped. A truncated answer may end with one.
_SURROGATE = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]")


class OutputError(RefusedError):
    """An answer is not valid for the prompt's output schema or rules.

    Attributes:
        text: the model's answer.
    """

    page = "docs/running.md#what-an-answer-must-be"

    def __init__(self, message: str, *, text: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.text = text


def read_data(answer: Answer, schema: Mapping[str, Any]) -> object:
    """Return the JSON value of an answer, validated by `schema`.

    Raises:
        OutputError: the answer was truncated or filtered, is not JSON, or is invalid.
    """
    if answer.finish in {"length", "content_filter", "refusal"}:
        raise OutputError(
            f"the answer is incomplete: it ended with '{answer.finish}'",
            text=answer.text,
            hint="raise max_tokens" if answer.finish == "length" else None,
        )
    try:
        value = _DECODER.decode(answer.text)
    except (ValueError, RecursionError) as error:
        raise OutputError(f"the answer is not JSON: {error}", text=answer.text) from None
    if _SURROGATE.search(answer.text):
        _refuse_surrogates(value, answer.text)
    check_data(value, schema, answer.text)
    return value


def check_data(value: object, schema: Mapping[str, Any], text: str) -> None:
    """Validate a value by the output schema. Raises OutputError with `text`."""
    found = []
    for fault in _validator(schema).iter_errors(value):
        place = ".".join(map(str, fault.instance_path)) or "the answer"
        found.append(f"{place}: {fault.message}")
        if len(found) == _MAX_FAULTS:
            break
    if found:
        message = f"the answer does not match the output schema: {'; '.join(found)}"
        raise OutputError(message, text=text)


_MAX_VALIDATORS = 256
# Cached by the schema's identity; the schema is kept alive, so that its id is not reused.
_VALIDATORS: dict[int, tuple[Mapping[str, Any], Any]] = {}


def _validator(schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 - it comes without types
    """Return the compiled schema of a prompt, compiled once."""
    known = _VALIDATORS.get(id(schema))
    if known is None or known[0] is not schema:
        from promptops.prompt.schema import compile_schema

        if len(_VALIDATORS) >= _MAX_VALIDATORS:
            _VALIDATORS.clear()
        known = _VALIDATORS[id(schema)] = schema, compile_schema(schema)
    return known[1]


def _refuse_surrogates(value: object, text: str) -> None:
    """Refuse lone surrogates, which cannot be encoded and which the schema's engine cannot read."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = ascii(error.object[error.start])[1:-1]
        message = f"the answer is not JSON in UTF-8: {half} is half of a character"
        raise OutputError(message, text=text) from None


def check_rules(answer: Answer, data: object, rules: Mapping[str, Any] | None) -> None:
    """Check an answer by the prompt's rules. Raises OutputError if it breaks one."""
    if rules is None:
        return
    from promptops.runtime.run.rules import find_fault

    fault = find_fault(rules, answer.text, data)
    if fault is not None:
        raise OutputError(fault, text=answer.text)


def set_reply(course: Course, reply: object) -> None:
    """Use a fixed reply as the answer of a run; it is validated like a model's.

    Raises:
        OutputError: it is not valid for the prompt's output schema.
    """
    schema = course.resolved.output
    is_plain = schema is None and isinstance(reply, str)
    text = str(reply) if is_plain else json.dumps(reply, ensure_ascii=False)
    course.stage = "output"
    if schema is not None:
        check_data(reply, schema, text)
    course.data = None if schema is None else reply
    course.answer = Answer(text, (), "stop", NO_USAGE)
    course.model = None


# `json.loads` with an option makes a decoder for each call.
_DECODER = json.JSONDecoder(parse_constant=refuse_constant)
