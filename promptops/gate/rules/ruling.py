"""Judge a change: turn every broken rule into a finding, and return the verdict.

A missing approval, a small bump, a failed eval and a syntax error are all findings. So every report
format can show them, with their line if there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from promptops.forge.codeowners import OwnersState
from promptops.gate.rules.consent import ApprovalReason, Requirement, list_requirements
from promptops.gate.rules.verdict import Verdict
from promptops.gate.rules.versions import judge_versions
from promptops.prompt.finding import Finding, Position, Severity, sort_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptops.delivery.evidence import EvalEvidence
    from promptops.forge.codeowners import OwnersFile
    from promptops.gate.rules.approval import Approvals
    from promptops.gate.rules.change import Change, ChangedPath, PromptChange
    from promptops.gate.rules.people import Groups
    from promptops.repository.config import EvalRule

_IRREGULAR = {"120000": "a symbolic link", "160000": "a submodule"}

_HOW_TO_EVAL = (
    "run its evals on this content (promptops eval run --evidence FILE) and pass --evidence FILE"
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules for a change, from the target branch's tip.

    Attributes:
        owners: the CODEOWNERS file, or None.
        owners_path: its path.
        groups: people and teams.
        evals: how a change without evidence is treated: `off`, `warn` or `block`.
        committers_may: whether committers of a change may approve it.
        eval_rules: rules for some prompts instead of `evals`.
        versions: who writes version numbers: `change` or `release`.
    """

    owners: OwnersFile | None
    owners_path: str | None
    groups: Groups
    evals: str = "off"
    committers_may: bool = False
    eval_rules: Sequence[EvalRule] = ()
    versions: str = "change"

    def evals_of(self, name: str) -> tuple[str, bool]:
        """Return how a change of this prompt without evidence is treated, and whether answers must
        be live.
        """
        evals, live = self.evals, False
        for rule in self.eval_rules:
            if fnmatchcase(name, rule.pattern):
                evals = evals if rule.evals is None else rule.evals
                live = live if rule.live is None else rule.live
        return evals, live


def judge(
    change: Change,
    rules: Rules,
    approvals: Approvals,
    *,
    findings: Sequence[Finding] = (),
    evidence: Sequence[EvalEvidence] = (),
) -> Verdict:
    """Judge a change.

    Args:
        change: the proposed change.
        rules: the rules.
        approvals: the approvals.
        findings: the validation findings in the touched prompts and policy files after merging.
        evidence: eval results.
    """
    requirements = list_requirements(
        change,
        rules.owners,
        rules.groups,
        approvals,
        committers_may=rules.committers_may,
    )
    prompts = [one.after.prompt for one in change.prompts if one.after and one.after.prompt]
    relevant = tuple(one for one in evidence if any(map(one.is_about, prompts)))
    everything = [
        *findings,
        *judge_versions(change, is_free=rules.versions == "release"),
        *_judge_paths(change.paths),
        *_judge_owners(change, rules),
        *_judge_consent(requirements, approvals, rules.owners_path or "CODEOWNERS"),
        *_judge_evidence(change.prompts, rules, relevant),
    ]
    return Verdict(
        change,
        tuple(sorted(dict.fromkeys(everything), key=sort_key)),
        tuple(requirements),
        approvals.sources,
        rules.owners_path,
        relevant,
        approvals.notes,
        rules.versions,
    )


def _judge_paths(paths: Iterable[ChangedPath]) -> Iterator[Finding]:
    for path in paths:
        what = _IRREGULAR.get(path.merged.mode) if path.merged else None
        if what is not None:
            yield Finding(
                "irregular-file",
                Severity.ERROR,
                f"{path.path} is {what}, and links are never followed",
                path.path,
                None,
                "replace it with the file itself",
            )
        if not path.is_proposed:
            yield Finding(
                "moved-by-merge",
                Severity.ERROR,
                f"{path.path} changes by merging, although the change does not touch it",
                path.path,
                None,
                "merge or rebase onto the target branch, and ask for a new review",
            )


