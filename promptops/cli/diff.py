"""`promptops diff`: what a change means, and the bump it needs."""

from __future__ import annotations

import json
import re
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import (
    AllOption,
    clean,
    current,
    emit,
    emit_json,
    has_colour,
    paint,
    refuse_both,
    say,
)
from promptops.errors import PromptopsError, UsageError
from promptops.prompt.version import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.delivery.environments import DeploymentChange
    from promptops.prompt.diff import Difference, DiffLine, Hunk, MessageDiff, PromptDiff
    from promptops.repository.repository import Repository
    from promptops.runtime.comparison import TextComparison


class DiffFormat(StrEnum):
    """The formats of a comparison."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


_COLOURS = {"interface": "red", "behaviour": "yellow", "documentation": "blue"}
_MAX_VALUE = 160
_VERSION = re.compile(r"\d+\.\d+\.\d+(?:-[0-9a-z.-]+)?")


def diff(
    refs: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME[@A[..B]]]...", show_default=False)
    ] = None,
    everything: AllOption = False,
    source: Annotated[
        str | None, typer.Option("--from", metavar="REV", help="Compare from this Git revision.")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="REV", help="Compare with this one; by default the work tree."
        ),
    ] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if anything differs.")
    ] = False,
    output: Annotated[
        DiffFormat,
        typer.Option("--format", help="Output format."),
    ] = DiffFormat.TEXT,
) -> None:
    """Compare prompts: show each difference, its class, and the version bump needed.

    A and B are versions, ranges, latest, environments or working. By default A is the latest
    release and B is the work tree. Without names, all prompts are compared.
    """
    from promptops.prompt.diff import diff_to_json, diff_to_markdown
    from promptops.runtime.comparison import compare_refs, compare_revisions

    repository = current().repository
    refuse_both(refs, everything=everything)
    if to is not None and source is None:
        raise UsageError("--to needs --from", hint="--from REV --to REV")
    if source is not None:
        comparisons = compare_revisions(repository, source, to, refs or [])
    else:
        comparisons = compare_refs(repository, refs or [])
    shown = [one for one in comparisons if refs or not one.diff.is_empty]
    if output is DiffFormat.JSON:
        document = diff_to_json(*(one.diff for one in shown))
        for row, one in zip(document["prompts"], shown, strict=True):
            row |= {"from": one.before, "to": one.after}
        emit_json(document)
    elif output is DiffFormat.MARKDOWN:
        emit(diff_to_markdown(*(one.diff for one in shown)))
    elif shown:
        emit("\n\n".join("\n".join(describe_comparison(one)) for one in shown))
    else:
        say("no difference")
    if exit_code and any(not one.diff.is_empty for one in comparisons):
        raise typer.Exit(1)


def describe_change(repository: Repository, change: DeploymentChange) -> Iterator[str]:
    """Yield lines with the texts that a deployment changed; none if unknown."""
    from promptops.runtime.comparison import compare_refs

    before, after = (_VERSION.search(side) for side in (change.before, change.after))
    if before is None or after is None or before[0] == after[0]:
        return
    try:
        (comparison,) = compare_refs(repository, [f"{change.name}@{before[0]}..{after[0]}"])
    except PromptopsError as error:
        yield f"  {before[0]} and {after[0]} cannot be compared: {error.message}"
        return
    for difference in comparison.diff.differences:
        yield from describe_difference(difference)
    for message in comparison.diff.messages:
        yield from _describe_message(message)


def describe_comparison(comparison: TextComparison) -> Iterator[str]:
    """Yield the lines of a comparison for people."""
    from promptops.runtime.comparison import NOTHING_RELEASED

    diff = comparison.diff
    title = paint(diff.name, bold=True)
    if diff.before is None and diff.after is not None:
        place = f"{diff.after.version} in {comparison.after}"
        absent = comparison.before
        if absent != NOTHING_RELEASED:
            absent = f"not in {absent}"
        yield f"{title}: new prompt, {absent} ({place})"
        return
    head = f"{title}: {comparison.before} -> {comparison.after}"
    if diff.after is None:
        yield f"{head}: removed; callers fail"
        return
    if diff.is_empty:
        yield f"{head}: {_describe_sameness(diff)}"
        return
    yield f"{head}: {_verdict(comparison)}"
    for difference in diff.differences:
        yield from describe_difference(difference)
    for message in diff.messages:
        yield from _describe_message(message)


def _describe_sameness(diff: PromptDiff) -> str:
    """Describe equal meaning; a changed file still cannot be released with the same version."""
    if diff.before is None or diff.after is None or diff.before.version != diff.after.version:
        return "no difference"
    if diff.before.digest == diff.after.digest:
        return "no difference"
    return "the same meaning; only the bytes differ"


def _verdict(comparison: TextComparison) -> str:
    diff = comparison.diff
    if diff.before is None or diff.after is None or diff.change_class is None:
        return ""
    colour = _COLOURS[diff.change_class.value]
    needed = diff.before.version.bump(diff.level)
    what = paint(f"{diff.change_class} change, {diff.level.label} bump needed", colour, bold=True)
    if diff.after.version.level_from(diff.before.version) >= diff.level > Level.NONE:
        return f"{what}; {diff.after.version} is enough"
    return f"{what}: {diff.before.version} -> {needed} (the file says {diff.after.version})"


def describe_difference(difference: Difference) -> Iterator[str]:
    """Yield one difference in lines, with its class and values."""
    label = paint(difference.change_class.value, _COLOURS[difference.change_class.value])
    cause = f" (in {difference.cause})" if difference.cause else ""
    yield f"  {label}  {clean(difference.subject)}: {clean(difference.reason)}{cause}"
    if difference.before is not None or difference.after is not None:
        before, after = _value(difference.before), _value(difference.after)
        yield f"      {paint(before, 'red')} -> {paint(after, 'green')}"


def _value(value: object) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text.replace("\n", "\\n")
    return text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}…"


def _describe_message(message: MessageDiff) -> Iterator[str]:
    if not message.hunks:
        return
    cause = f", because of {message.cause}" if message.cause else ""
    yield ""
    yield f"  {paint(f'{message.subject} {message.status}', bold=True)}{cause}"
    for hunk in message.hunks:
        yield from describe_hunk(hunk)


def describe_hunk(hunk: Hunk) -> Iterator[str]:
    """Yield a line with the position of a hunk, then its lines."""
    numbers = [line.after_number or line.before_number or 0 for line in hunk.lines]
    yield paint(f"  @@ line {numbers[0]} @@", "cyan", dim=True)
    for line in hunk.lines:
        yield _describe_line(line)


def _describe_line(line: DiffLine) -> str:
    """Return one line; on a terminal, differing words are highlighted."""
    sign, colour = {"removed": ("-", "red"), "added": ("+", "green")}.get(
        line.kind.value, (" ", None)
    )
    if colour is None or not has_colour(sys.stdout):
        text = line.text.removesuffix("\n")
        return f"  {sign} {text}" if text else f"  {sign}"
    parts = []
    for segment in line.segments:
        text = clean(segment.text.removesuffix("\n"))
        changed = segment.kind.value != "equal"
        parts.append(typer.style(text, fg=colour, bold=changed, underline=changed) if text else "")
    return f"  {paint(sign, colour)} {''.join(parts)}"
