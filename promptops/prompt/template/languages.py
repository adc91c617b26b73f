"""Recognize other template languages, and translate their tags."""

from __future__ import annotations

import re
from string import Formatter

_PATH = r"@?[A-Za-z_][\w./-]*"
_HANDLEBARS = re.compile(
    r"\{\{~?(?:#(?:if|unless|each|with)\b|/(?:if|unless|each|with)\b|!--|>|else\b|(?:\.\./)+\w)"
    r"|\{\{~?#[\w-]+ +[^}\s]",
    re.ASCII,
)
_MUSTACHE = re.compile(r"\{\{(?:[#/^&>!] ?[\w.]|\{\s*[\w.]+\s*\}\}\}|\.\}\})", re.ASCII)
_FIELD = re.compile(r"(?<!\{)\{[A-Za-z_]\w*\}(?!\})", re.ASCII)
# Two braces that belong to the text itself: a mapping, possibly an empty one.
_BRACES = re.compile(r"\{\{\s*(?:[\"'\n}]|\w+\s*:)", re.ASCII)
_FORMAT = "str.format"

# Tags of Handlebars and Mustache, and their translations; `\1` is the tag's argument.
_COUNTERPARTS = (
    (re.compile(rf"\{{\{{~?#if +({_PATH}) *~?\}}\}}"), r"{% if \1 %}"),
    (re.compile(rf"\{{\{{~?#unless +({_PATH}) *~?\}}\}}"), r"{% if not \1 %}"),
    (re.compile(rf"\{{\{{~?#each +({_PATH}) *~?\}}\}}"), r"{% for item in \1 %}"),
    (re.compile(rf"\{{\{{~?#with +({_PATH}) *~?\}}\}}"), r"{% with item = \1 %}"),
    (re.compile(r"\{\{~?/(?:if|unless) *~?\}\}"), "{% endif %}"),
    (re.compile(r"\{\{~?/each *~?\}\}"), "{% endfor %}"),
    (re.compile(r"\{\{~?/with *~?\}\}"), "{% endwith %}"),
    (re.compile(rf"\{{\{{\^ *({_PATH}) *\}}\}}"), r"{% if not \1 %}"),
    (re.compile(rf"\{{\{{# *({_PATH}) *\}}\}}"), r"{% if \1 %}` or `{% for item in \1 %}"),
    (re.compile(rf"\{{\{{/ *({_PATH}) *\}}\}}"), "{% endif %}` or `{% endfor %}"),
    (re.compile(rf"\{{\{{\{{ *({_PATH}) *\}}\}}\}}"), r"{{ \1 }}"),
    (re.compile(rf"\{{\{{& *({_PATH}) *\}}\}}"), r"{{ \1 }}"),
    (re.compile(rf"\{{\{{> *({_PATH}) *\}}\}}"), r'{% include "_\1.md" %}'),
    (re.compile(r"\{\{!(?:--)?(.*?)(?:--)?\}\}", re.DOTALL), r"{#\1#}"),
)


def recognize(text: str) -> str | None:
    """Return the language that a body seems to be written in; None if that may be ours."""
    if _HANDLEBARS.search(text):
        return "Handlebars"
    if _MUSTACHE.search(text):
        return "Mustache"
    if _BRACES.search(text) and _is_format(text):
        return _FORMAT
    return None


def _is_format(text: str) -> bool:
    """Return whether the text could be an f-string or a `str.format` template, with a field."""
    if _FIELD.search(text) is None:
        return False
    try:
        return any(field is not None for _, field, _, _ in Formatter().parse(text))
    except ValueError:
        return False


def explain_foreign(tag: str, language: str) -> tuple[str, str] | None:
    """Return what a tag of another language is, and what to write instead; None for one of our
    tags.
    """
    shown = tag if "\n" not in tag else f"{tag.partition(chr(10))[0]}..."
    if language == _FORMAT:
        if _BRACES.match(tag) is None:
            return None
        return (
            "the body is one for Python's `str.format` or an f-string, where `{{` is a brace",
            "write `{` and `}` for braces that are text, and `{{ name }}` for `{name}`",
        )
    if _HANDLEBARS.match(tag) is None and _MUSTACHE.match(tag) is None:
        return None
    for pattern, ours in _COUNTERPARTS:
        match = pattern.fullmatch(tag)
        if match is not None:
            return f"`{shown}` is a tag of {language}", f"write `{match.expand(ours)}`"
    return f"`{shown}` is a tag of {language}", "it has no counterpart here"
