"""What the body of a prompt means: Jinja2 in a sandbox, with tags that open messages.

Reading a body (`analyze`, `tokenize`, `scan_includes`) never runs it. Rendering one
(`CompiledTemplate`) is deterministic: the same text and the same values give the same messages on
any machine. Jinja2 is imported when the first body is analysed or rendered, not before.
"""

from __future__ import annotations

from promptops.template.rendering import CompiledTemplate, Message
from promptops.template.source import (
    HISTORY_ROLES,
    ROLES,
    Analysis,
    Include,
    TemplateProblem,
    Token,
    Use,
    include_fault,
    normalize_newlines,
    scan_includes,
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
    from promptops.template.analysis import inspect  # Jinja2 takes 49 ms

    return inspect(path, source, partial=partial, first_line=first_line)[0]


def tokenize(source: str, first_line: int = 1) -> list[Token]:
    """Split a body into Jinja's tokens with their places; white space that Jinja drops is left out.

    A body with a fault gives the tokens before it (`analyze` describes the fault).
    """
    from promptops.template.parsing import read_tokens  # as above

    return read_tokens(source, first_line)
