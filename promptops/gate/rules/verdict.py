"""The gate's verdict on a change."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptops.gate.rules.version_lines import list_version_lines
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from promptops.delivery.evidence import EvalEvidence
    from promptops.gate.rules.change import Change, PromptChange
    from promptops.gate.rules.consent import Requirement
    from promptops.gate.rules.version_lines import VersionLine
    from promptops.prompt.finding import Finding

SCHEMA = "promptops.gate/v1"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's verdict on one change.

    Attributes:
        change: the judged change.
        findings: all findings, sorted by file and position.
        requirements: the required approvals, with the given ones.
        sources: the sources that were asked for approvals; empty: approvals were not checked.
        owners_path: the CODEOWNERS file at the target branch's tip, or None.
        evidence: the eval results about the merged content.
        notes: remarks on how it was judged.
        versions: who writes version numbers: `change` or `release`.
    """

    change: Change
    findings: tuple[Finding, ...]
    requirements: tuple[Requirement, ...]
    sources: tuple[str, ...]
    owners_path: str | None
    evidence: tuple[EvalEvidence, ...] = ()
    notes: tuple[str, ...] = ()
    versions: str = "change"

    @property
    def is_allowed(self) -> bool:
        """Whether the change may be merged."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)

    @property
    def approvers(self) -> tuple[str, ...]:
        """The people whose approvals count, each once."""
        names = (one.approver for need in self.requirements for one in need.given)
        return tuple(sorted(dict.fromkeys(names), key=str.casefold))

    def requirements_of(self, prompt: PromptChange) -> list[Requirement]:
        """Return the required approvals of one prompt's change."""
        paths = {prompt.path, *prompt.changed}
        return [one for one in self.requirements if one.path in paths]

    @property
    def digest(self) -> str:
        """The verdict's digest, for a release's tag: `sha256:` over its JSON without white space.

        The same change under the same rules with the same approvals has the same digest.
        """
        text = json.dumps(self._content(), sort_keys=True, separators=(",", ":"))
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as a document of the form `promptops.gate/v1`."""
        return {"schema": SCHEMA, "digest": self.digest, **self._content()}

    def _content(self) -> dict[str, Any]:
        change = self.change
        lines = {one.path: one for one in list_version_lines(change.prompts, self.findings)}
        return {
            "allowed": self.is_allowed,
            "target": change.target,
            "base": change.base,
            "head": change.head,
            "merge_base": change.merge_base,
            "tree": change.tree,
            "prompts": [_list_prompt(one, lines.get(one.path)) for one in change.prompts],
            "approval": {
                "checked": bool(self.sources),
                "sources": list(self.sources),
                "owners_file": self.owners_path,
                "approvers": list(self.approvers),
                "requirements": [_list_requirement(one) for one in self.requirements],
            },
            "evals": [
                {"prompt": one.prompt, "suite": one.suite, "passed": one.passed}
                | ({} if one.record is None else {"record": one.record})
                for one in self.evidence
            ],
            "findings": [one.as_json() for one in self.findings],
            "notes": list(self.notes),
        }


def _list_prompt(change: PromptChange, line: VersionLine | None) -> dict[str, Any]:
    old = change.before.prompt if change.before else None
    new = change.after.prompt if change.after else None
    diff = change.diff
    kind = "changed"
    if change.before is None or change.after is None:
        kind = "added" if change.before is None else "removed"
    return {
        "name": change.name,
        "path": change.path,
        "change": kind,
        "class": diff.change_class.value if diff and diff.change_class else None,
        "bump": diff.level.label if diff else None,
        "from": str(old.version) if old else None,
        "to": str(new.version) if new else None,
        "digest": new.digest if new else None,
        "content": new.content_digest if new else None,
        "write": {"line": line.line, "text": line.text} if line else None,
        "requires_review": change.requires_review,
        "new_suppressions": list(change.new_suppressions),
    }


def _list_requirement(one: Requirement) -> dict[str, Any]:
    return {
        "path": one.path,
        "ground": one.reason.value,
        "about": one.about or None,
        "owners": list(one.owners),
        "line": one.line,
        "section": one.section,
        "count": one.count,
        "met": one.is_met,
        "approved_by": [approval.approver for approval in one.given],
        "left_out": [
            {"approver": approval.approver, "source": approval.source, "reason": reason}
            for approval, reason in one.left_out
        ],
    }
