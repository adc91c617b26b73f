"""A GitHub that protects a repository as well as it can, and then less so, piece by piece."""

from __future__ import annotations

import re
from typing import Any

from tests.forge.fake_github import FakeGitHub
from tests.forge.server import Clock, Request, Response

ACTIONS = 15368
BRANCH_RULES: list[dict[str, Any]] = [
    {"type": "deletion"},
    {"type": "non_fast_forward"},
    {
        "type": "pull_request",
        "parameters": {
            "required_approving_review_count": 1,
            "dismiss_stale_reviews_on_push": True,
            "require_code_owner_review": True,
            "require_last_push_approval": True,
            "required_review_thread_resolution": False,
            "allowed_merge_methods": ["merge", "squash"],
        },
    },
    {
        "type": "required_status_checks",
        "parameters": {
            "strict_required_status_checks_policy": True,
            "do_not_enforce_on_create": False,
            "required_status_checks": [{"context": "promptops", "integration_id": ACTIONS}],
        },
    },
]
WRITING: list[dict[str, Any]] = [
    {"type": "creation"},
    {"type": "update", "parameters": {"update_allows_fetch_and_merge": False}},
]
HISTORY: list[dict[str, Any]] = [{"type": "deletion"}, {"type": "non_fast_forward"}]
PLACES = ["refs/heads/promptops/*"]


class ProtectedGitHub(FakeGitHub):
    """The repository's settings, each to be changed by a test."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.rules: dict[str, list[dict[str, Any]]] = {
            "main": [{**rule, "ruleset_id": 1} for rule in BRANCH_RULES],
            **{
                f"promptops/{name}": [
                    *({**rule, "ruleset_id": 2} for rule in WRITING),
                    *({**rule, "ruleset_id": 4} for rule in HISTORY),
                ]
                for name in ("staging", "production")
            },
        }
        key = {"actor_type": "DeployKey", "actor_id": None, "bypass_mode": "always"}
        tags = ["refs/tags/prompts/**/*", "refs/tags/yanked/**/*"]
        kept = [WRITING[1], HISTORY[0]]
        self.rulesets: dict[int, dict[str, Any]] = {
            1: _ruleset(1, "main", "branch", ["~DEFAULT_BRANCH"], BRANCH_RULES, []),
            2: _ruleset(2, "deploying", "branch", PLACES, WRITING, [key]),
            3: _ruleset(3, "releases", "tag", tags, kept, []),
            4: _ruleset(4, "history", "branch", PLACES, HISTORY, []),
        }
        self.protection: dict[str, Any] | None = None
        self.place_protection: dict[str, Any] | None = None
        self.environments: dict[str, dict[str, Any]] = {
            name: self.environment(name) for name in ("staging", "production")
        }
        self.rights = {
            "default_workflow_permissions": "read",
            "can_approve_pull_request_reviews": False,
        }
        # What the token may not see, by what its path ends with.
        self.hidden: set[str] = set()

    def environment(self, name: str) -> dict[str, Any]:
        here = f"https://github.com/acme/prompts/environments/{name}"
        return {
            "id": 1,
            "node_id": "EN_1",
            "name": name,
            "url": here,
            "html_url": here,
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
            "protection_rules": [
                {
                    "id": 1,
                    "node_id": "GA_1",
                    "type": "required_reviewers",
                    "prevent_self_review": True,
                    "reviewers": [{"type": "User", "reviewer": self._user("bob")}],
                },
                {"id": 2, "node_id": "GA_2", "type": "branch_policy"},
            ],
            "deployment_branch_policy": {
                "protected_branches": True,
                "custom_branch_policies": False,
            },
        }

    def protect(self, **changed: Any) -> None:
        """Give the branch the older kind of protection, as the whole of it looks."""
        here = f"{self.url}/repos/acme/prompts/branches/main/protection"
        self.protection = {
            "url": here,
            "required_status_checks": {
                "url": f"{here}/required_status_checks",
                "strict": True,
                "contexts": ["promptops"],
                "contexts_url": f"{here}/required_status_checks/contexts",
                "checks": [{"context": "promptops", "app_id": ACTIONS}],
            },
            "required_pull_request_reviews": {
                "url": f"{here}/required_pull_request_reviews",
                "dismiss_stale_reviews": True,
                "require_code_owner_reviews": True,
                "require_last_push_approval": True,
                "required_approving_review_count": 1,
            },
            "enforce_admins": {"url": f"{here}/enforce_admins", "enabled": True},
            "allow_force_pushes": {"enabled": False},
            "allow_deletions": {"enabled": False},
            **changed,
        }
        self.rules["main"] = []

    def _answer(self, request: Request) -> Response:
        if any(request.path.endswith(path) for path in self.hidden):
            return Response.of({"message": "Resource not accessible by personal access token"}, 403)
        path = request.path.removeprefix("/repos/acme/prompts")
        found = self._settings(path) or self._rules(request, path)
        return super()._answer(request) if found is None else found

    def _settings(self, path: str) -> Response | None:
        if path == "":
            return Response.of(self._whole_repository())
        if path == "/branches/main/protection":
            return _or_missing(self.protection, "Branch not protected")
        if path == "/branches/promptops%2Fproduction/protection":
            return _or_missing(self.place_protection, "Branch not protected")
        if path == "/branches/promptops%2Fstaging/protection":
            return _or_missing(None, "Branch not found")
        if found := re.fullmatch(r"/environments/(.+)", path):
            return _or_missing(self.environments.get(found[1]), "Not Found")
        return Response.of(self.rights) if path == "/actions/permissions/workflow" else None

    def _rules(self, request: Request, path: str) -> Response | None:
        if found := re.fullmatch(r"/rules/branches/(.+)", path):
            branch = found[1].replace("%2F", "/")
            rules = [
                {**rule, "ruleset_source_type": "Repository", "ruleset_source": "acme/prompts"}
                for rule in self.rules.get(branch, [])
            ]
            return self._paged(request, rules)
        if path == "/rulesets":
            left_out = ("bypass_actors", "rules", "conditions")
            listed = [
                {key: value for key, value in one.items() if key not in left_out}
                for one in self.rulesets.values()
            ]
            return self._paged(request, listed)
        if found := re.fullmatch(r"/rulesets/(\d+)", path):
            return Response.of(self.rulesets[int(found[1])])
        return None

    def _whole_repository(self) -> dict[str, Any]:
        counts = {"subscribers_count": 0, "network_count": 0}
        return {**self._repository(), **counts, "has_discussions": False}


def _or_missing(value: dict[str, Any] | None, said: str) -> Response:
    return Response.of({"message": said}, 404) if value is None else Response.of(value)


def _ruleset(
    number: int,
    name: str,
    target: str,
    include: list[str],
    rules: list[dict[str, Any]],
    actors: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "target": target,
        "source_type": "Repository",
        "source": "acme/prompts",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": include, "exclude": []}},
        "rules": rules,
        "bypass_actors": actors,
    }
