"""Check what GitHub requires before merging into the default branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.protection.doctor.answer import error, fine, note, unread, warning
from promptops.protection.doctor.github.expected import (
    GUIDE,
    RULESETS,
    find_rulesets,
    judge_passing,
    place_of,
)
from promptops.protection.doctor.github.settings import GITHUB_ACTIONS_APP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.github.expected import ExpectedGate
    from promptops.protection.doctor.github.settings import (
        GitHubSettings,
        RequiredStatus,
    )


def look_at_reviews(settings: GitHubSettings, expected: ExpectedGate) -> Iterator[DoctorAnswer]:  # noqa: ARG001 - as all checks
    """Check that GitHub requires a pull request with the code owners' review."""
    place = place_of(settings)
    protection = settings.known_protection
    has_reviews = bool(settings.rules_of("pull_request")) or (
        protection is not None and protection.reviews is not None
    )
    faults = []
    if not has_reviews:
        faults.append(
            error(
                "the default branch accepts pushes without a pull request",
                place,
                risk="anyone with push access can change prompts and rules without a check",
                remedy=f"{RULESETS}: “Require a pull request before merging”",
            )
        )
    elif not settings.asks("require_code_owner_review"):
        faults.append(
            error(
                "GitHub does not require a review from the owners of a file",
                place,
                risk="only the gate's status protects the branch, a workflow on any branch can "
                "set it, and changes to workflows need no approval",
                remedy=f"{RULESETS}: “Require review from Code Owners”",
            )
        )
    if has_reviews and not settings.asks("dismiss_stale_reviews_on_push"):
        faults.append(
            warning(
                "approvals remain after new pushes",
                place,
                risk="an author can push other changes after an approval; the gate notices that "
                "in prompts only",
                remedy=f"{RULESETS}: “Dismiss stale pull request approvals when new commits are "
                "pushed”",
            )
        )
    if has_reviews and not settings.asks("require_last_push_approval"):
        faults.append(
            warning(
                "the person who pushed last may approve",
                place,
                risk="a reviewer can push to the branch and approve their own change",
                remedy=f"{RULESETS}: “Require approval of the most recent reviewable push”",
            )
        )
    yield from _unless_unread(
        settings,
        place,
        faults,
        "pull requests need a review by owners of the last push",
    )


def look_at_required_status(
    settings: GitHubSettings, expected: ExpectedGate
) -> Iterator[DoctorAnswer]:
    """Check that the gate's status is required, and that only the gate can set it."""
    place = place_of(settings)
    paths = [
        str(one.get("path", ""))
        for rule in settings.rules_of("workflows")
        for one in rule.parameters.get("workflows", ())
    ]
    bound = [path for path in paths if "promptops" in path]
    if bound:
        yield fine(f"a ruleset requires the workflow {bound[0]} itself", place)
        return
    required = [one for one in settings.statuses if one.name in expected.statuses]
    if not required:
        names = " or ".join(sorted(expected.statuses)) or "promptops"
        missing = error(
            f"the gate's status ({names}) is not required",
            place,
            risk="a change can merge while the gate fails or before it has run",
            remedy=f"{RULESETS}: “Require status checks to pass”, add {names} from GitHub Actions",
        )
        yield from _unless_unread(settings, place, [missing], "")
        return
    faults = [one for status in required for one in _judge_source(settings, status)]
    if not _is_strict(settings) and not settings.rules_of("merge_queue"):
        faults.append(
            warning(
                "a change can merge that was checked against an older state of the branch",
                place,
                risk="two changes can pass alone and conflict together: both set 1.3.0, with "
                "different text",
                remedy=f"{RULESETS}: “Require branches to be up to date before merging”, or a "
                "merge queue",
            )
        )
    yield from faults or [fine(f"the status {required[0].name} is required", place)]


