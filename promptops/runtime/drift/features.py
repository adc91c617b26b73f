"""Extract a run's features for comparison: of the answer (length, refusal, language) and inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.runtime.refusals import find_refusal

if TYPE_CHECKING:
    from promptops.runtime.log.record import RunRecord

# The language of shorter texts cannot be detected reliably.
_MIN_LETTERS = 20
_MIN_PROBABILITY = 0.9
_MAX_READ = 2000
_MISSING = "missing"


class Features(NamedTuple):
    """The compared features of a run.

    Attributes:
        run: the run.
        numbers: measure -> number.
        classes: measure -> class.
        values: the values of inputs that are short texts, numbers or booleans.
    """

    run: RunRecord
    numbers: Mapping[str, float]
    classes: Mapping[str, str]
    values: Mapping[str, str]


def read_features(run: RunRecord, names: Sequence[str]) -> Features:
    """Return the compared features of a run.

    Args:
        run: the run, with its contents.
        names: the inputs of all runs that are compared.
    """
    numbers: dict[str, float] = {}
    classes: dict[str, str] = {}
    values: dict[str, str] = {}
    if run.answer is not None:
        numbers["output length"] = len(run.answer)
        is_refusal = run.finish in {"refusal", "content_filter"} or find_refusal(run.answer)
        classes["refusals"] = "refuses" if is_refusal else "answers"
        language = find_language(run.answer)
        if language is not None:
            classes["output language"] = language
    invalid = run.stage in {"parse", "output"}
    classes["schema failures"] = "fails" if invalid else "passes"
    inputs = run.inputs or {}
    for name in names if run.inputs is not None else ():
        value = inputs.get(name)
        kind = _kind(value) if name in inputs else _MISSING
        classes[f"input {name}: type"] = kind
        if isinstance(value, str):
            numbers[f"input {name}: length"] = len(value)
            language = find_language(value)
            if language is not None:
                classes[f"input {name}: language"] = language
        elif isinstance(value, int | float) and not isinstance(value, bool):
            numbers[f"input {name}: number"] = value
        elif isinstance(value, Mapping | Sequence):
            numbers[f"input {name}: size"] = len(value)
        if value is not None and not isinstance(value, Mapping | list | tuple):
            values[f"input {name}: new values"] = json.dumps(value, default=str)[:200]
    return Features(run, numbers, classes, values)


def input_names(runs: Sequence[RunRecord]) -> list[str]:
    """Return the inputs that any of the runs had."""
    return sorted({name for run in runs for name in run.inputs or ()})


def find_language(text: str) -> str | None:
    """Return the language of a text; None if unknown, or without py3langid."""
    shown = text[:_MAX_READ]
    if sum(map(str.isalpha, shown)) < _MIN_LETTERS:
        return None
    identifier = _identifier()
    if identifier is None:
        return None
    found, probability = identifier.classify(shown)
    return str(found) if probability >= _MIN_PROBABILITY else None


@cache
def _identifier() -> Any:  # noqa: ANN401 - py3langid has no types
    try:
        langid: Any = import_module("py3langid.langid")
    except ImportError:
        return None
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string" if value else "empty string"
    return "object" if isinstance(value, Mapping) else "array"
