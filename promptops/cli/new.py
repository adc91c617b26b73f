"""`promptops new`: write a new prompt with its eval suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import DryRunOption, current, emit, say

if TYPE_CHECKING:
    from promptops.repository.steps import ScaffoldStep


def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Such as support/triage.", show_default=False)
    ],
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="MODEL", help="The model, as LiteLLM names it."),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", metavar="NAME", help="Copy this prompt.")
    ] = None,
    dry_run: DryRunOption = False,
) -> None:
    """Write a prompt that is valid at once, and an eval suite for it. Overwrites nothing."""
    from promptops.repository.new_prompt import write_prompt

    repository = current().repository
    print_steps(
        write_prompt(repository, name, model=model, source=source, dry_run=dry_run),
        dry_run=dry_run,
    )
    if not dry_run:
        say(f"next: edit {repository.config.prompts}/{name}.md, then promptops validate {name}")


def print_steps(steps: list[ScaffoldStep], *, dry_run: bool) -> None:
    """Print for each file what was done."""
    width = max(len(step.deed.value) for step in steps)
    for step in steps:
        first, *rest = step.detail.split("\n")
        emit(f"{step.deed.value.ljust(width)}  {step.path}{f' ({first})' if first else ''}")
        for line in rest:
            emit(f"{' ' * width}    {line}")
    if dry_run:
        say("dry run: nothing was written")
