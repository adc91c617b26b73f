"""`promptops gate` as a person or a pipeline runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.pieces import TRIAGE_NAME
from tests.cli.running import accept, refuse, run
from tests.gate.world import TRIAGE, World, prompt
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.story
def test_each_format_carries_the_findings(world: World, tmp_path: Path) -> None:
    world.propose({TRIAGE: prompt("1.0.0", "Triage well.")})
    formats = ["concise", "json", "sarif", "github", "gitlab", "junit", "markdown"]
    reports = [f"--report={name}={tmp_path / name}" for name in formats]
    for name in formats:
        result = run(world.repo, "gate", "--format", name, *reports)
        assert result.exit_code == 1
        assert "unchanged-version" in result.stdout
        assert (tmp_path / name).read_text() == result.stdout
    verdict = json.loads((tmp_path / "json").read_text())
    assert verdict["schema"] == "promptops.gate/v1"
    assert verdict["allowed"] is False
    sarif = json.loads((tmp_path / "sarif").read_text())
    rules = {rule["id"]: rule for rule in sarif["runs"][0]["tool"]["driver"]["rules"]}
    assert masked(rules["unchanged-version"]["help"]["text"]) == snapshot(
        "a prompt changes and its version does not"
    )
    assert (tmp_path / "markdown").read_text().startswith("<!-- promptops gate -->\n")


@pytest.mark.slow
def test_the_same_change_has_the_same_verdict(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    first, second = (accept(world.repo, "gate", "--format", "json") for _ in range(2))
    assert first == second


@pytest.mark.story
def test_evidence_is_asked_for_where_the_policy_says_so(world: World, tmp_path: Path) -> None:
    world.on_main({"promptops.toml": '[gate]\nevals = "block"\n'})
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    assert masked(run(world.repo, "gate").stdout) == snapshot("""\
may not merge: passed evals of 1 prompt missing
<id> into main

CODEOWNERS: warning: approvals were not checked [unchecked-approval]
  hint: run the gate in the forge's CI, or pass --approvals signed or file

prompts/support/triage.md: error: support/triage 1.1.0: no evidence that its evals passed [missing-evidence]
  hint: run its evals on this content (promptops eval run --evidence FILE) and pass --evidence FILE

support/triage  1.0.0 -> 1.1.0  behaviour change, minor bump: done
  about 9 -> 11 tokens without inputs; 1,000 runs $0.00
  approval of @prompt-owner (CODEOWNERS:2): not checked

support/triage, message 1 (system) changed
  @@ line 1 @@
  - Triage.
  + Triage well.
    Be kind.
""")
    verdict = json.loads(run(world.repo, "gate", "--format", "json").stdout)
    result = {
        "prompt": TRIAGE_NAME,
        "digest": verdict["prompts"][0]["digest"],
        "suite": "evals/support/triage.yaml",
        "passed": True,
        "samples": 3,
    }
    file = tmp_path / "results.json"
    file.write_text(json.dumps({"schema": "promptops.evals/v1", "results": [result]}))
    accept(world.repo, "gate", "--evidence", str(file))
    for change in ({"passed": False}, {"samples": 0}, {"digest": "sha256:" + "0" * 64}):
        other = {"schema": "promptops.evals/v1", "results": [{**result, **change}]}
        file.write_text(json.dumps(other))
        assert run(world.repo, "gate", "--evidence", str(file)).exit_code == 1
    file.write_text("[]")
    refuse(world.repo, "gate", "--evidence", str(file), code=2)


@pytest.mark.slow
def test_what_cannot_be_told_is_exit_code_two(world: World, tmp_path: Path) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    refuse(world.repo, "gate", "--base", "nowhere", code=2)
    refuse(world.repo, "gate", "--head", "--output=x", code=2)
    refuse(world.repo, "gate", "--report", "toml=x", code=2)
    world.on_main({TRIAGE: prompt("1.1.0", "Otherwise.")})
    assert refuse(world.repo, "gate", "--head", "change", code=2) == snapshot("""\
error: the change does not merge: conflict in prompts/support/triage.md
 hint: merge or rebase onto the target branch, and resolve it there\
""")
    world.repo.git("checkout", "--quiet", "change")
    world.repo.git("reset", "--quiet", "--hard", "HEAD~1")
    for number in range(3):
        world.propose({TRIAGE: prompt(f"1.{number + 1}.0", f"Take {number}.")})
    shallow = tmp_path / "shallow"
    world.repo.git(
        *("clone", "--quiet", "--depth", "1", "--no-single-branch"),
        *(f"file://{world.repo.path}", str(shallow)),
    )
    said = refuse(shallow, "gate", "--base", "origin/main", "--head", "origin/change", code=2)
    assert said == snapshot("""\
