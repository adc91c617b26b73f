"""JSON Schemas of checks: what is no schema is an error, and nothing is fetched."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.evals.scorers import json_schema
from promptops.evals.scorers.scorer import Context, JudgedAnswer, ScorerError


@pytest.mark.parametrize("schema", [{"type": "text"}, {"$ref": "https://example.com/schema"}])
def test_a_schema_that_cannot_be_used_is_an_error(schema: dict[str, Any]) -> None:
    with pytest.raises(ScorerError, match="the schema is not valid"):
        json_schema.score(JudgedAnswer("1"), schema, Context())
