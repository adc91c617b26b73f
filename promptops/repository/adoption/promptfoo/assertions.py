"""Convert promptfoo's assertions to checks with the same verdict."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.repository.adoption.draft import UnreadableError
from promptops.repository.adoption.promptfoo import patterns, schemas
from promptops.repository.adoption.promptfoo.source import load_json, load_yaml
from promptops.repository.adoption.promptfoo.values import (
    UnsupportedTemplateError,
    fill,
    look_up,
    to_json,
    to_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from promptops.repository.adoption.promptfoo.source import SourceFolder

    Check = dict[str, Any]

_NEGATION = "not-"
_KNOWN = frozenset(
    [
        "type",
        "value",
        "threshold",
        "weight",
        "metric",
        "provider",
        "rubricPrompt",
        "transform",
        "contextTransform",
        "config",
        "assert",
        "$ref",
    ]
)
_MAX_CHOICES = 12
_ROUNDING = 1e-9


class LostCheckError(Exception):
    """An assertion cannot be converted; the message says why."""


class CarriedCheck(NamedTuple):
    """A check of ours.

    Attributes:
        check: the check as in a suite file.
        weight: its weight in the mean of scores.
        differs: how its verdict may differ; "" if it cannot.
        is_yes_or_no: whether its score is only 0 or 1 in promptfoo too.
        parts: the checks of a set with a threshold. In a case with a threshold of its own,
            promptfoo counts only their mean, and not whether the set passes.
    """

    check: Check
    weight: float = 1.0
    differs: str = ""
    is_yes_or_no: bool = True
    parts: tuple[CarriedCheck, ...] = ()


class _Argument(NamedTuple):
    """A converter's argument: the value with variables replaced, and the threshold."""

    value: Any
    threshold: float | None
    is_negated: bool

    def text(self, *, allows_empty: bool = True) -> str:
        """Return the value as a text."""
        spelled = to_text(self.value)
        if spelled is None or isinstance(self.value, bool):
            raise LostCheckError("ends in an error in promptfoo: its value is not a text")
        if not spelled and not allows_empty:
            raise LostCheckError("ends in an error in promptfoo: its value is empty")
        return spelled

    def texts(self) -> list[str]:
        """Return a list of texts; a single text is split at commas."""
        if isinstance(self.value, list):
            found = [to_text(one) for one in self.value]
            if None in found or "" in found:
                raise LostCheckError("has a value that is not a list of texts")
            return [one for one in found if one is not None]
        if not isinstance(self.value, str) or not self.value:
            raise LostCheckError("ends in an error in promptfoo: its value is not a text")
        return _split(self.value)


