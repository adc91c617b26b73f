"""`promptops init`: set a repository up for prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.new import print_steps
from promptops.cli.session import DryRunOption, current, say

if TYPE_CHECKING:
    from promptops.repository.repository import Repository


def init(
    deploy: Annotated[
        bool, typer.Option("--deploy", help="Also write a workflow that deploys (GitHub).")
    ] = False,
    release: Annotated[
        bool,
        typer.Option(
            "--release", help="Also let releases write version numbers, and write their workflow."
        ),
    ] = False,
    evals: Annotated[
        bool,
        typer.Option(
            "--evals", help="Also write the workflow that runs evals, and a prompt for scenarios."
        ),
    ] = False,
    runtime: Annotated[
        bool,
        typer.Option("--runtime", help="Also configure limits and the log of runs."),
    ] = False,
    operations: Annotated[
        bool, typer.Option("--operations", help="Also write an incident playbook.")
    ] = False,
    schedule: Annotated[
        bool,
        typer.Option("--schedule", help="Also write what runs every night: evals, drift, pruning."),
    ] = False,
    owner: Annotated[
        str | None,
        typer.Option(
            "--owner", metavar="OWNER", help="The owner of the prompts, such as @acme/support."
        ),
    ] = None,
    dry_run: DryRunOption = False,
) -> None:
    """Set up a repository: configuration, a first prompt, code owners, CI workflows and a hook for
    pre-commit.

    Existing files are never overwritten. The output lists what was done with each file. Running it
    again changes nothing.
    """
    from promptops.repository.scaffold import set_up
    from promptops.repository.steps import StepResult

    steps = set_up(
        current().repository,
        deploys=deploy,
        releases=release,
        evals=evals,
        runs=runtime,
        operations=operations,
        nightly=schedule,
        owner=owner,
        dry_run=dry_run,
    )
    print_steps(steps, dry_run=dry_run)
    if (
        any(step.result in {StepResult.WRITTEN, StepResult.EXTENDED} for step in steps)
        and not dry_run
    ):
        say("next: review the files, run promptops validate, then commit them;")
        say("      run promptops status and promptops doctor for further steps")
        _warn_of_formatters(current().repository)


def _warn_of_formatters(repository: Repository) -> None:
    """Name the formatters that would rewrite prompts, each with the line to add."""
    from promptops.files import read_file
    from promptops.protection.doctor.answer import AnswerState
    from promptops.protection.doctor.formatters import find_formatters

    top = repository.require_work_tree()
    names = [file.name for file in top.iterdir() if file.is_file()]

    def read(path: str) -> bytes | None:
        return read_file(top / path) if path in names else None

    for answer in find_formatters(repository.config.prompts, names, read):
        if answer.state is AnswerState.FINDING:
            say(f"{answer.seen}: {answer.remedy}")
