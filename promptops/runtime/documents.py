"""Describe runs and resolved prompts as JSON, for the command line and the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.prompt.times import format_time

if TYPE_CHECKING:
    from promptops.delivery.environments import Deployment, DeploymentChange
    from promptops.runtime.past import Released
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.run.result import Run


def describe_run(run: Run) -> dict[str, Any]:
    """Return a run as `promptops.run/v1`."""
    usage = run.usage
    return {
        "schema": "promptops.run/v1",
        "id": run.id,
        "name": run.prompt.name,
        "version": run.prompt.version,
        "digest": run.prompt.digest,
        "commit": run.prompt.commit,
        "environment": run.prompt.environment,
        "deployment": run.prompt.deployment,
        "model": run.model,
        "text": run.text,
        "data": run.data,
        "finish": run.finish,
        "tool_calls": [
            {"id": one.id, "name": one.name, "arguments": one.arguments} for one in run.tool_calls
        ],
        "usage": {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cached_tokens": usage.cached_tokens,
            "source": usage.source,
        },
        "cost": run.cost,
        "is_degraded": run.is_degraded,
        "decisions": [{"rule": one.rule, "why": one.why} for one in run.decisions],
        "attempts": [
            {
                "model": one.model,
                "status": one.status,
                "error": one.error,
                "ms": None if one.ms is None else round(one.ms, 1),
            }
            for one in run.attempts
        ],
    }


def describe_resolved(resolved: ResolvedPrompt) -> dict[str, Any]:
    """Return a resolved prompt with all its files as `promptops.resolve/v1`."""
    prompt, placement = resolved.prompt, resolved.placement
    return {
        "schema": "promptops.resolve/v1",
        "ref": resolved.ref,
        "name": resolved.name,
        "version": resolved.version,
        "digest": resolved.digest,
        "commit": resolved.commit,
        "source": resolved.source,
        "environment": resolved.environment,
        "deployment": None
        if placement is None
        else {
            "number": placement.deployment,
            "commit": placement.commit,
            "deployed_at": format_time(placement.deployed_at_seconds),
            "deployed_by": placement.deployed_by,
        },
        "split": [
            {"version": one.version, "digest": one.digest, "share": one.share}
            for one in resolved.split
        ],
        "paused": resolved.paused,
        "yanked": resolved.yanked,
        "authenticated": resolved.authenticated,
        "fetched_at": None
        if resolved.fetched_at_seconds is None
        else format_time(int(resolved.fetched_at_seconds)),
        "stale": resolved.is_stale,
        "warnings": list(resolved.warnings),
        "metadata": dict(prompt.data),
        "request": prompt.request_parameters,
        "files": {
            path: data.decode("utf-8", "replace") for path, data in prompt.closure.files.items()
        },
    }


def describe_released(released: Released) -> dict[str, Any]:
    """Return a released version."""
    return {
        "version": released.version,
        "digest": released.digest,
        "commit": released.commit,
        "released_at": format_time(released.released_at_seconds),
        "released_by": released.released_by,
        "notes": released.notes,
        "yanked": released.is_yanked,
    }


def describe_deployment(deployment: Deployment) -> dict[str, Any]:
    """Return a deployment and its changes as JSON values."""
    return {
        "environment": deployment.environment,
        "number": deployment.number,
        "commit": deployment.commit,
        "action": deployment.action,
        "time": format_time(deployment.author.time_seconds),
        "by": {"name": deployment.author.name, "email": deployment.author.email},
        "reason": deployment.reason or None,
        "changes": [describe_deployed_change(change) for change in deployment.changes],
    }


def describe_deployed_change(change: DeploymentChange) -> dict[str, str | None]:
    """Return a deployment's change of one prompt as JSON values; null where it is not live."""
    from promptops.delivery.environments import NOTHING

    before, after = (None if side == NOTHING else side for side in (change.before, change.after))
    return {"prompt": change.name, "from": before, "to": after}
