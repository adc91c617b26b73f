"""The forges that approvals come from."""

from __future__ import annotations

from tests.forge.conftest import clock, description, forge, github, gitlab, lab

__all__ = ["clock", "description", "forge", "github", "gitlab", "lab"]
