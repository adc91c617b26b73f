"""`promptops resolve`, as a person or a program calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.pieces import TRIAGE_NAME
from tests.cli.running import run
from tests.git.signing.test_ssh import allow, make_key
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.released import Press


@pytest.mark.slow
def test_a_person_reads_one_block(press: Press) -> None:
    result = run(press.repo, "resolve", TRIAGE_NAME)
    assert result.exit_code == 0, result.stderr
    title, *rows = result.stdout.splitlines()
    assert title == f"{TRIAGE_NAME}@1.1.0"
    assert [row.split()[0] for row in rows] == [
        "digest",
        "commit",
        "model",
        "source",
        "environment",
        "freshness",
        "signed",
    ]
    assert masked(result.stdout) == snapshot("""\
support/triage@1.1.0
  digest       <digest>
  commit       <id>
  model        openai/gpt-4o-mini
  source       <folder>/repo
  environment  production, deployment 2 by Jane Doe, <age>
  freshness    read just now
  signed       unauthenticated
""")
    assert "unauthenticated" in rows[-1]


def test_a_program_reads_the_whole_prompt(press: Press) -> None:
    press.release(
        TRIAGE_NAME,
        "2.0.0",
        temperature="0.5",
        output="{type: object, properties: {a: {type: string}}}",
    )
    result = run(press.repo, "resolve", f"{TRIAGE_NAME}@2.0.0", "--format", "json")
    found = json.loads(result.stdout)
    assert found["schema"] == "promptops.resolve/v1"
    assert (found["version"], found["commit"]) == ("2.0.0", press.commits[TRIAGE_NAME, "2.0.0"])
    assert found["files"] == press.files[TRIAGE_NAME, "2.0.0"]
    assert found["metadata"]["temperature"] == found["request"]["temperature"] == 0.5
    assert found["request"]["model"] == "openai/gpt-4o-mini"
    assert found["request"]["response_format"]["type"] == "json_schema"
    assert "messages" not in found["request"]


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_paused_prompt_is_shown_and_is_a_no(press: Press, format_: str) -> None:
    press.deploy("production", {TRIAGE_NAME: "1.1.0"}, paused={TRIAGE_NAME: "leak"}, action="pause")
    result = run(press.repo, "resolve", TRIAGE_NAME, "--format", format_)
    assert result.exit_code == 1
    assert "leak" in result.stdout
    assert "is paused in production: leak" in result.stderr
    assert run(press.repo, "resolve", f"{TRIAGE_NAME}@1.1.0").exit_code == 0


def test_a_yanked_pin_and_pending_deployments_warn(press: Press, tmp_path: Path) -> None:
    press.repo.publish(tmp_path / "remote.git")
    press.yank(TRIAGE_NAME, "1.1.0", "rude")
    press.deploy("production", {TRIAGE_NAME: "1.0.0"})
    result = run(press.repo, "resolve", TRIAGE_NAME)
    assert result.exit_code == 0
    assert result.stderr == snapshot("""\
warning: support/triage 1.1.0 was yanked: rude
warning: 1 local deployment is not pushed, and not served
   hint: git push origin promptops/production
""")
    assert masked(result.stdout) == snapshot("""\
support/triage@1.1.0
  digest       <digest>
  commit       <id>
  model        openai/gpt-4o-mini
  source       <folder>/repo (as of origin)
  environment  production, deployment 2 by Jane Doe, <age>
  freshness    fetched less than <age>
  signed       unauthenticated
  yanked       rude
""")


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("nothing", "nothing is not live in production"),
        (f"{TRIAGE_NAME}@9.9.9", "support/triage 9.9.9 is not released"),
        (f"{TRIAGE_NAME}@", "ends in '@'"),
        ("../x@1.0.0", "is not a prompt name"),
        (f"{TRIAGE_NAME}@prodution", "no environment prodution"),
    ],
)
def test_what_cannot_be_resolved_is_one_line_and_a_hint(press: Press, ref: str, said: str) -> None:
    result = run(press.repo, "resolve", ref)
    assert result.exit_code == 2
    assert result.stdout == ""
    error, hint = result.stderr.splitlines()
    assert said in error
    assert hint.startswith(" hint: ")


@pytest.mark.slow
def test_trust_is_asked_for_by_file(press: Press, tmp_path: Path) -> None:
    key = make_key(tmp_path)
    signers = str(allow(tmp_path, key))
    assert run(press.repo, "resolve", TRIAGE_NAME, "--trust", signers).exit_code == 2
    press.key = key
    press.deploy("production", {TRIAGE_NAME: "1.1.0"})
    assert masked(run(press.repo, "resolve", TRIAGE_NAME, "--trust", signers).stdout) == snapshot("""\
support/triage@1.1.0
  digest       <digest>
  commit       <id>
  model        openai/gpt-4o-mini
  source       <folder>/repo
  environment  production, deployment 3 by Jane Doe, <age>
  freshness    read just now
  signed       jane@example.com
""")


@pytest.mark.story
def test_resolving_stays_cheap(press: Press) -> None:
    code = (
        "import sys\n"
        "from promptops.cli import app\n"
        "app(standalone_mode=False, prog_name='promptops')\n"
        "heavy = {'rich', 'jinja2', 'git', 'deepdiff', 'litellm', 'pydantic', 'asyncio'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    for ref in (TRIAGE_NAME, f"{TRIAGE_NAME}@1.0.0"):
        done = subprocess.run(
            [sys.executable, "-c", code, "resolve", ref],
            cwd=press.repo.path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "most"),
    [(("resolve", f"{TRIAGE_NAME}@1.0.0"), 26), (("--help",), 5)],
)
def test_a_start_imports_no_more_modules_of_ours_than_it_once_did(
    press: Press, arguments: tuple[str, ...], most: int
) -> None:
    code = (
        "import sys, pathlib\n"
        "from promptops.cli import app\n"
        "app(standalone_mode=False, prog_name='promptops')\n"
        "ours = [m for n, m in sys.modules.items() if n.partition('.')[0] == 'promptops']\n"
        "files = [pathlib.Path(m.__file__) for m in ours]\n"
        "count = [f for f in files if f.name != '__init__.py' or f.stat().st_size > 200]\n"
        "print(len(count), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=press.repo.path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stderr) <= most
