"""Decide whether a change may be merged. Pure: all inputs are arguments."""

from __future__ import annotations

from promptops.delivery.evidence import EvalEvidence, parse_evidence
from promptops.forge.review import Review, ReviewState
from promptops.gate.rules.approval import (
    Approval,
    ApprovalEntry,
    Approvals,
    Proposal,
    latest_reviews,
)
from promptops.gate.rules.change import Change, ChangedPath, PathKind, PromptChange, PromptState
from promptops.gate.rules.consent import ApprovalReason, Requirement
from promptops.gate.rules.ruling import Rules, describe_owners, judge
from promptops.gate.rules.verdict import Verdict

__all__ = [
    "Approval",
    "ApprovalEntry",
    "ApprovalReason",
    "Approvals",
    "Change",
    "ChangedPath",
    "EvalEvidence",
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
