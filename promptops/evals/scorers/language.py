"""The answer is in a language.

    - language: de
    - language: [de, en]
    - language: {is: de, probability: 0.9}

Languages are ISO 639-1 codes. Texts with fewer than 12 letters (4 in scripts without spaces), or
with a lower probability by py3langid than `probability` (0.8), are an error, since short texts such
as "OK" are in many languages. Needs the extra `evals`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from promptops.evals.scorers.libraries import load
from promptops.evals.scorers.scorer import (
    Context,
    Cost,
    JudgedAnswer,
    Score,
    ScorerError,
    yes_or_no,
)
from promptops.evals.scorers.words import split_words

NAME = "language"
COST = Cost.LIBRARY
IS_DETERMINISTIC = True

_MIN_LETTERS = 12
_MIN_UNSPACED = 4


def require(argument: Any, _context: Context) -> None:  # noqa: ANN401 - as the schema says
    """Load the library, which must know the languages."""
    labels = _identifier().labels
    unknown = [code for code in _wanted(argument) if code not in labels]
    if unknown:
        raise ScorerError(
            f"py3langid does not know the language '{unknown[0]}'",
            hint="write an ISO 639-1 code, as 'de'",
        )


def score(answer: JudgedAnswer, argument: Any, context: Context) -> Score:  # noqa: ANN401 - as the schema says
    """Return 1 if the text is in one of the languages, else 0."""
    require(argument, context)
    options = argument if isinstance(argument, dict) else {}
    wanted, identifier = _wanted(argument), _identifier()
    if not _has_features(answer.text):
        raise ScorerError("the answer is too short to tell its language")
    found, probability = identifier.classify(answer.text)
    if probability < options.get("probability", 0.8):
        raise ScorerError(f"the answer's language is not clear: '{found}' with {probability:.2f}")
    return yes_or_no(found in wanted, f"it is '{found}' with a probability of {probability:.2f}")


def _wanted(argument: Any) -> list[str]:  # noqa: ANN401 - as the schema says
    value = argument["is"] if isinstance(argument, dict) else argument
    return [value] if isinstance(value, str) else list(value)


def _has_features(text: str) -> bool:
    words = [word for word in split_words(text) if any(map(str.isalpha, word))]
    letters = sum(map(len, words))
    unspaced = sum(1 for word in words if len(word) == 1 and ord(word) > 0xE00)
    return letters >= _MIN_LETTERS or unspaced >= _MIN_UNSPACED


@cache
def _identifier() -> Any:  # noqa: ANN401 - py3langid has no types
    module = load("py3langid.langid", NAME)
    return module.LanguageIdentifier.from_model_file(module.MODEL_FILE, norm_probs=True)
