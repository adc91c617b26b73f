"""Create all planned releases, or none, and push them.

A tag's message has the notes and, as its last paragraph, trailers: digest, path, model, the level
of the change, and a random operation id.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promptops.delivery.evidence import (
    evidence_ref,
    list_recorded,
    write_trailer,
)
from promptops.delivery.planning import ReleasePlan, refuse_other_bytes
from promptops.delivery.pushing import (
    THERE,
    is_unclear,
    push_with_retries,
    refused_by_remote,
    remove_tags,
    require_remote,
)
from promptops.delivery.release import parse_release, read_release
from promptops.delivery.syncing import sync_releases
from promptops.errors import (
    ConflictError,
    GitError,
    RefusedError,
    RemoteError,
)
from promptops.git.history import NewTag, write_tags
from promptops.git.message import format_message
from promptops.git.refs import RefUpdate, read_refs, short_name, update_refs
from promptops.git.remote import PushRef, PushStatus
from promptops.git.trees import write_blobs
from promptops.prompt.reference import (
    release_tag,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptops.delivery.release import Release
    from promptops.repository.repository import Repository


def default_notes(plan: ReleasePlan) -> str:
    """Return default release notes: one line for each change."""
    if plan.base is None:
        return "First release."
    lines = [f"- {one.subject}: {one.reason}" for one in plan.diff.differences]
    return "\n".join(lines) or "No change in what the model sees."


def create_releases(
    repository: Repository, plans: Sequence[ReleasePlan], notes: str | None, operation: str
) -> list[Release]:
    """Create the tags of all plans that are not released yet: all of them, or none.

    `notes` are the release notes; None: the default ones. `operation` is this run's random id.
    Returns the releases of all plans, in order. A tag that was created meanwhile is accepted if its
    content is the same. Otherwise RefusedError is raised and no tag is created.
    """
    new = [plan for plan in plans if plan.existing is None]
    kept = _write_evidence(repository, new)
    oids = write_tags(
        repository.git, [_describe_tag(repository, plan, notes, operation) for plan in new]
    )
    tags = {
        release_tag(plan.prompt.name, plan.prompt.version): oid
        for plan, oid in zip(new, oids, strict=True)
    }
    try:
        update_refs(
            repository.git,
            [RefUpdate(ref, oid, None) for ref, oid in {**kept, **tags}.items()],
            "promptops release",
        )
    except KeyboardInterrupt:
        # Git updates the refs of a transaction one after the other, so some may exist already.
        remove_tags(repository, tags)
        raise
    except ConflictError:
        replanned = [_plan_again(repository, plan) for plan in plans]
        if replanned == list(plans):
            raise
        return create_releases(repository, replanned, notes, operation)
    made = [
        None if found is None else found.data
        for found in repository.objects.read_many(list(tags.values()))
    ]
    parsed = iter(
        parse_release(plan.prompt.name, plan.prompt.version, oid, data or b"")
        for plan, oid, data in zip(new, oids, made, strict=True)
    )
    return [plan.existing or next(parsed) for plan in plans]


def _write_evidence(repository: Repository, plans: Sequence[ReleasePlan]) -> dict[str, str]:
    """Store the evidence of all plans; return the refs that keep it."""
    blobs = [data for plan in plans for _, data in plan.evidence]
    refs = {evidence_ref(oid): oid for oid in write_blobs(repository.git, blobs)} if blobs else {}
    there = read_refs(repository.git, list(refs)) if refs else {}
    return {ref: oid for ref, oid in refs.items() if ref not in there}


def _plan_again(repository: Repository, plan: ReleasePlan) -> ReleasePlan:
    """Return the plan with the release that another process created. Raises RefusedError if its
    content differs.
    """
    existing = read_release(repository, plan.prompt.name, plan.prompt.version)
    if existing is not None:
        refuse_other_bytes(plan.prompt, existing)
    return replace(plan, existing=existing)


def _describe_tag(
    repository: Repository, plan: ReleasePlan, notes: str | None, operation: str
) -> NewTag:
    prompt = plan.prompt
    trailers = [
        ("Prompt-Digest", prompt.digest),
        ("Prompt-Path", f"{repository.config.prompts}/{prompt.path}"),
        ("Prompt-Model", prompt.model),
        ("Prompt-Change", "new" if plan.base is None else plan.diff.level.label),
        ("Prompt-Base", str(plan.base.version) if plan.base else "none"),
        *plan.attested,
        *_name_evidence(repository, plan),
        ("Operation", operation),
    ]
    text = default_notes(plan) if notes is None else notes
    message = format_message(f"{prompt.name} {prompt.version}", text, trailers)
    tag = release_tag(prompt.name, prompt.version).removeprefix("refs/tags/")
    return NewTag(tag, plan.commit, message)


def _name_evidence(repository: Repository, plan: ReleasePlan) -> list[tuple[str, str]]:
    if not plan.evidence:
        return []
    oids = write_blobs(repository.git, [data for _, data in plan.evidence])
    return [write_trailer(suite, oid) for (suite, _), oid in zip(plan.evidence, oids, strict=True)]


def push_releases(
    repository: Repository,
    plans: Sequence[ReleasePlan],
    releases: Sequence[Release],
    *,
    branch: PushRef | None = None,
) -> list[Release]:
    """Push the tags of `releases`, made by `plans`, and with them the commit of `branch`,
    atomically.

    Returns the releases on the remote. If the same version was pushed first by somebody else, the
    local tag is removed; equal content is accepted, otherwise RefusedError is raised.
    """
    remote = require_remote(repository)
    made = {
        release.ref: release.tag
        for plan, release in zip(plans, releases, strict=True)
        if plan.existing is None
    }
    refs = [PushRef(release.tag, release.ref, None) for release in releases]
    refs += [PushRef(oid, ref, None) for ref, oid in list_evidence(repository, releases).items()]
    refs += [branch] if branch is not None else []
    try:
        results = push_with_retries(repository, remote, refs)
    except RemoteError as error:
        # The connection may have broken after the remote accepted them, so ask.
        if not is_unclear(repository, remote, made, error):
            return list(releases)
        raise
    except GitError:
        remove_tags(repository, made)
        raise
    if all(result.status in THERE for result in results):
        return list(releases)
    remove_tags(repository, made)
    if not any(result.status is PushStatus.STALE for result in results):
        reasons = "; ".join(sorted({result.reason for result in results if result.reason}))
        raise refused_by_remote(remote, "release", reasons)
    if branch is not None:
        raise RefusedError(
            f"{remote}/{short_name(branch.ref)} or a release moved meanwhile; nothing was changed",
            hint="run git pull, then the same command again",
        )
    sync_releases(repository, [plan.prompt.name for plan in plans])
    replanned = [_plan_again(repository, plan) for plan in plans]
    found = [plan.existing for plan in replanned if plan.existing is not None]
    if len(found) == len(replanned):
        return found
    again = create_releases(repository, replanned, _notes_of(releases), releases[0].operation)
    return push_releases(repository, replanned, again)


def list_evidence(repository: Repository, releases: Iterable[Release]) -> dict[str, str]:
    """Return the refs of evidence of releases that this clone has, with their object ids."""
    named = [one.oid for release in releases for one in list_recorded(release.trailers) if one.oid]
    refs = {evidence_ref(oid): oid for oid in named}
    there = read_refs(repository.git, list(refs)) if refs else {}
    return {ref: oid for ref, oid in refs.items() if ref in there and there[ref].oid == oid}


def _notes_of(releases: Sequence[Release]) -> str | None:
    notes = {release.notes for release in releases}
    return notes.pop() if len(notes) == 1 else None
