"""`promptops validate` as typed, and through it the command line's behaviour around errors."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from itertools import count
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import refuse, run
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeRepo
    from tests.repositories import Repo

GOOD = prompt_text(body="{{ question }}")
BAD = prompt_text(body="{{ question }} {{ tone }}")


def test_what_is_fine_exits_0_and_prints_no_data(repo: Repo) -> None:
    repo.commit({"prompts/a.md": GOOD})
    result = run(repo, "validate")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == snapshot("1 prompt checked: no problems found\n")


def test_an_error_exits_1_and_shows_its_place(repo: Repo) -> None:
    repo.commit({"prompts/a.md": BAD, "prompts/b.md": GOOD})
    result = run(repo, "validate")
    assert result.exit_code == 1
    assert result.stdout == snapshot("""\
prompts/a.md:8:19: error: 'tone' is not a declared input [undeclared-variable]
8 | {{ question }} {{ tone }}
  |                   ^^^^
  hint: add 'tone: string' under 'inputs'
""")
    assert result.stderr == snapshot("2 prompts checked: 1 error\n")
    assert run(repo, "validate", "b").exit_code == 0


def test_a_warning_exits_0(repo: Repo) -> None:
    repo.commit({"prompts/a.md": prompt_text(body="x")})
    result = run(repo, "validate", "--format", "concise")
    assert result.exit_code == 0
    assert result.stdout == snapshot(
        "prompts/a.md:6:10: warning: input 'question' is never used [unused-input]\n"
    )


@pytest.mark.slow
def test_formats_for_programs_say_nothing_else(repo: Repo) -> None:
    repo.commit({"prompts/a.md": BAD})
    for name in ("json", "sarif", "github"):
        result = run(repo, "validate", "--format", name)
        assert (result.exit_code, result.stderr) == (1, "")
        assert result.stdout.startswith("::error") or json.loads(result.stdout)


@pytest.mark.parametrize(
    ("targets", "judged"),
    [
        (["team/a"], 1),
        (["team"], 2),
        (["prompts/team/a.md"], 1),
        (["prompts/team"], 2),
        (["prompts"], 3),
        (["prompts/_tone.md"], 1),
        (["team/a", "prompts/team/a.md", "c"], 2),
        ([], 3),
    ],
)
def test_targets_are_names_files_and_folders(repo: Repo, targets: list[str], judged: int) -> None:
    body = "{{ question }} {% include '_tone.md' %}"
    repo.commit(
        {
            "prompts/team/a.md": GOOD,
            "prompts/team/b.md": GOOD,
            "prompts/c.md": prompt_text(body=body),
            "prompts/_tone.md": "Be kind.",
        }
    )
    # The runner stands in this process's folder, so that paths are given from there.
    absolute = [str(repo.path / one) if one.startswith("prompts") else one for one in targets]
    result = run(repo, "validate", *absolute)
    assert result.exit_code == 0, result.stderr
    assert result.stderr.startswith(f"{judged} prompt")


@pytest.mark.slow
def test_a_commit_the_index_and_the_work_tree_are_judged_apart(repo: Repo) -> None:
    repo.commit({"prompts/a.md": BAD})
    repo.write("prompts/a.md", GOOD)
    repo.git("add", "--all")
    repo.write("prompts/a.md", "nothing")
    assert run(repo, "validate", "--rev", "HEAD", "--format", "concise").stdout.count("\n") == 1
    assert run(repo, "validate", "--rev", "HEAD").stdout == snapshot("""\
prompts/a.md:8:19: error: 'tone' is not a declared input [undeclared-variable]
8 | {{ question }} {{ tone }}
  |                   ^^^^
  hint: add 'tone: string' under 'inputs'
""")
    assert run(repo, "validate", "--staged").exit_code == 0
    assert run(repo, "validate").stdout == snapshot("""\
prompts/a.md:1:1: error: the file does not begin with frontmatter [missing-frontmatter]
1 | nothing
  | ^
  hint: begin with a line '---', the metadata, and another line '---'
""")


def test_a_bare_repository_has_commits_to_judge_but_no_work_tree(
    repo: Repo, tmp_path: Path
) -> None:
    repo.commit({"prompts/a.md": BAD})
    bare = repo.publish(tmp_path / "bare.git")
    assert run(bare, "validate", "--rev", "main").exit_code == 1
    result = run(bare, "validate")
    assert result.exit_code == 2
    assert result.stderr == snapshot("""\
error: this is a bare repository: there is no work tree here
 hint: run the command in a clone of it
