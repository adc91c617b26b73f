"""The answer's meaning is near a text: cosine similarity of embeddings.

    - similar: The customer gets the money back.
      min: 0.8
    - similar: [first wording, second wording]

Of several texts the nearest one counts. Embeddings detect topics well and negations badly: "may
take" and "may not take" are near. If that matters, use `factual` or `rubric`. Needs an embedding
model.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from promptops.evals.scorers.references import references
from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, ScorerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.evals.scorers.scorer import Embed

NAME = "similar"
COST = Cost.EMBEDDING
IS_DETERMINISTIC = True


def require(_argument: object, context: Context) -> None:
    """Check that there is an embedding model."""
    _find_embed(context)([])


def _find_embed(context: Context) -> Embed:
    if context.embed is None:
        raise ScorerError(
            "the scorer 'similar' needs an embedding model",
            hint="set embedding in [eval]",
        )
    return context.embed


def score(answer: JudgedAnswer, argument: Any, context: Context) -> Score:  # noqa: ANN401 - as the schema says
    """Return the cosine with the nearest text; 0 where it is negative."""
    embed = _find_embed(context)
    texts = references(argument)
    if not answer.text.strip():
        return Score(0.0, "it is empty")
    ours, *others = embed([answer.text, *texts])
    if len(others) != len(texts):
        raise ScorerError("the embedding model returned another number of vectors than texts")
    value = max(cosine(ours, other) for other in others)
    return Score(min(max(value, 0.0), 1.0), f"the cosine is {value:.3f}")


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the cosine of two vectors. Raises ScorerError if it is undefined."""
    if len(one) != len(other):
        raise ScorerError("the embedding model returned vectors of different lengths")
    product = math.fsum(a * b for a, b in zip(one, other, strict=True))
    norms = math.hypot(*one) * math.hypot(*other)
    if not norms or not math.isfinite(product) or not math.isfinite(norms):
        raise ScorerError("the embedding model returned a vector without a direction")
    return product / norms
