"""The ids of the gate's own findings, with their meaning."""

from __future__ import annotations

RULES = {
    "broken-policy": "the change brings a configuration or groups file that cannot be read",
    "carried-version": "a change writes a version number where releases write them",
    "changed-release": "a released version has other content than it was released with",
    "irregular-file": "a link or a submodule stands where a governed file should",
    "lowered-version": "a prompt's version goes back",
    "missing-approval": "an owner of a governed file has not approved what the change makes of it",
    "missing-evidence": "there is no evidence that a prompt's evals passed for this content",
    "missing-review": "a prompt requires a review, and none of its owners has approved the change",
    "moved-by-merge": "merging changes a governed file that the change itself does not touch",
    "no-owners": "the target branch has no CODEOWNERS file",
    "removed-prompt": "a prompt goes that is live, or was released where no environment can say, "
    "and was never deprecated",
    "requested-change": "a reviewer asks for changes",
    "small-bump": "a version moves by less than the change needs",
    "unapproved-suppression": "a prompt newly ignores a check, and no owner has approved that",
    "unchanged-version": "a prompt changes and its version does not",
    "unchecked-approval": "nobody was asked who approved the change",
    "ungoverned-evals": "a prompt's evals lie where nobody has to approve a change to them",
    "unowned-path": "a governed file has no owner",
}
"""Finding id -> sentence for reports. The policy decides which are errors."""
