"""The list of checks: one module a check, named after what it finds.

A check's id is its module's name with dashes. Each module has a `SEVERITY`, a `check` function that
yields problems, and a docstring under the headings Finds, Why, Example and Instead, which is its
documentation. Which dictionary a module is in says what it looks at; `GROUPS` says what it is
about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rules import (
    byte_order_mark,
    colliding_paths,
    conflict_marker,
    deceptive_character,
    deployed_draft,
    duplicate_prompt,
    empty_message,
    empty_prompt,
    exposed_secret,
    impossible_expression,
    invisible_character,
    joined_lines,
    leftover_text,
    missing_evals,
    missing_replacement,
    mixed_line_endings,
    orphaned_evals,
    oversized_prompt,
    personal_address,
    personal_data,
    prompt_leak,
    repeated_text,
    scarce_samples,
    shadowed_input,
    similar_prompt,
    undeclared_variable,
    undelimited_input,
    unknown_model,
    unknown_prompt,
    unlimited_input,
    unowned_prompt,
    unreviewable_prompt,
    unsupported_parameter,
    untrusted_in_system,
    unusable_name,
    unused_ignore,
    unused_input,
    unused_partial,
    wrong_role_order,
)

if TYPE_CHECKING:
    from promptops.checks.subject import FileCheck, FolderCheck, IgnoreCheck, PromptCheck

PROMPT_CHECKS: dict[str, PromptCheck] = {
    "empty-message": empty_message,
    "empty-prompt": empty_prompt,
    "impossible-expression": impossible_expression,
    "joined-lines": joined_lines,
    "missing-evals": missing_evals,
    "missing-replacement": missing_replacement,
    "oversized-prompt": oversized_prompt,
    "scarce-samples": scarce_samples,
    "shadowed-input": shadowed_input,
    "undeclared-variable": undeclared_variable,
    "undelimited-input": undelimited_input,
    "unknown-model": unknown_model,
    "unknown-prompt": unknown_prompt,
    "unlimited-input": unlimited_input,
    "unowned-prompt": unowned_prompt,
    "unreviewable-prompt": unreviewable_prompt,
    "unsupported-parameter": unsupported_parameter,
    "untrusted-in-system": untrusted_in_system,
    "unused-input": unused_input,
    "wrong-role-order": wrong_role_order,
}

FILE_CHECKS: dict[str, FileCheck] = {
    "byte-order-mark": byte_order_mark,
    "conflict-marker": conflict_marker,
    "deceptive-character": deceptive_character,
    "exposed-secret": exposed_secret,
    "invisible-character": invisible_character,
    "leftover-text": leftover_text,
    "mixed-line-endings": mixed_line_endings,
    "personal-address": personal_address,
    "personal-data": personal_data,
    "prompt-leak": prompt_leak,
}

FOLDER_CHECKS: dict[str, FolderCheck] = {
    "colliding-paths": colliding_paths,
    "deployed-draft": deployed_draft,
    "duplicate-prompt": duplicate_prompt,
    "orphaned-evals": orphaned_evals,
    "repeated-text": repeated_text,
    "similar-prompt": similar_prompt,
    "unusable-name": unusable_name,
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

OFF = frozenset(
    [
        "oversized-prompt",
        "personal-address",
        "similar-prompt",
        "unknown-model",
        "unsupported-parameter",
    ]
)
"""Checks that look only where the configuration gives them a severity."""

MASKED = frozenset({"exposed-secret", "personal-address", "personal-data"})
"""Checks whose places must not be shown: no report may carry what they found."""

NOT_IGNORABLE = frozenset(
    [*FOLDER_CHECKS, *IGNORE_CHECKS, "exposed-secret", "unowned-prompt", "unreviewable-prompt"]
)
"""Checks that a prompt cannot ignore: those about the folder, and those that hold its author."""

FAULTS = {
    "broken-frontmatter": "the frontmatter is not readable YAML",
    "broken-samples": "a file of samples cannot be read",
    "broken-suite": "an eval suite is not readable YAML",
    "circular-include": "a partial includes itself, directly or through others",
    "duplicate-key": "a key is given twice",
    "duplicate-sample": "two samples of an eval suite have one name",
    "invalid-check": "a check or threshold of an eval suite can never be judged, or never be met",
    "invalid-default": "an input's default is refused by its own schema",
    "invalid-expression": "the condition of a route, escalation or review is no expression",
    "invalid-json": "a schema or tool file is not a JSON object",
    "invalid-reply": "a fixed reply is refused by the output schema",
    "invalid-schema": "an input, the output or a check has no valid JSON Schema",
    "invalid-sample": "a sample's inputs are not those of its prompt",
    "invalid-tool": "a tool file is not in the function format",
    "invalid-version": "the version is not SemVer",
    "missing-file": "a schema, tool or sample file does not exist",
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
    "unknown-key": "the frontmatter or an eval suite has a key that does not exist",
    "unknown-test": "the template uses a test that does not exist",
    "unreadable-file": "a link or something else that is no file stands where a file should",
    "unsupported-include": "an include is not a literal path",
    "unsupported-tag": "the template uses a tag that prompts do not have",
}
"""Faults of form: what keeps a prompt from being used at all. Always errors, never ignored."""

GROUPS: dict[str, tuple[str, ...]] = {
    "syntax": (
        "broken-frontmatter",
        "byte-order-mark",
        "conflict-marker",
        "deceptive-character",
        "duplicate-key",
        "empty-message",
        "empty-prompt",
        "invisible-character",
        "joined-lines",
        "misplaced-role",
        "missing-frontmatter",
        "mixed-line-endings",
        "nesting",
        "not-utf8",
        "stray-text",
        "surprising-yaml",
        "syntax",
        "too-large",
        "unreadable-file",
        "wrong-role-order",
    ),
    "metadata": (
        "deployed-draft",
        "invalid-default",
        "invalid-json",
        "invalid-reply",
        "invalid-schema",
        "invalid-tool",
        "invalid-version",
        "missing-file",
        "missing-key",
        "missing-replacement",
        "mistyped-key",
        "reserved-input",
        "unknown-key",
        "unknown-model",
        "unknown-prompt",
        "unsupported-parameter",
        "unusable-name",
        "unused-ignore",
    ),
    "template": (
        "circular-include",
        "impossible-expression",
        "invalid-expression",
        "missing-include",
        "oversized-prompt",
        "reserved-name",
        "shadowed-input",
        "undeclared-variable",
        "unknown-filter",
        "unknown-test",
        "unsupported-include",
        "unsupported-tag",
        "unused-input",
        "unused-partial",
    ),
    "safety": (
        "exposed-secret",
        "leftover-text",
        "personal-address",
        "personal-data",
        "prompt-leak",
        "undelimited-input",
        "unlimited-input",
        "untrusted-in-system",
    ),
    "ownership and tests": (
        "broken-samples",
        "broken-suite",
        "duplicate-sample",
        "invalid-check",
        "invalid-sample",
        "missing-evals",
        "orphaned-evals",
        "scarce-samples",
        "unowned-prompt",
        "unreviewable-prompt",
    ),
    "set": (
        "colliding-paths",
        "duplicate-prompt",
        "repeated-text",
        "similar-prompt",
    ),
}
"""What checks and faults are about, in the order in which they are listed."""


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
