"""Which modules have their conditions turned round, and which tests have to notice."""

from __future__ import annotations

_GATE = (
    "tests/gate/test_approval.py",
    "tests/gate/test_change.py",
    "tests/gate/test_consent.py",
    "tests/gate/test_deployment.py",
    "tests/gate/test_evidence.py",
    "tests/gate/test_people.py",
    "tests/gate/test_ruling.py",
    "tests/gate/test_summary.py",
    "tests/gate/test_verdict.py",
    "tests/gate/test_versions.py",
)

RULES: dict[str, tuple[str, ...]] = {
    "promptops.gate.approval": _GATE,
    "promptops.gate.change": _GATE,
    "promptops.gate.consent": _GATE,
    "promptops.gate.deployment": _GATE,
    "promptops.gate.evidence": _GATE,
    "promptops.gate.markdown": _GATE,
    "promptops.gate.people": _GATE,
    "promptops.gate.ruling": _GATE,
    "promptops.gate.summary": _GATE,
    "promptops.gate.verdict": _GATE,
    "promptops.gate.versions": _GATE,
}
"""The modules whose rules are pure, with the files of tests: a fraction of a second a mutant."""

SOURCES: dict[str, tuple[str, ...]] = {
    "promptops.approvals.statement": ("tests/approvals/test_statement.py",),
    "promptops.approvals.file": ("tests/approvals/test_file.py",),
    "promptops.approvals.github": ("tests/approvals/test_github.py",),
    "promptops.approvals.gitlab": ("tests/approvals/test_gitlab.py",),
}
"""The modules that find out what the rules are given; their tests need files and servers."""

EQUIVALENT: dict[tuple[str, str, str, str], str] = {
    (
        "promptops.approvals.github",
        "read_github",
        "review.user or ''",
        "review.user",
    ): "of a review without a person nothing is left before this; types want the rest",
    (
        "promptops.approvals.github",
        "_doubts",
        "review.user or ''",
        "review.user",
    ): "of a review without a person nothing is left before this; types want the rest",
    (
        "promptops.gate.versions",
        "_judge_version",
        "new.version < change.versions[-1]",
        "new.version <= change.versions[-1]",
    ): "a version that is equal is released, and was judged before",
    (
        "promptops.gate.versions",
        "_judge_step",
        "change.diff is None or change.diff.level is Level.NONE",
        "change.diff.level is Level.NONE",
    ): "both sides are valid where this is called, so there is a comparison; types want the rest",
}
"""Mutants that do what the original does, each with the reason why no test can tell.

The key is module, function, what stands there and what the mutant has instead.
"""
