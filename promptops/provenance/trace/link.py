"""The result of a trace: a chain of links."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from promptops.errors import GitError, PromptopsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.prompt.version import Version


class LinkStatus(StrEnum):
    """The result of verifying one link."""

    OK = "ok"
    BROKEN = "broken"
    ABSENT = "absent"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a chain.

    Attributes:
        name: output, run or served by; digest, deployments, release, commit, authors, approvals or
            evidence.
        status: `absent` means never recorded, `unchecked` that this clone lacks the data.
        detail: one line with its content, or its fault.
        lines: further lines.
        hint: what to do about a broken link.
        facts: the same as JSON values.
    """

    name: str
    status: LinkStatus
    detail: str
    lines: tuple[str, ...] = ()
    hint: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trace:
    """The chain of one version of one prompt.

    Attributes:
        asked: the argument of the trace.
        name: the prompt.
        version: the version.
        digest: the digest of its content; None if unknown.
        links: in order, from the content to the people.
    """

    asked: str
    name: str
    version: Version
    digest: str | None
    links: tuple[Link, ...]

    def first(self, status: LinkStatus) -> Link | None:
        """Return the first link with that status."""
        return next((link for link in self.links if link.status is status), None)

    @property
    def verdict(self) -> str:
        """The result in one line: the first broken link, or that there is none."""
        broken = self.first(LinkStatus.BROKEN)
        if broken is not None:
            return f"the chain breaks at {broken.name}: {broken.detail}"
        unchecked = self.first(LinkStatus.UNCHECKED)
        if unchecked is not None:
            return f"the chain could not be followed at {unchecked.name}: {unchecked.detail}"
        absent = [link.name for link in self.links if link.status is LinkStatus.ABSENT]
        if not absent:
            return "the chain is intact"
        return f"the chain is intact, as far as it was recorded (not: {', '.join(absent)})"


def failed_link(
    name: str,
    error: PromptopsError,
    facts: Mapping[str, Any] | None = None,
    lines: tuple[str, ...] = (),
) -> Link:
    """Return a link for an error, with `facts` and `lines`: broken, or unchecked if this clone
    lacks the data.
    """
    status = LinkStatus.UNCHECKED if isinstance(error, GitError) else LinkStatus.BROKEN
    return Link(name, status, error.message, lines, error.hint, facts or {})
