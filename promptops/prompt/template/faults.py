"""Explain to an author why a body cannot be parsed or compiled."""

from __future__ import annotations

import re

from jinja2 import nodes

from promptops.prompt.template.languages import explain_foreign
from promptops.prompt.template.parsing import (
    MAX_BRACKETS,
    MAX_TOKENS,
    SyntaxFault,
    TooDeep,
    TooLarge,
)
from promptops.prompt.template.source import ROLES, TemplateProblem, TemplateSource
from promptops.suggestion import nearest

MAX_BLOCKS = 15
"""The maximum nesting of blocks; CPython compiles at most 20."""

MAX_DEPTH = 100
"""The maximum nesting of expressions."""

MAX_BRANCHES = 500
"""The maximum number of `elif` branches of one `if`."""

_TAG_HINTS = {
    "do": "there is nothing to call for its effect in a prompt: use `{% set %}`",
    "break": "filter the loop instead: `{% for item in items if item.wanted %}`",
    "continue": "filter the loop instead: `{% for item in items if item.wanted %}`",
    "trans": "prompts are not translated: write one prompt for each language",
    "debug": "use `promptops render` to see the result",
}
# Tags of other template languages, and their name in Jinja.
_OTHER_WORDS = {"elseif": "elif", "elsif": "elif"}
_SURELY_NEAR = 0.8
_INNERMOST = re.compile(r"innermost block that needs to be closed is '(\w+)'")
_UNKNOWN = re.compile(r"Encountered unknown tag '(\w+)'")
_ROLE_HINT = f"a message is opened by one of: {', '.join(ROLES)}"
_TAGS = (
    *("for", "if", "elif", "else", "set", "with", "macro", "call", "filter", "include", "raw"),
    *ROLES,
    "history",
)
_OPEN_COMMENT = "Missing end of comment"
_AS_TEXT = "to write `{{`, `{%` or `{#` as text, put it between `{% raw %}` and `{% endraw %}`"
_UNEXPECTED = re.compile("unexpected char '(.)'")
CURLY_QUOTES = frozenset("\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2032\u2033")
"""Typographic quotes, which word processors insert and Jinja does not accept."""

# Tags with messages of their own: tags of Jinja that are not supported, and other roles.
_JINJA_TAGS = ("block", "extends", "import", "from", "autoescape", "developer", "tool", "function")
_BLOCKS = (
    nodes.For,
    nodes.If,
    nodes.With,
    nodes.Macro,
    nodes.CallBlock,
    nodes.FilterBlock,
    nodes.AssignBlock,
)


def require_depth(tree: nodes.Template) -> None:
    """Check the nesting of nodes without recursion, which could overflow the stack.

    Raises:
        TooDeep: a node is nested too deeply; has its offset.
    """
    pending: list[tuple[nodes.Node, int, int]] = [(tree, 0, 0)]
    while pending:
        node, blocks, depth = pending.pop()
        if isinstance(node, _BLOCKS):
            blocks, depth = blocks + 1, 0
            if isinstance(node, nodes.If) and len(node.elif_) > MAX_BRANCHES:
                raise TooDeep(node.elif_[MAX_BRANCHES].lineno)
        if blocks > MAX_BLOCKS or depth > MAX_DEPTH:
            raise TooDeep(node.lineno or 0)
        pending.extend((child, blocks, depth + 1) for child in node.iter_child_nodes())


def nesting_problem(body: TemplateSource, fault: TooDeep) -> TemplateProblem:
    """Return the problem for nesting that is too deep."""
    return TemplateProblem(
        "nesting",
        "blocks or expressions are nested too deep",
        f"at most {MAX_BLOCKS} blocks, {MAX_BRACKETS} brackets, {MAX_DEPTH} operators and "
        f"{MAX_BRANCHES} branches: move part of the text into a partial",
        body.position(fault.offset, fault.offset),
    )


def size_problem(body: TemplateSource, fault: TooLarge) -> TemplateProblem:
    """Return the problem for too many tags."""
    return TemplateProblem(
        "too-large",
        "the template is too large to analyse",
        f"at most {MAX_TOKENS:,} tokens, and fewer where each of many tags sees many variables: "
        "pass large data as an input, or put text with braces between `{% raw %}` and "
        "`{% endraw %}`",
        body.position(fault.offset, fault.offset),
    )


