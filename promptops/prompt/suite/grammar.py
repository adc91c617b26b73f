"""Validate a suite by its JSON Schema, and by rules that the schema cannot express."""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import quote
from promptops.prompt.schema import TYPE_WORDS, SchemaFault, compile_schema
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import jsonschema_rs

    from promptops.prompt.finding import Finding
    from promptops.prompt.suite.document import SuiteDocument

NEGATION = "not_"
COMPOSED = frozenset({"all", "any", "not"})
"""Scorers whose argument is a list of checks."""
_OPTIONS = frozenset({"min", "weight"})
_MAX_FAULTS = 100


@cache
def suite_schema() -> dict[str, Any]:
    """Return the JSON Schema of suites, as `promptops schema evals` prints it."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("suite.schema.json").read_bytes())
    return loaded


@cache
def default_minimums() -> dict[str, float]:
    """Return the default minimum score of every scorer, by name."""
    schema = suite_schema()["$defs"]
    names = schema["check"]["properties"].keys() - _OPTIONS
    return {
        name: float(schema[name].get("x-min", 1))
        for name in sorted(names)
        if not name.startswith(NEGATION)
    }


class Named(NamedTuple):
    """A check's scorer: the key in the file, and the scorer that it names."""

    key: str
    scorer: str
    is_negated: bool


def name_scorer(check: Mapping[str, Any]) -> Named | None:
    """Return the one scorer that a check names; None if it names none or several."""
    keys = [key for key in check if key not in _OPTIONS]
    if len(keys) != 1:
        return None
    key = keys[0]
    is_negated = key.startswith(NEGATION)
    return Named(key, key.removeprefix(NEGATION), is_negated)


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    import jsonschema_rs

    # `compile_schema` would also check for attacks by an untrusted schema, which takes time.
    return jsonschema_rs.Draft202012Validator(suite_schema())


def check_grammar(document: SuiteDocument) -> Iterator[Finding]:
    """Find the faults of a suite's own file: keys, values, names, scorers' arguments."""
    if document.faults and not document.data:
        return
    data = dict(document.data)
    # The YAML parser has reported this value; its type would be a second finding.
    surprising = {fault.position for fault in document.faults}
    found: dict[Finding, None] = {}
    for fault in islice(_validator().iter_errors(data), _MAX_FAULTS):
        found.update(dict.fromkeys(_explain(document, fault)))
    found.update(dict.fromkeys(_check_samples(document)))
    yield from (one for one in found if one.position not in surprising)


def _explain(document: SuiteDocument, fault: Any) -> Iterator[Finding]:  # noqa: ANN401 - the engine's error
    """Yield findings that explain one of the engine's errors."""
    path, kind = list(fault.instance_path), fault.kind.name
    if kind in {"anyOf", "oneOf"}:
        yield from _explain_choice(document, fault)
    elif kind == "additionalProperties":
        yield from _explain_unknown(document, fault)
    elif kind == "required":
        key = fault.kind.value
        of = f"'{_where(path)}' has no '{key}'" if path else f"'{key}' is missing"
        hint = f"add a line '{key}: {_EXAMPLES[key]}'" if not path and key in _EXAMPLES else None
        yield document.finding("missing-key", of, path, hint or f"add '{key}'")
    elif kind == "propertyNames":
        name = str(fault.kind.error.instance)
        message = f"{quote(name)} is not a path in a JSON value"
        yield document.finding("mistyped-key", message, [*path, name], _PATH_HINT, key=True)
    else:
        yield document.finding("mistyped-key", *_explain_value(path, fault))


_EXAMPLES = {"schema": "promptops.suite/v1", "prompt": "support/triage"}
_PATH_HINT = "write a path such as items[0].name or items[*]"


def _explain_value(
    path: list[str | int],
    fault: Any,  # noqa: ANN401 - as above
) -> tuple[str, list[str | int], str | None]:
    where = _where(path)
    kind, value, limit = fault.kind.name, fault.instance, fault.kind.value
    if kind == "type":
        expected = _types(limit)
        hint = "quote it" if "a text" in expected and isinstance(value, (int, float)) else None
        return f"'{where}' is not {expected}", path, hint
    if kind == "enum":
        near = nearest(str(value), map(str, limit))
        hint = f"did you mean '{near}'?" if near else None
        return f"'{where}' is not one of {', '.join(map(str, limit))}", path, hint
    if kind == "const":
        expected = "true" if limit is True else quote(str(limit))
        hint = f"write not_{where}: true" if value is False else f"write {where}: {expected}"
        return f"'{where}' is not {expected}", path, hint
    if kind == "minItems" and where == "samples":
        return "the suite has no samples", path, "a suite without samples shows nothing: add one"
    if kind == "uniqueItems":
        return f"'{where}' has an item twice", path, "keep one"
    explained: dict[str, tuple[str, str | None]] = {
        "minLength": (f"'{where}' is empty", "give it a value, or leave it out"),
        "minItems": (f"'{where}' is an empty list", "give it a value, or leave it out"),
        "minProperties": (f"'{where}' is empty", "give it a value, or leave it out"),
        "minimum": (f"'{where}' is {value}, less than {limit}", None),
        "maximum": (f"'{where}' is {value}, more than {limit}", None),
        "exclusiveMinimum": (f"'{where}' is {value}; it must be more than {limit}", None),
        "pattern": (f"'{where}' is {quote(str(value))}, {_pattern(where)[0]}", _pattern(where)[1]),
    }
    message, hint = explained.get(kind, (f"'{where}': {fault.message:.200}", None))
    return message, path, hint


