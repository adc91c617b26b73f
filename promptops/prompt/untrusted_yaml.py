"""Load untrusted YAML with a limit for aliases.

Aliases can make a small file exponential: ten lists, each with ten aliases of the next one, have
ten billion items. Merge keys multiply during loading. So the node graph is measured before any
value is built.
"""

from __future__ import annotations

from typing import Any

import yaml

MAX_VALUES = 1_000_000
"""The maximum number of values in a document, with aliases expanded."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_untrusted(text: str, loader: Any = None) -> Any:  # noqa: ANN401 - any YAML
    """Return the one document in a text.

    Args:
        text: the document.
        loader: a subclass of PyYAML's `SafeLoader`; None: `SafeLoader` itself, in C if available.

    Raises:
        yaml.YAMLError: it is not YAML, or exceeds the limit.
        ValueError, RecursionError: PyYAML cannot read it.
    """
    reading = (loader or _LOADER)(text)
    try:
        return read_untrusted(reading)
    finally:
        reading.dispose()


def read_untrusted(loader: Any) -> Any:  # noqa: ANN401 - any YAML
    """Return the one document of a loader. Raises the same errors as `load_untrusted`."""
    node = loader.get_single_node()
    if node is None:
        return None
    _Measuring().measure(node)
    return loader.construct_document(node)


class _Measuring:
    """Counts the expanded values of each node."""

    def __init__(self) -> None:
        self._sizes: dict[int, int] = {}

    def measure(self, node: yaml.Node) -> int:
        known = self._sizes.get(id(node))
        if known is not None:
            if known == 0:
                raise _refuse("an alias refers to a value that contains it", node)
            return known
        self._sizes[id(node)] = 0
        size = 1
        if isinstance(node, yaml.SequenceNode):
            size += sum(self.measure(one) for one in node.value)
        elif isinstance(node, yaml.MappingNode):
            size += sum(self.measure(key) + self.measure(value) for key, value in node.value)
        if size > MAX_VALUES:
            raise _refuse(f"it expands to more than {MAX_VALUES:,} values", node)
        self._sizes[id(node)] = size
        return size


def _refuse(problem: str, node: yaml.Node) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
