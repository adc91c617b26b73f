"""Every way in which GitLab can leave a gap, closed first and then opened one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.forge.gitlab import GitLab
from promptops.protection.doctor import AnswerState
from promptops.protection.doctor.gitlab import GITLAB_CHECKS, ProtectedName, read_gitlab
from tests.cli.running import run
from tests.forge.server import Clock, Request, Response, Server
from tests.prompts import prompt_text
from tests.protection.doctor.pieces import ERROR, JOB, NOTE, WARNING
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptops.prompt.finding import Severity
    from promptops.protection.doctor import DoctorAnswer
    from tests.repositories import Repo

NO_ONE, DEVELOPERS, MAINTAINERS = 0, 30, 40


class ProtectedGitLab:
    """One project's settings, as docs.gitlab.com shows them; each to be changed by a test."""

    def __init__(self) -> None:
        self.project: dict[str, Any] = {
            "id": 3,
            "default_branch": "main",
            "only_allow_merge_if_pipeline_succeeds": True,
            "allow_merge_on_skipped_pipeline": False,
            "ci_config_path": ".gitlab-ci.yml@acme/pipelines",
        }
        self.user: dict[str, Any] = {"id": 9, "username": "project_3_bot", "bot": True}
        self.token: dict[str, Any] = {"id": 1, "user_id": 9, "scopes": ["api"], "active": True}
        self.approvals: dict[str, Any] = {
            "reset_approvals_on_push": True,
            "merge_requests_author_approval": False,
            "merge_requests_disable_committers_approval": True,
            "disable_overriding_approvers_per_merge_request": True,
        }
        self.branches = [
            branch("main", NO_ONE, owners=True),
            # A deploy key has no level of its own; its entry names the key.
            {
                **branch("promptops/*", NO_ONE),
                "push_access_levels": [{"access_level": None, "deploy_key_id": 1}],
            },
        ]
        self.tags = [tag("prompts/*"), tag("yanked/*")]
        self.hidden: set[str] = set()
        self.server = Server(self._answer, Clock())

    @property
    def url(self) -> str:
        return self.server.url + "/api/v4"

    def _answer(self, request: Request) -> Response:
        path = request.path.removeprefix("/api/v4/projects/acme%2Fprompts")
        if request.headers.get("authorization") != "Bearer good" or path in self.hidden:
            return Response.of({"message": "403 Forbidden"}, 403)
        shown: dict[str, Any] = {
            "": self.project,
            "/approvals": self.approvals,
            "/protected_branches": self.branches,
            "/protected_tags": self.tags,
            "/api/v4/user": self.user,
            "/api/v4/personal_access_tokens/self": self.token,
        }
        return Response.of(shown[path]) if path in shown else Response.of({"message": "404"}, 404)


def branch(name: str, level: int, *, owners: bool = False, forced: bool = False) -> dict[str, Any]:
    return {
        "id": 1,
        "name": name,
        "push_access_levels": [{"access_level": level}],
        "merge_access_levels": [{"access_level": MAINTAINERS}],
        "allow_force_push": forced,
        "code_owner_approval_required": owners,
    }


def tag(name: str) -> dict[str, Any]:
    return {"name": name, "create_access_levels": [{"access_level": MAINTAINERS}]}


@pytest.fixture
def forge() -> Iterator[ProtectedGitLab]:
    fake = ProtectedGitLab()
    with fake.server.running():
        yield fake


def look(forge: ProtectedGitLab) -> dict[str, list[DoctorAnswer]]:
    with GitLab("acme/prompts", token="good", url=forge.url) as gitlab:
        settings = read_gitlab(gitlab, "acme/prompts", ("staging", "production"))
    return {check: list(judge(settings)) for check, judge in GITLAB_CHECKS.items()}


def faults(answers: dict[str, list[DoctorAnswer]]) -> list[tuple[str, Severity | None]]:
    return [
        (check, one.severity)
        for check, found in answers.items()
        for one in found
        if one.state is not AnswerState.FINE
    ]


