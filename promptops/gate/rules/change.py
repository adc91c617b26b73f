"""What is proposed: the paths that a change touches, and what it does to which prompt."""

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
    """Why a path is governed, in words that complete "it is part of ..."."""

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
        before: what is there where the change began; None: nothing.
        after: what the change has there.
        merged: what is there after merging.
        is_proposed: whether the change itself touches it. False where only merging does, as
            when a folder was renamed on one side: nobody who looked at the change has seen that.
        is_number: whether all that changes is a prompt's version number, where releases write
            those: nobody has to approve it.
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
    """A prompt as it is on one side of the change.

    Attributes:
        closure: its files, and its frontmatter as far as it can be read.
        prompt: the prompt; None while it is not valid.
    """

    closure: Closure
    prompt: Prompt | None

    @property
    def requires_review(self) -> bool:
        """Whether its frontmatter demands a review."""
        return self.closure.document.data.get("requires_review") is True

    @property
    def status(self) -> object:
        """What its frontmatter says it is: `draft`, `active` or `deprecated`."""
        return self.closure.document.data.get("status", "active")

    @property
    def suppressions(self) -> frozenset[str]:
        """The checks that it asks to ignore."""
        ignore = self.closure.document.data.get("ignore")
        return frozenset(map(str, ignore)) if isinstance(ignore, dict) else frozenset()


@dataclass(frozen=True, slots=True)
class PromptChange:
    """What merging does to one prompt.

    Attributes:
        name: the prompt.
        path: its file, from the repository's top.
        before: the prompt at the target branch's tip; None: there is none.
        after: the prompt after merging; None: it is gone.
        changed: the paths of its closure, from the top, that the change touches.
        diff: from the tip to the merged state; None unless both sides are valid or missing.
        versions: the released versions, in order.
        released_digest: the digest that the version of the merged state was released with.
        base: the greatest release below the merged state's version; where releases write the
            numbers, that of its very version, if there is one.
        base_diff: from that release to the merged state.
        live_in: the environments where it is live; None: that cannot be told here. Only looked up
            for a prompt that goes.
        is_back: whether the merged state is byte for byte the release of its version, and that was
            on the target branch before. A release of any other commit proves nothing: who may push
            a tag may make one of what nobody let in.
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
        """Whether either side demands a review: a change cannot take the demand back by itself."""
        return any(one is not None and one.requires_review for one in (self.before, self.after))

    @property
    def new_suppressions(self) -> tuple[str, ...]:
        """The checks that are ignored after merging and were not before."""
        after = self.after.suppressions if self.after else frozenset()
        before = self.before.suppressions if self.before else frozenset()
        return tuple(sorted(after - before))


@dataclass(frozen=True, slots=True)
class Change:
    """A proposal to merge.

    Attributes:
        target: the branch to merge into, by its short name.
        base: the commit at that branch's tip.
        head: the commit that is proposed.
        merge_base: where the two parted.
        tree: the tree that merging makes.
        folder: where the prompts are in that tree.
        paths: the governed paths that merging changes, sorted.
        others: how many other paths it changes: an application's own files.
        prompts: what becomes of each prompt whose closure is touched, by name.
        authors: the names that the authors of the commits go by.
        committers: the names of all who had a hand in the commits.
        merges: the commits that merge two others and add nothing: they are nobody's work.
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
