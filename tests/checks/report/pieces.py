"""Outcomes of any kind, and the schemas that reports are held to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
from hypothesis import settings
from hypothesis import strategies as st

from promptops.checks.report.outcome import ReportOutcome
from promptops.prompt.finding import Finding, Inclusion, Position, Severity

PROMPTLY = settings(deadline=None, max_examples=25)


SCHEMAS = Path(__file__).with_name("schemas")


POSITIONS = st.builds(
    lambda line, column, lines, columns: Position(
        line, column, line + lines, column + columns if not lines else columns + 1
    ),
    *[st.integers(1, 6), st.integers(1, 40), st.integers(0, 2), st.integers(0, 9)],
)


# What a stranger can get into a message: anything but halves of characters.
HOSTILE = st.text(min_size=1, max_size=40) | st.sampled_from(
    ["</failure>", "]]>", "`", "```", "@octocat", "<img src=x>", "[x](javascript:x)", "\x00\x1b[2J"]
)


FINDINGS = st.builds(
    Finding,
    st.sampled_from(["syntax", "unused-input", "undeclared-variable", "unused-partial"]),
    st.sampled_from(Severity),
    HOSTILE,
    st.sampled_from(["prompts/a.md", "prompts/ä b#?%.md", "prompts/_p.md", "prompts/c d/e.md"]),
    st.none() | POSITIONS,
    st.none() | HOSTILE,
)


OUTCOMES = st.builds(
    ReportOutcome,
    st.lists(FINDINGS, max_size=6),
    st.integers(0, 3),
    st.just({"prompts/a.md": "one\ntwo\n  two\n", "prompts/_p.md": "x"}),
    included_from=st.just({"prompts/_p.md": (Inclusion("prompts/a.md", Position(2, 1, 2, 9)),)}),
)


def conforms(schema: Any, text: str) -> Any:
    document = json.loads(text)
    errors = [f"{one.instance_path}: {one.message}" for one in schema.iter_errors(document)]
    assert errors == []
    return document


def load(file: Path) -> Any:
    return jsonschema_rs.validator_for(json.loads(file.read_text()))


TEXT = "first\nsay {{ tikcet }} now\n\t日本 {{ x }}\n"


ERROR = Finding(
    "undeclared-variable",
    Severity.ERROR,
    "'tikcet' is not a declared input",
    "prompts/a.md",
    Position(2, 8, 2, 14),
    "did you mean 'ticket'?",
)


WIDE = Finding("syntax", Severity.WARNING, "odd", "prompts/a.md", Position(3, 8, 3, 9))


WHOLE = Finding("unused-partial", Severity.NOTE, "unused", "prompts/_p.md")


OUTCOME = ReportOutcome([ERROR, WIDE, WHOLE], 2, {"prompts/a.md": TEXT})
