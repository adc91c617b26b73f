"""Compare two versions of a prompt and classify every difference."""

from __future__ import annotations

from promptops.prompt.diff.change import (
    ChangeClass,
    Difference,
    MessageDiff,
    MessageStatus,
    PromptDiff,
    required_version,
)
from promptops.prompt.diff.comparison import diff_prompts
from promptops.prompt.diff.document import diff_to_json
from promptops.prompt.diff.markdown import diff_to_markdown
from promptops.prompt.diff.schemas import Relation, compare_schemas
from promptops.prompt.diff.text import DiffLine, Hunk, LineKind, Segment, SegmentKind, compare_texts

__all__ = [
    "ChangeClass",
    "DiffLine",
    "Difference",
    "Hunk",
    "LineKind",
    "MessageDiff",
    "MessageStatus",
    "PromptDiff",
    "Relation",
    "Segment",
    "SegmentKind",
    "compare_schemas",
    "compare_texts",
    "diff_prompts",
    "diff_to_json",
    "diff_to_markdown",
    "required_version",
]