""")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["b"], "there is no prompt b here"),
        (["tema/a"], "there is no prompt tema/a here"),
        (["../x.md"], "is not below prompts/"),
        (["Team"], "is not a prompt name"),
        (["a\nb"], "is not a prompt name"),
        (["--rev", "--all"], "not a revision"),
        (["--rev", "nowhere"], "nowhere"),
        (["--rev", "HEAD", "--staged"], "cannot be combined"),
    ],
)
def test_what_makes_no_sense_exits_2_with_one_line_and_a_hint(
    repo: Repo, args: list[str], message: str
) -> None:
    repo.commit({"prompts/team/a.md": GOOD})
    result = run(repo, "validate", *args)
    assert result.exit_code == 2
    assert result.stdout == ""
    first, second = result.stderr.rstrip("\n").split("\n")
    assert first.startswith("error: ")
    assert message in first
    assert second.startswith(" hint: ")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "promptops.toml",
            "chekcs = {}",
            snapshot("""\
error: promptops.toml: unknown key 'chekcs'
 hint: did you mean 'checks'?
"""),
        ),
        (
            "promptops.toml",
            "= 3",
            snapshot("""\
error: promptops.toml is not TOML: Invalid statement (at line 1, column 1)
 hint: correct the file, or see its syntax at toml.io
"""),
        ),
        (
            "promptops.toml",
            "[checks]\nunused-imput = 'off'",
            snapshot("""\
error: promptops.toml: there is no check 'unused-imput'
 hint: did you mean 'unused-input'?
"""),
        ),
        (
            "pyproject.toml",
            "[tool.promptops]\nremote = 3",
            snapshot("""\
error: pyproject.toml: remote is not a name
 hint: write a text, such as remote = "origin"
"""),
        ),
    ],
    ids=count(),
)
def test_a_configuration_with_a_mistake_exits_2(
    repo: Repo, name: str, text: str, message: str
) -> None:
    repo.write(name, text)
    result = run(repo, "validate")
    assert result.exit_code == 2
    assert masked(result.stderr) == message


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_no_commits_are_no_obstacle(make_repo: MakeRepo, object_format: str) -> None:
    repo = make_repo(object_format=object_format)
    result = run(repo, "validate")
    assert result.exit_code == 2
    assert "promptops new" in result.stderr
    repo.write("prompts/a.md", GOOD)
    assert run(repo, "validate").stderr.startswith("1 prompt checked")


def test_outside_of_a_repository(tmp_path: Path) -> None:
    result = run(tmp_path, "validate")
    assert result.exit_code == 2
    assert masked(result.stderr) == snapshot("""\
error: <folder> is not in a Git repository
 hint: change into a Git repository, or create one with `git init`
""")
    assert run(tmp_path / "none", "validate").exit_code == 2


@pytest.mark.slow
def test_a_file_with_a_conflict_cannot_be_judged_in_the_index(repo: Repo) -> None:
    repo.commit({"prompts/a.md": GOOD})
    repo.git("switch", "--quiet", "-c", "other")
    repo.commit({"prompts/a.md": BAD})
    repo.git("switch", "--quiet", "main")
    repo.commit({"prompts/a.md": prompt_text(body="{{ question }}?")})
    repo.git("merge", "other", check=False)
    result = run(repo, "validate", "--staged")
    assert result.exit_code == 2
    assert result.stderr == snapshot("""\
error: prompts/a.md has an unresolved conflict
 hint: resolve it and run `git add`
""")


@pytest.mark.story
def test_as_a_process_it_has_the_same_exit_codes_and_no_heavy_imports(repo: Repo) -> None:
    repo.commit({"prompts/a.md": BAD})
    script = (
        "import sys\n"
        "from promptops.cli import main\n"
        "sys.argv = ['promptops', 'validate', '--format', 'concise']\n"
        "try:\n    main()\n"
        "finally:\n"
        "    heavy = {'rich', 'git', 'deepdiff', 'litellm'} & set(sys.modules)\n"
        "    assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=repo.path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "1 prompt checked: 1 error\n")
    module = [sys.executable, "-m", "promptops", "validate", "prompts/a.md"]
    assert subprocess.run(module, cwd=repo.path, capture_output=True, check=False).returncode == 1


@pytest.mark.story
def test_a_reader_that_has_seen_enough_is_no_error(repo: Repo) -> None:
    repo.commit({f"prompts/p{n}.md": BAD for n in range(300)})
    done = subprocess.run(
        f"{shlex.quote(sys.executable)} -m promptops validate | head -n 1",
        cwd=repo.path,
        capture_output=True,
        text=True,
        shell=True,
        check=False,
    )
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr


@pytest.mark.story
def test_a_draft_that_is_live_is_found(repo: Repo) -> None:
    repo.commit({"prompts/a.md": GOOD})
    for line in (("release", "a"), ("promote", "a@1.0.0", "--to", "staging", "--yes")):
        assert run(repo, *line).exit_code == 0
    repo.commit({"prompts/a.md": GOOD.replace("model:", "status: draft\nmodel:")})
    for _ in range(2):  # the second time, what was found before is remembered
        found = run(repo, "validate", "--format", "concise").stdout
        assert "the draft is live in staging [deployed-draft]" in found
    assert run(repo, "validate", "--rev", "HEAD", "--format", "concise").stdout == ""
    assert run(repo, "retire", "-m", "gone", "a", "--env", "staging", "--yes").exit_code == 0
    assert run(repo, "validate", "--format", "concise").stdout == ""


@pytest.mark.slow
def test_looking_at_nothing_is_never_green(repo: Repo) -> None:
    repo.write("README.md", "x\n")
    repo.commit()
    assert refuse(repo, "validate", code=2) == snapshot("""\