def _pattern(where: str) -> tuple[str, str]:
    last = where.rpartition(".")[2]
    if where.startswith("python"):
        return "no function", "write the file and the function: evals/functions.py:is_polite"
    if where.startswith("language"):
        return "not a language code", "write an ISO 639-1 code, such as de"
    return (
        ("not a path in a JSON value", _PATH_HINT) if last == "path" else ("malformed", _PATH_HINT)
    )


def _explain_choice(document: SuiteDocument, fault: Any) -> Iterator[Finding]:  # noqa: ANN401 - as above
    """Explain a value that matches none of several forms, by the form that was probably meant."""
    path = list(fault.instance_path)
    branches = list(fault.kind.context)
    if not all(branches):
        keys = [key for one in _schema_at(list(fault.schema_path)) for key in one["required"]]
        given = ", ".join(key for key in keys if key in fault.instance)
        message = f"'{_where(path)}' has more than one of {given}"
        yield document.finding("mistyped-key", message, path, "keep one")
        return
    fitting = [errors for errors in branches if not _wrong_types(errors, path)]
    if len(fitting) == 1:
        for error in fitting[0]:
            yield from _explain(document, error)
        return
    where = _where(path)
    if fitting:
        needed = sorted({str(one.kind.value) for errors in fitting for one in errors})
        message = f"'{where}' has none of {', '.join(needed)}"
        yield document.finding("missing-key", message, path, "add one")
        return
    wanted = dict.fromkeys(name for errors in branches for name in _wrong_types(errors, path))
    hint = None
    if fault.instance is False and "true" in wanted:
        hint = f"write not_{where}: true"
    yield document.finding("mistyped-key", f"'{where}' is not {' or '.join(wanted)}", path, hint)


def _wrong_types(errors: Sequence[Any], path: list[str | int]) -> list[str]:
    """Return the types that a form requires and the value does not have."""
    found: list[str] = []
    for error in errors:
        if list(error.instance_path) != path:
            continue
        if error.kind.name == "type":
            found.append(_types(error.kind.value))
        elif error.kind.name == "const":
            found.append("true" if error.kind.value is True else quote(str(error.kind.value)))
        elif error.kind.name == "anyOf":
            inner = [_wrong_types(one, path) for one in error.kind.context]
            if all(inner):
                found += [name for names in inner for name in names]
    return found


def _types(names: str | Sequence[str]) -> str:
    listed = [names] if isinstance(names, str) else names
    return " or ".join(TYPE_WORDS.get(name, name) for name in listed)


def _explain_unknown(document: SuiteDocument, fault: Any) -> Iterator[Finding]:  # noqa: ANN401 - as above
    path = list(fault.instance_path)
    known = list(_schema_at(list(fault.schema_path)[:-1]).get("properties", {}))
    is_check = "weight" in known
    for key in fault.kind.unexpected:
        near = nearest(key, known)
        if is_check:
            message = f"there is no scorer {quote(key)}"
            rest = f"scorers: {', '.join(default_minimums())}"
        else:
            message = f"unknown key {quote(key)}" + (f" in '{_where(path)}'" if path else "")
            rest = f"it takes {', '.join(known)}"
        hint = f"did you mean '{near}'?" if near else rest
        yield document.finding("unknown-key", message, [*path, key], hint, key=True)


def _schema_at(path: Sequence[str | int]) -> Any:  # noqa: ANN401 - any part of a schema
    node: Any = suite_schema()
    for step in path:
        if isinstance(node, dict) and step not in node and "$ref" in node:
            node = _schema_at(node["$ref"].removeprefix("#/").split("/"))
        node = node[int(step)] if isinstance(node, list) else node[step]
    return node


def _where(path: Sequence[str | int]) -> str:
    """Return a path for a message, relative to the sample or check; the position gives the rest."""
    start = 0
    for index in range(1, len(path)):
        is_item = isinstance(path[index], int)
        if (
            is_item
            and path[index - 1] in {"samples", "expect", *COMPOSED}
            and index + 1 < len(path)
        ):
            start = index + 1
    return quote(".".join(str(step) for step in path[start:]))[1:-1]


# --- rules that the schema cannot express ------------------------------------------------------


