"""What a comparison of two prompts says: differences, the class of each, and their sum."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from promptops.prompt.version import Level, Version

if TYPE_CHECKING:
    from promptops.prompt.diff.text import Hunk
    from promptops.prompt.prompt import Prompt


class ChangeClass(StrEnum):
    """Whom a difference concerns: callers, what the model does, or readers alone."""

    INTERFACE = "interface"
    BEHAVIOUR = "behaviour"
    DOCUMENTATION = "documentation"

    @property
    def level(self) -> Level:
        """How far a version must move for it."""
        return _LEVELS[self]


_LEVELS = {
    ChangeClass.INTERFACE: Level.MAJOR,
    ChangeClass.BEHAVIOUR: Level.MINOR,
    ChangeClass.DOCUMENTATION: Level.PATCH,
}


class MessageStatus(StrEnum):
    """What happened to a message."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between two versions of a prompt.

    Attributes:
        change_class: whom it concerns.
        subject: what differs: `input 'ticket'`, `model`, `message 2 (user)`, `output`.
        reason: one clause that says why it has this class.
        before: what it was, a JSON value or a text; None where there was nothing, and for
            messages whose wording changed: there the hunks tell.
        after: what it is now, likewise.
        cause: the partial, schema or tool file in which the change was made; None when that is
            the prompt's own file.
    """

    change_class: ChangeClass
    subject: str
    reason: str
    before: object | None = None
    after: object | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class MessageDiff:
    """What happened to one message, or to the template's tags around messages.

    Texts have their includes in place, without comments, and tags in one spelling.

    Attributes:
        status: what happened.
        role: `system`, `user`, `assistant`; `history` for passed-in messages; None for the tags
            around messages. For a removed message, the role it had.
        previous_role: the role it had before, where that was another.
        number: its place among the messages, from 1: in the new version, for a removed one in the
            old one. 0 for tags around messages.
        before: its old text; None when added.
        after: its new text; None when removed.
        hunks: the lines that differ; none when only place or role changed.
        files: the files, below the prompts folder, in which the changes were made.
        cause: the one partial that was changed, where no other file was; else None.
    """

    status: MessageStatus
    role: str | None
    previous_role: str | None
    number: int
    before: str | None
    after: str | None
    hunks: tuple[Hunk, ...]
    files: tuple[str, ...]
    cause: str | None

    @property
    def subject(self) -> str:
        """The message in a few words."""
        return f"message {self.number} ({self.role})" if self.number else "message flow"


@dataclass(frozen=True, slots=True)
class PromptDiff:
    """Everything that differs between two versions of a prompt.

    Attributes:
        name: the prompt's name.
        before: the old version; None for a new prompt.
        after: the new version; None for a removed prompt.
        differences: each with its class, the gravest first.
        messages: the messages that differ, in order.
    """

    name: str
    before: Prompt | None
    after: Prompt | None
    differences: tuple[Difference, ...]
    messages: tuple[MessageDiff, ...]

    @property
    def change_class(self) -> ChangeClass | None:
        """The gravest class of all differences; None when there is nothing to release."""
        classes = [difference.change_class for difference in self.differences]
        return max(classes, key=lambda one: one.level, default=None)

    @property
    def level(self) -> Level:
        """How far the version must move; NONE for a new prompt and when nothing differs."""
        if self.before is None or self.change_class is None:
            return Level.NONE
        return self.change_class.level

    @property
    def is_empty(self) -> bool:
        """Whether both versions are the same but for their version lines."""
        return not self.differences


def required_version(base: Version, level: Level) -> Version:
    """Return the least final version that a change of `level` from `base` needs; NONE needs
    none.
    """
    return base.bump(level)
