"""Ask the sources of approvals that a policy names, and merge their answers.

If the target branch lists keys, signed statements are read in addition to any other source. So
reviews are possible with and without a forge.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promptops.errors import RemoteError, UntrustedError, UsageError, quote
from promptops.gate.approvals.content import find_unseen, read_contents
from promptops.gate.approvals.file import read_approvals_file
from promptops.gate.approvals.forge import find_forge
from promptops.gate.approvals.signed import SOURCE as SIGNED
from promptops.gate.approvals.signed import find_lapsed, read_keys, read_signed
from promptops.gate.rules import Approvals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from promptops.gate.policy import Policy
    from promptops.gate.rules import ApprovalEntry, Change
    from promptops.repository.repository import Repository

_FORGES = frozenset({"github", "gitlab"})


def collect_approvals(
    repository: Repository,
    policy: Policy,
    change: Change,
    *,
    source: str | None = None,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    fetch: bool = True,
) -> Approvals:
    """Ask the sources of approvals that the policy names.

    Args:
        repository: the repository with the change.
        policy: the rules at the target branch's tip.
        change: the proposed change.
        source: the source of approvals, one of `config.APPROVALS`; None: the file if given, else
            the policy's.
        file: the file with approvals.
        environment: the process's environment, which identifies the forge's CI.
        fetch: whether to fetch signed statements and missing commits from the remote.

    Raises:
        UsageError: the source is not available here.
        RemoteError: a required source is unreachable.
        IntegrityError: a source's answer is malformed.
    """
    wanted = source or ("file" if file else policy.config.gate.approvals)
    if (file is None) == (wanted == "file"):
        message = f"approvals come from {wanted}, not from a file"
        hint = "pass --approvals file --approvals-file FILE"
        raise UsageError(message if file else "no approvals file is given", hint=hint)
    parts = []
    if wanted in {*_FORGES, "auto"}:
        only = wanted if wanted in _FORGES else None
        forge = find_forge(environment or {}, name=only, fetch=fetch)
        if forge is not None:
            parts.append(forge(repository, policy, change))
        elif wanted in _FORGES:
            raise UsageError(
                f"approvals come from {wanted}, and this is not a run of its CI for a proposal",
                hint="run the gate in its CI, or pass --approvals off to check everything else",
            )
    if file is not None:
        parts.append(_check_bases(repository, change, read_approvals_file(repository, file)))
    if wanted == SIGNED:
        parts.append(read_signed(repository, policy, change, fetch=fetch))
    elif not read_keys(repository, policy.commit, policy.config.gate.signers).is_empty:
        further = _read_further(repository, policy, change, fetch=fetch)
        # Signatures alone do not make signing required for everybody.
        parts.append(further if parts and further.found else replace(further, sources=()))
    return fill_contents(repository, change, merge_approvals(parts), fetch=fetch)


def _read_further(
    repository: Repository, policy: Policy, change: Change, *, fetch: bool
) -> Approvals:
    """Return the signed statements in addition to another source; none on an error."""
    try:
        return read_signed(repository, policy, change, fetch=fetch)
    except RemoteError as error:
        # Missing approvals cannot let anything pass, and the other source may have enough.
        found = read_signed(repository, policy, change, fetch=False)
        note = f"only the signed approvals of this clone were read: {error.message}"
        return replace(found, notes=(note, *found.notes))


def merge_approvals(parts: Iterable[Approvals]) -> Approvals:
    """Merge the answers of several sources, in order; a team's members are from the first that
    knows it.
    """
    merged = Approvals()
    for part in parts:
        merged = Approvals(
            sources=(*merged.sources, *part.sources),
            found=(*merged.found, *part.found),
            author=merged.author or part.author,
            committers=(*merged.committers, *part.committers),
            proposals=(*merged.proposals, *part.proposals),
            teams={**part.teams, **merged.teams},
            objections=(*merged.objections, *part.objections),
            notes=(*merged.notes, *part.notes),
        )
    return merged


def _check_bases(repository: Repository, change: Change, approvals: Approvals) -> Approvals:
    """Set the paths that the target branch has changed since the bases of approvals."""
    kept, notes = [], list(approvals.notes)
    paths = {path.path for path in change.paths}
    for one in approvals.found:
        if one.base is None:
            kept.append(one)
            continue
        try:
            lapsed = find_lapsed(repository, change, one.base, paths)
        except UntrustedError as error:
            notes.append(f"approval by {quote(one.approver)} does not count: {error.message}")
        else:
            kept.append(replace(one, lapsed=lapsed))
    return replace(approvals, found=tuple(kept), notes=tuple(notes))


def fill_contents(
    repository: Repository, change: Change, approvals: Approvals, *, fetch: bool = True
) -> Approvals:
    """Read the content of approved commits.

    A commit that was replaced by a force push is not in a normal clone; with `fetch` it is fetched
    from the remote. If it is not available, the approved content is unknown, and a note says so.
    """
    notes = list(approvals.notes)
    found = []
    known: dict[str, dict[str, ApprovalEntry | None] | None] = {}
    unseen: dict[str, frozenset[str]] = {}
    for one in approvals.found:
        if one.contents is not None or one.commit is None:
            found.append(one)
            continue
        if one.commit not in known:
            contents = read_contents(repository, change, one.commit, fetch=fetch)
            known[one.commit] = contents
            unseen[one.commit] = find_unseen(repository, change, one.commit, contents or {})
        contents = known[one.commit]
        if contents is None:
            notes.append(
                f"approval by {quote(one.approver)} does not count: its commit "
                f"{one.commit[:12]} is not in this clone"
            )
        lapsed = one.lapsed | unseen[one.commit]
        found.append(replace(one, contents=contents, lapsed=lapsed))
    return replace(approvals, found=tuple(found), notes=tuple(notes))