def _check_samples(document: SuiteDocument) -> Iterator[Finding]:
    data = document.data
    defaults = data.get("defaults")
    defaults = defaults if isinstance(defaults, dict) else {}
    yield from _check_trials(document, defaults, {}, ["defaults"])
    yield from _check_list(document, defaults.get("expect"), ["defaults", "expect"])
    samples = data.get("samples")
    names: dict[str, int] = {}
    for index, sample in enumerate(samples if isinstance(samples, list) else ()):
        if not isinstance(sample, dict):
            continue
        path: list[str | int] = ["samples", index]
        name = sample.get("name")
        if name is None and "from" not in sample:
            hint = "add what the sample shows: name: charged twice"
            yield document.finding("missing-key", "the sample has no 'name'", path, hint)
        elif isinstance(name, str):
            if name in names:
                message = f"sample {names[name] + 1} is also called {quote(name)}"
                yield document.finding("duplicate-sample", message, [*path, "name"], "rename one")
            names.setdefault(name, index)
        for key in ("columns", "only"):
            if key in sample and "from" not in sample:
                hint = "it belongs to samples from a file"
                message = f"'{key}' needs 'from'"
                yield document.finding("missing-key", message, [*path, key], hint, key=True)
        yield from _check_trials(document, sample, defaults, path)
        checks = (
            [] if "from" in sample and _is_filled(sample.get("expect")) else sample.get("expect")
        )
        yield from _check_list(document, checks, [*path, "expect"])
        turns = sample.get("turns")
        for number, turn in enumerate(turns if isinstance(turns, list) else ()):
            if isinstance(turn, dict):
                place = [*path, "turns", number, "expect"]
                yield from _check_list(document, turn.get("expect"), place)


def _is_filled(checks: object) -> bool:
    """Return whether columns of rows fill the checks; those are validated after filling."""
    return "{{" in json.dumps(checks)


def _check_trials(
    document: SuiteDocument,
    table: Mapping[str, Any],
    defaults: Mapping[str, Any],
    path: list[str | int],
) -> Iterator[Finding]:
    if "trials" not in table and "pass" not in table:
        return
    trials, needed = (
        table.get(key, defaults.get(key, 1 if key == "trials" else 0)) for key in ("trials", "pass")
    )
    if type(trials) is int and type(needed) is int and needed > trials:
        key = "pass" if "pass" in table else "trials"
        message = f"{needed} of {trials} trials cannot pass"
        yield document.finding("invalid-check", message, [*path, key], "raise 'trials'")


def _check_list(
    document: SuiteDocument, checks: object, path: list[str | int]
) -> Iterator[Finding]:
    for index, check in enumerate(checks if isinstance(checks, list) else ()):
        if isinstance(check, dict):
            yield from _check_check(document, check, [*path, index])


def _check_check(
    document: SuiteDocument, check: Mapping[str, Any], path: list[str | int]
) -> Iterator[Finding]:
    named = name_scorer(check)
    if named is None:
        keys = [key for key in check if key not in _OPTIONS]
        several = f"the check has {len(keys)} scorers: {', '.join(keys)}"
        message = several if keys else "the check has no scorer"
        hint = "write each as an item of its own" if keys else "such as contains: refund"
        yield document.finding("invalid-check", message, path, hint)
        return
    argument, place = check[named.key], [*path, named.key]
    if named.scorer in COMPOSED:
        yield from _check_list(document, argument, place)
    elif named.scorer == "regex" and isinstance(argument, str):
        yield from _check_pattern(document, argument, place)
    elif named.scorer == "json_schema" and isinstance(argument, (dict, bool)):
        try:
            compile_schema(argument)
        except SchemaFault as fault:
            message = f"not a valid JSON Schema: {fault.message}"
            yield document.finding("invalid-schema", message, [*place, *fault.path])
    elif named.scorer == "json_path" and isinstance(argument, dict):
        if isinstance(argument.get("matches"), str):
            yield from _check_pattern(document, argument["matches"], [*place, "matches"])
    elif named.scorer == "length" and isinstance(argument, dict):
        least, most = argument.get("min"), argument.get("max")
        if type(least) is int and type(most) is int and least > most:
            message = f"no answer has at least {least} and at most {most}"
            yield document.finding("invalid-check", message, place)


def _check_pattern(
    document: SuiteDocument, pattern: str, path: list[str | int]
) -> Iterator[Finding]:
    fault = pattern_fault(pattern)
    if fault is not None:
        message = f"the pattern {quote(pattern)} cannot be used: {fault}"
        yield document.finding("invalid-check", message, path, _PATTERN_HINT)


_PATTERN_HINT = "the syntax is that of Rust's regex: no look-around, no back-references"


def pattern_fault(pattern: str) -> str | None:
    """Return why a regular expression is invalid or cannot run in linear time; None if it can."""
    try:
        compile_pattern(pattern)
    except ValueError as error:
        return str(error)
    return None


def compile_pattern(pattern: str) -> jsonschema_rs.Draft202012Validator:
    """Return a validator that accepts texts in which `pattern` matches. Raises ValueError.

    The engine is Rust's `regex`: linear in the text, without look-around and back-references.
    """
    import jsonschema_rs

    try:
        return jsonschema_rs.Draft202012Validator(
            {"type": "string", "pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions()
        )
    except (jsonschema_rs.ValidationError, ValueError):
        pass
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(str(error)) from None
    raise ValueError("it has parts that do not run in linear time")
