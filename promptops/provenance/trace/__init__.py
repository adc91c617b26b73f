"""Trace: the chain from a piece of content back to the people who wrote and approved it.

A digest leads to deployments, these to a release, this to a commit, that to authors, approvals and
evidence. Every link is checked against what it hangs on and not just read, because a chain is
asked for on the day when somebody doubts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.git.signing.judging import choose_signers
from promptops.provenance.trace.chain import Chain
from promptops.provenance.trace.link import Link, LinkStatus, Trace
from promptops.provenance.trace.run import Answered, trace_run
from promptops.provenance.trace.subject import find_subject

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.repository.repository import Repository

__all__ = ["Answered", "Link", "LinkStatus", "Trace", "trace_chain", "trace_run"]


def trace_chain(
    repository: Repository, asked: str, *, allowed_signers: Path | None = None
) -> Trace:
    """Follow `name@version`, `name@environment`, `name@range` or a digest to its origin.

    Args:
        repository: the repository; it is only read, and its remote is not asked.
        asked: a prompt ref, or a digest: `sha256:` may be left out, and all but 12 hex digits.
        allowed_signers: whose keys are known; the user's Git configuration says it when None.

    Raises:
        UsageError: it is neither, means the work tree, or begins several digests.
        NotFoundError: nothing here has that name, version or digest.
    """
    subject = find_subject(repository, asked)
    chain = Chain(repository, subject, choose_signers(repository.git, allowed_signers))
    return Trace(asked, subject.name, subject.version, subject.digest, chain.follow())
