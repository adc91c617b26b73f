"""`promptops hook`: check prompts before each commit, without a hook manager."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import DryRunOption, current, one_line, say

if TYPE_CHECKING:
    from promptops.hooks import HookChange


class HookAction(StrEnum):
    """What to do with the hook."""

    INSTALL = "install"
    UNINSTALL = "uninstall"


def hook(
    action: Annotated[HookAction, typer.Argument(metavar="install|uninstall", show_default=False)],
    dry_run: DryRunOption = False,
) -> None:
    """Install or remove a Git hook that runs `promptops validate --staged` before each commit.

    It goes where core.hooksPath says. A hook that is there already runs first, and is put back by
    uninstall.
    """
    from promptops.hooks import install_hook, uninstall_hook

    if action is HookAction.INSTALL:
        change = install_hook(current().repository, sys.executable, dry_run=dry_run)
    else:
        change = uninstall_hook(current().repository, dry_run=dry_run)
    for line in _describe(change, dry_run=dry_run):
        say(line)


def _describe(change: HookChange, *, dry_run: bool) -> list[str]:
    from promptops.hooks import HookDeed

    path = one_line(str(change.path))
    would = "would be " if dry_run else ""
    if change.deed is HookDeed.ABSENT:
        return [f"{path}: there is no hook of promptops"]
    if change.deed is HookDeed.KEPT:
        return [f"{path}: installed already"]
    lines = [f"{path}: {would}{change.deed.value}"]
    if change.other is not None and change.deed is HookDeed.REMOVED:
        lines.append(f"the hook that was there before {'would be ' if dry_run else 'is '}back")
    elif change.other is not None:
        lines.append(f"the hook that was there before runs first: {one_line(change.other.name)}")
    return lines
