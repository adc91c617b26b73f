"""Parse and validate eval suites. Nothing here runs an eval."""

from __future__ import annotations

from promptops.prompt.suite.suite import Check, Outcome, Sample, Suite, Thresholds, ToolAnswer, Turn

__all__ = ["Check", "Outcome", "Sample", "Suite", "Thresholds", "ToolAnswer", "Turn"]
