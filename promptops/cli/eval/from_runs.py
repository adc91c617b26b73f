"""`promptops eval from-runs`: draft samples from recorded runs."""

from __future__ import annotations

from typing import Annotated

import typer

from promptops.cli.eval.drafts import (
    DraftOption,
    find_draft_prompt,
    say_drafted,
    write_draft_file,
)
from promptops.cli.runs.opening import EnvOption, SinceOption, make_filters, open_run_log
from promptops.cli.session import say
from promptops.errors import NotFoundError

# The number of runs to read for each requested sample, because many runs are duplicates.
_PER_SAMPLE = 20


def from_runs(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    since: SinceOption = None,
    environment: EnvOption = None,
    status: Annotated[
        str | None,
        typer.Option(
            "--status", metavar="STATUS", help="Only runs with this status, such as failed."
        ),
    ] = None,
    limit: Annotated[
        int,
        typer.Option("--max", metavar="N", min=1, max=10_000, help="Maximum number of samples."),
    ] = 60,
    output: DraftOption = None,
) -> None:
    """Draft samples from the inputs of recorded runs, as stored in the log (redacted).

    Each distinct set of inputs becomes one sample, with the recorded answer as a note. Drafts do
    not count until a person has reviewed them and moved samples into a suite. For answers of
    reviewers, use `promptops reviews export`.
    """
    from promptops.evals.scenarios.recorded import draft_from_runs

    prompt = find_draft_prompt(name)
    filters = make_filters(prompt.name, since=since, environment=environment, status=status)
    with open_run_log() as log:
        found = log.list(filters, limit=limit * _PER_SAMPLE)
        drafted = draft_from_runs(prompt, (log.get(one.id) for one in found), limit)
    if not drafted.samples:
        raise NotFoundError(
            f"no run of {prompt.name} has inputs that fit its current schema",
            hint="run promptops runs list to see the runs; [log] sets what is kept",
        )
    file = write_draft_file(prompt, drafted.samples, "from recorded runs", ".runs.yaml", output)
    if drafted.repeated or drafted.unfit:
        say(f"left out: {drafted.repeated:,} repeated, {drafted.unfit:,} with other inputs")
    say_drafted(len(drafted.samples), file)
