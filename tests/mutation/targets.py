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

_REPOSITORIES = (
    "tests/gate/test_admission.py",
    "tests/gate/test_attacks.py",
    "tests/gate/test_judging.py",
    "tests/gate/test_proposal.py",
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
    "promptops.proposal": _REPOSITORIES,
    "promptops.admission": _REPOSITORIES,
    "promptops.governance": _REPOSITORIES,
    "promptops.approvals.collection": (
        "tests/approvals/test_collection.py",
        "tests/approvals/test_contents.py",
    ),
    "promptops.approvals.content": (
        "tests/approvals/test_collection.py",
        "tests/approvals/test_contents.py",
    ),
    "promptops.approvals.signed": (
        "tests/approvals/test_deployers.py",
        "tests/approvals/test_signed.py",
    ),
    "promptops.approvals.statement": ("tests/approvals/test_statement.py",),
    "promptops.approvals.file": ("tests/approvals/test_file.py",),
    "promptops.approvals.github": ("tests/approvals/test_github.py",),
    "promptops.approvals.gitlab": ("tests/approvals/test_gitlab.py",),
}
"""The modules that find out what the rules are given; their tests need repositories and servers."""

_TYPES = "only for the types: it is never None here"
_FASTER = "saves reading; what is found is the same"

EQUIVALENT: dict[tuple[str, str, str, str], str] = {
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
    ): _TYPES,
    (
        "promptops.gate.versions",
        "find_step",
        "base is not None and since is not None and (new.version.level_from(base) < since.level)",
        "since is not None and new.version.level_from(base) < since.level",
    ): _TYPES,
    (
        "promptops.gate.versions",
        "find_step",
        "base is not None and since is not None and (new.version.level_from(base) < since.level)",
        "base is not None and new.version.level_from(base) < since.level",
    ): _TYPES,
    (
        "promptops.approvals.content",
        "bring_commit",
        "found is None and fetch and (repository.source is not None)",
        "fetch and repository.source is not None",
    ): _FASTER,
    (
        "promptops.approvals.signed",
        "read_deployment_approvers",
        "one == expected and one.approver not in approvers",
        "one == expected",
    ): "verifies what is not needed any more",
    (
        "promptops.approvals.github",
        "read_github",
        "review.user or ''",
        "review.user",
    ): _TYPES,
    (
        "promptops.approvals.github",
        "_doubts",
        "review.user or ''",
        "review.user",
    ): _TYPES,
    (
        "promptops.proposal",
        "_Reading._read_prompts",
        "side.keep([f'{name}.md' for name in names])",
        "pass",
    ): _FASTER,
    (
        "promptops.proposal",
        "_Reading._find_users",
        "blob is not None and blob.kind == 'blob'",
        "blob is not None",
    ): "a submodule's commit leads to prompts that are then found unchanged",
    (
        "promptops.proposal",
        "_Releases.__init__",
        "version is not None and (name, version) in tags",
        "(name, version) in tags",
    ): _TYPES,
    (
        "promptops.proposal",
        "_Releases.place",
        "old is None or diff is None or old.digest != base.digest",
        "old is None or old.digest != base.digest",
    ): "where there is no comparison, the old side is not valid either",
    (
        "promptops.proposal",
        "_Releases.place",
        "diff is None",
        "diff is not None",
    ): _FASTER,
    (
        "promptops.admission",
        "_judge_suites",
        "document is None or not isinstance(suite, str) or governs(config, suite)",
        "not isinstance(suite, str) or governs(config, suite)",
    ): _TYPES,
    (
        "promptops.admission",
        "_judge_policy_files",
        "tree.read(path.path) or b''",
        "tree.read(path.path)",
    ): _TYPES,
    (
        "promptops.admission",
        "require_release_tags",
        "False",
        "True",
    ): _FASTER,
}
"""Mutants that do what the original does, each with the reason why no test can tell.

The key is module, function, what stands there and what the mutant has instead.
"""