error: nothing was checked: there are no prompts in prompts/
 hint: run promptops new NAME, or set prompts = "..." in promptops.toml to another folder\
""")
    repo.write("prompts/a.txt", "Hello {name}\n")
    repo.write("prompts/b.prompty", "---\n---\nx\n")
    assert refuse(repo, "validate", code=2) == snapshot("""\
error: nothing was checked: prompts/ has 2 files that may hold prompts, and none is .md
 hint: run promptops adopt prompts to convert them\
""")
    assert refuse(repo, "validate", "prompts/a.txt", code=2) == snapshot("""\
error: 'prompts/a.txt': not a prompt, and no prompt uses it
 hint: name a prompt, or a file that one includes; prompts are .md files\
""")
    # A commit that touches no prompt is fine, and nobody's news.
    looked = run(repo, "validate", "--staged")
    assert (looked.exit_code, looked.stdout, looked.stderr) == (0, "", "")


def test_a_configuration_in_a_folder_is_named_where_it_is_not_read(repo: Repo) -> None:
    repo.write("services/a/promptops.toml", "")
    repo.write("services/a/prompts/x.md", prompt_text())
    repo.commit()
    said = refuse(repo.path / "services" / "a", "validate", code=2)
    assert said == snapshot("""\
error: nothing was checked: services/a/promptops.toml is not read, and prompts/ at the top has no prompts
 hint: move it to the repository's top, with prompts = "services/a/prompts"\
""")


@pytest.mark.story
def test_of_what_is_staged_only_the_prompts_that_it_touches_are_judged(repo: Repo) -> None:
    include = prompt_text(body="{% include '_p.md' %} {{ question }}")
    repo.commit({"prompts/bad.md": BAD, "prompts/a.md": include, "prompts/_p.md": "Hi.\n"})
    assert run(repo, "validate").exit_code == 1

    def judge(path: str, text: str) -> tuple[int, str]:
        repo.write(path, text)
        repo.git("add", "--all")
        looked = run(repo, "validate", "--staged")
        repo.git("reset", "--quiet", "--hard")
        return looked.exit_code, looked.stderr

    assert judge("prompts/a.md", GOOD) == (0, "1 prompt checked: no problems found\n")
    assert judge("README.md", "x\n") == (0, "")
    assert judge("prompts/bad.md", f"{BAD}!")[0] == 1
    # A partial means the prompts that include it, and one that is gone may mean any.
    assert judge("prompts/_p.md", "{{ nobody }}\n")[0] == 1
    assert judge("prompts/_p.md", "Hello.\n") == (0, "1 prompt checked: no problems found\n")
    # What was wrong before, in files that the commit leaves as they are, takes one line.
    repo.commit({"prompts/unused.md": prompt_text(body="Hi.")})
    older = "2 older problems in files that are not staged"
    told = f"3 prompts checked: no problems found; {older}\n"
    assert judge("promptops.toml", "[checks]\nrole-like-line = 'off'\n") == (0, told)
    # A commit of what configures other tools is nobody's news.
    assert judge("pyproject.toml", "[project]\nname = 'promptops-user'\n") == (0, "")
    assert judge("pyproject.toml", "[tool.promptops]\npush = true\n") == (0, told)
    # What the commit brings is said wherever it shows: a check made stricter, a partial that went.
    told = "3 prompts checked: 1 error; 1 older problem in files that are not staged\n"
    assert judge("promptops.toml", "[checks]\nunused-input = 'error'\n") == (1, told)
    repo.git("rm", "--quiet", "prompts/_p.md")
    looked = run(repo, "validate", "--staged", "--format", "concise")
    assert looked.exit_code == 1
    assert masked(looked.stdout) == snapshot(
        "prompts/a.md:8:1: error: included file '_p.md' does not exist [missing-include]\n"
    )
    assert looked.stderr == f"3 prompts checked: 1 error; {older}\n"
