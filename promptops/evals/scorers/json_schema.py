"""The answer is JSON and valid under a JSON Schema (draft 2020-12).

    - json_schema: {type: object, required: [topic]}
    - json_schema: true                     # any JSON

References outside the schema are not followed.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from promptops.evals.scorers.scorer import (
    Context,
    Cost,
    JudgedAnswer,
    Score,
    ScorerError,
    yes_or_no,
)
from promptops.evals.scorers.texts import quoted
from promptops.evals.scorers.values import NotJson, parse

if TYPE_CHECKING:
    import jsonschema_rs

NAME = "json_schema"
COST = Cost.FREE
IS_DETERMINISTIC = True


def score(answer: JudgedAnswer, argument: Any, _context: Context) -> Score:  # noqa: ANN401 - any JSON Schema
    """Return 1 if the answer is valid, else 0."""
    validator = _compile(json.dumps(argument))
    try:
        value = parse(answer.text)
    except NotJson as error:
        return yes_or_no(False, str(error))
    fault = next(iter(validator.iter_errors(value)), None)
    if fault is None:
        return yes_or_no(True, "it is valid")
    where = ".".join(str(step) for step in fault.instance_path)
    at = f" at '{where}'" if where else ""
    return yes_or_no(False, f"it does not match the schema{at}: {quoted(fault.message)[1:-1]}")


@lru_cache(maxsize=256)
def _compile(schema: str) -> jsonschema_rs.Draft202012Validator:
    from promptops.prompt.schema import SchemaFault, compile_schema

    try:
        return compile_schema(json.loads(schema))
    except SchemaFault as fault:
        raise ScorerError(f"the schema is not valid: {fault.message}") from None
