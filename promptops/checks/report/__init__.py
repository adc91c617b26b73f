"""Write findings in several formats: one module for each, with a `render` function.

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
"""Format -> name of its module."""


def render(name: str, outcome: ReportOutcome) -> str:
    """Return the report in one of the formats; may be empty if there are no findings."""
    module: ReportFormat = import_module(f"{__name__}.{FORMATS[name]}")
    return module.render(outcome)
