"""The ids of the gate's own findings, with their meaning."""

from __future__ import annotations

RULES = {
    "broken-policy": "the change brings a configuration or groups file that cannot be read",
    "carried-version": "a change writes a version number where releases write them",
    "changed-release": "a released version has other content than it was released with",
    "irregular-file": "a governed file is a link or a submodule",
    "lowered-version": "a prompt's version decreases",
    "missing-approval": "an owner of a governed file has not approved its new content",
    "missing-evidence": "there is no evidence that a prompt's evals passed for this content",
    "missing-review": "a prompt requires a review, and none of its owners has approved the change",
    "moved-by-merge": "merging changes a governed file that the change itself does not touch",
    "no-owners": "the target branch has no CODEOWNERS file",
    "removed-prompt": "a prompt is removed that is live, or released and possibly live, and was "
    "never deprecated",
    "requested-change": "a reviewer requested changes",
    "small-bump": "a version bump is smaller than the change needs",
    "unapproved-suppression": "a prompt newly ignores a check, and no owner has approved that",
    "unchanged-version": "a prompt changes and its version does not",
    "unchecked-approval": "approvals were not checked",
    "ungoverned-evals": "a prompt's evals are not governed, so nobody has to approve a change "
    "to them",
    "unowned-path": "a governed file has no owner",
}
"""Finding id -> sentence for reports. The policy decides which are errors."""
