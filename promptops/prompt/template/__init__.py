"""Analyze and render prompt bodies: Jinja2 in a sandbox, with tags that open messages.

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
    """Import the types on first use: rendering a prompt needs none of them."""
    module = _LATER.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)


def scan_includes(source: str) -> list[str]:
    """Return the paths a body includes, in text order, with repetitions. Does not import Jinja2.

    Equals `analyze(...).includes` for every body that parses: includes in comments, raw blocks and
    strings, and refused ones, are left out. After a syntax error the result is a best effort.
    """
    if "include" not in source:
        return []
    from promptops.prompt.template.includes import find_includes

    return find_includes(source)


def analyze(path: str, source: str, *, partial: bool, first_line: int = 1) -> Analysis:
    """Analyze a body without running it.

    Args:
        path: the file's path below the prompts folder, for reports.
        source: the body, without frontmatter.
        partial: whether the file is a partial, in which no message may be opened.
        first_line: the line of the file on which the body begins; positions count from there.

    Returns:
        The body's includes, messages, inputs and problems. Never raises: for a body that cannot be
            parsed it has problems of kind `syntax` and nothing else.
    """
    from promptops.prompt.template.plain import read_plain

    plain = read_plain(path, source, partial=partial, first_line=first_line)
    if plain is not None:
        return plain
    from promptops.prompt.template.analysis import inspect  # Jinja2 takes 49 ms

    return inspect(path, source, partial=partial, first_line=first_line)[0]


def tokenize(source: str, first_line: int = 1) -> list[Token]:
    """Split a body into Jinja's tokens with positions, without the white space that Jinja drops.

    For a body with a syntax error, return the tokens before it (`analyze` describes the error).
    """
    from promptops.prompt.template.parsing import read_tokens  # as above

    return read_tokens(source, first_line)
