"""Which forge to ask."""

from __future__ import annotations

from enum import StrEnum


class ForgeChoice(StrEnum):
    """Which forge to ask; auto: the one that the remote is on."""

    AUTO = "auto"
    OFF = "off"
    GITHUB = "github"
    GITLAB = "gitlab"
