"""`promptops init`: what it writes is valid at once, and nothing is overwritten."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml
from inline_snapshot import snapshot

from promptops.forge.codeowners import Dialect, parse_owners
from promptops.repository.config import load_config
from promptops.repository.origin import Origin
from tests.cli.pieces import files
from tests.cli.running import accept, run
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from tests.conftest import MakeRepo
    from tests.repositories import Repo


WRITTEN = [
    ".github/CODEOWNERS",
    ".github/workflows/promptops-review.yml",
    ".github/workflows/promptops.yml",
    ".pre-commit-config.yaml",
    "evals/summarize.yaml",
    "promptops.toml",
    "prompts/summarize.md",
]


@pytest.mark.slow
@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_a_new_repository_is_set_up_and_valid(make_repo: MakeRepo, object_format: str) -> None:
    repo = make_repo(object_format=object_format)
    repo.config("user.email", "jane@example.com")
    assert files(repo) == {}
    accept(repo, "init", "--dry-run")
    assert files(repo) == {}
    said = accept(repo, "init")
    made = files(repo)
    assert sorted(made) == WRITTEN
    assert all(path in said for path in WRITTEN)
    result = run(repo, "validate")
    assert (result.exit_code, result.stderr) == (0, "1 prompt checked: no problems found\n")
    assert load_config(made.get).path == "promptops.toml"
    assert b"author: jane@example.com\n" in made["prompts/summarize.md"]
    assert made[".github/CODEOWNERS"].startswith(b"/prompts/ jane@example.com\n")
    for path in WRITTEN[1:5]:
        assert isinstance(yaml.safe_load(made[path]), dict)


def test_a_second_time_changes_nothing(repo: Repo) -> None:
    accept(repo, "init")
    before = files(repo)
    assert "written" not in accept(repo, "init")
    assert files(repo) == before


def test_what_is_there_is_kept(repo: Repo) -> None:
    existing = {
        "promptops.toml": 'prompts = "ai"\n',
        "ai/mine.md": prompt_text(),
        ".github/workflows/promptops.yml": "mine\n",
        ".pre-commit-config.yaml": "repos: []\n",
        "docs/CODEOWNERS": "* @team",
    }
    for path, text in existing.items():
        repo.write(path, text)
    said = accept(repo, "init")
    after = {path: data.decode() for path, data in files(repo).items()}
    assert after == existing
    assert said == snapshot("""\
kept         promptops.toml (exists already)
kept         ai/ (has 1 prompt already)
kept         docs/CODEOWNERS (has owners for the prompts)
kept         .github/workflows/promptops.yml (exists already)
left to you  .pre-commit-config.yaml (add this below repos:)
               - repo: local
                 hooks:
                   - id: promptops-validate
                     name: promptops validate
                     entry: promptops validate --staged
                     language: system
                     files: "^(ai/|evals/|promptops\\\\.toml$)"
                     pass_filenames: false
