"""The answer has the words of a reference: ROUGE.

    - rouge: The cat sat on the mat.
      min: 0.6
    - rouge: {texts: [first reference, second], type: L, measure: recall}

`type` is 1 (words, the default), 2 (pairs of words) or L (longest common subsequence); `measure` is
f1 (the default), precision or recall. Of several references the best one counts. Words are found in
any script, and case is ignored. For plain English the scores are those of rouge-score without
stemming. A reference without words is an error. Needs the extra `evals`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from promptops.evals.scorers.libraries import load
from promptops.evals.scorers.references import references
from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, ScorerError
from promptops.evals.scorers.words import split_words

NAME = "rouge"
COST = Cost.LIBRARY
IS_DETERMINISTIC = True


def require(argument: object, _context: Context) -> None:
    """Load the library."""
    if isinstance(argument, dict) and argument.get("type") == "L":
        load("rapidfuzz.distance.LCSseq", NAME)


def score(answer: JudgedAnswer, argument: Any, _context: Context) -> Score:  # noqa: ANN401 - as the schema says
    """Return the best score over the references."""
    options = argument if isinstance(argument, dict) else {}
    kind, measure = str(options.get("type", "1")), options.get("measure", "f1")
    given = split_words(answer.text)
    values = [_rouge(given, split_words(one), kind, measure) for one in references(argument)]
    return Score(max(values), f"ROUGE-{kind} {measure} is {max(values):.3f}")


def _rouge(given: list[str], wanted: list[str], kind: str, measure: str) -> float:
    if not wanted:
        raise ScorerError("the reference has no words", hint="give a reference with words in it")
    if kind == "L":
        subsequence = load("rapidfuzz.distance.LCSseq", NAME)
        common, sizes = int(subsequence.similarity(given, wanted)), (len(given), len(wanted))
    else:
        ours, theirs = _grams(given, int(kind)), _grams(wanted, int(kind))
        if not theirs:
            raise ScorerError(f"the reference has fewer than {kind} words", hint="use type: 1")
        common, sizes = (ours & theirs).total(), (ours.total(), theirs.total())
    precision = common / sizes[0] if sizes[0] else 0.0
    recall = common / sizes[1]
    if measure != "f1":
        return precision if measure == "precision" else recall
    return 2 * precision * recall / (precision + recall) if common else 0.0


def _grams(words: list[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[start:] for start in range(size)), strict=False))
