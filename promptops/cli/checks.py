"""`promptops checks`: list the checks, or explain one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.session import (
    Format,
    FormatOption,
    current,
    emit,
    emit_json,
    emit_table,
    json_document,
)
from promptops.errors import NotARepositoryError, NotFoundError, UsageError, quote

if TYPE_CHECKING:
    from collections.abc import Mapping


def checks(
    check: Annotated[
        str | None, typer.Argument(metavar="[CHECK]", help="Explain this one.", show_default=False)
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """List every check with its severity here, or explain one: what it finds, why, what to do."""
    settings = _settings()
    if check is not None:
        _explain(check, settings, output)
        return
    from promptops.checks import GROUPS

    if output is Format.JSON:
        known = [_facts(one, settings) for ids in GROUPS.values() for one in ids]
        emit_json(json_document("promptops.checks/v1", checks=known))
        return
    rows: list[tuple[str, ...]] = []
    for group, ids in GROUPS.items():
        facts = [_facts(one, settings) for one in ids]
        rows += [(one["check"], one["severity"], group, one["summary"]) for one in facts]
    emit_table(rows, header=("check", "severity", "about", "finds"))


def _explain(check: str, settings: Mapping[str, str], output: Format) -> None:
    from promptops.checks import CHECKS, FAULTS, explain
    from promptops.frontmatter import nearest

    if check not in CHECKS and check not in FAULTS:
        near = nearest(check, [*CHECKS, *FAULTS])
        hint = f"did you mean '{near}'?" if near else "`promptops checks` lists them"
        raise NotFoundError(f"there is no check {quote(check)}", hint=hint)
    facts = _facts(check, settings)
    if output is Format.JSON:
        emit_json(json_document("promptops.check/v1", **facts, documentation=explain(check)))
        return
    emit(f"# {check}\n\n{explain(check)}\n\n{_how_to_set(check, facts)}")


def _how_to_set(check: str, facts: Mapping[str, Any]) -> str:
    if not facts["configurable"]:
        return f"Severity: {facts['severity']}, always: a prompt that has it cannot be used."
    by_itself = facts["default_severity"]
    here = "" if facts["severity"] == by_itself else f", here {facts['severity']}"
    lines = [
        f"Severity: {by_itself}{here}. To change it, in promptops.toml:",
        "",
        "    [checks]",
        f'    {check} = "error"  # or "warning", "note", "off"',
        "",
    ]
    if facts["ignorable"]:
        lines += ["For one prompt, in its frontmatter:", "", f"    ignore: {{{check}: the reason}}"]
    else:
        lines.append("A prompt's frontmatter cannot ignore it.")
    return "\n".join(lines)


def _facts(check: str, settings: Mapping[str, str]) -> dict[str, Any]:
    from promptops.checks import CHECKS, GROUPS, NOT_IGNORABLE, OFF, describe

    module = CHECKS.get(check)
    default = "error"
    if module is not None:
        default = "off" if check in OFF else module.SEVERITY.value
    return {
        "check": check,
        "group": next(group for group, ids in GROUPS.items() if check in ids),
        "severity": settings.get(check, default),
        "default_severity": default,
        "configurable": module is not None,
        "ignorable": module is not None and check not in NOT_IGNORABLE,
        "summary": describe(check),
    }


def _settings() -> Mapping[str, str]:
    """What the configuration says of checks; nothing outside of a repository."""
    try:
        return current().repository.config.checks
    except (NotARepositoryError, UsageError):
        return {}