""")


def test_what_has_owners_keeps_them_and_the_rest_gets_the_one_that_is_named(repo: Repo) -> None:
    repo.write("CODEOWNERS", "/prompts/ @writers\n/.github/ @platform\n")
    accept(repo, "init", "--owner", "@acme/support")
    assert (repo.path / "CODEOWNERS").read_text().splitlines() == [
        "/evals/ @acme/support",
        "/promptops.toml @acme/support",
        "/CODEOWNERS @acme/support",
        "/prompts/ @writers",
        "/.github/ @platform",
    ]


def test_what_a_folder_of_prompts_has_for_owners_is_not_taken_away(repo: Repo) -> None:
    """The last rule that matches decides, so a new one must not be the last."""
    repo.write("CODEOWNERS", "# Ours.\r\n/prompts/billing/ @acme/billing\r\n")
    accept(repo, "init", "--owner", "@acme/support")
    file = repo.path / "CODEOWNERS"
    owners = parse_owners(file.read_text(), Dialect.GITHUB)
    (rule,) = owners.match("prompts/billing/invoice.md").required
    assert rule.owners == ("@acme/billing",)
    (rule,) = owners.match("prompts/other.md").required
    assert rule.owners == ("@acme/support",)
    assert file.read_bytes().count(b"\r\n") == file.read_bytes().count(b"\n")


def test_an_author_who_alone_owns_everything_is_told(repo: Repo) -> None:
    repo.config("user.email", "jane@example.com")
    assert "the owner's own changes cannot be approved: pass a team with --owner" in accept(
        repo, "init"
    )


def test_owners_that_are_named_already_stay_alone(repo: Repo) -> None:
    paths = ["/prompts/", "/evals/", "/promptops.toml", "/CODEOWNERS", "/.github/"]
    text = "".join(f"{path} @team\n" for path in paths)
    repo.write("CODEOWNERS", text)
    accept(repo, "init")
    assert (repo.path / "CODEOWNERS").read_text() == text
    assert not (repo.path / ".github" / "CODEOWNERS").exists()


def test_without_an_address_owners_are_left_to_fill_in(repo: Repo) -> None:
    assert "put your team in" in accept(repo, "init")
    owners = (repo.path / ".github" / "CODEOWNERS").read_text()
    assert all(line.startswith("# /") for line in owners.splitlines())
    assert "author: you@example.com" in (repo.path / "prompts" / "summarize.md").read_text()


@pytest.mark.slow
def test_gitlab_gets_a_job_and_owners_in_a_section_of_their_own(repo: Repo) -> None:
    repo.git("remote", "add", "origin", "https://gitlab.example.com/team/shop.git")
    repo.config("user.email", "jane@example.com")
    repo.write("CODEOWNERS", "[Docs]\n/docs/ @writers\n")
    accept(repo, "init")
    owners = (repo.path / "CODEOWNERS").read_text()
    assert owners.split("\n")[2:4] == ["[Prompts]", "/prompts/ jane@example.com"]
    job = yaml.safe_load((repo.path / ".gitlab-ci.yml").read_text())["promptops"]
    assert " promptops gate --base " in job["script"][-1]
    assert not (repo.path / ".github").exists()
    assert "let its gate wait for evals" in accept(repo, "init", "--evals")
    repo.write(".gitlab-ci.yml", "test: {script: [make]}\n")
    assert "left to you" in accept(repo, "init")


@pytest.mark.slow
def test_the_workflow_that_deploys_knows_the_environments(repo: Repo) -> None:
    repo.write("promptops.toml", 'environments = ["canary", "live"]\n')
    path = ".github/workflows/promptops-deploy.yml"
    assert path not in accept(repo, "init")
    assert f"written  {path}" in accept(repo, "init", "--deploy")
    workflow = yaml.safe_load((repo.path / path).read_text())
    # YAML 1.1 takes the key `on` for a truth value.
    assert workflow[True]["workflow_dispatch"]["inputs"]["environment"]["options"] == [
        "canary",
        "live",
    ]
    assert f"kept  {path}" in accept(repo, "init", "--deploy")


def test_releases_write_the_numbers_on_request(repo: Repo) -> None:
    path = ".github/workflows/promptops-release.yml"
    assert f"written  {path}" in accept(repo, "init", "--release")
    assert 'versions = "release"' in (repo.path / "promptops.toml").read_text()
    assert accept(repo, "validate")
    repo.write("promptops.toml", "")
    assert masked(accept(repo, "init", "--release")) == snapshot("""\
