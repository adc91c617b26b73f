"""The forge to ask."""

from __future__ import annotations

from enum import StrEnum


class ForgeChoice(StrEnum):
    """The forge to ask; auto: the remote's forge."""

    AUTO = "auto"
    OFF = "off"
    GITHUB = "github"
    GITLAB = "gitlab"
