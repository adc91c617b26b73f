"""The answer has the wording of a reference: sentence BLEU by sacrebleu, from 0 to 1.

    - bleu: The cat sat on the mat.
      min: 0.4
    - bleu: [first reference, second reference]

Case is ignored. Words and marks are found in any script. Texts of fewer than four words are scored
by their shorter word groups. A reference without words is an error. Needs the extra `evals`.
"""

from __future__ import annotations

from typing import Any

from promptops.evals.scorers.libraries import load
from promptops.evals.scorers.references import references
from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, ScorerError
from promptops.evals.scorers.words import split_words

NAME = "bleu"
COST = Cost.LIBRARY
IS_DETERMINISTIC = True


def require(_argument: object, _context: Context) -> None:
    """Load the library."""
    load("sacrebleu.metrics.bleu", NAME)


def score(answer: JudgedAnswer, argument: Any, _context: Context) -> Score:  # noqa: ANN401 - as the schema says
    """Return the score against all references together."""
    wanted = [_tokens(one) for one in references(argument)]
    if not all(wanted):
        raise ScorerError("a reference has no words", hint="give references with words in them")
    metrics = load("sacrebleu.metrics.bleu", NAME)
    metric = metrics.BLEU(tokenize="none", effective_order=True)
    given = _tokens(answer.text)
    value = metric.sentence_score(given, wanted).score / 100 if given else 0.0
    # Rounding may give 100.00000000000004.
    value = min(max(value, 0.0), 1.0)
    return Score(value, f"BLEU is {value:.3f}")


def _tokens(text: str) -> str:
    return " ".join(split_words(text, punctuation=True))
