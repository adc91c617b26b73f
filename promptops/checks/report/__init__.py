"""Findings for people and programs: one module a format, each with a `render` function.

A format's module is imported when it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptops.checks.report.outcome import ReportFormat, ReportOutcome

FORMATS = {
    "text": "text",
    "concise": "concise",
    "json": "json_document",
    "sarif": "sarif",
    "github": "github",
    "gitlab": "gitlab",
    "junit": "junit",
    "markdown": "markdown",
}
"""Each format with the name of its module."""


def render(name: str, outcome: ReportOutcome) -> str:
    """Return the report in one of the formats; empty when that format says nothing about no
    findings.
    """
    module: ReportFormat = import_module(f"{__name__}.{FORMATS[name]}")
    return module.render(outcome)
