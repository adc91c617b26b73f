"""The catalogue of checks: by group, with severity and documentation.

`promptops checks` and `docs/checks.md` are written from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.checks.registry import CHECKS, GROUPS, NOT_IGNORABLE, OFF, describe, explain
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One check, or one fault of form.

    Attributes:
        id: its name in findings, the configuration and `ignore`.
        group: one of `GROUPS`.
        severity: the default severity of its findings.
        is_on: whether it is on by default.
        is_configurable: whether the configuration can set its severity; faults of form are always
            errors.
        is_ignorable: whether a prompt can ignore it in its frontmatter.
        summary: one line on what it finds.
        documentation: the full documentation in Markdown, with second-level headings; for a fault
            of form, the summary.
    """

    id: str
    group: str
    severity: Severity
    is_on: bool
    is_configurable: bool
    is_ignorable: bool
    summary: str
    documentation: str


def entries() -> tuple[CatalogueEntry, ...]:
    """Return all checks and faults of form, by group."""
    return tuple(_entry(check, group) for group, checks in GROUPS.items() for check in checks)


def find_entry(check: str) -> CatalogueEntry | None:
    """Return the entry of a check or fault; None for an unknown id."""
    return next((entry for entry in entries() if entry.id == check), None)


def find_page(check: str) -> str | None:
    """Return the page that documents a check or fault; None for an unknown id."""
    group = next((name for name, checks in GROUPS.items() if check in checks), None)
    if group is None:
        return None
    anchor = check if check in CHECKS else group.lower().replace(" ", "-")
    return f"docs/checks.md#{anchor}"


def _entry(check: str, group: str) -> CatalogueEntry:
    module = CHECKS.get(check)
    return CatalogueEntry(
        check,
        group,
        Severity.ERROR if module is None else module.RULE.severity,
        check not in OFF,
        module is not None,
        module is not None and check not in NOT_IGNORABLE,
        describe(check),
        explain(check),
    )


_INTRODUCTION = """\
# Checks

<!-- written by scripts/catalogue.py, from the checks themselves -->

What `promptops validate` looks for. `promptops checks ID` prints the same on a terminal.

**Severity.** An *error* is surely broken and fails the validation, a *warning* is probably a fault,
a *note* is advice. `promptops.toml` sets the severity of each check, everywhere or below a path:

```toml
[checks]
unused-input = "error"        # error, warning, note or off
unknown-model = "warning"     # this one is off unless it is given a severity

[checks."prompts/drafts"]
missing-evals = "off"
```

**Exceptions.** A prompt can ignore a check, with the reason:

```yaml
ignore: {unused-input: callers still send it}
```

An entry that suppresses nothing is a finding. Checks about the folder as a whole, secrets and
ownership cannot be ignored by the file they are about. *Faults of form* keep a file from being a
prompt at all; they are always errors, and neither configuration nor file can change that.
"""


def to_markdown() -> str:
    """Return the text of `docs/checks.md`: a table for each group, then every check in full."""
    parts = [_INTRODUCTION]
    every = entries()
    for group in GROUPS:
        parts.append(f"## {group.capitalize()}\n")
        rows = (_row(entry) for entry in every if entry.group == group)
        parts.append("\n".join(["| Id | Finds | Severity |", "| --- | --- | --- |", *rows]) + "\n")
        parts += [
            _section(entry) for entry in every if entry.group == group and entry.is_configurable
        ]
    return "\n".join(parts)


def _row(entry: CatalogueEntry) -> str:
    name = f"[`{entry.id}`](#{entry.id})" if entry.is_configurable else f"`{entry.id}`"
    return f"| {name} | {entry.summary} | {describe_severity(entry)} |"


def describe_severity(entry: CatalogueEntry) -> str:
    """Return an entry's severity in words: `warning`, `note, off by default`, `error, always`."""
    if not entry.is_configurable:
        return f"{entry.severity.value}, always"
    return entry.severity.value if entry.is_on else f"{entry.severity.value}, off by default"


def _section(entry: CatalogueEntry) -> str:
    return "\n".join([f"### {entry.id}", "", *_deeper(entry.documentation)]) + "\n"


def _deeper(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        yield f"**{line.removeprefix('## ')}**" if line.startswith("## ") else line
