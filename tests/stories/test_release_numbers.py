"""Where releases write the version numbers: a change carries none, and one commit has them all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.delivery.evidence import write_evidence
from promptops.prompt.digest import compute_digest
from promptops.repository.repository import open_repository
from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text
from tests.screens import masked
from tests.stories.world import Team
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo

pytestmark = pytest.mark.story

MANY = [f"team/p{number:02}" for number in range(40)]
CONFIG = '[gate]\nversions = "release"\n'
TONE = "prompts/_shared/tone.md"
BODY = '{% include "_shared/tone.md" %}\n{{ question }}'
ALL = ("release", "--all", "--bump", "auto", "--push")


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """Forty released prompts that use one partial, and one that does not."""
    copy_template(build_team, tmp_path, tmp_path.parent)
    return Team.at(tmp_path)


def build_team(folder: Path) -> None:
    team = Team.found(folder, [])
    files = {f"prompts/{name}.md": prompt_text("1.0.0", BODY) for name in MANY}
    files |= {"prompts/own.md": prompt_text("0.3.0"), TONE: "Be kind.\n"}
    team.commit({**files, "promptops.toml": CONFIG})
    accept(team.first, *ALL)


def version_of(repo: Repo, name: str) -> str:
    text = (repo.path / f"prompts/{name}.md").read_text()
    return text.split("version: ")[1].split("\n")[0]


def test_a_partial_of_forty_prompts_is_changed_without_an_edit_in_any(team: Team) -> None:
    first = team.first
    first.git("checkout", "--quiet", "-b", "kinder")
    first.commit({TONE: "Be kind and brief.\n"})
    out = accept(first, "gate")
    assert masked(out) == snapshot("""\
may merge
<id> into main

CODEOWNERS: warning: main has no CODEOWNERS file, so no approval is required [no-owners]
  hint: add one that assigns the prompts to a team; the first one needs no approval

team/p00, team/p01, team/p02, team/p03, team/p04, team/p05, team/p06, team/p07, team/p08, team/p09 and 30 more  1.0.0  behaviour change, the release writes 1.1.0 (minor)
  about 3 -> 5 tokens without inputs; 1,000 runs $0.00

_shared/tone.md, used by 40 prompts
  @@ line 1 @@
  - Be kind.
  + Be kind and brief.
""")
    first.git("checkout", "--quiet", "main")
    first.git("merge", "--quiet", "kinder")
    first.git("push", "--quiet", "origin", "main")
    before = first.rev("HEAD")

    told = run(first, *ALL)

    assert told.exit_code == 0, told.output
    assert "main" in told.stderr
    assert masked(told.stderr) == snapshot("""\
pushed to origin
main <id> writes 40 version numbers and nothing else
""")
    assert first.rev("HEAD") == team.remote.rev("refs/heads/main") != before
    assert first.git("rev-list", "--count", f"{before}..HEAD") == "1"
    numstat = first.git("diff", "--numstat", before, "HEAD").splitlines()
    assert [line.split("\t")[:2] for line in numstat] == [["1", "1"]] * 40
    lines = first.git("diff", "-U0", before, "HEAD").splitlines()
    written = {line for line in lines if line[0] in "+-" and line[:3] not in {"+++", "---"}}
    assert written == {"-version: 1.0.0", "+version: 1.1.0"}
    tags = team.remote.refs("refs/tags/prompts/team")
    assert len([tag for tag in tags if tag.endswith("@1.1.0")]) == 40
    assert version_of(first, "own") == "0.3.0"
    assert first.git("status", "--porcelain") == ""
    accept(first, "verify")


def test_what_was_released_is_released_once(team: Team) -> None:
    told = run(team.first, *ALL)
    assert told.exit_code == 0
    assert "nothing else" not in told.stderr
    assert team.first.rev("HEAD") == team.remote.rev("refs/heads/main")


def test_a_change_that_writes_a_number_is_told_to_leave_it(team: Team) -> None:
    team.first.git("checkout", "--quiet", "-b", "change")
    team.first.commit({"prompts/own.md": prompt_text("0.4.0", "New {{ question }}")})
    told = run(team.first, "gate")
    assert told.exit_code == 1
    assert masked(told.output) == snapshot("""\
may not merge: 1 version number missing
<id> into main

missing
  the author writes this version
    prompts/own.md, line 2: version: 0.3.0  [carried-version]
      own sets version 0.4.0, and releases write the versions here

CODEOWNERS: warning: main has no CODEOWNERS file, so no approval is required [no-owners]
  hint: add one that assigns the prompts to a team; the first one needs no approval

own  0.3.0 -> 0.4.0  behaviour change, the release writes 0.4.0 (minor)
  about 2 -> 1 tokens without inputs; 1,000 runs $0.00

own, message 1 (user) changed
  @@ line 1 @@
  - Answer {{ question }}
  + New {{ question }}

1 error, 1 warning
""")


def test_numbers_are_written_on_what_was_merged_alone(team: Team) -> None:
    team.first.commit({"prompts/own.md": prompt_text("0.3.0", "New {{ question }}")})
    said = refuse(team.first, *ALL)
    assert masked(said) == snapshot("""\
