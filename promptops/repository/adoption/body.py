"""Write templates that render exactly a given text.

Our templates drop the newline after a block tag, and white space before a block tag that begins its
line; other languages do not. Braces that are text in other languages open a tag in ours.
"""

from __future__ import annotations

import re

# A NUL stands for a brace that is written as a value.
_OPENING = re.compile(r"\{(?=[{%#\0])")
_BRACE = '{{ "{" }}'
# From this many braces on, a raw block is easier to read.
_MANY = 3


class AdoptedBody:
    """Builds one message from text, values and tags."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._text = ""
        self._ends_in_tag = False

    def __str__(self) -> str:
        """Return the template."""
        self._flush()
        return "".join(self._parts)

    def text(self, text: str) -> None:
        """Add literal text."""
        self._text += text

    def value(self, expression: str) -> None:
        """Add the value of an expression."""
        self._flush(opens=True)
        self._parts.append(f"{{{{ {expression} }}}}")
        self._ends_in_tag = False

    def tag(self, words: str, *, is_alone: bool = False) -> None:
        """Add a block tag; a tag alone on its line removes the line, as in our templates."""
        line = self._text.rpartition("\n")[2]
        is_first = "\n" in self._text or not self._parts or self._parts[-1].endswith("\n")
        self._flush(opens=True)
        if is_alone:
            self._parts.append(f"{{% {words} %}}\n")
            return
        keep = "+" if is_first and line and not line.strip() else ""
        self._parts.append(f"{{%{keep} {words} %}}")
        self._ends_in_tag = True

    def _flush(self, *, opens: bool = False) -> None:
        """Write the pending text; `opens` says whether a tag follows."""
        text, self._text = self._text, ""
        if not text:
            return
        if self._ends_in_tag and text.startswith("\n"):
            self._parts[-1] = f"{self._parts[-1][:-2]}+%}}"
        self._ends_in_tag = len(_OPENING.findall(text)) >= _MANY and "endraw" not in text
        if self._ends_in_tag:
            self._parts.append(f"{{% raw %}}{text}{{% endraw %}}")
            return
        if opens and text.endswith("{"):
            text = f"{text[:-1]}\0"
        self._parts.append(_OPENING.sub("\0", text).replace("\0", _BRACE))


def literal(text: str) -> str:
    """Return a template that renders exactly a text."""
    body = AdoptedBody()
    body.text(text)
    return str(body)


_TAG = re.compile(
    r"\{\{.*?\}\}|\{%[-+]?\s*raw\b.*?endraw\s*[-+]?%\}|\{#.*?#\}|\{%.*?%\}", re.DOTALL
)


def from_jinja(source: str) -> str:
    """Convert a template of plain Jinja2, whose tags keep the white space around them, to ours."""
    parts: list[str] = []
    place = 0
    for match in _TAG.finditer(source):
        parts.append(source[place : match.start()])
        tag = match[0]
        place = match.end()
        if not tag.startswith("{{"):
            line = source[: match.start()].rpartition("\n")[2]
            if line and not line.strip() and tag[2] not in "-+":
                tag = f"{tag[:2]}+{tag[2:]}"
            if source.startswith("\n", place) and tag[-3] not in "-+":
                tag = f"{tag[:-2]}+{tag[-2:]}"
        parts.append(tag)
    return "".join([*parts, source[place:]])
