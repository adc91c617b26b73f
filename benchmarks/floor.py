"""The least that judging prompts can take: read every file, load its YAML, parse its template.

Nothing is looked at or compared. Run as `floor.py FOLDER`, with the libraries that promptops uses.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from jinja2 import Environment, nodes
from jinja2.ext import Extension

if TYPE_CHECKING:
    from jinja2.parser import Parser


class Roles(Extension):
    """Lets the tags of messages be parsed."""

    tags = {"system", "user", "assistant"}  # noqa: RUF012 (Jinja's own declaration)

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Take what stands between a tag and its end."""
        end = f"name:end{next(parser.stream).value}"
        return parser.parse_statements((end,), drop_needle=True)


def main() -> None:
    """Read, load and parse everything below a folder."""
    environment = Environment(extensions=[Roles], autoescape=False)
    for path in Path(sys.argv[1]).rglob("*.md"):
        text = path.read_bytes().decode()
        if text.startswith("---\n"):
            _, metadata, text = text.split("---\n", 2)
            yaml.load(metadata, Loader=yaml.CSafeLoader)
        environment.parse(text)


if __name__ == "__main__":
    main()