error: HEAD is <id>, and origin/main is <id>: version numbers are written only on top of the merged branch
 hint: git checkout main && git pull, then try again\
""")


def test_a_branch_that_moved_meanwhile_leaves_everything_as_it_was(team: Team) -> None:
    first = team.first
    team.commit({"prompts/own.md": prompt_text("0.3.0", "New {{ question }}")})
    head, tags = first.rev("HEAD"), first.refs("refs/tags")
    other = team.clone("other")
    other.commit({"README": "x"})
    # Somebody's push lands between our look at the branch and our own push.
    first.hook("pre-push", f"env -u GIT_DIR git -C {other.path} push --quiet origin main")

    said = refuse(first, *ALL)

    assert said == snapshot("""\
error: origin/main or a release moved meanwhile; nothing was changed
 hint: run git pull, then the same command again\
""")
    assert (first.rev("HEAD"), first.refs("refs/tags")) == (head, tags)
    assert set(team.remote.refs("refs/tags")) == set(tags)
    (first.path / ".git/hooks/pre-push").unlink()
    first.git("pull", "--quiet", "origin", "main")
    accept(first, *ALL)
    assert "refs/tags/prompts/own@0.4.0" in team.remote.refs("refs/tags")
    assert version_of(first, "own") == "0.4.0"


def test_a_level_may_be_asked_for(team: Team) -> None:
    team.commit({"prompts/own.md": prompt_text("0.3.0", "New {{ question }}")})
    accept(team.first, "release", "own", "--bump", "major", "--push")
    assert "refs/tags/prompts/own@1.0.0" in team.remote.refs("refs/tags")


def test_a_dry_run_writes_nothing(team: Team) -> None:
    team.commit({"prompts/own.md": prompt_text("0.3.0", "New {{ question }}")})
    refs = team.first.refs()
    out = accept(team.first, *ALL, "--dry-run")
    assert "own 0.4.0 would be released" in out
    assert team.first.refs() == refs


def test_without_the_rule_a_release_pushes_no_branch(team: Team) -> None:
    team.commit({"promptops.toml": "", "prompts/own.md": prompt_text("0.3.0", "X {{ question }}")})
    said = refuse(team.first, *ALL, code=2)
    assert said == snapshot("""\
error: --bump makes a commit that is not on origin yet, so it cannot --push
 hint: release with --bump, push the branch, then promptops release again with --push; or let releases write all numbers: [gate] versions = "release" (docs/gate.md)\
""")


def test_bump_and_status_know_who_writes_the_numbers(team: Team) -> None:
    team.commit({"prompts/own.md": prompt_text("0.3.0", "New {{ question }}")})
    assert masked(refuse(team.first, "bump", "own")) == snapshot("""\
error: releases write the versions here ([gate] versions = "release")
 hint: promptops bump --dry-run shows the next ones; promptops release --all --bump auto --push writes them\
""")
    assert masked(accept(team.first, "bump", "own", "--dry-run")) == snapshot(
        "own 0.3.0 -> 0.4.0 (minor change since 0.3.0)\n"
    )
    assert "promptops release own --bump auto --push" in accept(team.first, "status")


# What was said of a change holds for what is released, though the number is written afterwards.


def test_evidence_of_a_change_is_in_the_release_that_writes_its_number(team: Team) -> None:
    team.first.git("checkout", "--quiet", "-b", "change")
    team.first.commit({"prompts/own.md": prompt_text("0.3.0", "New {{ question }}")})
    prompt = open_repository(team.first.path).working.read("own.md")
    digest = compute_digest({"own.md": prompt or b""})
    evidence = team.folder / "evals.json"
    evidence.write_bytes(write_evidence([record(digest)]))
    report = team.folder / "verdict.json"
    accept(team.first, "gate", "--evidence", str(evidence), "--report", f"json={report}")
    team.first.git("checkout", "--quiet", "main")
    team.first.git("merge", "--quiet", "change")
    team.first.git("push", "--quiet", "origin", "main")

    accept(team.first, *ALL, "--verdict", str(report))

    tag = team.first.git("cat-file", "-p", "refs/tags/prompts/own@0.4.0")
    assert "Prompt-Evals: evals/own.yaml" in tag
    assert "Prompt-Gate: " in tag
    traced = accept(team.first, "trace", "own@0.4.0", "--format", "json")
    links = {one["link"]: one["status"] for one in json.loads(traced)["links"]}
    assert links["evidence"] == "ok"


def record(digest: str) -> dict[str, object]:
    known = {"prompt": "own", "digest": digest, "suite": "evals/own.yaml", "samples": 4}
    model = {"model": "openai/gpt-4o-mini", "served": [], "samples": 4, "passed": 4}
    nothing = dict.fromkeys(("verdict", "difference", "low", "high"))
    ran = {"trials": 4, "errors": 0, "answers": "live", "cost_micros": 1, "passed": True}
    said = {"version": "0.3.0", "suite_digest": digest, "baseline": None}
    return {**known, **ran, **said, "models": [{**model, **nothing}]}
