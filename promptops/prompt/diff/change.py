"""The result of comparing two versions of a prompt: differences and their classes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from promptops.prompt.version import Level, Version

if TYPE_CHECKING:
    from promptops.prompt.diff.text import Hunk
    from promptops.prompt.prompt import Prompt


class ChangeClass(StrEnum):
    """Whom a difference affects: callers, the model, or only readers."""

    INTERFACE = "interface"
    BEHAVIOUR = "behaviour"
    DOCUMENTATION = "documentation"

    @property
    def level(self) -> Level:
        """The version bump that a difference of this class needs."""
        return _LEVELS[self]


_LEVELS = {
    ChangeClass.INTERFACE: Level.MAJOR,
    ChangeClass.BEHAVIOUR: Level.MINOR,
    ChangeClass.DOCUMENTATION: Level.PATCH,
}


class MessageStatus(StrEnum):
    """The ways in which a message can differ."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between two versions of a prompt.

    Attributes:
        change_class: whom it affects.
        subject: what differs: `input 'ticket'`, `model`, `message 2 (user)`, `output`.
        reason: a clause that says why it has this class.
        before: the old JSON value or text. None if there was none, and for messages whose wording
            changed: see their hunks.
        after: the new value, in the same form.
        cause: the partial, schema or tool file that was edited; None for the prompt's own file.
    """

    change_class: ChangeClass
    subject: str
    reason: str
    before: object | None = None
    after: object | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class MessageDiff:
    """The difference of one message, or of the template's tags between messages.

    Texts have includes expanded, comments removed and tags spelt uniformly.

    Attributes:
        status: what happened.
        role: `system`, `user`, `assistant`; `history` for passed-in messages; None for the tags
            between messages. For a removed message, its old role.
        previous_role: its old role, if the role changed.
        number: its position among the messages, from 1, in the new version (a removed message: in
            the old one). 0 for tags between messages.
        before: its old text; None when added.
        after: its new text; None when removed.
        hunks: the lines that differ; empty if only the position or role changed.
        files: the edited files, as paths below the prompts folder.
        cause: the edited partial, if it is the only edited file; else None.
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
        """A short name of the message, such as `message 2 (user)`."""
        return f"message {self.number} ({self.role})" if self.number else "message flow"


@dataclass(frozen=True, slots=True)
class PromptDiff:
    """Everything that differs between two versions of a prompt.

    Attributes:
        name: the prompt's name.
        before: the old version; None for a new prompt.
        after: the new version; None for a removed prompt.
        differences: most severe class first.
        messages: the messages that differ, in template order.
    """

    name: str
    before: Prompt | None
    after: Prompt | None
    differences: tuple[Difference, ...]
    messages: tuple[MessageDiff, ...]

    @property
    def change_class(self) -> ChangeClass | None:
        """The most severe class of all differences; None when there is nothing to release."""
        classes = [difference.change_class for difference in self.differences]
        return max(classes, key=lambda one: one.level, default=None)

    @property
    def level(self) -> Level:
        """The version bump that is needed; NONE for a new prompt and when nothing differs."""
        if self.before is None or self.change_class is None:
            return Level.NONE
        return self.change_class.level

    @property
    def is_empty(self) -> bool:
        """Whether the two differ at most in their version lines."""
        return not self.differences


def required_version(base: Version, level: Level) -> Version:
    """Return the lowest final version that a change of `level` after `base` may have; None for
    NONE.
    """
    return base.bump(level)
