"""Release prompts: write versions, plan, add the gate's record, create and push tags."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.delivery.bump import commit_bumps, plan_bump
from promptops.delivery.numbering import number_prompts
from promptops.delivery.planning import plan_releases, refuse_draft, refuse_unmerged
from promptops.delivery.publication import create_releases, push_releases
from promptops.delivery.syncing import sync_releases
from promptops.errors import RefusedError, UsageError
from promptops.gate.verdicts import attested_from, find_attested, read_verdict
from promptops.prompt.version import Level
from promptops.repository.repository import expand_names, find_prompt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from promptops.delivery.bump import Bump
    from promptops.delivery.numbering import Numbering
    from promptops.delivery.planning import ReleasePlan
    from promptops.delivery.release import Release
    from promptops.gate.verdicts import GateRecord
    from promptops.repository.repository import Repository


class ManyRefusedError(RefusedError):
    """Several prompts cannot be released; `refusals` says why for each."""

    page = "docs/prompts.md#change-bump-release"

    refusals: Sequence[RefusedError] = ()


class ReleaseRequest(NamedTuple):
    """A request to release.

    Attributes:
        names: the prompts, or prefixes of their names.
        everything: whether to release all prompts except drafts.
        bump: the level by which to bump versions first, or `auto`; None: no bump.
        backport: whether a version may be below a newer release.
        verdict: name and content of a file with the gate's verdict; None: those of this clone.
        push: whether to push in any case.
        is_local: whether to do without the remote.
    """

    names: Sequence[str]
    everything: bool = False
    bump: str | None = None
    backport: bool = False
    verdict: tuple[str, bytes] | None = None
    push: bool = False
    is_local: bool = False


class PreparedRelease(NamedTuple):
    """Releases that are ready to be made.

    Attributes:
        plans: one for each prompt.
        is_pushing: whether they will be pushed.
        numbering: the commit that writes their numbers on the remote's branch, if any.
    """

    plans: Sequence[ReleasePlan]
    is_pushing: bool
    numbering: Numbering | None


def prepare_release(
    repository: Repository,
    request: ReleaseRequest,
    *,
    is_dry: bool,
    tell_bumps: Callable[[Sequence[Bump]], None],
) -> PreparedRelease:
    """Plan a request's releases; commit requested bumps.

    Raises:
        UsageError: the request is contradictory.
        ManyRefusedError, RefusedError: some prompts cannot be released, so none is.
    """
    if request.push and request.is_local:
        raise UsageError("--push and --local cannot be combined", hint="give one or the other")
    is_pushing = request.push or (repository.config.push and request.bump is None)
    is_pushing = is_pushing and not request.is_local
    names = expand_names(repository.at("HEAD"), list(request.names), everything=request.everything)
    if not request.is_local:
        sync_releases(repository, names)
    numbering = None
    if request.bump is not None:
        if request.push and repository.remote is not None:
            numbering = _number(repository, names, request)
        else:
            if not request.everything:
                for name in names:  # before a commit is made for them
                    refuse_draft(find_prompt(repository.working, name, where="in the work tree"))
            tell_bumps(_bump(repository, names, request.bump, is_dry=is_dry))
    commit = None if numbering is None else numbering.commit
    plans = _attest(repository, _plan(repository, names, request, commit), request.verdict)
    if is_pushing:
        refuse_unmerged(repository, plans)
    return PreparedRelease(plans, is_pushing, numbering)


def make_releases(
    repository: Repository, prepared: PreparedRelease, notes: str | None
) -> tuple[list[ReleasePlan], Sequence[Release]]:
    """Create all planned releases, or none, and push them; return plans and releases in order.

    In a returned plan, `existing` may be a release that was made meanwhile.
    """
    operation = secrets.token_hex(16)
    releases: Sequence[Release] = create_releases(repository, prepared.plans, notes, operation)
    if prepared.is_pushing:
        numbering = prepared.numbering
        branch = None if numbering is None else numbering.push_ref
        releases = push_releases(repository, prepared.plans, releases, branch=branch)
    plans = [
        replace(plan, existing=None if made.operation == operation else made)
        for plan, made in zip(prepared.plans, releases, strict=True)
    ]
    return plans, releases


def describe_releases(
    plans: Sequence[ReleasePlan], releases: Sequence[Release] | None, *, is_pushed: bool
) -> dict[str, Any]:
    """Return planned and made releases as `promptops.release/v1`."""
    made: Sequence[Release | None] = [None] * len(plans) if releases is None else releases
    return {
        "schema": "promptops.release/v1",
        "dry_run": releases is None,
        "pushed": is_pushed,
        "releases": [_describe(*one) for one in zip(plans, made, strict=True)],
    }


def _describe(plan: ReleasePlan, made: Release | None) -> dict[str, Any]:
    return {
        "prompt": plan.prompt.name,
        "version": str(plan.prompt.version),
        "digest": plan.prompt.digest,
        "commit": plan.commit,
        "tag": made.tag if made else None,
        "base": str(plan.base.version) if plan.base else None,
        "change": "new" if plan.base is None else plan.diff.level.label,
        "merged": plan.merged,
        "already_released": plan.existing is not None,
        "released_by": made.tagger.name if made else None,
    }


def _number(repository: Repository, names: list[str], request: ReleaseRequest) -> Numbering | None:
    """Write the versions in one commit for the remote's default branch, if the policy requires
    it.
    """
    level = _parse_level(request.bump or "")
    if repository.config.gate.versions != "release":
        raise UsageError(
            f"--bump makes a commit that is not on {repository.remote} yet, so it cannot --push",
            hint="release with --bump, push the branch, then promptops release again with --push; "
            'or let releases write all numbers: [gate] versions = "release" (docs/gate.md)',
        )
    return number_prompts(repository, names, level, drafts=not request.everything)


def _bump(repository: Repository, names: list[str], bump: str, *, is_dry: bool) -> list[Bump]:
    """Bump versions and commit them; return the changed ones."""
    level = _parse_level(bump)
    if is_dry:
        raise UsageError(
            "--bump cannot be combined with --dry-run", hint="use promptops bump --dry-run"
        )
    bumps = [plan_bump(repository, name, level) for name in names]
    bumps = [one for one in bumps if one.after != one.before]
    if bumps:
        commit_bumps(repository, bumps)
    return bumps


def _parse_level(level: str) -> Level | None:
    levels = {one.label: one for one in (Level.PATCH, Level.MINOR, Level.MAJOR)} | {"auto": None}
    if level not in levels:
        raise UsageError(f"'{level}' is not a level", hint=f"one of: {', '.join(levels)}")
    return levels[level]


def _plan(
    repository: Repository, names: list[str], request: ReleaseRequest, commit: str | None
) -> list[ReleasePlan]:
    plans, refused = plan_releases(
        repository,
        names,
        backport=request.backport,
        drafts=not request.everything,
        commit=commit,
    )
    if len(refused) == 1:
        raise refused[0]
    if refused:
        error = ManyRefusedError(
            f"{len(refused)} prompts cannot be released, so nothing was released",
            hint="fix the errors above",
        )
        error.refusals = refused
        raise error
    return plans


def _attest(
    repository: Repository, plans: list[ReleasePlan], verdict: tuple[str, bytes] | None
) -> list[ReleasePlan]:
    """Add the gate's record of exactly these prompts, from this clone or the file.

    Existing releases keep their tags, so they need no verdict.
    """
    if verdict is None:
        return [_with(plan, find_attested(repository, plan.prompt)) for plan in plans]
    name, data = verdict
    document = read_verdict(data, name)
    return [
        _with(plan, attested_from(document, name, plan.prompt)) if plan.existing is None else plan
        for plan in plans
    ]


def _with(plan: ReleasePlan, attested: GateRecord) -> ReleasePlan:
    return replace(plan, attested=attested.trailers, evidence=attested.evidence)
