"""The list of checks: one module for each check, named after what it finds.

A check's id is its module's name with hyphens. Each module has a `RULE` with scope and severity, a
function `check` that yields problems, and a docstring with the headings Finds, Why, Example and
Instead, which is its documentation. All other tables are derived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.checks.rules import (
    byte_order_mark,
    colliding_paths,
    conflict_marker,
    constant_expression,
    deceptive_character,
    deployed_draft,
    duplicate_prompt,
    empty_message,
    empty_prompt,
    exposed_secret,
    foreign_placeholder,
    impossible_expression,
    invisible_character,
    joined_lines,
    leftover_text,
    missing_evals,
    missing_replacement,
    mixed_line_endings,
    orphaned_evals,
    oversized_prompt,
    partial_frontmatter,
    personal_address,
    personal_data,
    prompt_leak,
    repeated_text,
    role_like_line,
    scarce_samples,
    shadowed_input,
    similar_prompt,
    unbounded_cost,
    undeclared_variable,
    undelimited_input,
    uneven_list,
    unknown_model,
    unknown_prompt,
    unlimited_input,
    unowned_prompt,
    unreviewable_prompt,
    unsupported_parameter,
    untrusted_in_system,
    unusable_name,
    unusable_owners,
    unused_ignore,
    unused_input,
    unused_partial,
    wrong_role_order,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.checks.subject import FileCheck, FolderCheck, IgnoreCheck, PromptCheck


class CheckModule(Protocol):
    """The interface of a check's module."""

    __name__: str
    RULE: CheckRule
    check: Any


_MODULES: tuple[CheckModule, ...] = (
    byte_order_mark,
    colliding_paths,
    conflict_marker,
    constant_expression,
    deceptive_character,
    deployed_draft,
    duplicate_prompt,
    empty_message,
    empty_prompt,
    exposed_secret,
    foreign_placeholder,
    impossible_expression,
    invisible_character,
    joined_lines,
    leftover_text,
    missing_evals,
    missing_replacement,
    mixed_line_endings,
    orphaned_evals,
    oversized_prompt,
    partial_frontmatter,
    personal_address,
    personal_data,
    prompt_leak,
    repeated_text,
    role_like_line,
    scarce_samples,
    shadowed_input,
    similar_prompt,
    unbounded_cost,
    undeclared_variable,
    undelimited_input,
    uneven_list,
    unknown_model,
    unknown_prompt,
    unlimited_input,
    unowned_prompt,
    unreviewable_prompt,
    unsupported_parameter,
    untrusted_in_system,
    unusable_name,
    unusable_owners,
    unused_ignore,
    unused_input,
    unused_partial,
    wrong_role_order,
)

CHECKS: dict[str, CheckModule] = {
    module.__name__.rpartition(".")[2].replace("_", "-"): module for module in _MODULES
}


def _select(scope: CheckScope) -> Mapping[str, CheckModule]:
    return {check: module for check, module in CHECKS.items() if module.RULE.scope is scope}


# A test compares each check's scope with the subject that its function takes.
PROMPT_CHECKS = cast("Mapping[str, PromptCheck]", _select(CheckScope.PROMPT))
FILE_CHECKS = cast("Mapping[str, FileCheck]", _select(CheckScope.FILE))
FOLDER_CHECKS = cast("Mapping[str, FolderCheck]", _select(CheckScope.FOLDER))
IGNORE_CHECKS = cast("Mapping[str, IgnoreCheck]", _select(CheckScope.IGNORE))

OFF = frozenset(check for check, module in CHECKS.items() if not module.RULE.is_on)
"""Checks that are off by default; the configuration turns them on by a severity."""

MASKED = frozenset(check for check, module in CHECKS.items() if module.RULE.is_masked)
"""Checks whose findings are masked in all reports."""

NOT_IGNORABLE = frozenset(
    check
    for check, module in CHECKS.items()
    if not module.RULE.is_ignorable or module.RULE.scope in {CheckScope.FOLDER, CheckScope.IGNORE}
)
"""Checks that a prompt cannot ignore: those of the folder, and those that guard against its
author.
"""

# Faults that make a prompt unusable: always errors, never ignored.
_FAULTS: dict[CheckGroup, dict[str, str]] = {
    CheckGroup.SYNTAX: {
        "broken-frontmatter": "the frontmatter is not readable YAML",
        "duplicate-key": "a key is given twice",
        "misplaced-role": "a message is opened where none is allowed",
        "missing-frontmatter": "the file does not begin with frontmatter",
        "nesting": "blocks or expressions are nested too deep",
        "not-utf8": "the file is not UTF-8",
        "stray-text": "text is outside the messages",
        "surprising-yaml": "YAML reads a value differently than it looks",
        "syntax": "the template cannot be parsed",
        "too-large": "the file is too large for a prompt",
        "unreadable-file": "a link or another special file is in place of a file",
    },
    CheckGroup.METADATA: {
        "invalid-default": "an input's default is refused by its own schema",
        "invalid-json": "a schema or tool file is not a JSON object",
        "invalid-reply": "a fixed reply is refused by the output schema",
        "invalid-rule": "a pattern that answers must not match is not a regular expression",
        "invalid-schema": "the JSON Schema of an input, the output or a check is not valid",
        "invalid-tool": "a tool file is not in the function format",
        "invalid-version": "the version is not SemVer",
        "missing-file": "a schema, tool or sample file does not exist",
        "missing-key": "a required key is missing",
        "mistyped-key": "a value has the wrong type",
        "reserved-input": "an input's name cannot be used in templates",
        "unknown-key": "the frontmatter or an eval suite has a key that does not exist",
    },
    CheckGroup.TEMPLATE: {
        "circular-include": "a partial includes itself, directly or through others",
        "invalid-expression": "the condition of a route, escalation or review is not an expression",
        "missing-include": "an included partial does not exist",
        "reserved-name": "the template uses a name that Jinja reserves",
        "unknown-filter": "the template uses a filter that does not exist",
        "unknown-test": "the template uses a test that does not exist",
        "unsupported-include": "an include is not a literal path",
        "unsupported-tag": "the template uses a tag that prompts do not have",
    },
    CheckGroup.OWNERSHIP: {
        "broken-samples": "a file of samples cannot be read",
        "broken-suite": "an eval suite is not readable YAML",
        "duplicate-sample": "two samples of an eval suite have one name",
        "invalid-check": "a check or threshold of an eval suite can never be evaluated or met",
        "invalid-sample": "a sample's inputs do not match its prompt",
    },
}

FAULTS: dict[str, str] = dict(
    sorted((fault, text) for faults in _FAULTS.values() for fault, text in faults.items())
)
"""Fault id -> description."""

GROUPS: dict[str, tuple[str, ...]] = {
    group.value: tuple(
        sorted(
            [
                *(check for check, module in CHECKS.items() if module.RULE.group is group),
                *_FAULTS.get(group, {}),
            ]
        )
    )
    for group in CheckGroup
}
"""The groups of checks and faults, in display order."""


def describe(check: str) -> str:
    """Return one line on what a check or fault finds; for an unknown id, the id."""
    module = CHECKS.get(check)
    if module is None:
        return FAULTS.get(check, check)
    return (module.__doc__ or check).partition("\n")[0].rstrip(".")


def explain(check: str) -> str:
    """Return a check's full documentation in Markdown; for a fault of form, its line."""
    module = CHECKS.get(check)
    return (module.__doc__ or "").strip() if module is not None else describe(check)
