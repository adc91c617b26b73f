"""Realistic inputs that were handled wrongly once, each with its right value.

The kinds: a name in the data is taken for Python's; text is lost, glued or added; a fact is
guessed; another tool is not asked; a repository is taken from the environment; a file is counted
that is no prompt; a hint leads to the next error; ordinary words are taken for an offence.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from inline_snapshot import snapshot

from promptops.checks.engine import validate
from promptops.repository.repository import find_prompt, open_repository
from tests.cli.running import accept, run
from tests.prompts import prompt_text
from tests.released import Press
from tests.repositories import Repo
from tests.screens import masked
from tests.templates import copy_template

if TYPE_CHECKING:
    from tests.conftest import MakeRepo

pytestmark = pytest.mark.story


def write(repo: Repo, body: str, **keys: str) -> None:
    repo.write("prompts/a.md", prompt_text(body=body, **keys))


class RenderCase(NamedTuple):
    """A body, what it is given and the one message that it sends."""

    name: str
    body: str
    inputs: str
    values: dict[str, Any]
    sent: str


LOOP = "{% for item in order.NAME %}- {{ item }}\n{% endfor %}"
LIST = "{order: {type: object, properties: {NAME: {type: array, items: {type: string}}}}}"
KEYS = ("items", "keys", "values", "copy", "get", "update", "pop")
RENDERED = [
    *(
        RenderCase(
            key,
            LOOP.replace("NAME", key),
            LIST.replace("NAME", key),
            {"order": {key: ["a", "b"]}},
            "- a\n- b",
        )
        for key in KEYS
    ),
    RenderCase(
        "in a loop",
        "{% for o in orders %}{{ o.items | length }}{% endfor %}",
        "{orders: {type: array, items: {type: object}}}",
        {"orders": [{"items": [1, 2]}]},
        "2",
    ),
    RenderCase(
        "called",
        "{% for k, v in order.items() %}{{ k }}={{ v }}{% endfor %}",
        "{order: object}",
        {"order": {"x": 1}},
        "x=1",
    ),
    RenderCase(
        "an empty list",
        "{% if order.items %}has items{% else %}empty{% endif %}",
        "{order: object}",
        {"order": {"items": []}},
        "empty",
    ),
    *(
        RenderCase(
            f"absent, {dotted}",
            f"{{{{ {dotted} is defined }}}}",
            "{o: object}",
            {"o": {}},
            "False",
        )
        for dotted in ("o.items", "o['items']")
    ),
    RenderCase(
        "kept apart",
        "{{ name }}{% if vip %} (VIP){% endif +%}\nTicket: {{ ticket }}",
        "{vip: boolean, name: string, ticket: string}",
        {"vip": True, "name": "Bob", "ticket": "x"},
        "Bob (VIP)\nTicket: x",
    ),
]


@pytest.mark.parametrize("case", RENDERED, ids=lambda case: case.name)
def test_what_is_sent(repo: Repo, case: RenderCase) -> None:
    write(repo, case.body, inputs=case.inputs)
    prompt = find_prompt(open_repository(repo.path).working, "a", where="here")
    assert [one["content"] for one in prompt.render(case.values)] == [case.sent]


class CheckCase(NamedTuple):
    """A body and frontmatter with what is found in them: check and line, or nothing."""

    name: str
    body: str
    keys: dict[str, str]
    found: list[tuple[str, int]]


# The body begins on line 8.
TICKET = {"inputs": "{vip: boolean, name: string, ticket: string}"}
ENDS = "A {{ name }}{% if vip %} x{{ ticket }}{% endif %}"
PLAIN = {"inputs": "{}"}
CHECKED = [
    CheckCase(
        "a block at the end of a line",
        "Customer: {{ name }}{% if vip %} (VIP){% endif %}\nTicket: {{ ticket }}",
        TICKET,
        [("joined-lines", 8)],
    ),
    CheckCase(
        "for",
        "A {% for x in names %}{{ x }}{% endfor %}\nB",
        {"inputs": "{names: array}"},
        [("joined-lines", 8)],
    ),
    CheckCase("include", 'A {% include "_s/one.md" %}\nB', PLAIN, [("joined-lines", 8)]),
    CheckCase("comment", "A {# note #}\nB", PLAIN, [("joined-lines", 8)]),
    CheckCase("raw", "A {% raw %}{{ x }}{% endraw %}\nB", PLAIN, [("joined-lines", 8)]),
    CheckCase("kept", f"{ENDS[:-2]}+%}}\nB", TICKET, []),
    CheckCase("alone", "A {{ name }}{{ ticket }}\n{% if vip %}\nx\n{% endif %}\nB", TICKET, []),
    CheckCase(
        "a comment cuts a description",
        "A b c",
        {**PLAIN, "description": "Closes #12 and #13"},
        [("surprising-yaml", 3)],
    ),
    CheckCase("stop", "A b c", {**PLAIN, "stop": "END #1"}, [("surprising-yaml", 7)]),
    CheckCase("number", "A b c", {**PLAIN, "temperature": "0.2 # low"}, []),
    CheckCase("spaced", "A b c", {**PLAIN, "description": "Short # for the list"}, []),
    CheckCase("none", "A b c", {**PLAIN, "description": "Issue#12"}, []),
    CheckCase("an invented key", 'const API_KEY = "sk_live_abc123xyz789";', PLAIN, []),
    CheckCase("local", "postgresql://postgres:postgres@db:5432/app", PLAIN, []),
    CheckCase("real", "postgresql://app:x9Qv2LrT7mZk4WpB@db/app", PLAIN, [("exposed-secret", 8)]),
]
WANTED = frozenset(
    {"joined-lines", "surprising-yaml", "exposed-secret", "syntax", "partial-frontmatter"}
)


@pytest.mark.parametrize("case", CHECKED, ids=lambda case: case.name)
def test_what_is_found(repo: Repo, case: CheckCase) -> None:
    repo.write("prompts/_s/one.md", "one")
    write(repo, case.body, **case.keys)
    repository = open_repository(repo.path)
    found = validate(repository.working, repository.config).findings
    places = [(one.check, one.position.line) for one in found if one.position is not None]
    assert [one for one in places if one[0] in WANTED] == case.found


@pytest.mark.parametrize(
    ("value", "fixed"),
    [("Closes #12 and #13", '"Closes #12 and #13"'), ("Short # for the list", None)],
)
def test_a_comment_that_cuts_a_value_is_quoted(repo: Repo, value: str, fixed: str | None) -> None:
    write(repo, "A b c", inputs="{}", description=value)
    accept(repo, "validate", "--fix")
    assert f"description: {fixed or value}\n" in (repo.path / "prompts/a.md").read_text()


@pytest.mark.parametrize(
    ("partial", "lines"),
    [
        ("---\ndescription: tone\n---\nBe brief.\n", [1]),
        ("Be brief.\n---\nBe kind.\n", []),
        ("---\nBe brief.\n", []),
    ],
)
def test_frontmatter_of_a_partial(repo: Repo, partial: str, lines: list[int]) -> None:
    repo.write("prompts/_shared/tone.md", partial)
    write(repo, '{% include "_shared/tone.md" %}', inputs="{}")
    repository = open_repository(repo.path)
    found = validate(repository.working, repository.config).findings
    errors = [
        (one.path, one.position and one.position.line)
        for one in found
        if one.severity.value == "error"
    ]
    assert errors == [("prompts/_shared/tone.md", line) for line in lines]


@pytest.mark.parametrize(
    ("body", "inputs", "named", "not_named"),
    [
        ("## Refunds {#refunds}\n\nNever refund.", "{}", "{% raw %}", "`#}`"),
        ("{{ x | default(“a”) }}", "{x: string}", "straight quote", "raw"),
        ("{{ 名 }}", "{}", "ASCII", "add"),
    ],
    ids=("anchor", "curly quotes", "letters"),
)
def test_hints_that_lead_on(repo: Repo, body: str, inputs: str, named: str, not_named: str) -> None:
    write(repo, body, inputs=inputs)
    repository = open_repository(repo.path)
    found = validate(repository.working, repository.config).findings
    hints = [one.hint or "" for one in found if one.severity.value == "error"]
    assert hints
    assert all(named in hint and not_named not in hint for hint in hints)


@pytest.mark.parametrize("old", ["", "master"])
def test_the_default_branch_is_that_of_the_remote(
    make_repo: MakeRepo, tmp_path: Path, old: str
) -> None:
    origin = make_repo("origin", bare=True)
    origin.git("symbolic-ref", "HEAD", "refs/heads/develop")
    repo = make_repo("work")
    repo.git("checkout", "-q", "-b", "develop")
    repo.git("remote", "add", "origin", origin.url)
    if old:
        repo.commit({"x": "old"})
        repo.git("push", "-q", "origin", f"develop:{old}")
    repo.commit({"prompts/a.md": prompt_text()})
    repo.git("push", "-q", "-u", "origin", "develop")
    said = run(repo, "release", "--all", "--push")
    assert said.exit_code == 0, said.output
    assert "origin/main" not in said.output
    assert "master" not in said.output
    assert "refs/tags/prompts/a@1.0.0" in origin.refs()
    assert "master" not in run(repo, "gate").output


def test_a_hook_that_is_kept_still_runs(repo: Repo) -> None:
    repo.write(
        ".husky/_/pre-commit",
        '#!/bin/sh\nname=$(basename "$0")\n[ -f ".husky/$name" ] || exit 0\n'
        'exec sh ".husky/$name"\n',
    ).chmod(0o755)
    repo.write(".husky/pre-commit", "exit 1\n")
    repo.config("core.hooksPath", ".husky/_")
    assert repo.run("commit", "--allow-empty", "-m", "x").returncode == 1
    run(repo, "hook", "install")
    assert repo.run("commit", "--allow-empty", "-m", "x").returncode == 1


def test_a_reader_of_tags_is_told_before_it_is_misled(repo: Repo) -> None:
    press = Press(repo)
    press.release("a", "1.0.0")
    repo.commit({"pyproject.toml": "[tool.setuptools_scm]\n"})
    assert "setuptools-scm reads the nearest tag" in run(repo, "doctor").output
    page = (Path(__file__).parents[2] / "docs/other-tools.md").read_text("utf-8")
    assert "git describe --match" in page


LEAKS = {
    "GIT_DIR": "{a}/.git/worktrees/A2",
    "GIT_WORK_TREE": "{a}",
    "GIT_OBJECT_DIRECTORY": "{a}/.git/objects",
    "GIT_COMMON_DIR": "{a}/.git",
}
READ = """
import promptops
registry = promptops.open({b!r})
for selector in ("production", "working"):
    print(registry.get(f"triage@{{selector}}").render(question="x")[0]["content"])