def _judge_source(settings: GitHubSettings, status: RequiredStatus) -> Iterator[DoctorAnswer]:
    place = place_of(settings)
    if status.app is None:
        yield error(
            f"anyone can set the status {status.name}",
            place,
            risk="anyone with write access can set it to success with one API call",
            remedy="choose GitHub Actions as its expected source where it is required",
        )
    elif status.app == GITHUB_ACTIONS_APP:
        seen = f"a workflow on any branch can set the status {status.name}"
        risk = "anyone who may push a branch can push a workflow that sets it to success"
        remedy = "an organisation's ruleset that requires the workflow file itself, or an app of "
        remedy += f"its own that sets the status ({GUIDE})"
        say = note if settings.asks("require_code_owner_review") else warning
        yield say(seen, place, risk=risk, remedy=remedy)


def _is_strict(settings: GitHubSettings) -> bool:
    protection = settings.known_protection
    return (protection is not None and protection.is_strict) or any(
        rule.parameters.get("strict_required_status_checks_policy")
        for rule in settings.rules_of("required_status_checks")
    )


def look_at_bypass(settings: GitHubSettings, expected: ExpectedGate) -> Iterator[DoctorAnswer]:
    """Check that requirements apply to everybody, administrators included."""
    place = place_of(settings)
    faults: list[DoctorAnswer] = []
    protection = settings.known_protection
    if protection is not None and not protection.admins_too:
        faults.append(
            warning(
                "administrators may bypass the branch protection",
                place,
                risk="one stolen administrator account can merge anything",
                remedy="“Do not allow bypassing the above settings”, or move to a ruleset",
            )
        )
    if protection is not None and protection.bypass:
        faults.append(
            warning(
                "some people, teams or apps need no pull request",
                place,
                risk="they can change prompts and rules without review",
                remedy="empty “Allow specified actors to bypass required pull requests”",
            )
        )
    kinds = (
        *("pull_request", "required_status_checks", "workflows"),
        *("non_fast_forward", "deletion"),
    )
    chains = [find_rulesets(settings, settings.known_rules, kind) for kind in kinds]
    faults += judge_passing(
        [chain for chain in chains if chain],
        "the rules of the default branch",
        place,
        "one stolen administrator account can merge anything",
        keys=expected.numbers,
    )
    yield from faults
    if settings.unread is not None:
        yield unread(settings.unread, place)
    elif not faults:
        yield fine("nobody may bypass the rules of the default branch", place)


def look_at_rewriting(settings: GitHubSettings, expected: ExpectedGate) -> Iterator[DoctorAnswer]:  # noqa: ARG001 - as all checks
    """Check that the default branch cannot be rewritten or deleted."""
    place = place_of(settings)
    protection = settings.known_protection
    faults = []
    for kind, word, setting in (
        ("non_fast_forward", "rewritten", "Block force pushes"),
        ("deletion", "deleted", "Restrict deletions"),
    ):
        if settings.rules_of(kind) or (protection is not None and not protection.allows(kind)):
            continue
        faults.append(
            error(
                f"the default branch can be {word}",
                place,
                risk="unchecked commits can replace checked ones, and the record of approvals "
                "is lost",
                remedy=f"{RULESETS}: “{setting}”",
            )
        )
    yield from _unless_unread(
        settings, place, faults, "the default branch cannot be rewritten or deleted"
    )


def look_at_merge_queue(settings: GitHubSettings, expected: ExpectedGate) -> Iterator[DoctorAnswer]:
    """If there is a merge queue, check that the gate judges its entries."""
    if not settings.rules_of("merge_queue"):
        return
    place = place_of(settings)
    if expected.takes_queue:
        yield fine("the merge queue waits for the gate", place)
        return
    yield error(
        "the branch has a merge queue, and it does not start the gate",
        place,
        risk="every change waits in the queue forever",
        remedy="add merge_group: below on: in the gate's workflow",
    )


def _unless_unread(
    settings: GitHubSettings, place: str, missing: list[DoctorAnswer], seen: str
) -> list[DoctorAnswer]:
    """Return a missing requirement as an error only if everything could be read; else as
    unknown.
    """
    if missing and settings.unread is not None:
        return [unread(settings.unread, place)]
    return missing or [fine(seen, place)]
