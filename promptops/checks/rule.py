"""The declaration of a check: scope, group, severity."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptops.prompt.finding import Severity


class CheckScope(Enum):
    """The subjects that a check can examine."""

    PROMPT = "prompt"
    FILE = "file"
    FOLDER = "folder"
    IGNORE = "ignore"


class CheckGroup(Enum):
    """The groups of checks and faults, in display order."""

    SYNTAX = "syntax"
    METADATA = "metadata"
    TEMPLATE = "template"
    SAFETY = "safety"
    OWNERSHIP = "ownership and tests"
    SET = "set"


@dataclass(frozen=True, slots=True)
class CheckRule:
    """The declaration of a check.

    Attributes:
        scope: what it examines; its `check` takes the subject of that name.
        group: its topic.
        severity: the default severity.
        is_on: whether it is on by default.
        is_masked: whether the text it finds must not be shown, such as a secret.
        is_ignorable: whether a prompt may ignore it. Checks of the folder and of `ignore` itself
            never can be ignored.
    """

    scope: CheckScope
    group: CheckGroup
    severity: Severity
    is_on: bool = True
    is_masked: bool = False
    is_ignorable: bool = True
