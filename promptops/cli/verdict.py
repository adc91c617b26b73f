"""Format a verdict of the gate for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.cli.session import one_line, paint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.gate.costs import Costs
    from promptops.gate.rules import ChangedPath, PromptChange, Requirement, Verdict

_MAX_PATHS = 10
_FEW = 3
# The maximum number of lines; `diff` shows everything.
_MAX_LINES = 40


def describe_verdict(verdict: Verdict, costs: Costs, findings: str) -> Iterator[str]:
    """Yield the lines of a verdict in the order in which a reviewer decides.

    They are: the verdict; missing approvals and who can give them; each prompt's changes with
    tokens and price, once for prompts with equal lines; the changed texts.

    Args:
        verdict: the verdict.
        costs: prompt name -> tokens and price before and after the change.
        findings: the other findings, as a report.
    """
    from promptops.gate.missing import summarize

    change = verdict.change
    said, colon, rest = summarize(verdict, one_line).partition(":")
    colour = "green" if verdict.is_allowed else "red"
    yield f"{paint(said, colour, bold=True)}{colon}{rest}"
    yield paint(f"{change.head[:12]} into {one_line(change.target)}", dim=True)
    missing = list(_describe_missing(verdict))
    if missing:
        yield ""
        yield paint("missing", bold=True)
        yield from missing
    if findings:
        yield ""
        yield findings
    alike: dict[tuple[str, ...], list[str]] = {}
    for prompt in change.prompts:
        alike.setdefault(tuple(_describe_prompt(verdict, prompt, costs)), []).append(prompt.name)
    for lines, names in alike.items():
        yield ""
        yield f"{_list_names(names)}  {lines[0]}"
        yield from lines[1:]
    shown = {path for prompt in change.prompts for path in (prompt.path, *prompt.changed)}
    others = [path for path in change.paths if path.path not in shown]
    if others:
        yield ""
        yield from _describe_others(verdict, others)
    if change.others:
        yield ""
        noun = "file" if change.others == 1 else "files"
        yield paint(f"{change.others:,} other {noun}, not governed by the gate", dim=True)
    yield from _describe_texts(verdict)


def _describe_missing(verdict: Verdict) -> Iterator[str]:
    from promptops.gate.missing import HOPELESS, list_waiting
    from promptops.gate.rules.ruling import CONSENT_CHECKS
    from promptops.gate.rules.version_lines import list_version_lines

    lines = list_version_lines(verdict.change.prompts, verdict.findings)
    if lines:
        yield f"  the author writes {'this version' if len(lines) == 1 else 'these versions'}"
    for one in lines[:_MAX_PATHS]:
        yield f"    {one_line(str(one))}  {paint(f'[{one.check}]', dim=True)}"
        if len(lines) <= _FEW:
            yield f"      {paint(one_line(one.reason), dim=True)}"
    if len(lines) > _MAX_PATHS:
        yield f"    and {len(lines) - _MAX_PATHS:,} more"
    for owners, needs in list_waiting(verdict):
        place = f" ({verdict.owners_path}:{needs[0].line})" if needs[0].line else ""
        yield f"  {one_line(owners)}{place} approves"
        if any(need.is_hopeless for need in needs):
            yield f"    {paint(HOPELESS, 'yellow')}"
        paths = list(dict.fromkeys(need.path for need in needs))
        for path in paths[:_MAX_PATHS]:
            checks = {CONSENT_CHECKS[need.reason] for need in needs if need.path == path}
            names = ", ".join(sorted(checks))
            yield f"    {one_line(path)}  {paint(f'[{names}]', dim=True)}"
        if len(paths) > _MAX_PATHS:
            yield f"    and {len(paths) - _MAX_PATHS:,} more"


def _describe_texts(verdict: Verdict) -> Iterator[str]:
    """Yield the changed texts up to the limit, a partial's change once."""
    from promptops.cli.diff import describe_hunk
    from promptops.gate.texts import count_users, list_text_changes

    left = _MAX_LINES
    for change in list_text_changes(verdict.change.prompts):
        if left <= 0:
            yield ""
            yield paint("more lines differ: promptops diff shows them all", dim=True)
            return
        detail = change.detail or count_users(change)
        yield ""
        yield f"{paint(one_line(change.subject), bold=True)}, {detail}"
        for hunk in change.hunks:
            yield from describe_hunk(hunk)
            left -= len(hunk.lines)


