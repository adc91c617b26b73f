"""Write a verdict as Markdown, for a comment on the change or a job's summary.

Text from files and people appears only as code, so that it cannot mention people, link or forge a
line. The first line never changes; a script recognises its earlier comment by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.report.markdown import bullet, short
from promptops.gate.costs import COSTS_NOTE, describe_costs
from promptops.gate.missing import (
    HOPELESS,
    list_faults,
    list_idle,
    list_waiting,
    summarize,
)
from promptops.gate.rules.version_lines import list_version_lines
from promptops.gate.summary import describe_bump, describe_versions, list_commands
from promptops.gate.texts import count_users, list_text_changes, list_values
from promptops.prompt.diff.markdown import code, describe_difference, describe_hunks, fence
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptops.gate.costs import Costs
    from promptops.gate.rules.consent import Requirement
    from promptops.gate.rules.verdict import Verdict
    from promptops.gate.rules.version_lines import VersionLine
    from promptops.prompt.finding import Finding

MARKER = "<!-- promptops gate -->"
# GitHub refuses comments of more than 65,536 characters.
_MAX_LINES = 30
_FEW = 3
# The maximum length of excerpts.
_MAX_TEXT = 40_000


def verdict_to_markdown(verdict: Verdict, costs: Costs | None = None) -> str:
    """Return the verdict as a comment, in the order in which a reviewer decides.

    The verdict in one line; what is missing and who can give it; what changes, with tokens and
    price; the text that the model will read, folded; results of evals; what to run; warnings.

    Args:
        verdict: the verdict.
        costs: prompt name -> tokens and price before and after the change.
    """
    sign = "✅" if verdict.is_allowed else "❌"
    lines = list_version_lines(verdict.change.prompts, verdict.findings)
    findings = sorted(verdict.findings, key=lambda one: list(Severity).index(one.severity))
    errors = [one for one in findings if one.severity is Severity.ERROR]
    parts = [f"{MARKER}\n### {sign} Prompts: {summarize(verdict, code)}"]
    missing = [*_missing(verdict, lines), *_bullets(list_faults(errors, lines))]
    if missing:
        parts.append("\n".join(["**Missing**", "", *_cut(missing, "more")]))
    if verdict.change.prompts:
        parts.append("\n".join(_table(verdict, costs)))
    elif not verdict.change.paths:
        parts.append("The change touches no prompt and nothing that governs them.")
    values = [
        f"- {code(prompt.name)}: {describe_difference(one).removeprefix('- ')}"
        for prompt in verdict.change.prompts
        for one in list_values(prompt)
    ]
    if values:
        parts.append("\n".join(_cut(values, "more differences")))
    parts += _texts(verdict)
    if verdict.evidence:
        parts.append("\n".join(_cut(list(_evals(verdict)), "more results of evals")))
    commands = list_commands(verdict, verdict.change.target)
    if commands:
        parts.append("**To run**\n\n" + fence("".join(f"{one}\n" for one in commands), "sh"))
    others = _bullets(one for one in findings if one.severity is not Severity.ERROR)
    others += _owned(verdict)
    if others:
        parts.append("\n".join(_cut(others, "more findings")))
    parts.append(
        f"<sub>{code(verdict.change.head[:12])} into {code(verdict.change.target)}, "
        f"verdict {code(verdict.digest[:19])}</sub>"
    )
    return "\n\n".join(parts)


def _missing(verdict: Verdict, lines: list[VersionLine]) -> Iterator[str]:
    if lines:
        yield "- The author writes " + ("this version:" if len(lines) == 1 else "these versions:")
        yield from _cut(
            [
                f"  - {code(one.path)}, line {one.line}: {code(one.text.strip())}"
                f" ({code(one.check)})"
                + (f"\n    {short(one.reason)}" if len(lines) <= _FEW else "")
                for one in lines
            ],
            "more",
        )
    for owners, needs in list_waiting(verdict):
        yield f"- {code(owners)} approves {_name_paths(needs)}"
        if any(need.is_hopeless for need in needs):
            yield f"  - {HOPELESS}"


def _owned(verdict: Verdict) -> Iterator[str]:
    for owners, needs in list_idle(verdict):
        yield f"- No approval needed from {code(owners)}: {_name_paths(needs)}"


def _name_paths(needs: list[Requirement]) -> str:
    paths = list(dict.fromkeys(need.path for need in needs))
    more = f" and {len(paths) - _FEW:,} more" if len(paths) > _FEW else ""
    return ", ".join(map(code, paths[:_FEW])) + more


def _table(verdict: Verdict, costs: Costs | None) -> Iterator[str]:
    titles = ["Prompt", "Version", "Change", "Approved by"]
    if costs:
        titles += ["Tokens", "1,000 runs"]
    yield f"| {' | '.join(titles)} |"
    yield f"| {' | '.join(['---'] * len(titles))} |"
    for prompt in verdict.change.prompts[:_MAX_LINES]:
        given = dict.fromkeys(
            approval.approver for need in verdict.requirements_of(prompt) for approval in need.given
        )
        missing = any(not need.is_met for need in verdict.requirements_of(prompt))
        who = ", ".join(map(code, given)) or "—"
        if missing and not verdict.sources:
            who = "not checked"
        bump = describe_bump(prompt, verdict.versions)
        cells = [code(prompt.name), describe_versions(prompt), bump, who]
        if costs:
            cells += describe_costs(*costs.get(prompt.name, (None, None)))
        yield f"| {' | '.join(cells)} |"
    more = len(verdict.change.prompts) - _MAX_LINES
    if more > 0:
        yield f"| … and {more:,} more {'| ' * len(titles)}".rstrip()
    if costs:
        yield ""
        yield f"<sub>{COSTS_NOTE}</sub>"


def _texts(verdict: Verdict) -> Iterator[str]:
    """Yield the changed texts, collapsed; a partial's change appears once."""
    room = _MAX_TEXT
    kept = []
    for change in list_text_changes(verdict.change.prompts):
        detail = code(change.detail) if change.detail else count_users(change)
        block = f"{code(change.subject)}, {detail}:\n\n{describe_hunks(change.hunks)}"
        if len(block) > room:
            kept.append("More lines differ than fit here: `promptops diff` shows them all.")
            break
        room -= len(block)
        kept.append(block)
    if kept:
        inside = "\n\n".join(kept)
        yield f"<details><summary>What the model will read</summary>\n\n{inside}\n\n</details>"


def _evals(verdict: Verdict) -> Iterator[str]:
    for one in verdict.evidence:
        sign = "🧪" if one.is_good else "❌"
        yield f"- {sign} Evals of {code(one.prompt)}: {short(one.summary)}"


def _cut(lines: list[str], what: str) -> list[str]:
    if len(lines) <= _MAX_LINES:
        return lines
    return [*lines[:_MAX_LINES], f"- … and {len(lines) - _MAX_LINES:,} {what}"]


def _bullets(findings: Iterable[Finding]) -> list[str]:
    return [bullet(one, with_path=True) for one in findings]
