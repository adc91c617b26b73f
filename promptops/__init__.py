"""Prompts as code: release, deploy, roll back and trace them, with Git as the registry."""

from __future__ import annotations

__version__ = "0.1.0"