def syntax_problem(
    body: TemplateSource,
    fault: SyntaxFault,
    tag: str = "",
    language: str | None = None,
    *,
    is_foreign: bool = False,
) -> TemplateProblem:
    """Return the problem for a syntax error.

    Args:
        body: the text.
        fault: the parser's error.
        tag: the text of the faulty tag; "" if the fault is outside of tags.
        language: the other template language in which the body seems to be written, if any.
        is_foreign: whether `validate --fix=raw` turns the tag into text.
    """
    message, hint = _explain(fault.message)
    foreign = explain_foreign(tag, language) if language is not None else None
    if foreign is not None:
        message, hint = foreign[0], f"{foreign[1]}; {_AS_TEXT}"
    if is_foreign and _AS_TEXT[1:] in hint:
        hint += " (`promptops validate --fix=raw` does)"
    if fault.message.startswith(_OPEN_COMMENT) and not tag.endswith("}"):
        # Not for a heading such as `## Refunds {#refunds}`: the text after it would be dropped.
        hint += "; a comment ends with `#}`"
    meant = _meant_tag(fault.message)
    end = re.compile(r"\w+|\S?").match(body.text, fault.offset)
    position = body.position(fault.offset, end.end() if end else fault.offset)
    return TemplateProblem("syntax", message, hint, position, meant)


def _meant_tag(said: str) -> str | None:
    """Return the tag that must be meant by an unknown one, if only one is possible there."""
    unknown = _UNKNOWN.match(said)
    innermost = _INNERMOST.search(said)
    if unknown is None or innermost is None:
        return None
    tag, closing = unknown[1], f"end{innermost[1]}"
    if tag in _OTHER_WORDS:
        return _OTHER_WORDS[tag] if innermost[1] == "if" else None
    others = {f"end{other}" for other in _TAGS}
    is_near = tag == "end" or (
        tag.startswith("end") and nearest(tag, [closing], cutoff=_SURELY_NEAR)
    )
    return closing if is_near and tag not in others else None


def _explain(said: str) -> tuple[str, str]:
    """Translate Jinja's message of a syntax error; return message and hint."""
    innermost = _INNERMOST.search(said)
    if said.lower().startswith(("unexpected end of template", "unexpected 'end of template'")):
        if innermost is None:
            return "the text ends inside a tag", f"close it with `%}}` or `}}}}`; {_AS_TEXT}"
        tag = innermost[1]
        return f"`{tag}` is not closed", f"add `{{% end{tag} %}}`"
    unknown = _UNKNOWN.match(said)
    if unknown is not None:
        return _explain_tag(unknown[1], innermost[1] if innermost else None)
    if said.startswith(_OPEN_COMMENT):
        return "the comment is not closed", _AS_TEXT
    if said.startswith("Missing end of raw"):
        return "`raw` is not closed", "add `{% endraw %}`"
    message = re.sub(r" at \d+$", "", said).rstrip(".").replace("statement block", "tag")
    message = message[:1].lower() + message[1:]
    char = _UNEXPECTED.match(said)
    if char is not None and char[1] in CURLY_QUOTES:
        return message, "write a straight quote, `\"` or `'`"
    return message, _AS_TEXT


def is_foreign_tag(said: str) -> bool:
    """Return whether the parser's message names a tag that is neither Jinja's nor similar to one of
    ours.
    """
    unknown = _UNKNOWN.match(said)
    if unknown is None:
        return False
    tag = unknown[1].removeprefix("end")
    is_jinja = not tag or tag in {*_TAG_HINTS, *_OTHER_WORDS, *_TAGS, *_JINJA_TAGS}
    return not is_jinja and nearest(tag, _TAGS) is None


def _explain_tag(tag: str, innermost: str | None) -> tuple[str, str]:
    if tag in _TAG_HINTS:
        return f"the tag `{tag}` is not available", _TAG_HINTS[tag]
    if tag in {"developer", "tool", "function"}:
        return f"unknown tag `{tag}`", _ROLE_HINT
    if innermost is not None and (tag.startswith("end") or tag in {"else", "elif"}):
        return f"`{tag}` comes before `{innermost}` is closed", f"add `{{% end{innermost} %}}`"
    if tag.startswith("end") or tag in {"else", "elif"}:
        return f"`{tag}` closes nothing here", f"add what it closes, or remove it; {_AS_TEXT}"
    meant = _OTHER_WORDS.get(tag)
    near = meant or nearest(tag, _TAGS)
    hint = f"did you mean `{near}`?" if near else f"tags are: {', '.join(_TAGS)}"
    if near:
        return f"unknown tag `{tag}`", f"{hint} T{_AS_TEXT[1:]}"
    return f"unknown tag `{tag}`", f"{hint}; {_AS_TEXT}"