"""


def build_two(folder: Path) -> None:
    for which in ("A", "B"):
        press = Press(Repo.init(folder / which))
        press.release("triage", "1.0.0", f"{which} {{{{ question }}}}")
        press.deploy("production", {"triage": "1.0.0"})


@pytest.mark.parametrize("name", LEAKS)
def test_the_repository_that_was_named_is_read(tmp_path: Path, name: str) -> None:
    copy_template(build_two, tmp_path, tmp_path.parent)
    a, b = tmp_path / "A", tmp_path / "B"
    Repo(a).git("worktree", "add", "-q", str(tmp_path / "A2"))
    strange = {name: LEAKS[name].format(a=a)}
    done = subprocess.run(
        [sys.executable, "-c", READ.format(b=str(b))],
        env={**os.environ, **strange},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (["B", "x", "B", "x"], "")
    command = [sys.executable, "-m", "promptops", "-C", str(b), "render", "triage"]
    shown = subprocess.run(
        [*command, "--var", "question=x"],
        env={**os.environ, **strange},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "B x" in shown.stdout


def test_what_git_ignores_is_no_prompt(repo: Repo) -> None:
    text = prompt_text()
    repo.write("prompts/kept.md", text)
    repo.write(".gitignore", "prompts/local/\n.ipynb_checkpoints/\nkept.md\n")
    repo.git("add", "-f", "prompts/kept.md")
    repo.commit({"prompts/triage.md": prompt_text(body="Classify {{ question }}")})
    repo.write("prompts/local/draft.md", text)
    repo.write("prompts/.ipynb_checkpoints/triage-checkpoint.md", text)
    said = run(repo, "validate")
    assert said.exit_code == 0
    assert said.output == snapshot("2 prompts checked: no problems found\n")
    assert "local/draft" not in run(repo, "status").output


def test_a_configuration_that_is_not_read_is_named(repo: Repo) -> None:
    repo.write("services/a/promptops.toml", 'prompts = "prompts"\n')
    repo.write("services/a/prompts/x.md", prompt_text())
    said = run(repo.path / "services/a", "validate")
    assert said.exit_code == 2
    assert masked(said.output) == snapshot("""\
error: nothing was checked: services/a/promptops.toml is not read, and prompts/ at the top has no prompts
 hint: move it to the repository's top, with prompts = "services/a/prompts"
""")
