"""`promptops eval generate`: draft samples from what a prompt declares."""

from __future__ import annotations

from typing import Annotated

import typer

from promptops.cli.eval.drafts import (
    DraftOption,
    find_draft_prompt,
    say_drafted,
    write_draft_file,
)


def generate(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    limit: Annotated[
        int, typer.Option("--max", metavar="N", min=1, max=10_000, help="How many samples.")
    ] = 60,
    output: DraftOption = None,
) -> None:
    """Draft samples from a prompt's input schemas, without asking a model.

    Values at the bounds, left out, contradictory, ambiguous, in other languages, long and hostile
    are combined so that every two of them meet. The draft counts for nothing until a person has
    reviewed it and moved samples into a suite.
    """
    from promptops.evals.scenarios.drafting import draft_samples

    prompt = find_draft_prompt(name)
    samples = draft_samples(prompt, limit)
    say_drafted(len(samples), write_draft_file(prompt, samples, "the inputs", ".yaml", output))
