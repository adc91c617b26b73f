"""Which modules have their conditions turned round, and which tests have to notice."""

from __future__ import annotations

_GATE = (
    "tests/gate/rules/test_approval.py",
    "tests/gate/rules/test_change.py",
    "tests/gate/rules/test_consent.py",
    "tests/gate/rules/test_deployment.py",
    "tests/delivery/test_evidence.py",
    "tests/gate/test_markdown.py",
    "tests/gate/rules/test_people.py",
    "tests/gate/rules/test_ruling.py",
    "tests/gate/test_summary.py",
    "tests/gate/rules/test_verdict.py",
    "tests/gate/rules/test_versions.py",
)

_REPOSITORIES = (
    "tests/gate/test_admission.py",
    "tests/gate/test_attacks.py",
    "tests/gate/test_proposal.py",
)

RULES: dict[str, tuple[str, ...]] = {
    "promptops.gate.rules.approval": _GATE,
    "promptops.gate.rules.change": _GATE,
    "promptops.gate.rules.consent": _GATE,
    "promptops.gate.rules.deployment": _GATE,
    "promptops.delivery.evidence": _GATE,
    "promptops.gate.markdown": _GATE,
    "promptops.gate.rules.people": _GATE,
    "promptops.gate.rules.ruling": _GATE,
    "promptops.gate.summary": _GATE,
    "promptops.gate.rules.verdict": _GATE,
    "promptops.gate.rules.version_lines": (*_GATE, "tests/gate/rules/test_version_lines.py"),
    "promptops.gate.rules.versions": _GATE,
}
"""The modules whose rules are pure, with the files of tests: a fraction of a second a mutant."""

SOURCES: dict[str, tuple[str, ...]] = {
    "promptops.gate.proposal": _REPOSITORIES,
    "promptops.gate.admission": _REPOSITORIES,
    "promptops.gate.governance": _REPOSITORIES,
    "promptops.gate.approvals.collection": (
        "tests/gate/approvals/test_collection.py",
        "tests/gate/approvals/test_content.py",
    ),
    "promptops.gate.approvals.content": (
        "tests/gate/approvals/test_collection.py",
        "tests/gate/approvals/test_content.py",
    ),
    "promptops.gate.approvals.signed": ("tests/gate/approvals/test_signed.py",),
    "promptops.gate.approvals.statement": ("tests/gate/approvals/test_statement.py",),
    "promptops.gate.approvals.file": ("tests/gate/approvals/test_file.py",),
    "promptops.gate.approvals.github": ("tests/gate/approvals/test_github.py",),
    "promptops.gate.approvals.gitlab": ("tests/gate/approvals/test_gitlab.py",),
    "promptops.prompt.exact_json": ("tests/prompt/test_exact_json.py",),
    "promptops.prompt.untrusted_yaml": ("tests/prompt/test_untrusted_yaml.py",),
    "promptops.repository.origin": ("tests/repository/test_origin.py",),
    "promptops.protection.doctor.installation": (
        "tests/protection/doctor/test_installation.py",
        "tests/repository/test_origin.py",
    ),
}
"""The modules that find out what the rules are given; their tests need repositories and servers."""

_TYPES = "only for the types: it is never None here"
_FASTER = "saves reading; what is found is the same"

