"""`promptops new`: write a new prompt with its eval suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.eval.running import MaxCostOption
from promptops.cli.session import DryRunOption, current, emit, say
from promptops.errors import UsageError

if TYPE_CHECKING:
    from promptops.repository.steps import ScaffoldStep


def new(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="The prompt's name, such as support/triage.", show_default=False
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="MODEL", help="The model, by its LiteLLM name."),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", metavar="NAME", help="Copy an existing prompt.")
    ] = None,
    spec: Annotated[
        str | None,
        typer.Option(
            "--spec",
            metavar="FILE",
            help="Let a model draft the prompt from this description; - is standard input.",
        ),
    ] = None,
    writer: Annotated[
        str | None,
        typer.Option(
            "--writer", metavar="MODEL", help="The model that writes the draft; by default --model."
        ),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt",
            metavar="REF",
            help="The prompt that drafts it.",
            show_default="one of the package",
        ),
    ] = None,
    max_cost: MaxCostOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Create a valid prompt and an eval suite for it. Existing files are never overwritten.

    With --spec, a model drafts the prompt, its schemas and samples. The prompt has the status
    draft, so it cannot be released. The samples do not count until a person moves them into a
    suite.
    """
    from promptops.repository.new_prompt import write_prompt

    if spec is not None:
        if source is not None:
            raise UsageError("--spec and --from cannot be combined", hint="give one or the other")
        from promptops.cli.specification import draft_prompt

        draft_prompt(name, spec, model, writer, prompt, max_cost, is_dry=dry_run)
        return
    for option, value in (("--writer", writer), ("--prompt", prompt), ("--max-cost", max_cost)):
        if value is not None:
            raise UsageError(f"{option} needs --spec", hint=f"add --spec FILE, or remove {option}")
    repository = current().repository
    print_steps(
        write_prompt(repository, name, model=model, source=source, dry_run=dry_run),
        dry_run=dry_run,
    )
    if not dry_run:
        say(f"next: edit {repository.config.prompts}/{name}.md, then promptops validate {name}")


def print_steps(steps: list[ScaffoldStep], *, dry_run: bool) -> None:
    """Print what was done with each file."""
    width = max(len(step.result.value) for step in steps)
    for step in steps:
        first, *rest = step.detail.split("\n")
        emit(f"{step.result.value.ljust(width)}  {step.path}{f' ({first})' if first else ''}")
        for line in rest:
            emit(f"{' ' * width}    {line}")
    if dry_run:
        say("dry run: nothing was written")
