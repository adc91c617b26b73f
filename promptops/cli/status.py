"""`promptops status`: show what is changed, unreleased, or not live."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from promptops.cli.freshness import refresh_and_tell
from promptops.cli.session import (
    Format,
    FormatOption,
    current,
    emit,
    emit_json,
    json_document,
    one_line,
    paint,
)
from promptops.errors import count_of

if TYPE_CHECKING:
    from promptops.delivery.status import Item, Status

_TITLES = {
    "invalid": "Not valid",
    "uncommitted": "Not committed",
    "changed": "Changed since their release",
    "unreleased": "Not released",
    "not live": "Released, but not live",
    "differs": "Different between environments",
    "yanked": "Live, but yanked",
    "paused": "Paused",
    "pending": "Deployed here, but not pushed",
    "gone": "Live, but no longer here",
}
_MAX_SHOWN = 20
# From this number of subjects, a command uses `--all` if it can.
_MAX_NAMED = 5
_WHOLE = {
    "promptops validate ": "promptops validate",
    "promptops release ": "promptops release --all",
}
# The verbs that accept several names.
_TOGETHER = frozenset(
    {"validate", "bump", "release", "promote", "rollback", "retire", "pause", "resume"}
)
_ADDING = re.compile(r"(git add )(.+)( && git commit)")


def status(output: FormatOption = Format.TEXT) -> None:
    """Show unfinished work in this repository, with the command for each next step.

    Nothing is fetched; the output shows what this clone knows.
    """
    from promptops.delivery.status import read_status

    found = read_status(current().repository)
    if output is Format.JSON:
        items = [
            {
                "concern": item.concern.value,
                "subject": item.subject,
                "detail": item.detail,
                "command": item.command,
            }
            for item in found.items
        ]
        emit_json(
            json_document(
                "promptops.status/v1",
                branch=found.branch,
                prompts=found.prompts,
                environments=[
                    {"name": name, "deployment": number, "live": found.live[name]}
                    for name, number in found.deployments.items()
                ],
                items=items,
            )
        )
    else:
        emit("\n".join(_lines(found)))
        refresh_and_tell(current().repository, offline=True)


def _lines(found: Status) -> list[str]:
    prompts = count_of(found.prompts, "prompt")
    lines = [f"{f'on {found.branch}' if found.branch else 'on no branch'}, {prompts}"]
    lines += [
        f"{name}: deployment {number}, {found.live[name]:,} live"
        for name, number in found.deployments.items()
    ]
    groups: dict[str, list[Item]] = {}
    for item in found.items:
        groups.setdefault(item.concern.value, []).append(item)
    for concern, items in groups.items():
        lines += ["", paint(_TITLES[concern], bold=True), *_rows(items)]
    if not found.prompts and not found.items:
        lines += [
            "",
            "no prompts yet: run promptops init to set up the repository with a first prompt,",
            "or promptops adopt PATH to import existing prompts",
        ]
    elif not found.items:
        lines += ["", "everything is committed, released and live"]
    return lines


def _rows(items: list[Item]) -> list[str]:
    """Return a table row for each item; items with the same command share it."""
    shown = items[:_MAX_SHOWN]
    subjects = max(len(item.subject) for item in shown)
    rows = []
    left = _MAX_SHOWN
    for command, together in _group(items):
        some, left = together[:left], max(left - len(together), 0)
        if not some:
            break
        rows += [f"  {item.subject.ljust(subjects)}  {one_line(item.detail)}" for item in some]
        indent = "" if len(together) > 1 else f"{' ' * subjects}  "
        rows.append(f"  {indent}{paint(one_line(command), 'cyan')}")
    if len(items) > _MAX_SHOWN:
        rows.append(f"  … and {len(items) - _MAX_SHOWN:,} more (--format json lists all)")
    return rows


def _group(items: list[Item]) -> list[tuple[str, list[Item]]]:
    """Return each command with the items that it settles, in the order of the items."""
    groups: dict[tuple[str, str], list[tuple[str, Item]]] = {}
    for item in items:
        head, subject, tail = _split(item.command, item.subject)
        groups.setdefault((head, tail), []).append((subject, item))
    found = []
    for (head, tail), parts in groups.items():
        if not parts[0][0]:
            found += [(item.command, [item]) for _, item in parts]
        else:
            command = _join(head, list(dict.fromkeys(subject for subject, _ in parts)), tail)
            found.append((command, [item for _, item in parts]))
    return found


def _join(head: str, subjects: list[str], tail: str) -> str:
    """Return one command for several subjects; for many, with `--all` if it has that."""
    if len(subjects) > _MAX_NAMED and head in _WHOLE and not tail:
        return _WHOLE[head]
    if len(subjects) > _MAX_NAMED and head == "git add ":
        paths = [path for subject in subjects for path in shlex.split(subject)]
        subjects = [shlex.quote(one) for one in dict.fromkeys(_folder(path) for path in paths)]
    return f"{head}{' '.join(subjects)}{tail}"


def _folder(path: str) -> str:
    """Return the prompts or evals folder that contains a path."""
    config = current().repository.config
    return config.prompts if path.startswith(f"{config.prompts}/") else config.evals


def _split(command: str, subject: str) -> tuple[str, str, str]:
    """Split a command into the parts before, in and after the shareable names."""
    added = _ADDING.fullmatch(command)
    if added:
        return added[1], added[2], added[3]
    word, _, rest = command.removeprefix("promptops ").partition(" ")
    target, space, tail = rest.partition(" ")
    if word in _TOGETHER and target.partition("@")[0] == subject:
        return f"promptops {word} ", target, f"{space}{tail}"
    return command, "", ""