def test_a_project_that_is_protected_throughout(forge: ProtectedGitLab) -> None:
    answers = look(forge)
    assert faults(answers) == []
    assert all(answers.values())


def setting(name: str, value: bool) -> Callable[[ProtectedGitLab], None]:
    def spoil(forge: ProtectedGitLab) -> None:
        table = forge.approvals if name in forge.approvals else forge.project
        table[name] = value

    return spoil


def branches(*found: dict[str, Any]) -> Callable[[ProtectedGitLab], None]:
    def spoil(forge: ProtectedGitLab) -> None:
        forge.branches = list(found)

    return spoil


def no_tags(forge: ProtectedGitLab) -> None:
    forge.tags = [tag("v*")]


def scopes(*found: str) -> Callable[[ProtectedGitLab], None]:
    def spoil(forge: ProtectedGitLab) -> None:
        forge.token["scopes"] = list(found)

    return spoil


def pipeline(path: str | None) -> Callable[[ProtectedGitLab], None]:
    def spoil(forge: ProtectedGitLab) -> None:
        forge.project["ci_config_path"] = path

    return spoil


MAIN = branch("main", NO_ONE, owners=True)
PLACES = branch("promptops/*", NO_ONE)
GAPS: list[tuple[Callable[[ProtectedGitLab], None], list[tuple[str, Severity]], str]] = [
    (
        setting("reset_approvals_on_push", False),
        [("forge-approvals", WARNING)],
        "remain after new pushes",
    ),
    (
        setting("merge_requests_author_approval", True),
        [("forge-approvals", ERROR)],
        "authors can approve",
    ),
    (
        setting("merge_requests_disable_committers_approval", False),
        [("forge-approvals", WARNING)],
        "committers of a merge request",
    ),
    (
        setting("disable_overriding_approvers_per_merge_request", False),
        [("forge-approvals", WARNING)],
        "can change its own approval rules",
    ),
    (
        setting("only_allow_merge_if_pipeline_succeeds", False),
        [("required-pipeline", ERROR)],
        "although its pipeline failed",
    ),
    (
        setting("allow_merge_on_skipped_pipeline", True),
        [("required-pipeline", ERROR)],
        "skipped pipeline counts",
    ),
    (branches(PLACES), [("default-branch", ERROR)], "is not protected"),
    (
        branches(branch("main", MAINTAINERS, owners=True), PLACES),
        [("default-branch", ERROR)],
        "without a merge request",
    ),
    (
        branches(branch("main", NO_ONE, owners=True, forced=True), PLACES),
        [("default-branch", ERROR)],
        "can be rewritten",
    ),
    (
        branches(branch("main", NO_ONE), PLACES),
        [("default-branch", ERROR)],
        "does not require approval from the own",
    ),
    (no_tags, [("release-tags", ERROR)], "prompts/a@1.0.0 are not protected"),
    (branches(MAIN), [("environment-branches", ERROR)] * 2, "promptops/staging is not protected"),
    (
        branches(MAIN, branch("promptops/*", DEVELOPERS)),
        [("environment-branches", ERROR)] * 2,
        "every developer can deploy",
    ),
    (
        branches(MAIN, branch("promptops/*", MAINTAINERS)),
        [("environment-branches", NOTE)] * 2,
        "every maintainer can deploy",
    ),
    (
        branches(MAIN, branch("promptops/*", NO_ONE, forced=True)),
        [("environment-branches", ERROR)] * 2,
        "promptops/production can be rewritten",
    ),
    (scopes("read_api"), [("comment-token", NOTE)], "the token cannot write"),
    (
        pipeline(".gitlab-ci.yml"),
        [("comment-token", WARNING)],
        "a change can read a token that can write",
    ),
    (pipeline(None), [("comment-token", WARNING)], "a change can read a token that can write"),
]