class Converter:
    """Turns the assertions of one configuration into checks.

    Args:
        folder: the folder with files of values.
        templates: the assertions to which `$ref` refers, by name.
    """

    def __init__(self, folder: SourceFolder, templates: Mapping[str, Any] | None = None) -> None:
        self._folder = folder
        self._templates = templates or {}

    def convert(self, assertion: Any, values: Mapping[str, Any]) -> list[CarriedCheck]:  # noqa: ANN401 - any YAML
        """Convert an assertion to checks; a set of independent parts gives several.

        Raises:
            LostCheckError: no check gives the same verdict.
        """
        if not isinstance(assertion, dict):
            raise LostCheckError("is not a mapping")
        reference = assertion.get("$ref")
        if isinstance(reference, str):
            found = self._templates.get(reference.rpartition("/")[2])
            if not isinstance(found, dict):
                raise LostCheckError(f"refers to {reference}, which does not exist")
            assertion = {**found, **{key: one for key, one in assertion.items() if key != "$ref"}}
        if unknown := [key for key in assertion if key not in _KNOWN]:
            raise LostCheckError(f"has the unknown key '{unknown[0]}', which promptfoo ignores")
        if assertion.get("transform") or assertion.get("contextTransform"):
            raise LostCheckError("judges a transformed answer")
        weight = _number(assertion.get("weight"), 1.0)
        kind = str(assertion.get("type"))
        if kind == "assert-set":
            return self._convert_set(assertion, values, weight)
        if weight <= 0:
            raise LostCheckError("has the weight 0 and can fail no case")
        return [self._convert_one(kind, assertion, values)._replace(weight=weight)]

    def _convert_one(
        self, kind: str, assertion: Mapping[str, Any], values: Mapping[str, Any]
    ) -> CarriedCheck:
        is_negated = kind.startswith(_NEGATION)
        name = kind.removeprefix(_NEGATION)
        converter = _CONVERTERS.get(name)
        if converter is None:
            raise LostCheckError(_WHY_NOT.get(name, "has no scorer here"))
        threshold = assertion.get("threshold")
        if threshold is not None and not _is_number(threshold):
            raise LostCheckError("has a threshold that is not a number")
        value = self._fill(assertion.get("value"), values)
        carried = converter(_Argument(value, threshold, is_negated))
        if is_negated:
            return carried._replace(check=_negate(carried.check))
        return carried

    def _fill(self, value: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any YAML
        try:
            if isinstance(value, list):
                return [fill(one, values) if isinstance(one, str) else one for one in value]
            if isinstance(value, str):
                whole = re.fullmatch(r"\{\{\s*([\w.]+)\s*\}\}", value)
                if whole and isinstance(look_up(whole[1], values), (list, dict)):
                    raise LostCheckError(f"takes the list or mapping {value} as its value")
                if value.startswith("file://"):
                    return self._load(fill(value.removeprefix("file://"), values))
                return fill(value, values)
            if isinstance(value, dict) and "{{" in to_json(value):
                raise LostCheckError("has a template inside of a mapping")
        except UnsupportedTemplateError as error:
            raise LostCheckError(f"has the template {error} in its value") from None
        except TypeError:
            raise LostCheckError("has a value that is not JSON") from None
        return value

    def _load(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        ending = name.rpartition(".")[2].lower()
        if ending in {"js", "cjs", "mjs", "ts", "py", "rb"} or ".py:" in name or ".js:" in name:
            raise LostCheckError(f"takes its value from the program {name}")
        try:
            text = self._folder.read(name)
            if ending == "json":
                return load_json(text, name)
            if ending in {"yaml", "yml"}:
                return load_yaml(text, name)
        except UnreadableError as error:
            raise LostCheckError(f"cannot be read: {error}") from None
        return text.strip()

    def _convert_set(
        self, assertion: Mapping[str, Any], values: Mapping[str, Any], weight: float
    ) -> list[CarriedCheck]:
        parts = assertion.get("assert")
        if not isinstance(parts, list) or not parts:
            raise LostCheckError("is an empty set: it passes, with the score 0")
        if any(isinstance(one, dict) and str(one.get("type")) == "assert-set" for one in parts):
            raise LostCheckError("is a set in a set, which promptfoo refuses")
        if weight <= 0:
            raise LostCheckError("is a set with the weight 0, which can fail and counts nothing")
        carried = [check for one in parts for check in self.convert(one, values)]
        total = sum(one.weight for one in carried)
        threshold = assertion.get("threshold")
        shares = [one._replace(weight=weight * one.weight / total) for one in carried]
        if threshold is None:
            return shares
        if not _is_number(threshold):
            raise LostCheckError("has a threshold that is not a number")
        if not all(one.is_yes_or_no for one in carried):
            raise LostCheckError("is a set with a threshold and a score that is a share")
        check = _choose(carried, float(threshold), total)
        differs = "; ".join(dict.fromkeys(one.differs for one in carried if one.differs))
        return [CarriedCheck(check, weight, differs, parts=tuple(shares))]


def _choose(carried: Sequence[CarriedCheck], threshold: float, total: float) -> Check:
    """Return the check that passes if the weight of passing parts is high enough."""
    if threshold <= 0:
        raise LostCheckError("is a set with the threshold 0, which always passes")
    if len(carried) > 8:
        raise LostCheckError("is a set with a threshold of more than 8 checks")
    enough = []
    for choice in range(1, 1 << len(carried)):
        members = [index for index in range(len(carried)) if choice >> index & 1]
        share = sum(carried[index].weight for index in members) / total
        if share >= threshold - _ROUNDING:
            enough.append(frozenset(members))
    least = [one for one in enough if not any(other < one for other in enough)]
    if not least:
        raise LostCheckError("is a set whose threshold is above 1, which never passes")
    if len(least) > _MAX_CHOICES:
        raise LostCheckError("is a set with a threshold that many of its parts can reach")
    choices: list[Check] = []
    for chosen in least:
        checks = [carried[index].check for index in sorted(chosen)]
        choices.append(checks[0] if len(checks) == 1 else {"all": checks})
    return choices[0] if len(choices) == 1 else {"any": choices}


def carry_sample(
    checks: Sequence[CarriedCheck], threshold: float | None
) -> tuple[list[Check], float | None, str]:
    """Return a sample's checks, its threshold, and how its verdict may differ.

    A case with a threshold passes by its mean; one without, if all checks pass.
    """
    differs = ""
    if threshold is not None:
        checks = [part for one in checks for part in (one.parts or (one,))]
    if threshold is not None and any(not one.is_yes_or_no for one in checks):
        differs = "the mean of its scores may differ a little from promptfoo's"
    expect = []
    for one in checks:
        check = dict(one.check)
        if threshold is not None and not math.isclose(one.weight, 1):
            check["weight"] = round(one.weight, 9)
        expect.append(check)
    return expect, threshold, differs


def _negate(check: Check) -> Check:
    """Return the negation of a check."""
    (name, argument), *rest = check.items()
    if name == "any":
        return {"not": argument}
    if name == "all":
        return {"any": [_negate(one) for one in argument]}
    negated = name.removeprefix("not_") if name.startswith("not_") else f"not_{name}"
    return {negated: argument, **dict(rest)}


def _is_number(value: object) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(float(value))  # type: ignore[arg-type]


def _number(value: object, default: float) -> float:
    if value is None:
        return default
    if not _is_number(value):
        raise LostCheckError("has a weight that is not a number")
    return float(value)  # type: ignore[arg-type]


def _split(text: str) -> list[str]:
    """Split at commas outside of double quotes; a quoted piece loses its quotes."""
    pieces, piece, is_quoted = [], "", False
    for letter in text:
        if letter == '"':
            is_quoted = not is_quoted
        elif letter == "," and not is_quoted:
            pieces.append(piece)
            piece = ""
        else:
            piece += letter
    return [one for one in (part.strip() for part in [*pieces, piece]) if one]


# --- one converter a type -----------------------------------------------------------------------


def _equals(argument: _Argument) -> CarriedCheck:
    if isinstance(argument.value, (dict, list)):
        return CarriedCheck({"json_equals": argument.value})
    if argument.value is None:
        raise LostCheckError("has no value")
    text = to_text(argument.value)
    return CarriedCheck({"equals": text})


def _contains(argument: _Argument) -> CarriedCheck:
    return CarriedCheck({"contains": argument.text(allows_empty=False)})


def _contains_lower(argument: _Argument) -> CarriedCheck:
    text = argument.text(allows_empty=False)
    return CarriedCheck({"contains": {"text": text, "case": "lower"}})


def _contains_some(which: str, *, is_lower: bool) -> Callable[[_Argument], CarriedCheck]:
    def convert(argument: _Argument) -> CarriedCheck:
        texts = argument.texts()
        if not texts:
            verdict = "fails" if which == "any" else "passes"
            raise LostCheckError(f"has an empty list of texts and always {verdict}")
        options: dict[str, Any] = {which: texts}
        if is_lower:
            options["case"] = "lower"
        return CarriedCheck({"contains": options})

    return convert


def _starts(argument: _Argument) -> CarriedCheck:
    if not isinstance(argument.value, str) or not argument.value:
        raise LostCheckError("ends in an error in promptfoo: its value is not a text")
    return CarriedCheck({"starts": argument.value})


def _regex(argument: _Argument) -> CarriedCheck:
    if not isinstance(argument.value, str) or not argument.value:
        raise LostCheckError("has no pattern")
    try:
        return CarriedCheck({"regex": patterns.translate(argument.value)})
    except patterns.BadPatternError as error:
        raise LostCheckError(f"always fails: JavaScript refuses its pattern, {error}") from None
    except patterns.ForeignPatternError as error:
        raise LostCheckError(f"has {error} in its pattern, which no linear engine takes") from None


def _is_json(argument: _Argument) -> CarriedCheck:
    value = argument.value
    if value is None:
        return CarriedCheck({"json_schema": True})
    if isinstance(value, str):
        try:
            value = load_yaml(value, "its schema")
        except UnreadableError as error:
            raise LostCheckError(f"ends in an error in promptfoo: {error}") from None
    try:
        return CarriedCheck({"json_schema": schemas.translate(value)})
    except schemas.NeverJudgedError as error:
        raise LostCheckError(f"ends in an error in promptfoo: {error}") from None
    except schemas.ForeignSchemaError as error:
        raise LostCheckError(f"has a schema that means something else here: {error}") from None


def _levenshtein(argument: _Argument) -> CarriedCheck:
    text = argument.text()
    if any(ord(letter) > 0xFFFF for letter in text):
        raise LostCheckError("counts UTF-16 units, and its value has characters of two of them")
    most = 5.0 if argument.threshold is None else argument.threshold
    if most < 0:
        raise LostCheckError("has a threshold below 0 and always fails")
    return CarriedCheck({"edit_distance": {"to": text, "max": math.floor(most)}})


def _word_count(argument: _Argument) -> CarriedCheck:
    value = argument.value
    if isinstance(value, str) and re.fullmatch(r"\d+", value.strip()):
        value = int(value)
    if _is_number(value) and float(value).is_integer() and value >= 0:
        return CarriedCheck({"length": {"min": int(value), "max": int(value), "unit": "words"}})
    if isinstance(value, dict) and value and value.keys() <= {"min", "max"}:
        least, most = value.get("min"), value.get("max")
        limits = [one for one in (least, most) if one is not None]
        if limits and all(_is_number(one) and one >= 0 for one in limits):
            length: dict[str, Any] = {}
            if least is not None:
                length["min"] = math.ceil(least)
            if most is not None:
                length["max"] = math.floor(most)
            return CarriedCheck({"length": {**length, "unit": "words"}})
    raise LostCheckError("has a value that is not a number of words")


def _latency(argument: _Argument) -> CarriedCheck:
    if argument.threshold is None:
        raise LostCheckError("ends in an error in promptfoo: it has no threshold")
    if argument.threshold <= 0:
        raise LostCheckError("allows no time at all")
    return CarriedCheck({"latency": argument.threshold / 1000})


def _cost(argument: _Argument) -> CarriedCheck:
    if argument.threshold is None or argument.threshold < 0:
        raise LostCheckError("ends in an error in promptfoo: it has no threshold")
    return CarriedCheck({"cost": argument.threshold}, differs="prices are this repository's")


def _similar(argument: _Argument) -> CarriedCheck:
    texts = argument.value if isinstance(argument.value, list) else [argument.value]
    if not texts or not all(isinstance(one, str) and one for one in texts):
        raise LostCheckError("has no text to compare with")
    least = 0.75 if argument.threshold is None else argument.threshold
    if not 0 <= least <= 1:
        raise LostCheckError("has a threshold outside of 0 to 1")
    check = {"similar": texts if texts[1:] else texts[0], "min": least}
    differs = "meaning is compared by the embedding model of [eval]"
    return CarriedCheck(check, differs=differs, is_yes_or_no=False)


def _overlap(scorer: str, default: float) -> Callable[[_Argument], CarriedCheck]:
    def convert(argument: _Argument) -> CarriedCheck:
        texts = argument.value if isinstance(argument.value, list) else [argument.value]
        if not texts or not all(isinstance(one, str) and one.strip() for one in texts):
            raise LostCheckError("has no text to compare with")
        if scorer == "rouge" and texts[1:]:
            raise LostCheckError("compares with several texts")
        least = default if argument.threshold is None else argument.threshold
        if not 0 <= least <= 1:
            raise LostCheckError("has a threshold outside of 0 to 1")
        check = {scorer: texts if texts[1:] else texts[0], "min": least}
        return CarriedCheck(check, differs="words are split in another way", is_yes_or_no=False)

    return convert


def _refusal(_argument: _Argument) -> CarriedCheck:
    differs = "a refusal is told by other phrases, and an empty answer is none"
    return CarriedCheck({"refusal": True}, differs=differs)


def _sql(argument: _Argument) -> CarriedCheck:
    options: dict[str, Any] = {}
    value = argument.value
    if isinstance(value, dict):
        if value.keys() - {"databaseType"}:
            raise LostCheckError("limits the tables and columns of SQL")
        dialect = str(value.get("databaseType") or "").lower()
        options = {"dialect": _DIALECTS.get(dialect, dialect)} if dialect else {}
    return CarriedCheck({"sql": options or True}, differs="SQL is read by another parser")


_DIALECTS = {"postgresql": "postgres", "mariadb": "mysql", "transactsql": "tsql"}


def _xml(argument: _Argument) -> CarriedCheck:
    value = argument.value
    wanted = value.get("requiredElements") if isinstance(value, dict) else value
    if wanted is None:
        return CarriedCheck({"xml": True})
    paths = wanted.split(",") if isinstance(wanted, str) else wanted
    if not isinstance(paths, list) or not all(isinstance(one, str) and one for one in paths):
        raise LostCheckError("has a value that is not a list of elements")
    split = [one.strip().split(".") for one in paths]
    roots = {one[0] for one in split}
    if len(roots) > 1:
        raise LostCheckError("names elements of two roots")
    (root,) = roots
    elements = ["/".join(one[1:]) for one in split if one[1:]]
    return CarriedCheck({"xml": {"root": root, **({"elements": elements} if elements else {})}})


def _rubric(argument: _Argument) -> CarriedCheck:
    if not isinstance(argument.value, str) or not argument.value.strip():
        raise LostCheckError("has no rubric")
    return CarriedCheck(
        {"rubric": argument.value.strip()},
        differs="the judge is a prompt of this repository, and gives no score between yes and no",
        is_yes_or_no=False,
    )


def _factual(argument: _Argument) -> CarriedCheck:
    if not isinstance(argument.value, str) or not argument.value.strip():
        raise LostCheckError("has no reference")
    return CarriedCheck(
        {"factual": argument.value.strip()},
        differs="the judge is a prompt of this repository",
        is_yes_or_no=False,
    )


_CONVERTERS: dict[str, Callable[[_Argument], CarriedCheck]] = {
    "bleu": _overlap("bleu", 0.5),
    "contains": _contains,
    "contains-all": _contains_some("all", is_lower=False),
    "contains-any": _contains_some("any", is_lower=False),
    "cost": _cost,
    "equals": _equals,
    "factuality": _factual,
    "model-graded-factuality": _factual,
    "icontains": _contains_lower,
    "icontains-all": _contains_some("all", is_lower=True),
    "icontains-any": _contains_some("any", is_lower=True),
    "is-json": _is_json,
    "is-refusal": _refusal,
    "is-sql": _sql,
    "is-xml": _xml,
    "latency": _latency,
    "levenshtein": _levenshtein,
    "llm-rubric": _rubric,
    "model-graded-closedqa": _rubric,
    "regex": _regex,
    "rouge-n": _overlap("rouge", 0.75),
    "similar": _similar,
    "starts-with": _starts,
    "word-count": _word_count,
}
_WHY_NOT = {
    "contains-json": "finds JSON inside of other text, which no scorer here does",
    "javascript": "is JavaScript: write it as a function for `python`",
    "python": "is Python of another form: write `def name(text, inputs)` for `python`",
    "assert-set": "cannot be negated",
}


def iterate_types(assertions: Any) -> Iterator[str]:  # noqa: ANN401 - any YAML
    """Yield the types of assertions, including those in sets."""
    for one in assertions if isinstance(assertions, list) else ():
        if isinstance(one, dict):
            yield str(one.get("type"))
            yield from iterate_types(one.get("assert"))
