"""Write audits and quarterly reviews as dated Markdown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from promptops.checks.engine import validate
from promptops.delivery.releases import list_tags
from promptops.errors import count_of
from promptops.prompt.inputs import input_schemas
from promptops.readiness.checklist import judge_readiness
from promptops.readiness.report import readiness_to_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptops.delivery.environments import Deployment
    from promptops.readiness.facts import ReadinessFacts

_UNDOING = frozenset({"rollback", "restore"})


def write_audit(facts: ReadinessFacts) -> str:
    """Return the audit of all prompts: who owns each, where it is live, what was found."""
    day = datetime.fromtimestamp(facts.now, UTC)
    result = validate(facts.repository.working, facts.config)
    folder = facts.config.prompts
    rows = []
    for name, prompt in facts.prompts.items():
        owners = facts.owners.match(f"{folder}/{name}.md").owners if facts.owners else ()
        live = ", ".join(
            f"{environment} {head.state.entries[name].describe()}"
            for environment, head in facts.heads.items()
            if name in head.state.entries
        )
        untrusted = [
            key for key, one in input_schemas(prompt.inputs).items() if one.get("untrusted") is True
        ]
        findings = [one for one in result.findings if one.path == f"{folder}/{name}.md"]
        rows.append(
            [
                name,
                str(prompt.version),
                prompt.model,
                " ".join(owners) or "nobody",
                live or "nowhere",
                str(facts.samples.get(name, {}).get("", 0)),
                ", ".join(untrusted) or "none",
                "; ".join(
                    f"{one.check}, line {one.position.line}" if one.position else one.check
                    for one in findings
                )
                or "none",
            ]
        )
    heads = [
        "Prompt",
        "Version",
        "Model",
        "Owners",
        "Live",
        "Samples",
        "Untrusted inputs",
        "Findings",
    ]
    count = f"{count_of(len(rows), 'active prompt')}, {count_of(len(result.findings), 'finding')}."
    lines = [
        f"# Audit of prompts, {day:%Y-%m-%d}",
        "",
        f"{count} Commit `{_commit(facts)}`.",
        "",
        *_table(heads, rows),
        "",
        readiness_to_markdown(judge_readiness(facts))
        .replace("# ", "## ", 1)
        .replace("\n## ", "\n### "),
        "",
        "## What the auditor looked at, and decided",
        "",
        "- ",
    ]
    return "\n".join(lines) + "\n"


def write_quarter(facts: ReadinessFacts) -> tuple[str, str]:
    """Return the name of the quarter that a moment is in, such as `2026-Q4`, and its review."""
    now = datetime.fromtimestamp(facts.now, UTC)
    number = (now.month - 1) // 3
    begin = datetime(now.year, 3 * number + 1, 1, tzinfo=UTC)
    name = f"{now.year}-Q{number + 1}"
    within = [one for one in facts.deployments if one.author.time_seconds >= begin.timestamp()]
    undone = [one for one in within if one.action in _UNDOING]
    paused = [one for one in within if one.action == "pause"]
    summary = (
        f"From {begin:%Y-%m-%d} to {now:%Y-%m-%d}: {count_of(len(within), 'deployment')}, "
        f"{count_of(len(undone), 'rollback')}, {count_of(len(paused), 'pause')}. "
        f"{count_of(len(facts.prompts), 'active prompt')}, "
        f"{count_of(len(list_tags(facts.repository)), 'release')} in all."
    )
    lines = [
        f"# Review of {name}",
        "",
        summary,
        "",
        "## Rollbacks and pauses",
        "",
        *(_list_deployments([*undone, *paused]) or ["None."]),
        "",
        "## Readiness",
        "",
        "\n".join(readiness_to_markdown(judge_readiness(facts)).splitlines()[2:]).replace(
            "\n## ", "\n### "
        ),
        "",
        "## Decisions for the next quarter",
        "",
        "- ",
    ]
    return name, "\n".join(lines) + "\n"


def _list_deployments(deployments: Iterable[Deployment]) -> list[str]:
    rows = [
        [
            f"{datetime.fromtimestamp(one.author.time_seconds, UTC):%Y-%m-%d %H:%M} UTC",
            one.environment,
            one.action,
            "; ".join(str(change) for change in one.changes),
            one.author.name,
            one.reason or "no reason given",
        ]
        for one in sorted(deployments, key=lambda one: one.author.time_seconds)
    ]
    return _table(["When", "Where", "What", "Changes", "Who", "Why"], rows) if rows else []


def _table(heads: list[str], rows: list[list[str]]) -> list[str]:
    return [
        f"| {' | '.join(heads)} |",
        f"|{' --- |' * len(heads)}",
        *(f"| {' | '.join(_cell(one) for one in row)} |" for row in rows),
    ]


def _cell(text: str) -> str:
    """Return a text escaped so that it stays in its cell and is not read as markup."""
    escaped = "".join(f"\\{one}" if one in "\\`*_[]<>|" else one for one in text)
    return " ".join(escaped.split())


def _commit(facts: ReadinessFacts) -> str:
    git = facts.repository.git
    return git.resolve_commit("HEAD")[:12] if facts.repository.has_commits() else "none"
