"""Eval suites as data: what the file may say, and what it means. Nothing here runs anything."""

from __future__ import annotations

from promptops.prompt.suite.suite import Check, Outcome, Sample, Suite, Thresholds, ToolAnswer, Turn

__all__ = ["Check", "Outcome", "Sample", "Suite", "Thresholds", "ToolAnswer", "Turn"]