def _list_names(names: list[str]) -> str:
    more = len(names) - _MAX_PATHS
    shown = ", ".join(paint(name, bold=True) for name in names[:_MAX_PATHS])
    return f"{shown} and {more:,} more" if more > 0 else shown


def _describe_prompt(verdict: Verdict, prompt: PromptChange, costs: Costs) -> Iterator[str]:
    """Yield the gate's result for a prompt, without its name."""
    from promptops.cli.diff import describe_difference
    from promptops.gate.costs import describe_costs
    from promptops.gate.summary import describe_bump, describe_versions
    from promptops.gate.texts import list_values

    bump = describe_bump(prompt, verdict.versions)
    versions = describe_versions(prompt)
    yield f"{versions}  {bump}" if bump else versions
    tokens, money = describe_costs(*costs.get(prompt.name, (None, None)))
    if tokens:
        yield f"  about {tokens} tokens without inputs" + (f"; 1,000 runs {money}" if money else "")
    for difference in list_values(prompt):
        yield from describe_difference(difference)
    yield from _describe_consent(verdict, verdict.requirements_of(prompt))
    for one in verdict.evidence:
        if one.prompt == prompt.name:
            yield f"  evals: {paint(one_line(one.summary), 'green' if one.is_good else 'red')}"


def _describe_others(verdict: Verdict, paths: list[ChangedPath]) -> Iterator[str]:
    yield paint("other governed files", bold=True)
    for path in paths[:_MAX_PATHS]:
        yield f"  {one_line(path.path)}: {path.kind.value}"
    if len(paths) > _MAX_PATHS:
        yield f"  and {len(paths) - _MAX_PATHS:,} more"
    wanted = {path.path for path in paths}
    needs = [one for one in verdict.requirements if one.path in wanted]
    yield from _describe_consent(verdict, needs)


def _describe_consent(verdict: Verdict, needs: list[Requirement]) -> Iterator[str]:
    from promptops.gate.summary import group_requirements

    for owners, group in group_requirements(needs):
        place = f" ({verdict.owners_path}:{group[0].line})" if group[0].line else ""
        given = dict.fromkeys(one.approver for need in group for one in need.given)
        who = f"approval of {one_line(owners)}{place}"
        if all(need.is_met for need in group):
            yield f"  {who}: {paint(', '.join(map(one_line, given)), 'green')}"
        elif verdict.sources or any(need.reason.value != "ownership" for need in group):
            files = sum(not need.is_met for need in group)
            more = f", for {files} files" if files > 1 else ""
            yield f"  {who}: {paint('missing', 'red', bold=True)}{more}"
        else:
            yield f"  {who}: {paint('not checked', 'yellow')}"


def explain_verdict(verdict: Verdict) -> Iterator[str]:
    """Yield the reasons of the verdict: the rules, every approval, and why some do not count."""
    change = verdict.change
    yield "read from"
    yield f"  rules      {change.base[:12]}, the tip of {one_line(change.target)}"
    yield f"  changes    {change.merge_base[:12]}..{change.head[:12]}, by " + (
        ", ".join(map(one_line, sorted(change.committers))) or "nobody"
    )
    yield f"  prompts    the merged tree {change.tree[:12]}"
    yield f"  approvals  {', '.join(verdict.sources) or 'none'}"
    yield f"  owners     {verdict.owners_path or 'there is no CODEOWNERS file'}"
    for need in verdict.requirements:
        rule = f"{verdict.owners_path}:{need.line}" if need.line else "no rule"
        reason = need.reason.value + (f" of {one_line(need.about)}" if need.about else "")
        owners = " or ".join(need.owners) or "anybody"
        state = "met" if need.is_met else "not met"
        count = f"{need.count} of {one_line(owners)}"
        yield f"{one_line(need.path)}: {reason}, {rule}, {count}: {state}"
        for approval in need.given:
            where = f" ({one_line(approval.where)})" if approval.where else ""
            yield f"  + {one_line(approval.approver)}, {approval.source}{where}"
        for approval, reason in need.left_out:
            yield f"  - {one_line(approval.approver)}, {approval.source}: {reason}"
    for note in verdict.notes:
        yield f"note: {one_line(note)}"
    yield f"verdict {verdict.digest}"
