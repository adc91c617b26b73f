"""Where the keys and values of a YAML mapping are in the text. Importing this imports PyYAML."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

import yaml

from promptops.prompt.finding import Position

if TYPE_CHECKING:
    from collections.abc import Sequence


class Places:
    """Positions of the nodes of one YAML mapping. Indexes are built on first use.

    YAML ends lines at U+0085, U+2028 and U+2029 and editors do not. So positions are computed from
    YAML's character offsets, never from its line numbers.
    """

    __slots__ = ("_children", "_starts", "offset", "root", "text")

    def __init__(self, text: str, offset: int) -> None:
        self.text = text
        self.offset = offset
        self.root: yaml.MappingNode | None = None
        self._starts: list[int] | None = None
        self._children: dict[int, dict[str, tuple[yaml.Node, yaml.Node]]] = {}

    def position(self, start: int, end: int) -> Position:
        """Return the position of the mapping's characters from `start` to `end`."""
        return Position(*self._place(start + self.offset), *self._place(end + self.offset))

    def _place(self, index: int) -> tuple[int, int]:
        if self._starts is None:
            self._starts = [0, *(match.end() for match in re.finditer("\n", self.text))]
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1

    def node_position(self, node: yaml.Node) -> Position:
        """Return a node's position, without the white space and comments that YAML includes in
        it.
        """
        last = node
        while isinstance(last, yaml.CollectionNode) and not last.flow_style and last.value:
            item = last.value[-1]
            last = item[1] if isinstance(item, tuple) else item
        start, end = node.start_mark.index, max(last.end_mark.index, node.start_mark.index)
        written = self.text[start + self.offset : end + self.offset]
        return self.position(start, start + len(written.rstrip()))

    def written(self, node: yaml.Node) -> str:
        """Return a node's text as written."""
        start, end = node.start_mark.index + self.offset, node.end_mark.index + self.offset
        return self.text[start:end].strip()

    def _entry_span(self, node: yaml.MappingNode, name: str) -> tuple[int, int] | None:
        """Return the range to delete with an entry: its lines, or the entry and its comma."""
        keys = [key.value for key, _ in node.value]
        if keys.count(name) != 1:
            return None
        index = keys.index(name)
        key, value = node.value[index]
        start, end = key.start_mark.index + self.offset, value.end_mark.index + self.offset
        if node.flow_style:
            if index + 1 < len(node.value):
                return start, node.value[index + 1][0].start_mark.index + self.offset
            if index:
                start = node.value[index - 1][1].end_mark.index + self.offset
            return start, end
        line = self.text.rfind("\n", 0, start) + 1
        last = start + len(self.text[start:end].rstrip())
        line_end = self.text.find("\n", last) + 1
        return None if self.text[line:start].strip() or not line_end else (line, line_end)

    def locate(self, path: Sequence[str | int], *, key: bool) -> Position | None:
        """Return the position of a value (with `key`, of its key); if missing, of its nearest
        parent's key.
        """
        node: yaml.Node | None = self.root
        found: yaml.Node | None = None
        for step in path:
            pair = self._child(node, step)
            if pair is None:
                return self.node_position(found) if found is not None else None
            found, node = pair
        wanted = found if key else node
        return self.node_position(wanted) if wanted is not None else None

    def written_at(self, path: Sequence[str | int]) -> str:
        """Return a value's text as written; "" if missing."""
        node = self._descend(path)
        return "" if node is None else self.written(node)

    def find_entry(
        self, path: Sequence[str | int]
    ) -> tuple[Sequence[str | int], tuple[int, int]] | None:
        """Return an entry and the range to delete with it: the mapping's if it is the only
        entry.
        """
        *above, name = path
        node = self._descend(above)
        if not isinstance(node, yaml.MappingNode):
            return None
        if above and len(node.value) == 1:
            return self.find_entry(above)
        span = self._entry_span(node, str(name))
        return None if span is None else (path, span)

    def _descend(self, path: Sequence[str | int]) -> yaml.Node | None:
        node: yaml.Node | None = self.root
        for step in path:
            pair = self._child(node, step)
            node = pair[1] if pair is not None else None
        return node

    def _child(self, node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
        """Return the (key, value) nodes of a child; for a list item both are the item."""
        if isinstance(node, yaml.MappingNode) and isinstance(step, str):
            children = self._children.get(id(node))
            if children is None:
                # The first of two equal keys counts, so it is set last.
                children = {
                    key.value: (key, value)
                    for key, value in reversed(node.value)
                    if isinstance(key, yaml.ScalarNode)
                }
                self._children[id(node)] = children
            return children.get(step)
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            items = node.value
            if 0 <= step < len(items):
                return items[step], items[step]
        return None
