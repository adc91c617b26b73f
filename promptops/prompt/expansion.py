"""Bound the work of evaluating a JSON Schema before the engine runs.

References can make a small schema exponential: fifty definitions, each referring twice to the next,
never finish in any engine. The cost is how many subschemas apply to one location of a value, at any
depth, so that number is limited. Subschemas of different properties apply to different locations;
subschemas of one property, reached over different references, add up.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag, urljoin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUDGET = 20_000
_DEPTH = 64  # levels of nested values
_LISTS = ("allOf", "anyOf", "oneOf")
_SAME = ("not", "if", "then", "else")
_REFERENCES = ("$ref", "$dynamicRef")
# `unevaluated...` makes the engine evaluate the sibling schemas again.
_AGAIN = 4
_METASCHEMAS = "https://json-schema.org/draft/"
_METASCHEMA_SIZE = 100

_Node = dict[str, Any]
# A step into a value: a property's name, an item's index, or any of them.
_Step = tuple[str, str | int | None]
_Below = dict[_Step, Counter[int]]


def expansion_fault(schema: object, budget: int | None = None) -> str | None:
    """Return why a schema takes too long to evaluate; None when it does not.

    Args:
        schema: a valid JSON Schema of draft 2020-12.
        budget: how many subschemas may apply to one location of a value; `BUDGET` when None.
    """
    if not _is_shared(schema):
        return None
    budget = BUDGET if budget is None else budget
    try:
        return _Count(schema, budget).fault()
    except RecursionError:
        return "it is nested too deeply"
    except (AttributeError, TypeError):  # the value is not a schema
        return "its references cannot be followed"


def _is_shared(schema: object) -> bool:
    """Return whether the schema has references, the main way to evaluate a part more than once."""
    pending = [schema]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            if any(key in one for key in (*_REFERENCES, "unevaluatedProperties")):
                return True
            if "unevaluatedItems" in one:
                return True
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)
    return False


class _CycleError(ValueError):
    """A reference leads back to itself without a step into the value."""


class _UnknownError(ValueError):
    """A reference that only the engine can resolve."""


class _Count:
    """Counts the subschemas of one schema."""

    def __init__(self, root: object, budget: int) -> None:
        self._root = root
        self._budget = budget
        self._bases: dict[int, str] = {}
        self._targets: dict[str, object] = {"": root}
        self._dynamic: dict[str, list[object]] = {}
        self._sizes: dict[int, tuple[int, _Below]] = {}
        self._nodes: dict[int, _Node] = {}
        self._under_way: set[int] = set()
        self._survey(root, "", "")

    def fault(self) -> str | None:
        try:
            self._measure(self._root)
            pending = list(self._sizes)
            while pending:
                for counts in self._sizes[pending.pop()][1].values():
                    for key in counts:
                        if key not in self._sizes:
                            self._measure(self._nodes[key])
                            pending.append(key)
        except _CycleError as error:
            return f"its reference to '{error}' forms a cycle"
        except _UnknownError as error:
            return f"it refers to '{error}', which cannot be resolved"
        visits = dict.fromkeys(self._sizes, 0)
        for _ in range(_DEPTH):
            deeper = {key: self._visit(key, visits) for key in self._sizes}
            if max(deeper.values(), default=0) > self._budget:
                return (
                    f"its references expand to more than {self._budget:,} schemas for one place "
                    "of a value"
                )
            if deeper == visits:
                break
            visits = deeper
        return None

    def _visit(self, key: int, visits: Mapping[int, int]) -> int:
        size, below = self._sizes[key]
        totals = {
            step: sum(visits[target] * times for target, times in counts.items())
            for step, counts in below.items()
        }
        most = 0
        for kind in ("property", "item", "name"):
            everywhere = totals.get((kind, None), 0)
            named = (
                total for (one, name), total in totals.items() if one == kind and name is not None
            )
            most = max(most, everywhere + max(named, default=0))
        return min(size + most, self._budget + 1)

    def _survey(self, node: object, base: str, pointer: str) -> None:
        """Record the names (`$id`, anchors) by which each part can be referenced."""
        if isinstance(node, list):
            for index, one in enumerate(node):
                self._survey(one, base, f"{pointer}/{index}")
            return
        self._targets.setdefault(f"{base}#{pointer}", node)
        if not isinstance(node, dict):
            return
        own = node.get("$id")
        if isinstance(own, str):
            base, pointer = urldefrag(urljoin(base, own))[0], ""
            self._targets[f"{base}#"] = node
        self._bases[id(node)] = base
        for key in ("$anchor", "$dynamicAnchor"):
            anchor = node.get(key)
            if isinstance(anchor, str):
                self._targets[f"{base}#{anchor}"] = node
                if key == "$dynamicAnchor":
                    self._dynamic.setdefault(anchor, []).append(node)
        for key, value in node.items():
            step = str(key).replace("~", "~0").replace("/", "~1")
            self._survey(value, base, f"{pointer}/{step}")

    def _measure(self, node: object) -> tuple[int, _Below]:
        """Return how many subschemas apply to this location, and the subschemas of each location
        below.
        """
        if not isinstance(node, dict):
            return 1, {}
        key = id(node)
        if key in self._sizes:
            return self._sizes[key]
        self._nodes[key] = node
        self._under_way.add(key)
        size = 1
        below: _Below = {}
        for step, child in _list_below(node):
            if isinstance(child, dict):
                self._nodes[id(child)] = child
                below.setdefault(step, Counter())[id(child)] += 1
        for child, name in self._list_beside(node):
            if id(child) in self._under_way:
                raise _CycleError(name)
            more, further = self._measure(child)
            size += more
            self._add(below, further)
        self._under_way.discard(key)
        if any(one in node for one in ("unevaluatedProperties", "unevaluatedItems")):
            size *= _AGAIN
            self._add(below, below, _AGAIN - 1)
        self._sizes[key] = min(size, self._budget + 1), below
        return self._sizes[key]

    def _add(self, to: _Below, more: _Below, times: int = 1) -> None:
        for step, counts in list(more.items()):
            own = to.setdefault(step, Counter())
            for target, count in list(counts.items()):
                own[target] = min(own[target] + times * count, self._budget + 1)

    def _list_beside(self, node: _Node) -> Iterator[tuple[object, str]]:
        """Yield the subschemas that apply to the same location, each with the keyword that leads to
        it.
        """
        for key in _LISTS:
            for one in node.get(key) or ():
                yield one, key
        for key in _SAME:
            if key in node:
                yield node[key], key
        for one in (node.get("dependentSchemas") or {}).values():
            yield one, "dependentSchemas"
        for key in _REFERENCES:
            if isinstance(node.get(key), str):
                for target in self._resolve(node, node[key], is_dynamic=key == "$dynamicRef"):
                    yield target, node[key]

    def _resolve(self, node: _Node, reference: str, *, is_dynamic: bool) -> list[object]:
        base, fragment = urldefrag(urljoin(self._bases.get(id(node), ""), reference))
        if base.startswith(_METASCHEMAS):
            if self._dynamic:  # its references may then resolve to another schema
                raise _UnknownError(reference)
            return [{"allOf": [True] * _METASCHEMA_SIZE}]
        target = self._targets.get(f"{base}#{unquote(fragment)}")
        if target is None:
            raise _UnknownError(reference)
        others = self._dynamic.get(fragment, []) if is_dynamic else []
        return [target, *(one for one in others if one is not target)]


def _list_below(node: _Node) -> Iterator[tuple[_Step, object]]:
    """Yield the subschemas that apply below a location, each with the step to it."""
    named = node.get("properties") or {}
    for name, one in named.items():
        yield ("property", str(name)), one
    for one in (node.get("patternProperties") or {}).values():
        yield ("property", None), one
    for key in ("additionalProperties", "unevaluatedProperties"):
        if key in node:
            yield ("property", None), node[key]
    if "propertyNames" in node:
        yield ("name", None), node["propertyNames"]
    for index, one in enumerate(node.get("prefixItems") or ()):
        yield ("item", index), one
    items = node.get("items")
    for one in items if isinstance(items, list) else [items]:
        yield ("item", None), one
    for key in ("contains", "unevaluatedItems"):
        if key in node:
            yield ("item", None), node[key]
