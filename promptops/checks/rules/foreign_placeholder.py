"""Placeholders of another template language, which are sent as literal text.

## Finds

`{name}`, `${name}`, `<<NAME>>`, `[[name]]` or `%(name)s` where `name` is an input of the prompt;
`{question}` and similar names in a prompt without inputs; and `%s` in a prompt that declares inputs
and uses none. Code and template comments are ignored.

## Why

Only `{{ name }}` is filled in. The model reads the placeholder itself, and answers without the
value; nothing fails.

## Example

    inputs: {ticket: string}
    ---
    Classify this ticket: {ticket}

## Instead

    inputs: {ticket: string}
    ---
    Classify this ticket: {{ ticket }}
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.checks.subject import blank_code, find_place
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.TEMPLATE, Severity.WARNING)
_NAME = r"([A-Za-z_][A-Za-z0-9_]{0,63})"
_PLACEHOLDER = re.compile(
    rf"\$?(?<!\{{)\{{{_NAME}\}}(?!\}})|<<{_NAME}>>|\[\[{_NAME}\]\]|%\({_NAME}\)s", re.ASCII
)
# Common names of placeholders, for prompts without declared inputs.
_USUAL = frozenset(
    [
        *("answer", "chat_history", "content", "context", "conversation", "document", "documents"),
        *("input", "input_text", "message", "query", "question", "text", "user_input"),
        *("user_message", "user_query", "user_question"),
    ]
)
_PERCENT = re.compile(r"(?<![\w%])%s(?!\w)", re.ASCII)
_RAW = re.compile(r"\{%[-+]?\s*raw\b.*?endraw\s*[-+]?%\}", re.DOTALL)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report each such place."""
    suspects = {
        path: text
        for path in subject.analyses
        if _may_hold_one(text := subject.text(path))
        and (_PLACEHOLDER.search(text) or _PERCENT.search(text))
    }
    if not suspects:
        return
    known = {name.lower(): name for name in subject.inputs}
    prints = any(use.printed for one in subject.analyses.values() for use in one.uses)
    if not known and prints:
        return
    used = {name for one in subject.analyses.values() for name in one.undeclared}
    is_unfilled = bool(known) and not used
    for path, text in suspects.items():
        seen = _RAW.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), blank_code(text))
        for match in _PLACEHOLDER.finditer(seen):
            word = next(group for group in match.groups() if group)
            name = known.get(word.lower())
            if name is None and (known or not match[1] or word not in _USUAL):
                continue
            place = find_place(text, subject.first_line(path), *match.span())
            hint = f"write {{{{ {name or word} }}}} to insert the value"
            if name is None:
                hint += f", and declare '{word}' under 'inputs'"
            yield Problem(f"{match[0]} is sent as literal text", path, place, hint)
        for match in _PERCENT.finditer(seen) if is_unfilled else ():
            place = find_place(text, subject.first_line(path), *match.span())
            hint = f"write {{{{ {next(iter(known.values()))} }}}} to insert the value"
            yield Problem(f"{match[0]} is sent as literal text", path, place, hint)


def _may_hold_one(text: str) -> bool:
    """Return whether a text contains the beginning of a placeholder; much faster than a search."""
    if "<<" in text or "[[" in text or "%(" in text or "%s" in text:
        return True
    at = text.find("{")
    while at >= 0:
        following = text[at + 1 : at + 2]
        if following.isalpha() or following == "_":
            return True
        at = text.find("{", at + 1)
    return False
