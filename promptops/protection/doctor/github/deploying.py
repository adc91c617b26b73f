"""Check how GitHub protects releases and environments, and who may deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.protection.doctor.answer import UnreadSetting, error, fine, note, unread, warning
from promptops.protection.doctor.github.expected import (
    GUIDE,
    RULESETS,
    find_rulesets,
    hidden,
    judge_passing,
)
from promptops.protection.doctor.github.settings import GITHUB_ACTIONS_APP, ActorKind, who_passes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.github.expected import ExpectedGate
    from promptops.protection.doctor.github.settings import (
        Actor,
        BranchProtection,
        DeployPlace,
        GitHubSettings,
        Ruleset,
        RulesetRule,
    )

# Names with no, one and two folders: a pattern that misses one leaves names unprotected.
_SAMPLES = tuple(
    f"refs/tags/{prefix}{name}@1.0.0"
    for prefix in ("prompts/", "yanked/prompts/")
    for name in ("a", "a/b", "a/b/c")
)


_MOVED = (
    "a released version can change its text, and new clones get it; verify notices only afterwards"
)
_FORGOTTEN = (
    "the deployment history can be rewritten; readers that saw it refuse, new readers do not"
)


def look_at_release_tags(
    settings: GitHubSettings,
    expected: ExpectedGate,  # noqa: ARG001 - as all checks
) -> Iterator[DoctorAnswer]:
    """Check that release tags cannot be moved, for names with and without folders."""
    place = f"{settings.repository}: tags prompts/** and yanked/**"
    if isinstance(settings.rulesets, UnreadSetting):
        yield unread(settings.rulesets, place)
        return
    tags = [ruleset for ruleset in settings.rulesets if ruleset.target == "tag"]
    faults: list[DoctorAnswer] = []
    chains: list[list[Ruleset]] = []
    for kind, word, setting in (
        ("update", "moved", "Restrict updates"),
        ("deletion", "deleted", "Restrict deletions"),
    ):
        covering = {
            ref: [one for one in tags if kind in one.kinds and one.covers(ref, settings.branch)]
            for ref in _SAMPLES
        }
        chains += [some for some in covering.values() if some]
        open_ = [ref.removeprefix("refs/tags/") for ref, some in covering.items() if not some]
        if open_:
            such = "release tags" if len(open_) == len(_SAMPLES) else f"tags such as {open_[0]}"
            faults.append(
                error(
                    f"{such} can be {word}",
                    place,
                    risk=_MOVED,
                    remedy=f"{RULESETS}: a tag ruleset for prompts/**/* and yanked/**/* with "
                    f"“{setting}” and no bypass (* alone does not cross a slash)",
                )
            )
    faults += judge_passing(chains, "the rules of release tags", place, _MOVED)
    yield from faults or [fine("release tags cannot be moved or deleted", place)]


def look_at_environment_branches(
    settings: GitHubSettings,
    expected: ExpectedGate,
) -> Iterator[DoctorAnswer]:
    """Check that only the deploying workflow can write to promptops/*, and can only append."""
    for environment, rules in settings.environment_rules.items():
        place = f"{settings.repository}: promptops/{environment}"
        if isinstance(rules, UnreadSetting):
            yield unread(rules, place)
            continue
        old = settings.environment_protection.get(environment)
        answers = [
            *_judge_history(settings, environment, rules, old),
            *_judge_writing(settings, environment, rules, old, expected),
        ]
        yield from answers or [
            fine(f"only deployers can write to promptops/{environment}, and only append", place)
        ]


def _judge_history(
    settings: GitHubSettings,
    environment: str,
    rules: tuple[RulesetRule, ...],
    old: BranchProtection | UnreadSetting | None,
) -> Iterator[DoctorAnswer]:
    """Check that the history of environments cannot be rewritten or deleted."""
    place = f"{settings.repository}: promptops/{environment}"
    chains = []
    for kind, word, setting in (
        ("non_fast_forward", "rewritten", "Block force pushes"),
        ("deletion", "deleted", "Restrict deletions"),
    ):
        chain = find_rulesets(settings, rules, kind)
        if chain:
            chains.append(chain)
        elif isinstance(old, UnreadSetting):
            yield unread(old, place)
            return
        elif old is None or old.allows(kind):
            yield error(
                f"promptops/{environment} can be {word}",
                place,
                risk=_FORGOTTEN,
                remedy=f"{RULESETS}: a ruleset for promptops/* with “{setting}”, without bypass",
            )
    what = f"the rules that keep promptops/{environment} from being rewritten"
    yield from judge_passing(chains, what, place, _FORGOTTEN)


def _judge_writing(
    settings: GitHubSettings,
    environment: str,
    rules: tuple[RulesetRule, ...],
    old: BranchProtection | UnreadSetting | None,
    expected: ExpectedGate,
) -> Iterator[DoctorAnswer]:
    """Check who may write to environment branches."""
    place = f"{settings.repository}: promptops/{environment}"
    chain = find_rulesets(settings, rules, "update")
    if chain:
        actors = who_passes(chain)
        if actors is None:
            yield hidden(f"the rule that nobody writes to promptops/{environment}", place)
            return
    elif isinstance(old, UnreadSetting):
        yield unread(old, place)
        return
    elif old is not None and old.pushers is not None:
        actors = old.pushers
    else:
        yield error(
            f"anyone with push access can deploy to {environment}",
            place,
            risk="any writer, and any workflow with contents: write, can make any version live, "
            "without release, review or reason",
            remedy=f"{RULESETS}: a ruleset for promptops/* with “Restrict creations” and "
            "“Restrict updates”, with a bypass only for the key or app of the deploy workflow "
            f"({GUIDE})",
        )
        return
    if chain and not find_rulesets(settings, rules, "creation"):
        yield warning(
            f"anyone with push access can create the branch promptops/{environment}",
            place,
            risk="anyone can make the first deployment, with any content",
            remedy=f"{RULESETS}: “Restrict creations” for promptops/*",
        )
    yield from _judge_deployers(actors, place, environment, expected)


def _judge_deployers(
    actors: tuple[Actor, ...], place: str, environment: str, expected: ExpectedGate
) -> Iterator[DoctorAnswer]:
    if not actors:
        yield warning(
            f"nobody can write to promptops/{environment}",
            place,
            risk="nothing can be deployed or rolled back until somebody changes the rule",
            remedy=f"{RULESETS}: add the deploy workflow's key or app to the bypass list of "
            "“Restrict updates”",
        )
    for actor in actors:
        is_workflows = actor.kind == ActorKind.APP and actor.number == GITHUB_ACTIONS_APP
        if is_workflows or actor.kind not in {ActorKind.APP, ActorKind.KEY}:
            yield error(
                f"{actor} can write to promptops/{environment}",
                place,
                risk="a push deploys without the environment's review"
                + (" by a workflow on any branch" if is_workflows else ""),
                remedy=f"{RULESETS}: allow a bypass only for a deploy key or an app whose "
                "secret is in the protected environment",
            )
    if not expected.deploys:
        yield note(
            f"no workflow deploys, and people cannot write to promptops/{environment}",
            place,
            risk="the key or app is used outside of the workflows that are checked here",
            remedy="promptops init --deploy writes a workflow for it",
        )


def look_at_deploy_places(
    settings: GitHubSettings,
    expected: ExpectedGate,
) -> Iterator[DoctorAnswer]:
    """Check that another person must approve a deployment, and only from the default branch."""
    if not expected.deploys:
        return
    for environment, found in settings.places.items():
        place = f"{settings.repository}: environment {environment}"
        if isinstance(found, UnreadSetting):
            yield unread(found, place)
            continue
        answers = list(_judge_deploy_place(environment, place, found))
        yield from answers or [fine(f"a deployment to {environment} waits for a reviewer", place)]


def _judge_deploy_place(
    environment: str, place: str, found: DeployPlace | None
) -> Iterator[DoctorAnswer]:
    where = f"Settings > Environments > {environment}"
    if found is None:
        yield error(
            f"GitHub has no environment {environment}, and creates one without rules on first use",
            place,
            risk="anyone who may start the workflow can deploy without approval",
            remedy="Settings > Environments > New environment, with required reviewers",
        )
        return
    if not found.has_reviewers:
        yield error(
            f"a deployment to {environment} needs no reviewer",
            place,
            risk="anyone who may start the workflow can deploy without approval",
            remedy=f"{where}: “Required reviewers”",
        )
    elif not found.prevents_self_review:
        yield warning(
            f"the person who starts a deployment to {environment} may approve it",
            place,
            risk="one person, or one stolen account, can deploy alone",
            remedy=f"{where}: “Prevent self-review”",
        )
    if not found.is_limited:
        yield error(
            f"a workflow of any branch may deploy to {environment}",
            place,
            risk="a workflow on any branch can read the deploy key",
            remedy=f"{where}: “Deployment branches and tags”: the default branch only",
        )


def look_at_workflow_rights(
    settings: GitHubSettings,
    expected: ExpectedGate,  # noqa: ARG001 - as all checks
) -> Iterator[DoctorAnswer]:
    """Check that workflows do not have write or approval permissions by default."""
    place = f"{settings.repository}: Settings > Actions > General"
    rights = settings.workflow_rights
    if isinstance(rights, UnreadSetting):
        yield unread(rights, place)
        return
    faults = []
    if rights.may_approve:
        faults.append(
            warning(
                "workflows may approve pull requests",
                place,
                risk="a workflow on any branch can approve a pull request",
                remedy="turn off “Allow GitHub Actions to create and approve pull requests”",
            )
        )
    if rights.may_write:
        faults.append(
            warning(
                "workflows have write permission by default",
                place,
                risk="any dependency of any job can push tags and branches with its token",
                remedy="“Workflow permissions”: “Read repository contents and packages”",
            )
        )
    yield from faults or [fine("workflows have read-only permission by default", place)]
