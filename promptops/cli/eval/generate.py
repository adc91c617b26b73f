"""`promptops eval generate`: draft samples from what a prompt declares."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from promptops.cli.session import clean, current, say
from promptops.errors import UsageError


def generate(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    limit: Annotated[
        int, typer.Option("--max", metavar="N", min=1, max=10_000, help="How many samples.")
    ] = 60,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write them.",
            show_default="evals/_drafts/NAME.yaml",
        ),
    ] = None,
) -> None:
    """Draft samples from a prompt's input schemas, without asking a model.

    Values at the bounds, left out, contradictory, ambiguous, in other languages, long and hostile
    are combined so that every two of them meet. The draft counts for nothing until a person has
    reviewed it and moved samples into a suite.
    """
    from promptops.evals.scenarios.drafting import FOLDER, draft_samples, write_draft
    from promptops.prompt.reference import check_name
    from promptops.repository.repository import find_prompt
    from promptops.repository.writing import write_atomically

    session = current()
    repository = session.repository
    top = repository.require_work_tree()
    prompt = find_prompt(repository.working, check_name(name), where="in the work tree")
    file = (
        session.directory / output
        if output is not None
        else top / repository.config.evals / FOLDER / f"{name}.yaml"
    )
    if file.exists() or file.is_symlink():
        raise UsageError(
            f"{clean(str(file))} is there already", hint="remove it, or name another: --output"
        )
    samples = draft_samples(prompt, limit)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, write_draft(prompt, samples).encode())
    count = "1 sample" if len(samples) == 1 else f"{len(samples):,} samples"
    say(f"{count} drafted in {clean(str(file))}; review them before they count")