EQUIVALENT: dict[tuple[str, str, str, str], str] = {
    (
        "promptops.prompt.exact_json",
        "read_exact",
        "not allow_surrogates and '\\\\u' in text",
        "not allow_surrogates",
    ): _FASTER,
    (
        "promptops.gate.rules.versions",
        "_judge_version",
        "new.version < change.versions[-1]",
        "new.version <= change.versions[-1]",
    ): "a version that is equal is released, and was judged before",
    (
        "promptops.gate.rules.versions",
        "_judge_step",
        "change.diff is None or change.diff.level is Level.NONE",
        "change.diff.level is Level.NONE",
    ): _TYPES,
    (
        "promptops.gate.rules.versions",
        "has_version",
        "base is not None and diff is not None",
        "base is not None or diff is not None",
    ): _TYPES,
    (
        "promptops.gate.rules.versions",
        "has_version",
        "base is not None and diff is not None",
        "diff is not None",
    ): _TYPES,
    (
        "promptops.gate.rules.versions",
        "has_version",
        "base is not None and diff is not None",
        "base is not None",
    ): _TYPES,
    (
        "promptops.gate.rules.versions",
        "find_step",
        "base is not None and since is not None and (new.version.level_from(base) < since.level)",
        "since is not None and new.version.level_from(base) < since.level",
    ): _TYPES,
    (
        "promptops.gate.rules.versions",
        "find_step",
        "base is not None and since is not None and (new.version.level_from(base) < since.level)",
        "base is not None and new.version.level_from(base) < since.level",
    ): _TYPES,
    (
        "promptops.gate.rules.versions",
        "find_version",
        "old is not None and diff is not None and (diff.level is not Level.NONE)",
        "diff is not None and diff.level is not Level.NONE",
    ): _TYPES,
    (
        "promptops.gate.rules.versions",
        "find_version",
        "old is not None and diff is not None and (diff.level is not Level.NONE)",
        "old is not None and diff.level is not Level.NONE",
    ): _TYPES,
    (
        "promptops.gate.rules.versions",
        "_finding",
        "needed is not None and place is not None",
        "needed is not None or place is not None",
    ): _TYPES,
    (
        "promptops.gate.rules.versions",
        "_finding",
        "needed is not None and place is not None",
        "place is not None",
    ): _TYPES,
    (
        "promptops.gate.rules.versions",
        "_finding",
        "needed is not None and place is not None",
        "needed is not None",
    ): _TYPES,
    (
        "promptops.gate.approvals.content",
        "bring_commit",
        "found is None and fetch and (repository.source is not None)",
        "fetch and repository.source is not None",
    ): _FASTER,
    (
        "promptops.gate.approvals.signed",
        "read_deployment_approvers",
        "one == expected and one.approver not in approvers",
        "one == expected",
    ): "verifies what is not needed any more",
    (
        "promptops.gate.approvals.github",
        "read_github",
        "review.user or ''",
        "review.user",
    ): _TYPES,
    (
        "promptops.gate.approvals.github",
        "_doubts",
        "review.user or ''",
        "review.user",
    ): _TYPES,
    (
        "promptops.gate.proposal",
        "_ProposalReading._read_prompts",
        "side.keep([f'{name}.md' for name in names])",
        "pass",
    ): _FASTER,
    (
        "promptops.gate.proposal",
        "_ProposalReading._read_texts",
        "blob is not None and blob.kind == 'blob'",
        "blob is not None",
    ): "a submodule's commit leads to prompts that are then found unchanged",
    (
        "promptops.gate.proposal",
        "_Releases.__init__",
        "version is not None and (name, version) in tags",
        "(name, version) in tags",
    ): _TYPES,
    (
        "promptops.gate.proposal",
        "_Releases.place",
        "old is None or diff is None or old.digest != base.digest",
        "old is None or old.digest != base.digest",
    ): "where there is no comparison, the old side is not valid either",
    (
        "promptops.gate.proposal",
        "_Releases.place",
        "diff is None",
        "diff is not None",
    ): _FASTER,
    (
        "promptops.gate.admission",
        "_judge_suites",
        "document is None or not isinstance(suite, str) or governs(config, suite)",
        "not isinstance(suite, str) or governs(config, suite)",
    ): _TYPES,
    (
        "promptops.gate.admission",
        "_judge_policy_files",
        "tree.read(path.path) or b''",
        "tree.read(path.path)",
    ): _TYPES,
    (
        "promptops.gate.admission",
        "require_release_tags",
        "False",
        "True",
    ): _FASTER,
}
"""Mutants that do what the original does, each with the reason why no test can tell.

The key is module, function, what stands there and what the mutant has instead.
"""
