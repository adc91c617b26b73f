"""May this change merge? Pure: everything it judges by is handed to it."""

from __future__ import annotations

from promptops.gate.approval import (
    Approval,
    Approvals,
    Entry,
    Proposal,
    Review,
    ReviewState,
    latest_reviews,
)
from promptops.gate.change import Change, ChangedPath, PathKind, PromptChange, PromptState
from promptops.gate.consent import Ground, Requirement
from promptops.gate.evidence import EvalResult, parse_evidence
from promptops.gate.ruling import Rules, describe_owners, judge
from promptops.gate.verdict import Verdict

__all__ = [
    "Approval",
    "Approvals",
    "Change",
    "ChangedPath",
    "Entry",
    "EvalResult",
    "Ground",
    "PathKind",
    "PromptChange",
    "PromptState",
    "Proposal",
    "Requirement",
    "Review",
    "ReviewState",
    "Rules",
    "Verdict",
    "describe_owners",
    "judge",
    "latest_reviews",
    "parse_evidence",
]