left to you  promptops.toml (set versions = "release" in [gate], for the workflow that releases)
kept         prompts/ (has 1 prompt already)
kept         .github/CODEOWNERS (has owners for the prompts)
kept         .github/workflows/promptops.yml (exists already)
kept         .github/workflows/promptops-review.yml (exists already)
kept         .github/workflows/promptops-release.yml (exists already)
kept         .pre-commit-config.yaml (has a promptops hook)
""")


def test_the_gate_waits_for_evals_on_request(repo: Repo) -> None:
    settings = 'prompts = "p"\nevals = "e"\n[eval]\njudge = "judges/strict/rubric@1.0.0"\n'
    repo.write("promptops.toml", settings)
    place = ".github/workflows"
    said = accept(repo, "init", "--evals")
    assert f"written      {place}/promptops-evals.yml" in said
    workflow = yaml.safe_load((repo.path / place / "promptops-evals.yml").read_text())
    folders = [step.get("env", {}).get("FOLDERS") for step in workflow["jobs"]["live"]["steps"]]
    assert "p e" in folders
    kept = [step.get("env", {}).get("KEPT") for step in workflow["jobs"]["live"]["steps"]]
    assert "p/judges/strict e/judges/strict" in kept
    assert "needs: evals" in (repo.path / place / "promptops.yml").read_text()
    assert "written" not in accept(repo, "init", "--evals")


def test_a_gate_that_is_there_is_told_how_to_wait_for_evals(repo: Repo) -> None:
    accept(repo, "init")
    before = files(repo)[".github/workflows/promptops.yml"]
    said = accept(repo, "init", "--evals")
    assert "let its gate wait for evals" in said
    assert "needs: evals" in said
    assert files(repo)[".github/workflows/promptops.yml"] == before


@pytest.mark.slow
def test_gitlab_gets_jobs_for_evals_on_request(repo: Repo) -> None:
    repo.git("remote", "add", "origin", "https://gitlab.example.com/team/shop.git")
    repo.write("promptops.toml", 'prompts = "p"\nevals = "e"\n')
    accept(repo, "init", "--evals")
    text = (repo.path / ".gitlab-ci.yml").read_text()
    jobs = yaml.safe_load(text)
    assert set(jobs) == {"promptops", "promptops-replay", "promptops-evals"}
    assert jobs["promptops-evals"]["variables"]["FOLDERS"] == "p e"
    # Keys are where no change decides what runs.
    assert 'CI_COMMIT_REF_PROTECTED == "true"' in jobs["promptops-evals"]["rules"][0]["if"]
    assert jobs["promptops-replay"]["before_script"] == jobs["promptops-evals"]["before_script"]
    assert jobs["promptops"]["script"][-1].endswith("$EVIDENCE")
    for job in jobs.values():
        for line in job["script"]:
            checked = subprocess.run(["bash", "-n"], input=line, text=True, check=False)
            assert checked.returncode == 0, line
    accept(repo, "init", "--evals")
    assert (repo.path / ".gitlab-ci.yml").read_text() == text


def test_a_gate_on_gitlab_is_told_how_to_wait_for_evals(repo: Repo) -> None:
    repo.git("remote", "add", "origin", "https://gitlab.example.com/team/shop.git")
    accept(repo, "init")
    before = (repo.path / ".gitlab-ci.yml").read_text()
    assert "let its gate wait for evals" in accept(repo, "init", "--evals")
    assert (repo.path / ".gitlab-ci.yml").read_text() == before


@pytest.mark.slow
def test_runs_are_limited_and_recorded_on_request(repo: Repo) -> None:
    assert "guards" not in load_config(files(repo).get).tables
    accept(repo, "init")
    before = (repo.path / "promptops.toml").read_text()
    accept(repo, "init", "--runtime", "--dry-run")
    assert (repo.path / "promptops.toml").read_text() == before
    assert masked(accept(repo, "init", "--runtime")) == snapshot("""\
kept      promptops.toml (exists already)
extended  promptops.toml (limits and a run log)
kept      prompts/ (has 1 prompt already)
kept      .github/CODEOWNERS (has owners for the prompts)
kept      .github/workflows/promptops.yml (exists already)
kept      .github/workflows/promptops-review.yml (exists already)
kept      .pre-commit-config.yaml (has a promptops hook)
""")
    after = files(repo)
    assert after["promptops.toml"].decode().startswith(before)
    config = load_config(after.get)
    assert (config.log.content, config.log.retention_seconds) == ("redacted", 90 * 86400)
    assert {"guards", "log"} <= set(config.tables)
    assert run(repo, "validate").exit_code == 0
    asked = ("run", "summarize@working", "--var", "text=Hi", "--model", "echo/any")
    assert accept(repo, *asked) == "Hi\n"
    accept(repo, "init", "--runtime")
    assert files(repo) == after


def test_tables_of_ones_own_are_kept_and_prompts_without_a_bound_named(repo: Repo) -> None:
    repo.write("promptops.toml", "[guards]\nspend_per_hour = 3\n")
    repo.write("prompts/mine.md", prompt_text())
    said = accept(repo, "init", "--runtime")
    text = (repo.path / "promptops.toml").read_text()
    assert text.count("[guards") == 1
    assert "[log]" in text
    assert "give mine a max_tokens" in said


def test_tables_in_pyproject_are_left_to_you(repo: Repo) -> None:
    repo.write("pyproject.toml", '[tool.promptops]\nprompts = "prompts"\n')
    assert "[tool.promptops.guards.per_user]" in accept(repo, "init", "--runtime")


@pytest.mark.slow
def test_what_is_written_leaves_the_doctor_little_to_say(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The folder of a checkout is only written if its name needs no quoting.
    pinned = Origin("==1.2.0")
    for module in ("pipelines", "hook_entry"):
        monkeypatch.setattr(f"promptops.repository.{module}.find_origin", lambda: pinned)
    repo.config("user.email", "jane@example.com")
    accept(repo, "init", "--deploy", "--owner", "@acme/support")
    repo.commit()
    diagnosis = json.loads(run(repo, "doctor", "--format", "json").stdout)
    grave = {
        one["check"] for one in diagnosis["answers"] if one["severity"] in {"error", "warning"}
    }
    assert grave == {"remote"}


@pytest.mark.parametrize("place", ["prompts", "evals", ".github"])
def test_a_link_on_the_way_is_refused(repo: Repo, place: str) -> None:
    outside = repo.path.parent / "outside"
    outside.mkdir()
    (repo.path / place).symlink_to(outside)
    result = run(repo, "init")
    assert result.exit_code == 2
    assert "symbolic link" in result.stderr
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("place", ["CODEOWNERS", ".pre-commit-config.yaml"])
def test_nothing_is_written_through_a_link(repo: Repo, place: str) -> None:
    target = repo.path.parent / "shared"
    target.write_text("repos:\n  - repo: a\n    hooks: [{id: b}]\n")
    (repo.path / place).symlink_to(target)
    assert f"left to you  {place}" in accept(repo, "init")
    assert target.read_text() == snapshot("repos:\n  - repo: a\n    hooks: [{id: b}]\n")


def test_init_names_the_line_that_keeps_a_formatter_away(repo: Repo) -> None:
    repo.commit({".prettierrc": "{}", ".mdformat.toml": 'exclude = ["prompts/**"]'})
    said = run(repo, "init").stderr
    assert said == snapshot("""\