error: this shallow clone lacks the commit where the change began
 hint: run git fetch --unshallow (GitHub Actions: actions/checkout with fetch-depth: 0)\
""")


@pytest.mark.slow
def test_a_clone_without_release_tags_is_no_place_to_judge_versions(
    world: World, tmp_path: Path
) -> None:
    world.repo.git("tag", "-a", "prompts/support/triage@1.0.0", "-m", "x")
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    clone = tmp_path / "clone"
    world.repo.git("clone", "--quiet", "--no-tags", f"file://{world.repo.path}", str(clone))
    said = refuse(clone, "gate", "--base", "origin/main", "--head", "origin/change", code=2)
    assert said == snapshot("""\
error: this clone has no release tags, and its remote has some
 hint: git fetch origin --tags (in GitHub Actions: actions/checkout with fetch-depth: 0)\
""")
    accept(clone, "gate", "--base", "origin/main", "--head", "origin/change", "--local")


@pytest.mark.slow
def test_the_first_rules_need_nobody(tmp_path: Path) -> None:
    world = World.make(tmp_path / "repo", {})
    world.repo.git("rm", "--quiet", "CODEOWNERS")
    world.repo.commit(message="No owners")
    world.propose({"CODEOWNERS": "* @lead\n", TRIAGE: prompt("1.1.0", "Triage well.")})
    result = run(world.repo, "gate")
    assert result.exit_code == 0
    assert masked(result.stdout) == snapshot("""\
may merge
<id> into main

CODEOWNERS: warning: main has no CODEOWNERS file, so no approval is required [no-owners]
  hint: add one that assigns the prompts to a team; the first one needs no approval

support/triage  1.0.0 -> 1.1.0  behaviour change, minor bump: done
  about 9 -> 11 tokens without inputs; 1,000 runs $0.00

other governed files
  CODEOWNERS: the CODEOWNERS file

support/triage, message 1 (system) changed
  @@ line 1 @@
  - Triage.
  + Triage well.
    Be kind.
""")


@pytest.mark.slow
def test_in_a_forges_ci_it_judges_what_the_run_is_about(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    world.repo.git("checkout", "--quiet", "main")
    clone = tmp_path / "clone"
    world.repo.git("clone", "--quiet", f"file://{world.repo.path}", str(clone))
    base = {"ref": "main", "sha": world.repo.rev("main")}
    pull = {"number": 7, "base": base, "head": {"sha": head}, "user": {"login": "author"}}
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": pull}))
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "acme/prompts",
        "GITHUB_API_URL": "http://127.0.0.1:1",
        "GITHUB_SHA": head,
    }.items():
        monkeypatch.setenv(name, value)
    verdict = json.loads(accept(clone, "gate", "--approvals", "off", "--format", "json"))
    assert (verdict["target"], verdict["head"]) == ("main", head)
    pull["head"] = {"sha": "0" * 39 + "1"}
    event.write_text(json.dumps({"pull_request": pull}))
    assert refuse(clone, "gate", "--approvals", "off", code=2) == snapshot("""\
error: the commit 000000000000 is not in this clone
 hint: git fetch origin 0000000000000000000000000000000000000001 (in GitHub Actions: actions/checkout with fetch-depth: 0)\
""")


@pytest.mark.story
def test_a_name_of_odd_bytes_breaks_no_report(world: World, tmp_path: Path) -> None:
    world.propose()
    blob = world.repo.git("hash-object", "-w", "--stdin", stdin=prompt())
    entry = f"100644 {blob}\tprompts/".encode() + b"\xff.md\0"
    world.repo.git("update-index", "-z", "--index-info", stdin=entry)
    world.repo.git("commit", "--quiet", "-m", "Odd")
    # The real entry point, which decides how bytes that are no text are written; once for all.
    script = (
        "import sys\n"
        "from promptops.cli import main\n"
        "for name in sys.argv[1:]:\n"
        "    sys.argv[1:] = ['gate', '--format', name, '--report', f'{name}=../{name}']\n"
        "    try:\n"
        "        main()\n"
        "    except SystemExit as ended:\n"
        "        assert ended.code == 1, name\n"
    )
    names = ("json", "sarif", "github", "gitlab", "junit", "markdown", "concise")
    line = [sys.executable, "-c", script, *names]
    done = subprocess.run(line, cwd=world.repo.path, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    for name in names:
        assert "unusable-name" in (tmp_path / name).read_text()


@pytest.mark.slow
def test_what_is_not_committed_is_said_not_to_be_judged(world: World) -> None:
    world.repo.write("prompts/new.md", "nothing")
    said = run(world.repo, "gate", "--approvals", "off").stderr
    assert said == snapshot("""\