@pytest.mark.parametrize(("spoil", "found", "said"), GAPS, ids=[one[2] for one in GAPS])
def test_each_gap_is_found_with_its_risk_and_its_remedy(
    forge: ProtectedGitLab,
    spoil: Callable[[ProtectedGitLab], None],
    found: list[tuple[str, Severity]],
    said: str,
) -> None:
    spoil(forge)
    answers = look(forge)
    assert faults(answers) == found
    gaps = [one for some in answers.values() for one in some if one.state is not AnswerState.FINE]
    assert any(said in one.seen for one in gaps), [one.seen for one in gaps]
    assert all(one.risk and one.remedy for one in gaps)


def test_a_persons_token_says_nothing_of_the_jobs(forge: ProtectedGitLab) -> None:
    forge.user["bot"] = False
    forge.project["ci_config_path"] = None
    assert look(forge)["comment-token"] == []


def test_what_may_not_be_read_is_never_taken_for_fine(forge: ProtectedGitLab) -> None:
    forge.hidden = {"/approvals", "/protected_branches", "/protected_tags"}
    forge.hidden.add("/api/v4/personal_access_tokens/self")
    answers = look(forge)
    unknown = {
        check
        for check, some in answers.items()
        if all(one.state is AnswerState.UNKNOWN for one in some)
    }
    assert unknown == set(GITLAB_CHECKS) - {"required-pipeline"}


@pytest.mark.parametrize(
    ("pattern", "name", "covers"),
    [
        ("main", "main", True),
        ("main", "main2", False),
        ("prompts/*", "prompts/a/b@1.0.0", True),
        ("*@1.0.0", "prompts/a@1.0.0", True),
        ("p*a*0", "prompts/a@1.0.0", True),
        ("p*z*0", "prompts/a@1.0.0", False),
        ("ab*ba", "aba", False),
        ("*", "anything", True),
    ],
)
def test_a_star_of_gitlab_crosses_slashes(pattern: str, name: str, covers: bool) -> None:
    assert ProtectedName(pattern, ()).covers(name) is covers


@pytest.mark.slow
def test_the_doctor_asks_the_forge_that_the_remote_is_on(
    repo: Repo, forge: ProtectedGitLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit(
        {
            "CODEOWNERS": "* @acme/everybody\n",
            "prompts/a.md": prompt_text(),
            "evals/a.yaml": "x",
            ".gitlab-ci.yml": JOB,
        }
    )
    repo.git("remote", "add", "origin", "https://gitlab.com/acme/prompts.git")
    repo.git("update-ref", "refs/remotes/origin/main", "HEAD")
    monkeypatch.setenv("CI_API_V4_URL", forge.url)
    result = run(repo, "doctor")
    assert result.exit_code == 2
    assert masked(result.stdout) == snapshot("""\
   note  nothing is signed, and the policy does not require it [signing]
         where: user.signingKey
          risk: anyone can claim another author in a release or deployment
         remedy: git config gpg.format ssh; git config user.signingKey ~/.ssh/id_ed25519.pub; git config tag.gpgSign true; git config commit.gpgSign true; then list keys in .promptops/allowed_signers, and name deployers in [environments.NAME]

   note  no hook checks prompts before a commit [commit-hook]
         where: <folder>/repo/.git/hooks/pre-commit
          risk: problems are found by CI minutes later, and not at all on a branch without CI
         remedy: promptops hook install

unknown  the protection of acme/prompts on GitLab was not checked: no token is set [forge]
         where: the forge
         remedy: set PROMPTOPS_GITLAB_TOKEN to a token with the scope read_api, of a maintainer, or skip this with --forge off

   fine  git is 2.39 [git-version]
   fine  the history is complete [history]
   fine  origin is https://gitlab.com/acme/prompts.git [remote]
   fine  git fetch fetches releases and environments [refspecs]
   fine  no lock files are left over [lock-files]
   fine  every deployment of this clone is on the remote [pending-deployments]
   fine  approvals = "auto" on the work tree [policy]
   fine  every prompt and every file of the gate has owners on the work tree [owners]
   fine  the job promptops checks every merge request [gate-job]
""")
    monkeypatch.setenv("PROMPTOPS_GITLAB_TOKEN", "good")
    result = run(repo, "doctor")
    assert result.exit_code == 0, result.output
    no_tags(forge)
    assert run(repo, "doctor").exit_code == 1
