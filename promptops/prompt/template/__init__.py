"""What the body of a prompt means: Jinja2 in a sandbox, with tags that open messages.

Reading a body (`analyze`, `tokenize`, `scan_includes`) never runs it. Rendering one
(`CompiledTemplate`) is deterministic: the same text and the same values give the same messages on
any machine. Jinja2 is imported when the first body is analysed or rendered, not before.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from promptops.prompt.template.rendering import CompiledTemplate, Message

if TYPE_CHECKING:
    from promptops.prompt.template.includes import include_fault, normalize_newlines
    from promptops.prompt.template.source import (
        HISTORY_ROLES,
        ROLES,
        Analysis,
        Include,
        TemplateProblem,
        Token,
        Use,
    )

__all__ = [
    "HISTORY_ROLES",
    "ROLES",
    "Analysis",
    "CompiledTemplate",
    "Include",
    "Message",
    "TemplateProblem",
    "Token",
    "Use",
    "analyze",
    "include_fault",
    "normalize_newlines",
    "scan_includes",
    "tokenize",
]

_LATER = {
    "include_fault": "includes",
    "normalize_newlines": "includes",
    **dict.fromkeys(
        ("HISTORY_ROLES", "ROLES", "Analysis", "Include", "TemplateProblem", "Token", "Use"),
        "source",
    ),
}


def __getattr__(name: str) -> object:
    """Give the types when they are asked for: rendering a prompt needs none of them."""
    module = _LATER.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)


def scan_includes(source: str) -> list[str]:
    """Return the paths a body includes, in the order of the text, with repetitions, without Jinja2.

    Agrees with `analyze(...).includes` for every body that parses: comments, raw blocks, strings
    and includes that are refused do not count. After a syntax error the result is a best effort.
    """
    if "include" not in source:
        return []
    from promptops.prompt.template.includes import find_includes

    return find_includes(source)


def analyze(path: str, source: str, *, partial: bool, first_line: int = 1) -> Analysis:
    """Read a body without running it.

    Args:
        path: the file's path below the prompts folder, for the report alone.
        source: the body, without frontmatter.
        partial: whether the file is a partial, in which no message may be opened.
        first_line: the line of the file on which the body begins; positions count from there.

    Returns:
        what the body includes, opens, reads and prints, and every problem found. Never raises: a
        body that cannot be parsed has one problem of the kind `syntax` and nothing else.
    """
    from promptops.prompt.template.plain import read_plain

    plain = read_plain(path, source, partial=partial, first_line=first_line)
    if plain is not None:
        return plain
    from promptops.prompt.template.analysis import inspect  # Jinja2 takes 49 ms

    return inspect(path, source, partial=partial, first_line=first_line)[0]


def tokenize(source: str, first_line: int = 1) -> list[Token]:
    """Split a body into Jinja's tokens with their places; white space that Jinja drops is left out.

    A body with a fault gives the tokens before it (`analyze` describes the fault).
    """
    from promptops.prompt.template.parsing import read_tokens  # as above

    return read_tokens(source, first_line)
