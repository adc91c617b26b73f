"""`promptops run`: run a prompt."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.session import (
    Format,
    FormatOption,
    current,
    emit,
    emit_json,
    json_document,
    say,
    show_log,
    warn,
)
from promptops.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.runtime.run.interface import Plan, StreamPart
    from promptops.runtime.run.result import Run


def run(
    ref: Annotated[str, typer.Argument(metavar="NAME[@SELECTOR]", show_default=False)],
    variables: Annotated[
        list[str] | None,
        typer.Option(
            "--var", metavar="NAME=VALUE", help="Set an input; @FILE or @- reads the value."
        ),
    ] = None,
    files: Annotated[
        list[str] | None,
        typer.Option(
            "--vars",
            metavar="FILE",
            help="Read inputs from a JSON or YAML file; - is standard input.",
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="MODEL", help="Use this model instead.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="USER", help="The user the run is for.")
    ] = None,
    tenant: Annotated[
        str | None,
        typer.Option("--tenant", metavar="TENANT", help="The tenant (customer) it is for."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="Key that keeps one version while traffic is split; by default the user.",
        ),
    ] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Print the answer as it arrives.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show the request, tokens and maximum cost; call no model."),
    ] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Run a prompt: call a model, within the limits, and record the run.

    Without a selector, the version live in the default environment runs. The answer goes to
    standard output. Run id, model, tokens and cost go to standard error.
    """
    from promptops.cli.inputs import read_values
    from promptops.runtime.registry import open_registry

    if stream and output is Format.JSON:
        raise UsageError("--stream needs text output", hint="remove --format json")
    session = current()
    show_log()
    with open_registry(session.directory if session.is_named else None) as registry:
        found = registry.find(ref)
        for warning in found.warnings:
            warn(warning)
        values = read_values(found.inputs, variables or [], files or [])
        options: dict[str, Any] = {"user": user, "tenant": tenant, "key": key, "model": model}
        if dry_run:
            _show_plan(registry.plan(ref, values, **options), output)
            return
        if stream:
            done = print_stream(registry.stream(ref, values, **options))
        else:
            done = registry.run(ref, values, **options)
    show_run(done, output, is_printed=stream)


def show_run(run: Run, output: Format, *, is_printed: bool) -> None:
    """Print the answer of a run, unless already done, and its cost and tokens."""
    if output is Format.JSON:
        from promptops.runtime.documents import describe_run

        emit_json(describe_run(run))
        return
    if not is_printed:
        emit(run.text, is_verbatim=True)
    _say_what_it_took(run)


def print_stream(pieces: Iterator[StreamPart]) -> Run:
    """Print an answer as it is streamed; return its run."""
    done: Run | None = None
    for piece in pieces:
        sys.stdout.write(piece.text)
        sys.stdout.flush()
        done = piece.run or done
    sys.stdout.write("\n")
    assert done is not None  # noqa: S101 - a stream that ends without a run raised an error
    return done


def _say_what_it_took(done: Run) -> None:
    for call in done.tool_calls:
        say(f"wants {call.id}: {call.name}({call.arguments})")
    if done.finish not in {"stop", "tool_calls"}:
        warn(f"the answer ended with '{done.finish}'")
    for decision in done.decisions:
        say(f"{decision.rule}: {decision.why}")
    usage = done.usage
    tokens = (
        "tokens unknown"
        if usage.input_tokens is None or usage.output_tokens is None
        else f"{usage.input_tokens} + {usage.output_tokens} tokens ({usage.source})"
    )
    cost = "cost unknown" if done.cost is None else f"{done.cost:.6f} USD"
    model = done.model or "fixed reply"
    say(f"run {done.id}  {done.prompt.name} {done.prompt.version}  {model}  {tokens}  {cost}")
    if done.tool_calls:
        say(
            f"it waits for tool results: promptops runs reply {done.id} --result "
            f"{done.tool_calls[0].id}=@FILE"
        )


def _show_plan(plan: Plan, output: Format) -> None:
    from promptops.runtime.guards.refusal import describe_amount

    cost = None if plan.cost_micros is None else plan.cost_micros / 1_000_000
    if output is Format.JSON:
        emit_json(
            json_document(
                "promptops.run-plan/v1",
                name=plan.resolved.name,
                version=plan.resolved.version,
                digest=plan.resolved.digest,
                model=plan.model,
                request=plan.request,
                tokens=plan.tokens,
                cost=cost,
                reply=plan.reply,
                decisions=[{"rule": one.rule, "why": one.why} for one in plan.decisions],
                limits=[
                    {"guard": one.guard, "of": one.who, "unit": one.unit, "limit": one.limit}
                    for one in plan.limits
                ],
            )
        )
        return
    for decision in plan.decisions:
        say(f"{decision.rule}: {decision.why}")
    if plan.reply is not None:
        emit(plan.reply, is_verbatim=True)
        say(
            f"{plan.resolved.name} {plan.resolved.version} would give this answer without "
            "calling a model"
        )
        return
    emit_json(plan.request)
    say(f"{plan.resolved.name} {plan.resolved.version} would call {plan.model}")
    shown = (
        "the cost is unknown: a price for the model or max_tokens is missing"
        if cost is None
        else f"at most {cost:.6f} USD an attempt"
    )
    say(f"at most {plan.tokens} tokens of prompt; {shown}")
    for limit in plan.limits:
        say(f"limited by {limit.guard}: {describe_amount(limit.limit, limit.unit)}")
