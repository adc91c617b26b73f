"""`promptops resolve`: show which version a prompt ref means, and how fresh that is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import (
    Format,
    FormatOption,
    clean,
    current,
    emit,
    emit_json,
    paint,
    warn,
)

if TYPE_CHECKING:
    from promptops.runtime.resolution import RepositoryView, ResolvedPrompt

TrustOption = Annotated[
    str | None,
    typer.Option(
        "--trust",
        metavar="FILE",
        help="Accept only content signed by a key in this allowed signers file.",
        show_default=False,
    ),
]


def resolve(
    ref: Annotated[
        str,
        typer.Argument(
            metavar="NAME[@SELECTOR]",
            help=(
                "SELECTOR: a version, a range, latest, an environment or working; by default "
                "the default environment."
            ),
            show_default=False,
        ),
    ],
    trust: TrustOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Resolve a prompt ref: version, digest, commit, source and freshness.

    Exit code 1: the prompt is paused there.
    """
    from promptops.prompt.reference import parse_ref
    from promptops.runtime.resolution import open_view

    wanted = parse_ref(ref)
    view = open_view(current().repository, trust=trust)
    resolved = view.resolve(wanted)
    if output is Format.JSON:
        from promptops.runtime.documents import describe_resolved

        emit_json(describe_resolved(resolved))
    else:
        emit(_describe(resolved, view))
    _warn(resolved, view)
    if resolved.paused is not None:
        raise typer.Exit(1)


def _describe(resolved: ResolvedPrompt, view: RepositoryView) -> str:
    rows = [("digest", resolved.digest)]
    if resolved.commit is not None:
        rows.append(("commit", resolved.commit))
    placement = resolved.placement
    remote = view.repository.remote if placement is not None else None
    source = resolved.source if remote is None else f"{resolved.source} (as of {remote})"
    rows += [("model", resolved.model), ("source", source)]
    if placement is not None:
        from promptops.cli.times import describe_age

        age = describe_age(time.time() - placement.deployed_at_seconds)
        what = f"deployment {placement.deployment} by {placement.deployed_by}, {age}"
        rows.append(("environment", f"{placement.environment}, {what}"))
        if len(resolved.split) > 1:
            shares = ", ".join(f"{one.version} {one.share}%" for one in resolved.split)
            rows.append(("traffic", shares))
    rows.append(("freshness", _freshness(resolved)))
    rows.append(("signed", resolved.authenticated or "unauthenticated"))
    if resolved.yanked is not None:
        rows.append(("yanked", resolved.yanked))
    if resolved.paused is not None:
        rows.append(("paused", f"{resolved.paused} (paused{view.find_pause(resolved)})"))
    lines = [paint(clean(str(resolved)), bold=True)]
    lines += [f"  {paint(f'{key:<11}', dim=True)}  {clean(value)}" for key, value in rows]
    return "\n".join(lines)


def _freshness(resolved: ResolvedPrompt) -> str:
    if resolved.commit is None:
        return "the work tree, read just now"
    if resolved.ref == str(resolved):
        return "a release never changes"
    if resolved.fetched_at_seconds is None:
        return "read just now"
    from promptops.cli.times import describe_age

    return f"fetched {describe_age(time.time() - resolved.fetched_at_seconds)}"


def _warn(resolved: ResolvedPrompt, view: RepositoryView) -> None:
    for warning in resolved.warnings:
        warn(clean(warning))
    environment = resolved.environment
    pending = view.environments.count_pending(environment) if environment else 0
    if pending and environment:
        what = "deployment is" if pending == 1 else "deployments are"
        warn(
            f"{pending} local {what} not pushed, and not served",
            f"git push {view.repository.remote} promptops/{environment}",
        )
    if resolved.paused is not None:
        warn(
            f"{resolved.name} is paused in {environment}: {clean(resolved.paused)}",
            f"to resume it: promptops resume {resolved.name} --env {environment}",
        )