no problems found
not committed, so not checked: prompts/new.md
""")
    head = run(world.repo, "gate", "--approvals", "off", "--head", "HEAD").stderr
    assert "not committed" not in head


@pytest.mark.slow
def test_a_release_names_the_verdict_that_let_it_through(world: World, tmp_path: Path) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    file = tmp_path / "verdict.json"
    accept(world.repo, "gate", "--report", f"json={file}")
    digest = json.loads(file.read_text())["digest"]
    world.repo.git("checkout", "--quiet", "main")
    world.repo.git("merge", "--quiet", "--squash", "change")
    world.repo.commit(message="Squashed")
    accept(world.repo, "release", TRIAGE_NAME, "--dry-run", "--verdict", str(file))
    accept(world.repo, "release", TRIAGE_NAME)
    message = world.repo.git("cat-file", "tag", f"prompts/{TRIAGE_NAME}@1.1.0")
    assert f" {digest}\n" in message
    assert "Prompt-Gate: " in message
    assert digest in accept(world.repo, "trace", f"{TRIAGE_NAME}@1.1.0")


@pytest.mark.slow
def test_a_release_takes_no_verdict_about_something_else(world: World, tmp_path: Path) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    file = tmp_path / "verdict.json"
    accept(world.repo, "gate", "--report", f"json={file}")
    world.propose({TRIAGE: prompt("1.2.0", "Triage badly.")})
    said = refuse(world.repo, "release", TRIAGE_NAME, "--verdict", str(file), code=2)
    assert masked(said) == snapshot("""\
error: the verdict in <folder>/verdict.json is not about support/triage with digest <digest>
 hint: create one with promptops gate --report json=FILE\
""")
    file.write_text("{}")
    refuse(world.repo, "release", TRIAGE_NAME, "--verdict", str(file), code=2)
    accept(world.repo, "release", TRIAGE_NAME)
    message = world.repo.git("cat-file", "tag", f"prompts/{TRIAGE_NAME}@1.2.0")
    assert "Prompt-Gate" not in message


@pytest.mark.slow
def test_what_was_released_before_needs_no_verdict(world: World, tmp_path: Path) -> None:
    """A verdict is about one change, and `--all` is about everything that is there."""
    world.on_main({"prompts/other.md": prompt(words="Something else.")})
    accept(world.repo, "release", "--all")
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    file = tmp_path / "verdict.json"
    accept(world.repo, "gate", "--report", f"json={file}")
    accept(world.repo, "release", "--all", "--verdict", str(file))
    assert "Prompt-Gate: " in world.repo.git("cat-file", "tag", f"prompts/{TRIAGE_NAME}@1.1.0")


@pytest.mark.slow
def test_what_an_older_version_remembered_is_still_said(world: World) -> None:
    """It kept a list of trailers, and knew no evidence that is a blob."""
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    accept(world.repo, "gate")
    file = world.repo.path / ".git" / "promptops" / "verdicts.json"
    kept = json.loads(file.read_text())
    file.write_text(json.dumps({digest: one["trailers"] for digest, one in kept.items()}))
    accept(world.repo, "release", TRIAGE_NAME)
    assert "Prompt-Gate: " in world.repo.git("cat-file", "tag", f"prompts/{TRIAGE_NAME}@1.1.0")


@pytest.mark.slow
@pytest.mark.parametrize("damage", [7, "x", {"trailers": 1}, {"trailers": [[1]]}, [1]])
def test_a_damaged_memory_says_nothing(world: World, damage: object) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    accept(world.repo, "gate")
    file = world.repo.path / ".git" / "promptops" / "verdicts.json"
    file.write_text(json.dumps(dict.fromkeys(json.loads(file.read_text()), damage)))
    accept(world.repo, "release", TRIAGE_NAME)
    assert "Prompt-Gate" not in world.repo.git("cat-file", "tag", f"prompts/{TRIAGE_NAME}@1.1.0")


@pytest.mark.slow
def test_a_verdict_with_invented_evidence_is_none(world: World, tmp_path: Path) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    file = tmp_path / "verdict.json"
    accept(world.repo, "gate", "--report", f"json={file}")
    document = json.loads(file.read_text())
    document["evals"] = [
        {"prompt": TRIAGE_NAME, "suite": "evals/x.yaml", "passed": True, "record": {"x": 1}}
    ]
    file.write_text(json.dumps(document))
    said = refuse(world.repo, "release", TRIAGE_NAME, "--verdict", str(file), code=2)
    assert masked(said) == snapshot("""\
error: the verdict in <folder>/verdict.json is not of the form promptops.gate/v1
 hint: create one with promptops gate --report json=FILE\
""")
