"""`promptops hook`: install hooks that check commits and pushes; run the push checks."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import DryRunOption, current, near, one_line, report_error, say, warn
from promptops.errors import PromptopsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.protection.hooks import HookChange
    from promptops.protection.push import PushCommand
    from promptops.repository.repository import Repository

_NO, _CANNOT = 1, 2


class HookAction(StrEnum):
    """The actions on a hook, and Git's hooks that call this command."""

    INSTALL = "install"
    UNINSTALL = "uninstall"
    PRE_RECEIVE = "pre-receive"
    UPDATE = "update"


def hook(
    action: Annotated[
        HookAction,
        typer.Argument(metavar="install|uninstall|pre-receive|update", show_default=False),
    ],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[REF OLD NEW]", show_default=False)
    ] = None,
    server: Annotated[
        bool, typer.Option("--server", help="Install it in a bare repository that others push to.")
    ] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Install or remove a Git hook that runs `promptops validate --staged` before each commit.

    The hook goes to the folder named by core.hooksPath. An existing hook still runs first;
    uninstall restores it. With --server, install the hook of a repository that others push to; it
    runs `promptops hook pre-receive`.

    Git calls `pre-receive` and `update` on a server. They check the pushed refs and refuse them
    with exit code 1, or 2 if they could not be checked.
    """
    given = arguments or []
    wanted = 3 if action is HookAction.UPDATE else 0
    if len(given) != wanted:
        raise UsageError(
            f"hook {action.value} takes {wanted or 'no'} arguments, and was given {len(given)}",
            hint="git calls the hook `update` with REF OLD NEW, and `pre-receive` with a list of "
            "refs on its standard input",
        )
    if action is HookAction.PRE_RECEIVE:
        from promptops.protection.push import read_commands

        _receive(read_commands(sys.stdin.buffer.read()))
    elif action is HookAction.UPDATE:
        from promptops.protection.push import read_command

        _receive([read_command(*given)])
    else:
        _place(is_installed=action is HookAction.INSTALL, is_server=server, dry_run=dry_run)


def _receive(commands: Sequence[PushCommand]) -> None:
    """Report refused refs: one line and a hint for each."""
    from promptops.git.refs import short_name
    from promptops.protection.push import judge_push

    refusals = judge_push(current().repository, commands, os.environ)
    for refusal in refusals:
        message = one_line(f"{short_name(refusal.ref)}: {refusal.message}")
        report_error(PromptopsError(message, hint=one_line(refusal.hint)))
    if refusals:
        is_unclear = all(refusal.is_unclear for refusal in refusals)
        raise typer.Exit(_CANNOT if is_unclear else _NO)


def _place(*, is_installed: bool, is_server: bool, dry_run: bool) -> None:
    from promptops.protection.hooks import HookKind, install_hook, uninstall_hook

    repository = current().repository
    kind = HookKind.RECEIVE if is_server else HookKind.COMMIT
    if is_installed:
        change = install_hook(repository, sys.executable, kind=kind, dry_run=dry_run)
    else:
        change = uninstall_hook(repository, kind=kind, dry_run=dry_run)
    for line in _describe(change, dry_run=dry_run):
        say(line)
    if is_installed and is_server:
        _warn_of_no_rules(repository)


def _warn_of_no_rules(repository: Repository) -> None:
    """Warn if the branch that HEAD names, which has the rules, is missing and others exist."""
    from promptops.git.refs import current_branch, list_refs

    branch = current_branch(repository.git)
    heads = [ref.name for ref in list_refs(repository.git, "refs/heads/", peel=False)]
    if heads and f"refs/heads/{branch}" not in heads:
        warn(
            f"HEAD names the branch {branch}, which does not exist, so there is no policy",
            "point HEAD to the protected branch: git symbolic-ref HEAD refs/heads/main",
        )


def _describe(change: HookChange, *, dry_run: bool) -> list[str]:
    from promptops.protection.hooks import HookResult

    path = near(change.path)
    would = "would be " if dry_run else ""
    if change.result is HookResult.ABSENT:
        return [f"{path}: there is no hook of promptops"]
    if change.result is HookResult.KEPT:
        return [f"{path}: installed already"]
    lines = [f"{path}: {would}{change.result.value}"]
    if change.other is not None and change.result is HookResult.REMOVED:
        lines.append(f"the previous hook {'would be' if dry_run else 'is'} restored")
    elif change.other is not None:
        lines.append(f"the previous hook runs first: {one_line(change.other.name)}")
    return lines