def _judge_owners(change: Change, rules: Rules) -> Iterator[Finding]:
    if rules.owners is None:
        if change.paths:
            yield Finding(
                "no-owners",
                Severity.WARNING,
                f"{change.target} has no CODEOWNERS file, so no approval is required",
                "CODEOWNERS",
                None,
                "add one that assigns the prompts to a team; the first one needs no approval",
            )
        return
    for path in change.paths:
        if rules.owners.match(path.path).state is not OwnersState.OWNED:
            yield Finding(
                "unowned-path",
                Severity.WARNING,
                f"{path.path} is part of {path.kind.value} and has no owner",
                path.path,
                None,
                f"give it an owner in {rules.owners_path}",
            )


def _judge_consent(
    requirements: Iterable[Requirement], approvals: Approvals, owners_path: str
) -> Iterator[Finding]:
    unchecked = False
    for one in requirements:
        if one.is_met:
            continue
        if one.reason is ApprovalReason.OWNERSHIP and not approvals.is_checked:
            unchecked = True
            continue
        yield _missing(one)
    if unchecked:
        yield Finding(
            "unchecked-approval",
            Severity.WARNING,
            "approvals were not checked",
            owners_path,
            None,
            "run the gate in the forge's CI, or pass --approvals signed or file",
        )
    for person in approvals.objections:
        yield Finding(
            "requested-change",
            Severity.WARNING,
            f"{person} requested changes",
            owners_path,
            None,
            "address the review; the forge may block the merge until then",
        )


CONSENT_CHECKS = {
    ApprovalReason.OWNERSHIP: "missing-approval",
    ApprovalReason.REVIEW: "missing-review",
    ApprovalReason.SUPPRESSION: "unapproved-suppression",
}


def _missing(one: Requirement) -> Finding:
    who = describe_owners(one)
    message = {
        ApprovalReason.OWNERSHIP: f"{one.path} needs {who}",
        ApprovalReason.REVIEW: f"{one.about} requires a review: {one.path} needs {who}",
        ApprovalReason.SUPPRESSION: f"{one.path} now ignores {one.about}, which needs {who}",
    }[one.reason]
    if one.given:
        message += f"; so far {', '.join(approval.approver for approval in one.given)}"
    reasons = [f"{approval.approver}: {reason}" for approval, reason in one.left_out]
    hint = "ask them to review it, or to run promptops approve"
    if one.is_hopeless:
        hint = (
            "no owner can give it: all of them contributed to the change; add a second "
            "person or a team to CODEOWNERS"
        )
    if reasons:
        hint += f"; not counted: {'; '.join(reasons)}"
    place = Position(1, 1, 1, 2) if one.reason is ApprovalReason.SUPPRESSION else None
    return Finding(CONSENT_CHECKS[one.reason], Severity.ERROR, message, one.path, place, hint)


def describe_owners(requirement: Requirement) -> str:
    """Describe whose approval is needed."""
    number = "the approval" if requirement.count == 1 else f"{requirement.count} approvals"
    if not requirement.owners:
        return f"{number} of anyone with write access, since it has no owner"
    return f"{number} of {' or '.join(requirement.owners)}"


def _judge_evidence(
    prompts: Iterable[PromptChange], rules: Rules, evidence: Sequence[EvalEvidence]
) -> Iterator[Finding]:
    for prompt in prompts:
        policy, must_be_live = rules.evals_of(prompt.name)
        new = prompt.after.prompt if prompt.after else None
        if policy == "off" or new is None:
            continue
        found = [one for one in evidence if one.is_about(new)]
        what = _find_lack(found, must_be_live)
        if what is None:
            continue
        has_failed = any(not one.is_good for one in found)
        yield Finding(
            "missing-evidence",
            Severity.ERROR if policy == "block" else Severity.WARNING,
            f"{prompt.name} {new.version}: {what}",
            prompt.path,
            None,
            f"see what fails: promptops eval run {prompt.name}" if has_failed else _HOW_TO_EVAL,
        )


def _find_lack(results: Sequence[EvalEvidence], must_be_live: bool) -> str | None:  # noqa: FBT001
    """Return why the results do not show that evals passed; None if they do."""
    if not results:
        return "no evidence that its evals passed"
    failed = [one.suite for one in results if not one.is_good]
    if failed:
        return f"{', '.join(failed)} did not pass"
    stale = [one.suite for one in results if one.is_stale]
    if stale:
        return f"{', '.join(stale)} passed in another state of the suite"
    recorded = [one.suite for one in results if must_be_live and not one.is_live]
    return (
        f"{', '.join(recorded)} passed with recorded or scripted answers only" if recorded else None
    )
