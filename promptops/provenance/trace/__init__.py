"""Trace content back to the people who wrote and approved it.

The chain leads from a digest to deployments, a release, a commit, and authors, approvals and
evidence. Every link is verified against the next one, because a trace must convince people who
doubt it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.git.signing.classification import choose_signers
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
    """Trace `name@version`, `name@environment`, `name@range` or a digest to its origin.

    Args:
        repository: the repository. It is only read, and its remote is not asked.
        asked: a prompt ref, or a digest: `sha256:` is optional, and 12 hex digits are enough.
        allowed_signers: the allowed signers file; None: the one in the user's Git configuration.

    Raises:
        UsageError: it is neither, selects the work tree, or matches several digests.
        NotFoundError: there is no such name, version or digest.
    """
    subject = find_subject(repository, asked)
    chain = Chain(repository, subject, choose_signers(repository.git, allowed_signers))
    return Trace(asked, subject.name, subject.version, subject.digest, chain.follow())
