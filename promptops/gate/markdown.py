"""A verdict as Markdown, for a comment on the change or the summary of a job.

What comes from files and people stands in code, so that nothing in it can mention, link or forge a
line. The first line never changes: a script finds its earlier comment by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.gate.rules.consent import Ground
from promptops.gate.summary import describe_bump, describe_versions, group_requirements
from promptops.prompt.diff.markdown import code, describe_lines, describe_message
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.gate.rules.verdict import Verdict
    from promptops.prompt.finding import Finding

MARKER = "<!-- promptops gate -->"
_SIGNS = {Severity.ERROR: "❌", Severity.WARNING: "⚠️", Severity.NOTE: "💡"}
# GitHub refuses comments of more than 65,536 characters; nobody reads a tenth of that.
_MAX_LINES = 30
_FEW = 3
_MAX_CHARACTERS = 300
# What a comment has room for beside the verdict.
_MAX_TEXT = 40_000


def verdict_to_markdown(verdict: Verdict) -> str:
    """Return the verdict with a row for each prompt, whose approval is missing, and what is
    wrong.
    """
    sign, words = ("✅", "may merge") if verdict.is_allowed else ("❌", "may not merge")
    parts = [f"{MARKER}\n### {sign} Prompts: {words}"]
    if verdict.change.prompts:
        parts.append("\n".join(_table(verdict)))
    elif not verdict.change.paths:
        parts.append("The change touches no prompt and nothing that governs them.")
    approvals = list(_approvals(verdict))
    if approvals:
        parts.append("\n".join(_cut(approvals, "more")))
    if verdict.evidence:
        parts.append("\n".join(_cut(list(_evals(verdict)), "more results of evals")))
    findings = sorted(verdict.findings, key=lambda one: list(Severity).index(one.severity))
    if findings:
        parts.append("\n".join(_cut([_bullet(one) for one in findings], "more findings")))
    parts += _texts(verdict)
    parts.append(
        f"<sub>{code(verdict.change.head[:12])} into {code(verdict.change.target)}, "
        f"verdict {code(verdict.digest[:19])}</sub>"
    )
    return "\n\n".join(parts)


def _table(verdict: Verdict) -> Iterator[str]:
    yield "| Prompt | Version | Change | Approved by |"
    yield "| --- | --- | --- | --- |"
    for prompt in verdict.change.prompts[:_MAX_LINES]:
        given = dict.fromkeys(
            approval.approver for need in verdict.requirements_of(prompt) for approval in need.given
        )
        missing = any(not need.is_met for need in verdict.requirements_of(prompt))
        who = ", ".join(map(code, given)) or "—"
        if missing and not verdict.sources:
            who = "not checked"
        bump = describe_bump(prompt, verdict.versions)
        yield f"| {code(prompt.name)} | {describe_versions(prompt)} | {bump} | {who} |"
    more = len(verdict.change.prompts) - _MAX_LINES
    if more > 0:
        yield f"| … and {more:,} more | | | |"


def _approvals(verdict: Verdict) -> Iterator[str]:
    unmet = [one for one in verdict.requirements if not one.is_met]
    # Where nobody was asked, mere ownership holds nothing up, so nobody is waited for.
    waiting = [one for one in unmet if verdict.sources or one.ground is not Ground.OWNERSHIP]
    paths_waiting = {one.path for one in waiting}
    idle = [one for one in unmet if one.path not in paths_waiting]
    for words, some in (("Waiting for", waiting), ("Nobody asked, though owned by", idle)):
        for owners, needs in group_requirements(some):
            paths = ", ".join(code(need.path) for need in needs[:_FEW])
            more = f" and {len(needs) - _FEW:,} more" if len(needs) > _FEW else ""
            yield f"- {words} {code(owners)}: {paths}{more}"


def _texts(verdict: Verdict) -> Iterator[str]:
    """Yield what the model will read otherwise, folded; a partial's change once, however many use
    it.
    """
    shared: dict[tuple[str, str], list[str]] = {}
    own: list[str] = []
    for prompt in verdict.change.prompts:
        for message in prompt.diff.messages if prompt.diff else ():
            if message.cause is not None and message.hunks:
                shared.setdefault((message.cause, describe_lines(message)), []).append(prompt.name)
            elif message.hunks:
                own.append(f"{code(prompt.name)}, {describe_message(message)}")
    blocks = []
    for (cause, lines), names in shared.items():
        count = len(set(names))
        users = "1 prompt" if count == 1 else f"{count:,} prompts"
        blocks.append(f"{code(cause)}, used by {users}:\n\n{lines}")
    room = _MAX_TEXT
    kept = []
    for block in [*blocks, *own]:
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
        yield f"- {sign} Evals of {code(one.prompt)}: {_short(one.summary)}"


def _cut(lines: list[str], what: str) -> list[str]:
    if len(lines) <= _MAX_LINES:
        return lines
    return [*lines[:_MAX_LINES], f"- … and {len(lines) - _MAX_LINES:,} {what}"]


def _bullet(finding: Finding) -> str:
    place = finding.position
    where = f"{code(finding.path)} line {place.line}: " if place else ""
    text = f"- {_SIGNS[finding.severity]} {where}{_short(finding.message)} ({code(finding.check)})"
    return f"{text}\n  {_short(finding.hint)}" if finding.hint else text


def _short(text: str) -> str:
    return code(text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}…")
