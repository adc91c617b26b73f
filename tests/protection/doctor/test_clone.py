"""What the doctor says of clones: one table of faults, each made with real git and found again."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.cli.doctor import doctor as doctor_command
from promptops.prompt.finding import Severity
from promptops.protection.doctor import LOCAL_CHECKS, AnswerState, Diagnosis, DoctorSubject, examine
from promptops.repository.repository import open_repository
from tests.cli.running import accept, run
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.screens import masked
from tests.templates import copy_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.protection.doctor.answer import DoctorAnswer
    from tests.conftest import MakeRepo

NOW_SECONDS = 1_767_225_600.0
FINE, FINDING, UNKNOWN = AnswerState
OWNERS = "* @acme/everybody\n"
GATE = """\
on:
  pull_request_target:
  pull_request_review: {types: [submitted, edited, dismissed]}
  merge_group:
permissions: {contents: read}
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/promptops@0123456789012345678901234567890123456789
"""


def look(repo: Repo, cache: Path | None = None) -> Diagnosis:
    subject = DoctorSubject(
        open_repository(repo.path), cache=cache or repo.path / "no-cache", now_seconds=NOW_SECONDS
    )
    return examine(subject)


def of(diagnosis: Diagnosis, check: str) -> list[DoctorAnswer]:
    return [answer for answer in diagnosis.answers if answer.check == check]


def only(diagnosis: Diagnosis, check: str) -> DoctorAnswer:
    (answer,) = of(diagnosis, check)
    return answer


DESCRIBE = '["git", "describe", "--match", "v*"]'


@pytest.mark.parametrize(
    ("file", "careless", "remedy"),
    [
        ("pyproject.toml", "[tool.setuptools_scm]", f"git_describe_command = {DESCRIBE}"),
        (
            "pyproject.toml",
            '[tool.hatch.version]\nsource = "vcs"',
            f"raw-options.git_describe_command = {DESCRIBE}",
        ),
        ("pyproject.toml", "[tool.versioningit]", 'vcs.match = ["v*"]'),
        ("pyproject.toml", "[tool.setuptools-git-versioning]", 'tag_filter = "v[0-9].*"'),
        ("pyproject.toml", '[tool.pdm.version]\nsource = "scm"', 'tag_filter = "v*"'),
        ("pyproject.toml", "[tool.git-cliff.git]", 'tag_pattern = "^v[0-9]"'),
        ("cliff.toml", "[git]", 'tag_pattern = "^v[0-9]"'),
    ],
)
def test_a_tool_that_would_take_a_prompts_release_for_its_own_is_named(
    repo: Repo, file: str, careless: str, remedy: str
) -> None:
    repo.commit({file: f"{careless}\n"})
    found = only(look(repo), "version-tools")
    assert (found.severity, found.place) == (Severity.WARNING, file)
    assert remedy.split(" = ", maxsplit=1)[0].rpartition(".")[2] in found.remedy
    repo.commit({file: f"{careless}\n{remedy}\n"})
    assert only(look(repo), "version-tools").state is FINE


GORELEASER = "git tag --list 'prompts/*' | xargs git tag --delete && goreleaser release"
LERNA = "git tag --list 'prompts/*' | xargs git tag --delete && lerna version"


@pytest.mark.parametrize(
    ("careless", "careful"),
    [
        ({".release-it.json": "{}"}, {".release-it.json": '{"git": {"tagMatch": "v*"}}'}),
        (
            {"package.json": '{"release-it": {"npm": false}}'},
            {"package.json": '{"release-it": {"git": {"tagMatch": "v*"}}}'},
        ),
        (
            {"package.json": '{"scripts": {"release": "changelogen --release"}}'},
            {"package.json": '{"scripts": {"release": "changelogen --release --from $TAG"}}'},
        ),
        (
            {"lerna.json": '{"version": "0.3.0"}'},
            {"lerna.json": '{"command": {"version": {"forcePublish": true}}}'},
        ),
        ({"lerna.json": "{}"}, {".github/workflows/release.yml": f"run: {LERNA}\n"}),
        ({"lerna.json": "{}"}, {"package.json": json.dumps({"scripts": {"release": LERNA}})}),
        (
            {".goreleaser.yaml": "version: 2\n"},
            {".goreleaser.yaml": "git:\n  ignore_tags: [nightly, prompts/*]\n"},
        ),
        (
            {"goreleaser.yml": "git: {ignore_tags: [nightly]}\n"},
            {".github/workflows/release.yml": f"run: {GORELEASER}\n"},
        ),
    ],
)
def test_a_tool_without_pyproject_that_would_take_a_prompts_release_is_named(
    repo: Repo, careless: dict[str, str], careful: dict[str, str]
) -> None:
    repo.commit(careless)
    found = only(look(repo), "version-tools")
    assert (found.severity, found.place) == (Severity.WARNING, next(iter(careless)))
    repo.commit(careful)
    assert only(look(repo), "version-tools").state is FINE


@pytest.mark.parametrize("file", ["package.json", "lerna.json", "cliff.toml", ".goreleaser.yaml"])
def test_a_configuration_that_is_none_is_named(repo: Repo, file: str) -> None:
    repo.commit({file: "{["})
    found = only(look(repo), "version-tools")
    assert (found.state, found.place) == (UNKNOWN, file)


def test_a_package_without_release_tools_is_nobodys_business(repo: Repo) -> None:
    for text in ("{}", "[]", '{"scripts": {"test": "node"}}', '{"scripts": 3}'):
        repo.commit({"package.json": text})
        assert of(look(repo), "version-tools") == []


HOOKS = "repos:\n- repo: x\n  hooks:\n  - id: trailing-whitespace\n"


@pytest.mark.parametrize(
    ("careless", "careful"),
    [
        ({".prettierrc": "{}"}, {".prettierignore": "prompts/\n"}),
        ({".markdownlint.yaml": "{}"}, {".markdownlintignore": "prompts\n"}),
        ({".markdownlint-cli2.yaml": "{}"}, {".markdownlint-cli2.yaml": "ignores: [prompts/**]"}),
        ({".mdformat.toml": ""}, {".mdformat.toml": 'exclude = ["prompts/**"]'}),
        ({".remarkrc": "{}"}, {".remarkignore": "prompts/\n"}),
        ({"dprint.json": "{}"}, {"dprint.json": '{"excludes": ["prompts/**"]}'}),
    ],
)
def test_a_formatter_that_would_rewrite_prompts_is_named(
    repo: Repo, careless: dict[str, str], careful: dict[str, str]
) -> None:
    repo.commit(careless)
    found = only(look(repo), "formatters")
    assert (found.severity, "prompts/" in found.remedy) == (Severity.WARNING, True)
    repo.commit(careful)
    assert only(look(repo), "formatters").state is FINE


def test_a_hook_that_would_rewrite_prompts_is_named(repo: Repo) -> None:
    repo.commit({".pre-commit-config.yaml": HOOKS})
    found = only(look(repo), "formatters")
    assert found.remedy == snapshot("add `exclude: ^prompts/` to the hook trailing-whitespace")
    repo.commit({".pre-commit-config.yaml": f"{HOOKS}    exclude: ^prompts/\n"})
    assert of(look(repo), "formatters") == []
    repo.commit({".pre-commit-config.yaml": f"exclude: ^prompts/\n{HOOKS}"})
    assert of(look(repo), "formatters") == []
    repo.commit({".pre-commit-config.yaml": "[x"})
    assert only(look(repo), "formatters").state is UNKNOWN


def test_tools_that_read_no_tags_are_nobodys_business(repo: Repo) -> None:
    repo.commit({"pyproject.toml": '[tool.hatch.version]\npath = "x.py"\n'})
    assert of(look(repo), "version-tools") == []
    repo.commit({"pyproject.toml": "["})
    assert only(look(repo), "version-tools").state is UNKNOWN


def test_the_page_on_other_tools_names_what_git_needs() -> None:
    page = (Path(__file__).parents[3] / "docs/other-tools.md").read_text("utf-8")
    assert "git describe --match 'v*'" in page


def build_sound(folder: Path) -> None:
    repo = Repo.init(folder / "repo")
    repo.commit(
        {
            "CODEOWNERS": OWNERS,
            "prompts/a.md": prompt_text(),
            "evals/a.yaml": "x",
            ".github/workflows/promptops.yml": GATE,
        }
    )
    repo.publish(folder / "remote.git")
    repo.hook("pre-commit", "exec promptops validate --staged")


@pytest.fixture
def sound(tmp_path: Path) -> Repo:
    """A repository about which there is as little to say as possible."""
    copy_template(build_sound, tmp_path, tmp_path.parent)
    return Repo(tmp_path / "repo")


def test_a_sound_repository_is_protected_and_certain(sound: Repo) -> None:
    diagnosis = look(sound)
    findings = [(one.check, one.severity) for one in diagnosis.of(FINDING)]
    assert findings == [("signing", Severity.NOTE), ("gate-workflow", Severity.NOTE)]
    assert diagnosis.is_protected
    assert diagnosis.is_certain
    # What does not apply answers nothing, everything else has looked.
    silent = set(LOCAL_CHECKS) - {answer.check for answer in diagnosis.answers}
    assert silent == {
        "ledger",
        "mirrors",
        "server-hook",
        "gate-job",
        "deploy-workflow",
        "release-workflow",
        "nightly-workflow",
        "version-tools",
        "formatters",
    }


def plain_url(repo: Repo) -> None:
    repo.config("remote.origin.url", "http://git.example.com/acme/shop.git")


def secret_url(repo: Repo) -> None:
    repo.config("remote.origin.url", "https://jane:hunter2@git.example.com/acme/shop.git")


def other_push_url(repo: Repo) -> None:
    repo.config("remote.origin.pushurl", "ssh://git@git.example.com/jane/shop.git")


def no_environments(repo: Repo) -> None:
    repo.config("remote.origin.fetch", "+refs/heads/main:refs/remotes/origin/main")


def no_tags(repo: Repo) -> None:
    repo.config("remote.origin.tagOpt", "--no-tags")


def forced_tags(repo: Repo) -> None:
    repo.git("config", "--add", "remote.origin.fetch", "+refs/tags/*:refs/tags/*")


def pruned_tags(repo: Repo) -> None:
    repo.git("config", "--global", "fetch.pruneTags", "true")


def a_lock(repo: Repo) -> None:
    repo.write(".git/refs/heads/main.lock", "")


def unpushed(repo: Repo) -> None:
    tree = repo.git("write-tree")
    commit = repo.git("commit-tree", tree, "-m", "x")
    repo.git("update-ref", "refs/heads/promptops/production", commit)


def no_hook(repo: Repo) -> None:
    (repo.path / ".git/hooks/pre-commit").unlink()


def foreign_hook(repo: Repo) -> None:
    repo.hook("pre-commit", "make lint")


def idle_hook(repo: Repo) -> None:
    (repo.path / ".git/hooks/pre-commit").chmod(0o644)


FAULTS: list[tuple[Callable[[Repo], None], str, Severity, str]] = [
    (plain_url, "remote", Severity.ERROR, "http://git.example.com/acme/shop.git is neither"),
    (secret_url, "remote", Severity.WARNING, "contains a password"),
    (other_push_url, "remote", Severity.WARNING, "and pushed to ssh://git.example.com/jane/shop"),
    (no_environments, "refspecs", Severity.WARNING, "does not fetch promptops/*"),
    (no_tags, "refspecs", Severity.WARNING, "does not fetch tags"),
    (forced_tags, "refspecs", Severity.WARNING, "overwrites local tags: +refs/tags/*"),
    (pruned_tags, "refspecs", Severity.WARNING, "fetch.prunetags is on"),
    (a_lock, "lock-files", Severity.WARNING, "refs/heads/main.lock"),
    (unpushed, "pending-deployments", Severity.WARNING, "1 deployment to production"),
    (no_hook, "commit-hook", Severity.NOTE, "no hook checks prompts"),
    (foreign_hook, "commit-hook", Severity.NOTE, "does not run promptops"),
    (idle_hook, "commit-hook", Severity.WARNING, "is not executable"),
]


@pytest.mark.parametrize(("spoil", "check", "severity", "said"), FAULTS)
def test_each_fault_is_found_with_its_risk_and_its_remedy(
    sound: Repo, spoil: Callable[[Repo], None], check: str, severity: Severity, said: str
) -> None:
    spoil(sound)
    (answer,) = (one for one in look(sound).of(FINDING) if one.check == check)
    assert answer.severity is severity
    assert said in answer.seen
    assert answer.risk
    assert answer.remedy


@pytest.mark.parametrize(
    "spoil", [no_environments, no_tags, forced_tags, pruned_tags], ids=lambda one: one.__name__
)
def test_the_remedy_of_a_refspec_works_as_it_is_written(
    sound: Repo, spoil: Callable[[Repo], None]
) -> None:
    spoil(sound)
    remedy = only(look(sound), "refspecs").remedy
    command = remedy.partition(", and fetch")[0].partition(" (")[0]
    if spoil is pruned_tags:
        command = command.replace("--unset", "--global --unset")
    done = subprocess.run(["sh", "-c", command], cwd=sound.path, check=False)
    assert done.returncode == 0
    assert only(look(sound), "refspecs").state is FINE


def test_no_secret_of_an_address_is_ever_shown(sound: Repo) -> None:
    secret_url(sound)
    result = run(sound, "doctor")
    assert "git.example.com" in result.output
    assert "hunter2" not in result.output


@pytest.mark.parametrize(
    ("fetch", "push"),
    [
        ("https://git.example.com/acme/shop.git", "git@git.example.com:acme/shop.git"),
        ("https://git.example.com/acme/shop", "ssh://git@git.example.com/acme/shop.git"),
    ],
)
def test_one_place_may_be_written_in_two_ways(sound: Repo, fetch: str, push: str) -> None:
    sound.config("remote.origin.url", fetch)
    sound.config("remote.origin.pushurl", push)
    assert only(look(sound), "remote").state is FINE


def test_a_remote_that_the_configuration_names_must_be_there(sound: Repo) -> None:
    sound.write("promptops.toml", 'remote = "upstream"\n')
    answer = only(look(sound), "remote")
    assert (answer.severity, answer.remedy) == (Severity.ERROR, "git remote add upstream URL")


def test_cut_off_history_is_found(sound: Repo, tmp_path: Path) -> None:
    sound.commit({"x": "y"})
    sound.git("push", "--quiet", "origin", "main")
    remote = Repo(tmp_path / "remote.git")
    shallow = only(look(remote.clone(tmp_path / "shallow", "--depth=1")), "history")
    assert shallow.seen == snapshot("this is a shallow clone: its history is incomplete")
    assert shallow.remedy == snapshot(
        "git fetch --unshallow (in CI: fetch-depth: 0, or GIT_DEPTH: 0)"
    )
    remote.config("uploadpack.allowFilter", "true")
    partial = only(look(remote.clone(tmp_path / "partial", "--filter=blob:none")), "history")
    assert (partial.severity, partial.place) == (Severity.NOTE, "remote.origin.promisor")


def test_a_single_branch_clone_does_not_follow_environments(sound: Repo, tmp_path: Path) -> None:
    clone = Repo(tmp_path / "remote.git").clone(tmp_path / "single", "--single-branch")
    assert only(look(clone), "refspecs").seen == snapshot(
        "git fetch does not fetch promptops/* to refs/remotes/origin/"
    )


def write_mirror(cache: Path, name: str, state: dict[str, Any] | None) -> None:
    folder = cache / "mirrors" / name
    folder.mkdir(parents=True)
    if state is not None:
        text = json.dumps({"schema": "promptops.cache/v1", "seen": {}, "facts": {}, **state})
        (folder / "state.json").write_text(text)


def test_mirrors_that_no_longer_follow_are_named(sound: Repo, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    write_mirror(cache, "fresh", {"fetched_at": NOW_SECONDS - 60})
    assert only(look(sound, cache), "mirrors").seen == snapshot("1 mirror is up to date")
    write_mirror(cache, "old", {"fetched_at": NOW_SECONDS - 3 * 86_400})
    write_mirror(cache, "refused", {"fetched_at": NOW_SECONDS, "facts": {"doubtful": "yes"}})
    write_mirror(cache, "unfinished", None)
    found = {Path(one.place).name: one.seen for one in of(look(sound, cache), "mirrors")}
    assert found == {
        "old": "a mirror was last updated 3 days ago",
        "refused": "a mirror refused a state of its source",
        "unfinished": "a mirror was never finished",
    }


def test_a_server_needs_a_hook(make_repo: MakeRepo) -> None:
    server = make_repo("server.git", bare=True)
    first = of(look(server), "server-hook")
    assert [one.severity for one in first] == [Severity.ERROR, *[Severity.NOTE] * 3]
    server.hook("pre-receive", "exec promptops hook pre-receive")
    for name in ("receive.denyDeletes", "receive.denyNonFastForwards", "receive.fsckObjects"):
        server.config(name, "true")
    answer = only(look(server), "server-hook")
    assert masked((answer.state, answer.seen)) == snapshot(
        ["fine", "promptops checks every push: pre-receive"]
    )


def test_the_hook_that_promptops_installs_is_known(make_repo: MakeRepo) -> None:
    server = make_repo("server.git", bare=True)
    done = run(server, "hook", "install", "--server")
    assert done.exit_code == 0, done.output
    assert any(one.state is FINE for one in of(look(server), "server-hook"))


SIGNED = '[gate]\napprovals = "signed"\n'
SIGNERS = ".promptops/allowed_signers"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "id_ed25519"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)]
    subprocess.run(command, check=True)
    return file


def merge(repo: Repo, files: dict[str, str]) -> None:
    repo.commit(files)
    repo.git("push", "--quiet", "origin", "main")


def test_signing_is_followed_to_the_key(sound: Repo, key: Path) -> None:
    merge(sound, {"promptops.toml": SIGNED, SIGNERS: "bob@example.com ssh-ed25519 AAAA\n"})
    assert only(look(sound), "signing").seen == snapshot(
        "git does not sign with an SSH key here, and approvals are signed statements (promptops.toml)"
    )
    sound.config("gpg.format", "ssh")
    assert only(look(sound), "signing").seen == snapshot(
        "git has no key to sign with, and approvals are signed statements (promptops.toml)"
    )
    sound.config("user.signingKey", str(key.with_name("nowhere")))
    assert only(look(sound), "signing").state is UNKNOWN
    sound.config("user.signingKey", str(key))
    assert only(look(sound), "signing").severity is Severity.ERROR
    public = key.with_suffix(".pub").read_text()
    line = f'jane@example.com namespaces="git,promptops-approval@v1" {public}'
    merge(sound, {SIGNERS: line})
    assert only(look(sound), "signing").state is FINE
    sound.config("user.signingKey", f"key::{public.strip()}")
    assert only(look(sound), "signing").state is FINE


def test_the_remedy_where_nothing_is_signed_works_as_it_is_written(sound: Repo, key: Path) -> None:
    command = only(look(sound), "signing").remedy.partition("; then ")[0]
    command = command.replace("~/.ssh/id_ed25519.pub", f"{key}.pub")
    subprocess.run(["sh", "-ec", command], cwd=sound.path, check=True)
    assert only(look(sound), "signing").state is FINE
    sound.commit({"README.md": "signed\n"})


def test_a_key_that_only_the_work_tree_lists_does_not_count(sound: Repo, key: Path) -> None:
    merge(sound, {"promptops.toml": SIGNED, SIGNERS: "bob@example.com ssh-ed25519 AAAA\n"})
    sound.config("gpg.format", "ssh")
    sound.config("user.signingKey", str(key))
    sound.write(SIGNERS, f"jane@example.com {key.with_suffix('.pub').read_text()}")
    answer = only(look(sound), "signing")
    assert masked(answer.seen) == snapshot(
        "the signing key is not in .promptops/allowed_signers on origin/main"
    )


def test_deployers_need_commits_that_are_signed(sound: Repo, key: Path) -> None:
    config = '[environments.production]\ndeployers = ["jane@example.com"]\n'
    public = key.with_suffix(".pub").read_text()
    merge(sound, {"promptops.toml": config, SIGNERS: f"jane@example.com {public}"})
    sound.config("gpg.format", "ssh")
    sound.config("user.signingKey", str(key))
    answers = of(look(sound), "signing")
    assert [one.place for one in answers if one.state is FINDING] == ["commit.gpgSign"]
    sound.config("commit.gpgSign", "true")
    assert only(look(sound), "signing").state is FINE


@pytest.mark.parametrize(
    ("namespaces", "lacking"),
    [
        ("promptops-approval@v1", "commits (git)"),
        ("git", "approvals (promptops-approval@v1)"),
        ("git,promptops-*", None),
        ("*,!git", "commits (git)"),
    ],
)
def test_a_key_has_to_be_listed_for_what_it_is_to_sign(
    sound: Repo, key: Path, namespaces: str, lacking: str | None
) -> None:
    config = f'{SIGNED}[environments.production]\ndeployers = ["jane@example.com"]\n'
    public = key.with_suffix(".pub").read_text()
    line = f'jane@example.com namespaces="{namespaces}" {public}'
    merge(sound, {"promptops.toml": config, SIGNERS: line})
    for name, value in {"gpg.format": "ssh", "user.signingKey": str(key)}.items():
        sound.config(name, value)
    sound.config("commit.gpgSign", "true")
    answer = only(look(sound), "signing")
    if lacking is None:
        assert answer.state is FINE
    else:
        assert answer.severity is Severity.WARNING
        assert (
            answer.seen
            == f"{SIGNERS} on origin/main does not allow the signing key to sign {lacking}"
        )


def test_a_policy_without_its_files_is_found(sound: Repo) -> None:
    merge(sound, {"promptops.toml": SIGNED})
    answer = only(look(sound), "policy")
    assert (answer.severity, answer.place) == (Severity.ERROR, SIGNERS)
    merge(sound, {"promptops.toml": '[gate]\napprovals = "off"\ncommitters = true\n'})
    severities = [one.severity for one in of(look(sound), "policy")]
    assert severities == [Severity.WARNING, Severity.NOTE]


def test_one_key_alone_can_approve_nothing_that_its_holder_changes(sound: Repo, key: Path) -> None:
    jane = f"jane@example.com {key.with_suffix('.pub').read_text()}"
    merge(sound, {"promptops.toml": SIGNED, SIGNERS: jane + jane})
    answer = only(look(sound), "policy")
    assert (answer.severity, answer.place) == (Severity.WARNING, SIGNERS)
    assert answer.seen == snapshot(
        ".promptops/allowed_signers has only one key, and approvals are signed"
    )
    merge(sound, {SIGNERS: f"{jane}bob@example.com ssh-ed25519 AAAA\n"})
    assert only(look(sound), "policy").state is FINE
    merge(sound, {SIGNERS: jane, ".promptops/allowed_keys.asc": "bob's\n"})
    assert only(look(sound), "policy").state is FINE


def test_only_the_policy_of_the_default_branch_counts(sound: Repo) -> None:
    sound.commit({"promptops.toml": '[gate]\napprovals = "off"\n'})
    assert only(look(sound), "policy").seen == snapshot('approvals = "auto" on origin/main')


def test_owners_are_those_of_the_default_branch(sound: Repo) -> None:
    sound.commit({"CODEOWNERS": "/prompts/ @acme/everybody\n"})
    assert only(look(sound), "owners").state is FINE
    sound.git("push", "--quiet", "origin", "main")
    open_files = {one.place for one in of(look(sound), "owners")}
    assert open_files == {"CODEOWNERS", "evals/a.yaml", ".github/workflows/promptops.yml"}
    assert all(one.severity is Severity.ERROR for one in of(look(sound), "owners"))


def test_the_groups_and_the_signers_need_owners_too(sound: Repo) -> None:
    files = {
        "CODEOWNERS": "* @acme/everybody\n/.promptops/\n",
        ".promptops/groups.toml": '[teams]\n"@acme/everybody" = ["@jane", "@wim"]\n',
        SIGNERS: "bob@example.com ssh-ed25519 AAAA\n",
    }
    merge(sound, files)
    assert {one.place for one in of(look(sound), "owners")} == {".promptops/groups.toml", SIGNERS}


def test_no_owners_at_all_is_an_error(sound: Repo) -> None:
    sound.git("rm", "--quiet", "CODEOWNERS")
    merge(sound, {})
    answer = only(look(sound), "owners")
    assert (answer.severity, answer.place) == (Severity.ERROR, ".github/CODEOWNERS")


def test_what_keeps_a_check_from_looking_is_said(sound: Repo) -> None:
    merge(sound, {"promptops.toml": "gate = 1\n"})
    diagnosis = look(sound)
    assert not diagnosis.is_certain
    assert only(diagnosis, "policy").seen == snapshot("promptops.toml: gate is not a table")
    assert only(diagnosis, "policy").state is UNKNOWN


def test_exit_codes_and_json(sound: Repo) -> None:
    result = run(sound, "doctor", "--format", "json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["schema"]) == (0, "promptops.doctor/v1")
    assert (document["protected"], document["certain"]) == (True, True)
    states = {answer["check"]: answer["state"] for answer in document["answers"]}
    assert states["signing"] == "finding"
    assert states["history"] == "fine"
    plain_url(sound)
    assert run(sound, "doctor").exit_code == 1
    secret_url(sound)
    merge_locally = 'remote = "origin"\ngate = 1\n'
    sound.commit({"promptops.toml": merge_locally})
    sound.git("update-ref", "refs/remotes/origin/main", "HEAD")
    assert run(sound, "doctor").exit_code == 2


def test_a_person_reads_what_is_wrong_why_and_what_to_do(sound: Repo) -> None:
    no_tags(sound)
    text = run(sound, "doctor").stdout.split("\n\n")
    remedy = "git config --unset remote.origin.tagOpt, and fetch them: git fetch origin"
    assert text[0].splitlines() == [
        "warning  git fetch does not fetch tags [refspecs]",
        "         where: remote.origin.tagOpt",
        "          risk: releases of others are missing, and their version numbers seem free",
        f"         remedy: {remedy}",
    ]
    assert "   fine  the history is complete [history]" in text[-1].splitlines()


def test_findings_come_out_in_the_formats_of_ci(sound: Repo) -> None:
    no_tags(sound)
    lines = run(sound, "doctor", "--format", "github").stdout.splitlines()
    assert lines[0].startswith("::warning file=remote.origin.tagOpt,title=refspecs::git fetch")
    lines = run(sound, "doctor", "--format", "concise").stdout.splitlines()
    assert lines[0] == snapshot(
        "remote.origin.tagOpt: warning: git fetch does not fetch tags [refspecs]"
    )


def test_every_check_says_what_it_looks_for() -> None:
    for look_at in LOCAL_CHECKS.values():
        assert (look_at.__doc__ or "").startswith(("Check ", "If "))
    assert doctor_command.__doc__


def test_a_hook_that_a_manager_runs_counts(sound: Repo) -> None:
    sound.hook("pre-commit", "exec pre-commit hook-impl")
    assert only(look(sound), "commit-hook").seen == snapshot(
        "the pre-commit hook does not run promptops"
    )
    merge(sound, {".pre-commit-config.yaml": MANAGED.format("id: promptops-validate")})
    assert only(look(sound), "commit-hook").place == ".pre-commit-config.yaml"
    os.chmod(sound.path / ".git/hooks/pre-commit", 0o644)  # noqa: PTH101 - as a person would
    assert only(look(sound), "commit-hook").severity is Severity.WARNING


def test_an_owner_who_is_alone_is_named(sound: Repo) -> None:
    sound.commit({"prompts/a.md": prompt_text(), "CODEOWNERS": "* @jane\n"})
    sound.git("push", "--quiet", "origin", "main")
    (answer,) = of(look(sound), "owners")[:1]
    assert (answer.severity, answer.seen) == (
        Severity.WARNING,
        "@jane is the only owner of the prompts",
    )
    groups = '[people]\njane = ["@jane", "@jane-work"]\n'
    sound.commit({".promptops/groups.toml": groups, "CODEOWNERS": "* @jane @jane-work\n"})
    sound.git("push", "--quiet", "origin", "main")
    assert of(look(sound), "owners")[0].seen == snapshot("@jane is the only owner of the prompts")
    sound.commit({"CODEOWNERS": "* @jane @wim\n"})
    sound.git("push", "--quiet", "origin", "main")
    assert not any("alone owns" in one.seen for one in of(look(sound), "owners"))


MANAGED = "repos: [{{repo: https://example.com/promptops, hooks: [{{{}}}]}}]\n"


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ("id: promptops-validate", "runs promptops"),
        ("id: promptops-validate, files: '^(prompts|evals)/'", "runs promptops"),
        ("id: promptops-validate, files: ^prompts/", "for files of evals/"),
        ("id: promptops-validate, files: ^app/prompts/", "does not start promptops"),
        ("id: promptops-validate, exclude: prompts", "does not start promptops"),
        ("id: x, entry: promptops validate --staged", "runs promptops"),
        ("id: x, entry: promptops validate", "instead of staged files"),
        ("id: x, files: (, entry: promptops validate", "does not start promptops"),
        ("id: black", "does not run promptops"),
    ],
)
def test_a_hook_manager_covers_the_prompts_and_what_is_staged(
    sound: Repo, hook: str, said: str
) -> None:
    sound.hook("pre-commit", "exec pre-commit hook-impl")
    text = MANAGED.format(hook).replace("files: (,", "files: '(',")
    if "black" in hook:
        text = text.replace("promptops", "black")
    merge(sound, {".pre-commit-config.yaml": text})
    assert said in only(look(sound), "commit-hook").seen


def test_the_entry_of_init_is_sound(sound: Repo) -> None:
    sound.hook("pre-commit", "exec pre-commit hook-impl")
    accept(sound, "init")
    text = (sound.path / ".pre-commit-config.yaml").read_text("utf-8")
    merge(sound, {".pre-commit-config.yaml": text, "evals/a.yaml": "x: 1\n"})
    assert only(look(sound), "commit-hook").state is FINE