next: review the files, run promptops validate, then commit them;
      run promptops status and promptops doctor for further steps
prettier would rewrite prompts: add the line `prompts/` in .prettierignore
""")
    assert "mdformat" not in said


def test_nights_are_scheduled_on_request(repo: Repo) -> None:
    settings = (
        'environments = ["live"]\ndefault_environment = "live"\n'
        '[alerts.slack]\nurl_variable = "TEAM_HOOK"\n'
        '[alerts.command]\nrun_variable = "ALERT_COMMAND"\n'
        '[log]\nretention = "30d"\nencryption_key = "LOG_KEYS"\n'
    )
    repo.write("promptops.toml", settings)
    path = ".github/workflows/promptops-nightly.yml"
    assert f"written  {path}" in accept(repo, "init", "--schedule")
    workflow = yaml.safe_load((repo.path / path).read_text())
    assert workflow["permissions"] == {}
    jobs = workflow["jobs"]
    assert jobs["evals"]["permissions"] == {"contents": "write"}
    assert jobs["runs"]["permissions"] == {"contents": "read"}
    evals = jobs["evals"]["steps"][-2]
    assert evals["env"]["ENVIRONMENT"] == "live"
    assert evals["env"]["TEAM_HOOK"] == "${{ secrets.TEAM_HOOK }}"
    assert "ALERT_COMMAND" not in evals["env"], "its value would be run as a command"
    runs = jobs["runs"]["steps"][-1]
    assert runs["env"]["LOG_KEYS"] == "${{ secrets.LOG_KEYS }}"
    assert not {"ALERT_KEY", "PROMPTOPS_LOG_KEY"} & {*evals["env"], *runs["env"]}
    assert "runs prune --yes" in runs["run"]
    assert "written" not in accept(repo, "init", "--schedule")


@pytest.mark.slow
def test_gitlab_gets_jobs_for_nights_on_request(repo: Repo) -> None:
    repo.git("remote", "add", "origin", "https://gitlab.example.com/team/shop.git")
    accept(repo, "init", "--evals", "--schedule")
    jobs = yaml.safe_load((repo.path / ".gitlab-ci.yml").read_text())
    assert {"promptops-nightly", "promptops-runs"} < set(jobs)
    for name in ("promptops-nightly", "promptops-runs"):
        condition = jobs[name]["rules"][0]["if"]
        assert '$CI_PIPELINE_SOURCE == "schedule"' in condition
        assert 'CI_COMMIT_REF_PROTECTED == "true"' in condition
        for line in jobs[name]["script"]:
            checked = subprocess.run(["bash", "-n"], input=line, text=True, check=False)
            assert checked.returncode == 0, line
    assert "written" not in accept(repo, "init", "--evals", "--schedule")


@pytest.mark.slow
def test_a_pipeline_that_is_there_is_told_which_jobs_to_add(repo: Repo) -> None:
    repo.git("remote", "add", "origin", "https://gitlab.example.com/team/shop.git")
    accept(repo, "init")
    said = accept(repo, "init", "--schedule")
    assert "add these jobs, and a pipeline schedule" in said
    assert "promptops-nightly:" in said


@pytest.mark.slow
def test_the_first_steps_of_the_readme_find_nothing_to_complain_of(repo: Repo) -> None:
    accept(repo, "init", "--owner", "@acme/prompts")
    for name in ("support/triage", "support/reply"):
        accept(repo, "new", name)
    looked = run(repo, "validate")
    assert (looked.exit_code, looked.stdout) == (0, "")
    assert masked(looked.stderr) == snapshot("3 prompts checked: no problems found\n")
