"""The list of checks: one module a check, named after what it finds.

A check's id is its module's name with dashes. Each module has a `SEVERITY`, a `check` function that
yields problems, and a docstring under the headings Finds, Why, Example and Instead, which is its
documentation. Which dictionary a module is in says what it looks at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks import (
    byte_order_mark,
    colliding_paths,
    deceptive_character,
    empty_prompt,
    invisible_character,
    prompt_name,
    undeclared_variable,
    unused_ignore,
    unused_input,
    unused_partial,
)

if TYPE_CHECKING:
    from promptops.checks.subject import FileCheck, FolderCheck, IgnoreCheck, PromptCheck

PROMPT_CHECKS: dict[str, PromptCheck] = {
    "empty-prompt": empty_prompt,
    "undeclared-variable": undeclared_variable,
    "unused-input": unused_input,
}

FILE_CHECKS: dict[str, FileCheck] = {
    "byte-order-mark": byte_order_mark,
    "deceptive-character": deceptive_character,
    "invisible-character": invisible_character,
}

FOLDER_CHECKS: dict[str, FolderCheck] = {
    "colliding-paths": colliding_paths,
    "prompt-name": prompt_name,
    "unused-partial": unused_partial,
}

IGNORE_CHECKS: dict[str, IgnoreCheck] = {
    "unused-ignore": unused_ignore,
}

CHECKS: dict[str, PromptCheck | FileCheck | FolderCheck | IgnoreCheck] = {
    **PROMPT_CHECKS,
    **FILE_CHECKS,
    **FOLDER_CHECKS,
    **IGNORE_CHECKS,
}

FAULTS = {
    "broken-frontmatter": "the frontmatter is not readable YAML",
    "circular-include": "a partial includes itself, directly or through others",
    "duplicate-key": "a key is given twice",
    "invalid-default": "an input's default is refused by its own schema",
    "invalid-expression": "the condition of a route, escalation or review is no expression",
    "invalid-json": "a schema or tool file is not a JSON object",
    "invalid-schema": "an input or the output is no valid JSON Schema",
    "invalid-tool": "a tool file is not in the function format",
    "invalid-version": "the version is not SemVer",
    "missing-file": "a schema or tool file does not exist",
    "missing-frontmatter": "the file does not begin with frontmatter",
    "missing-include": "an included partial does not exist",
    "missing-key": "a required key is missing",
    "misplaced-role": "a message is opened where none can be",
    "mistyped-key": "a value has the wrong type",
    "nesting": "blocks or expressions are nested too deeply",
    "not-utf8": "the file is not UTF-8",
    "reserved-input": "an input has a name that templates cannot use",
    "reserved-name": "the template uses a name that Jinja keeps for itself",
    "stray-text": "text stands outside of the messages",
    "surprising-yaml": "YAML reads a value as something else than it looks",
    "syntax": "the template cannot be parsed",
    "too-large": "the file is too large for a prompt",
    "unknown-filter": "the template uses a filter that does not exist",
    "unknown-key": "the frontmatter has a key that does not exist",
    "unknown-test": "the template uses a test that does not exist",
    "unreadable-file": "a link or something else that is no file stands where a file should",
    "unsupported-include": "an include is not a literal path",
    "unsupported-tag": "the template uses a tag that prompts do not have",
}
"""Faults of form: what keeps a prompt from being used at all. Always errors, never ignored."""


def describe(check: str) -> str:
    """One line on what a check or fault finds; the id itself for an unknown one."""
    module = CHECKS.get(check)
    if module is None:
        return FAULTS.get(check, check)
    return (module.__doc__ or check).partition("\n")[0].rstrip(".")


def explain(check: str) -> str:
    """The whole documentation of a check in Markdown; the one line for a fault of form."""
    module = CHECKS.get(check)
    return (module.__doc__ or "").strip() if module is not None else describe(check)
