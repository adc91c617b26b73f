"""What a check says of itself: what it looks at, what it is about, and how much it counts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptops.prompt.finding import Severity


class CheckScope(Enum):
    """What a check looks at."""

    PROMPT = "prompt"
    FILE = "file"
    FOLDER = "folder"
    IGNORE = "ignore"


class CheckGroup(Enum):
    """What a check or fault is about, in the order in which groups are listed."""

    SYNTAX = "syntax"
    METADATA = "metadata"
    TEMPLATE = "template"
    SAFETY = "safety"
    OWNERSHIP = "ownership and tests"
    SET = "set"


@dataclass(frozen=True, slots=True)
class CheckRule:
    """What a check says of itself.

    Attributes:
        scope: what it looks at; its `check` takes the subject of that name.
        group: what it is about.
        severity: how much a finding counts unless the configuration says otherwise.
        is_on: whether it looks without a severity in the configuration.
        is_masked: whether the places it finds must not be shown, as they hold secrets.
        is_ignorable: whether a prompt may ignore it. Checks of the folder and of what is ignored
            cannot be, whatever this says; nor can those that hold a prompt's author.
    """

    scope: CheckScope
    group: CheckGroup
    severity: Severity
    is_on: bool = True
    is_masked: bool = False
    is_ignorable: bool = True
