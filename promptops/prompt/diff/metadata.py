"""Compare two frontmatters without inputs, output and tools: model settings and documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.prompt.diff.change import ChangeClass, Difference
from promptops.prompt.diff.values import same_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptops.prompt.prompt import Prompt

_DOCUMENTATION = {
    "description": "it is for readers",
    "author": "it names the author",
    "requires_review": "it concerns how changes are approved",
    "status": "it concerns how the prompt is released",
    "tags": "they are for finding the prompt",
    "limitations": "they are for readers",
    "evals": "it names the eval suite",
    "ignore": "it concerns checks of the file",
    "metadata": "the model never sees it",
}
_BEHAVIOUR = {
    "model": "another model may answer differently",
    "fallbacks": "other models answer when the first cannot",
    "routes": "inputs are routed differently",
    "escalate": "another condition or model decides on a second answer",
    "review": "other answers wait for a person",
    "choose": "another model may answer",
    "repair": "invalid answers are corrected another number of times",
    "reply": "the reply without a model is different",
    "rules": "other answers are refused",
    "timeout": "calls time out after another time",
}
_PARAMETERS = frozenset(
    {"temperature", "top_p", "max_tokens", "stop", "seed", "timeout", "parameters"}
)
# Compared by meaning in `contract`; the version itself is not compared.
_ELSEWHERE = frozenset({"version", "inputs", "output", "tools"})


def compare_metadata(before: Prompt, after: Prompt) -> Iterator[Difference]:
    """Yield each setting whose meaning differs: a written default or an empty list makes no
    difference.
    """
    old, new = _meaning(before), _meaning(after)
    for path in _find_paths(old, new):
        key = path[0]
        lifted = key == "parameters" and path[1] in _PARAMETERS
        subject = ".".join(path[1:] if lifted else path)
        values = _look_up(old, path), _look_up(new, path)
        if key in _DOCUMENTATION:
            yield Difference(ChangeClass.DOCUMENTATION, subject, _DOCUMENTATION[key], *values)
        elif key == "parameters":
            reason = _BEHAVIOUR.get(subject, "the model is called with other parameters")
            yield Difference(ChangeClass.BEHAVIOUR, subject, reason, *values)
        else:
            reason = _BEHAVIOUR.get(key, "its effect is not known")
            yield Difference(ChangeClass.BEHAVIOUR, subject, reason, *values)


def _meaning(prompt: Prompt) -> dict[str, Any]:
    """Return the frontmatter with all parameters under one key and without empty collections."""
    kept = {
        key: value
        for key, value in prompt.data.items()
        if key not in _ELSEWHERE and key not in _PARAMETERS
    }
    kept["parameters"] = prompt.parameters
    kept.setdefault("status", "active")
    return {key: value for key, value in kept.items() if value not in ([], {})}


def _find_paths(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the paths of keys whose values differ. A list counts as one value."""
    if same_json(old, new):
        return []
    from deepdiff import DeepDiff

    found = DeepDiff(old, new, view="tree", ignore_numeric_type_changes=True, verbose_level=1)
    paths: dict[tuple[str, ...], None] = {}
    for differences in found.values():
        for difference in differences:
            steps: list[str] = []
            for step in difference.path(output_format="list"):
                if not isinstance(step, str):
                    break
                steps.append(step)
            paths[tuple(steps)] = None
    for key in sorted(old.keys() | new.keys()):
        # DeepDiff treats true and 1 as equal; then the whole key is reported.
        known = any(path[:1] == (key,) for path in paths)
        if not known and not same_json(old.get(key), new.get(key)):
            paths[key,] = None
    return [
        path
        for path in _split_whole_parameters(sorted(paths), old, new)
        if not same_json(_look_up(old, path), _look_up(new, path))
    ]


def _split_whole_parameters(
    paths: list[tuple[str, ...]], old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[tuple[str, ...]]:
    for path in paths:
        if path == ("parameters",):
            names = old.get("parameters", {}).keys() | new.get("parameters", {}).keys()
            yield from (("parameters", name) for name in sorted(names))
        else:
            yield path


def _look_up(data: Mapping[str, Any], path: tuple[str, ...]) -> Any:  # noqa: ANN401 - any JSON value
    found: Any = data
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    return found
