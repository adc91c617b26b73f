"""Findings for people and programs: one module a format, each with a `render` function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.report import concise, github, json_document, sarif, text

if TYPE_CHECKING:
    from promptops.report.outcome import ReportFormat

FORMATS: dict[str, ReportFormat] = {
    "text": text,
    "concise": concise,
    "json": json_document,
    "sarif": sarif,
    "github": github,
}
