"""A proposed change: its paths and its effect on prompts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptops.gate.rules.approval import ApprovalEntry
    from promptops.prompt.closure import Closure
    from promptops.prompt.diff import PromptDiff
    from promptops.prompt.prompt import Prompt
    from promptops.prompt.version import Version


class PathKind(StrEnum):
    """The reasons why a path is governed; the values complete the sentence "it is part of ..."."""

    PROMPTS = "the prompts"
    EVALS = "the evals"
    CONFIGURATION = "the configuration"
    OWNERS = "the CODEOWNERS file"
    GROUPS = "the groups file"
    SIGNERS = "the allowed signers"
    WORKFLOW = "what runs in CI"
    GOVERNED = "what the configuration governs"


@dataclass(frozen=True, slots=True)
class ChangedPath:
    """One governed path that merging changes.

    Attributes:
        path: from the repository's top.
        kind: why it is governed.
        before: the entry at the merge base; None: nothing.
        after: the entry in the change.
        merged: the entry after merging.
        is_proposed: whether the change itself touches it. False if only merging does, for example
            after renaming a folder on one side; reviewers of the change did not see that.
        is_number: whether only a prompt's version number changes and releases write those; then no
            approval is needed.
    """

    path: str
    kind: PathKind
    before: ApprovalEntry | None
    after: ApprovalEntry | None
    merged: ApprovalEntry | None
    is_proposed: bool = True
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class PromptState:
    """A prompt on one side of the change.

    Attributes:
        closure: its files.
        prompt: the prompt; None if it is invalid.
    """

    closure: Closure
    prompt: Prompt | None

    @property
    def requires_review(self) -> bool:
        """Whether its frontmatter demands a review."""
        return self.closure.document.data.get("requires_review") is True

    @property
    def status(self) -> object:
        """The status in its frontmatter: `draft`, `active` or `deprecated`."""
        return self.closure.document.data.get("status", "active")

    @property
    def suppressions(self) -> frozenset[str]:
        """The checks that it ignores."""
        ignore = self.closure.document.data.get("ignore")
        return frozenset(map(str, ignore)) if isinstance(ignore, dict) else frozenset()


@dataclass(frozen=True, slots=True)
class PromptChange:
    """The effect of merging on one prompt.

    Attributes:
        name: the prompt.
        path: its file, from the repository's top.
        before: the prompt at the target branch's tip; None: it does not exist.
        after: the prompt after merging; None: it is removed.
        changed: the changed paths of its closure, from the top.
        diff: the difference between tip and merged state; None if one side is invalid.
        versions: the released versions, in order.
        released_digest: the released digest of the merged state's version, if released.
        base: the greatest release below the merged state's version; if releases write the versions,
            the release of that same version, if any.
        base_diff: the difference between that release and the merged state.
        live_in: the environments in which it is live; None if unknown. Only for a removed prompt.
        is_back: whether the merged state equals the release of its version, whose commit is on the
            target branch. A release of another commit proves nothing: anyone who may push a tag can
            create one of unapproved content.
    """

    name: str
    path: str
    before: PromptState | None
    after: PromptState | None
    changed: tuple[str, ...]
    diff: PromptDiff | None = None
    versions: tuple[Version, ...] = ()
    released_digest: str | None = None
    base: Version | None = None
    base_diff: PromptDiff | None = None
    live_in: tuple[str, ...] | None = ()
    is_back: bool = field(kw_only=True)

    @property
    def requires_review(self) -> bool:
        """Whether either side requires a review: a change cannot remove its own requirement."""
        return any(one is not None and one.requires_review for one in (self.before, self.after))

    @property
    def new_suppressions(self) -> tuple[str, ...]:
        """The checks that are ignored after merging and were not ignored before."""
        after = self.after.suppressions if self.after else frozenset()
        before = self.before.suppressions if self.before else frozenset()
        return tuple(sorted(after - before))


@dataclass(frozen=True, slots=True)
class Change:
    """A proposal to merge.

    Attributes:
        target: the branch to merge into, by its short name.
        base: the commit at that branch's tip.
        head: the proposed commit.
        merge_base: the merge base of the two.
        tree: the tree after merging.
        folder: the prompts folder in that tree.
        paths: the governed paths that merging changes, sorted.
        others: the number of other changed paths, such as an application's files.
        prompts: prompt name -> change, for each prompt with a touched closure.
        authors: the names of the commits' authors.
        committers: the names of all contributors to the commits.
        merges: merge commits without own changes; they have no contributors.
    """

    target: str
    base: str
    head: str
    merge_base: str
    tree: str
    folder: str
    paths: tuple[ChangedPath, ...]
    others: int
    prompts: tuple[PromptChange, ...]
    authors: frozenset[str]
    committers: frozenset[str]
    merges: frozenset[str] = frozenset()
