"""Read the eval evidence that a release's tag names, and compare it with the release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.delivery.evidence import evidence_ref, list_recorded, parse_blob
from promptops.errors import GitError, IntegrityError

if TYPE_CHECKING:
    from promptops.delivery.evidence import EvalEvidence, RecordedEvidence
    from promptops.delivery.release import Release
    from promptops.repository.repository import Repository


def read_evidence(repository: Repository, release: Release) -> list[EvalEvidence]:
    """Read all results that the tag names by blob. Evidence of version 1 has no blob.

    Raises:
        GitError: a blob is not in this clone.
        IntegrityError: a blob is not evidence, is about another prompt or version, or contradicts
            the tag.
    """
    return [
        _read(repository, release, one, one.oid)
        for one in list_recorded(release.trailers)
        if one.oid is not None
    ]


def _read(
    repository: Repository, release: Release, said: RecordedEvidence, oid: str
) -> EvalEvidence:
    found = repository.objects.read(oid)
    if found is None:
        remote, ref = repository.remote, evidence_ref(oid)
        raise GitError(
            f"evidence {oid[:12]} of {release} is not in this clone",
            hint=f"git fetch {remote} {ref}:{ref} gets it"
            if remote
            else "another clone may have it, below refs/promptops/evals/",
        )
    hint = "the tag was written by hand; do not trust it"
    if found.kind != "blob":
        raise IntegrityError(f"{oid[:12]} is a {found.kind}, and not evidence", hint=hint)
    result = parse_blob(found.data, oid)
    if not _is_about(repository, result, release):
        raise IntegrityError(
            f"evidence {oid[:12]} is about {result.prompt} with {result.digest[:19]}, "
            f"and the release is {release.name} with {release.digest[:19]}",
            hint=hint,
        )
    if (result.suite, result.passed) != (said.suite, said.passed):
        word = "passed" if result.passed else "did not pass"
        raise IntegrityError(
            f"evidence {oid[:12]} says that {result.suite} {word}, but the tag does not",
            hint=hint,
        )
    return result


def _is_about(repository: Repository, result: EvalEvidence, release: Release) -> bool:
    """Return whether a result is about the released content, perhaps under its previous version."""
    if (result.prompt, result.digest) == (release.name, release.digest):
        return True
    if result.prompt != release.name:
        return False
    from promptops.delivery.release import load_released

    return result.is_about(load_released(repository, release))
