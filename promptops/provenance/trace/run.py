"""Trace a run: from a model's answer to the prompt's version and its origin.

The run log records version, digest and deployment. They are verified against the repository: that
version must have been live in that deployment, with that digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.errors import IntegrityError, NotFoundError, PromptopsError, UsageError
from promptops.git.signing.classification import choose_signers
from promptops.prompt.times import format_minute
from promptops.prompt.version import Version
from promptops.provenance.integrity import ReleasedTexts, shorten
from promptops.provenance.trace.chain import Chain
from promptops.provenance.trace.link import Link, LinkStatus, Trace, failed_link
from promptops.provenance.trace.subject import TraceSubject, find_subject, read_known_history

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.provenance.integrity import IntegrityRecord
    from promptops.repository.repository import Repository
    from promptops.runtime.log.record import RunRecord

_FETCH = "fetch it, and try again: git fetch"


@dataclass(frozen=True, slots=True)
class Answered:
    """The result of finding a run by its output.

    Attributes:
        others: the number of other runs with the same answer.
    """

    others: int = 0


def trace_run(
    repository: Repository,
    run: RunRecord,
    *,
    found_by: Answered | None = None,
    allowed_signers: Path | None = None,
) -> Trace:
    """Trace a run to its version, and the version to its origin.

    Args:
        repository: the repository. It is only read, and its remote is not asked.
        run: the run's record in the log.
        found_by: how the run was found by its output; None if it was named by its id.
        allowed_signers: as in `trace_chain`.

    Raises:
        UsageError: the run ended before its prompt was resolved.
    """
    if run.prompt is None or run.version is None or run.digest is None:
        raise UsageError(
            f"run {run.id} ran no prompt: it {run.status} at {run.stage}",
            hint=f"run promptops runs show {run.id} to see why",
        )
    links = [] if found_by is None else [_output_link(run, found_by)]
    links += [_run_link(run), _place_link(repository, run)]
    subject, unreleased = _find_subject(repository, run)
    if unreleased is None:
        signers = choose_signers(repository.git, allowed_signers)
        links += Chain(repository, subject, signers).follow()
    else:
        links.append(unreleased)
    return Trace(run.id, subject.name, subject.version, subject.digest, tuple(links))


def _output_link(run: RunRecord, found_by: Answered) -> Link:
    lines: tuple[str, ...] = ()
    if found_by.others:
        runs = "run" if found_by.others == 1 else "runs"
        lines = (f"{found_by.others} older {runs} answered the same; the newest is traced",)
    detail = f"word for word the answer of run {run.id}"
    return Link("output", LinkStatus.OK, detail, lines, facts={"others": found_by.others})


def _run_link(run: RunRecord) -> Link:
    """Return the link of the run itself; only its existence in the log is checked."""
    parts = [run.status if run.stage is None else f"{run.status} at {run.stage}"]
    parts.append(format_minute(int(run.started_at)))
    parts.append("a fixed reply" if run.model is None else run.model)
    if run.is_cached:
        parts.append("from the cache")
    if run.user is not None:
        parts.append(f"for {run.user}")
    facts = {
        "id": run.id,
        "ref": run.ref,
        "status": run.status,
        "started": run.started_at,
        "model": run.model,
        "user": run.user,
        "tenant": run.tenant,
    }
    lines = tuple(f"{one.rule}: {one.why}" for one in run.decisions)
    return Link("run", LinkStatus.OK, ", ".join(parts), lines, facts=facts)


def _place_link(repository: Repository, run: RunRecord) -> Link:
    """Return the link that verifies that the run's deployment had this version live."""
    name = "served by"
    if run.environment is None or run.deployment is None:
        what = "an exact version" if run.commit is not None else "the work tree"
        return Link(name, LinkStatus.ABSENT, f"the run asked for {run.ref}: {what}, no environment")
    place = f"deployment {run.deployment} of {run.environment}"
    facts = {"environment": run.environment, "deployment": run.deployment}
    try:
        record = _find_deployment(repository, run.environment, run.deployment)
        if record is None:
            return Link(name, LinkStatus.UNCHECKED, f"this clone lacks {place}", (), _FETCH, facts)
        entry = ReleasedTexts(repository).state(record).entries.get(run.prompt or "")
        live = [] if entry is None else [one for one in entry.live if one.digest == run.digest]
        if not any(str(one.version) == run.version for one in live):
            digest = shorten(run.digest or "")
            raise IntegrityError(
                f"{place} did not have {run.prompt} {run.version} ({digest}) live",
                hint="the run log or the branch was altered; see promptops verify",
            )
    except PromptopsError as error:
        return failed_link(name, error, facts)
    share = "" if live[0].share == 100 else f", with {live[0].share} % of the traffic"
    facts["commit"] = record.oid
    return Link(name, LinkStatus.OK, f"{place} had it live{share}", facts=facts)


def _find_deployment(
    repository: Repository, environment: str, number: int
) -> IntegrityRecord | None:
    history = read_known_history(repository, environment)
    for record in () if history is None else history.records[::-1]:
        if record.deployment is not None and record.deployment.number == number:
            return record
    return None


def _find_subject(repository: Repository, run: RunRecord) -> tuple[TraceSubject, Link | None]:
    """Return the version to trace, and a final link if there is none."""
    subject = TraceSubject(run.prompt or "", Version.parse(run.version or ""), run.digest)
    if run.commit is not None:
        return subject, None
    try:
        released = find_subject(repository, run.digest or "")
    except NotFoundError:
        return subject, Link(
            "release",
            LinkStatus.BROKEN,
            f"{subject.name} ran from the work tree, and no release has its text",
            hint="this text was not reviewed; run released versions instead",
        )
    return released, None
