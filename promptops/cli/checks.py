"""`promptops checks`: list the checks, or explain one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.session import (
    Format,
    FormatOption,
    current,
    emit,
    emit_json,
    emit_table,
    is_terminal,
    json_document,
)
from promptops.errors import NotARepositoryError, NotFoundError, UsageError, quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.checks.catalogue import CatalogueEntry


def checks(
    check: Annotated[
        str | None,
        typer.Argument(metavar="[CHECK]", help="The check to explain.", show_default=False),
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """List all checks with their severity, or explain one.

    An explanation says what the check finds, why that is bad, and how to fix it.
    """
    from promptops.checks.catalogue import entries

    settings = _settings()
    if check is not None:
        _explain(_find(check), settings, output)
    elif output is Format.JSON:
        known = [_facts(entry, settings) for entry in entries()]
        emit_json(json_document("promptops.checks/v1", checks=known))
    else:
        emit_table(
            [
                (entry.id, _severity(entry, settings), entry.group, _capitalize(entry.summary))
                for entry in entries()
            ],
            header=("check", "severity", "about", "finds"),
        )


def _find(check: str) -> CatalogueEntry:
    from promptops.checks.catalogue import entries, find_entry
    from promptops.gate.rules.catalogue import RULES
    from promptops.suggestion import nearest

    entry = find_entry(check)
    if entry is None and check in RULES:
        raise NotFoundError(
            f"{check} is a finding of the gate and cannot be ignored: {RULES[check]}",
            hint="run promptops gate --explain to see its reasons",
        )
    if entry is None:
        near = nearest(check, [one.id for one in entries()])
        hint = f"did you mean '{near}'?" if near else "run `promptops checks` to list them"
        raise NotFoundError(f"there is no check {quote(check)}", hint=hint)
    return entry


def _explain(entry: CatalogueEntry, settings: Mapping[str, str], output: Format) -> None:
    if output is Format.JSON:
        facts = _facts(entry, settings)
        document = json_document("promptops.check/v1", **facts, documentation=entry.documentation)
        emit_json(document)
        return
    documentation = entry.documentation
    if is_terminal(sys.stdout):
        documentation = _join_paragraphs(documentation)
    emit(f"# {entry.id}\n\n{documentation}\n\n{_how_to_set(entry, settings)}")


def _capitalize(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _join_paragraphs(text: str) -> str:
    """Return the text with each paragraph on one line, for wrapping at the terminal's width."""
    blocks = text.split("\n\n")
    return "\n\n".join(
        block if block.startswith((" ", "#", "|", "*", "-", "`")) else block.replace("\n", " ")
        for block in blocks
    )


def _how_to_set(entry: CatalogueEntry, settings: Mapping[str, str]) -> str:
    if not entry.is_configurable:
        return f"Severity: {entry.severity.value}; fixed, since such a prompt cannot be used."
    here, default = _severity(entry, settings), _severity(entry, {})
    weight = default if here == default else f"{default}, here {here}"
    lines = [
        f"Severity: {weight}. To change it, in promptops.toml:",
        "",
        "    [checks]",
        f'    {entry.id} = "error"  # or "warning", "note", "off"',
        "",
    ]
    if entry.is_ignorable:
        lines += ["For one prompt, in its frontmatter:", "", f"    ignore: {{{entry.id}: reason}}"]
    else:
        lines.append("A prompt's frontmatter cannot ignore it.")
    return "\n".join(lines)


def _facts(entry: CatalogueEntry, settings: Mapping[str, str]) -> dict[str, Any]:
    return {
        "check": entry.id,
        "group": entry.group,
        "severity": _severity(entry, settings),
        "default_severity": _severity(entry, {}),
        "configurable": entry.is_configurable,
        "ignorable": entry.is_ignorable,
        "summary": entry.summary,
    }


def _severity(entry: CatalogueEntry, settings: Mapping[str, str]) -> str:
    """Return a check's severity with these settings, or off."""
    default = entry.severity.value if entry.is_on else "off"
    return settings.get(entry.id, default)


def _settings() -> Mapping[str, str]:
    """Return the configuration of checks; empty outside of a repository."""
    try:
        return current().repository.config.checks
    except (NotARepositoryError, UsageError):
        return {}
