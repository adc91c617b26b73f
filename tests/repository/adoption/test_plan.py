"""Which files are read, what each becomes, and that the plan is seen before it is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from tests.cli.running import accept, refuse, run
from tests.repository.adoption.pieces import (
    CODE,
    adopt,
    messages,
    notes,
)
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_a_text_file_moves_with_its_history(repo: Repo) -> None:
    text = "Classify {ticket}.\n" + "Be brief.\n" * 20
    repo.commit({"app/prompts/triage.txt": text})
    plan = adopt(repo, "app/prompts/triage.txt", text)
    assert masked(notes(plan)) == snapshot(["{ticket} was taken for the input 'ticket'"])
    assert masked(messages(repo, "triage", ticket="T")[0][1]) == snapshot("""\
Classify T.
Be brief.
Be brief.
Be brief.
Be brief.
Be brief.
Be brief.
Be brief.
Be brief.
Be brief.
Be brief.
Be brief.
Be brief.
Be brief.
Be brief.
Be brief.
Be brief.
Be brief.
Be brief.
Be brief.
Be brief.\
""")
    repo.git("add", "--all")
    assert repo.git("diff", "--cached", "-M30", "--name-status").startswith("R")


def test_nothing_is_written_before_the_plan_was_seen(repo: Repo) -> None:
    repo.commit({"a.txt": "Classify {ticket}."})
    said = run(repo, "adopt", "a.txt")
    assert said.exit_code == 0
    assert said.stdout == snapshot("""\
a.txt -> prompts/a.md (text, would be written)
  line 1: {ticket} was taken for the input 'ticket'
""")
    assert said.stderr == snapshot("""\
1 name no model and get openai/gpt-4o-mini; use --model NAME to choose another
user.email is not set, so their author is you@example.com: git config user.email ADDRESS before --write, or change the line author
code that opens a.txt has to read the prompt instead: the file would move
1 prompt found; nothing was written; add --write to write them
""")
    assert repo.git("status", "--porcelain") == ""
    repo.git("config", "user.email", "ann@example.com")
    assert "author" not in run(repo, "adopt", "a.txt").stderr


def test_what_an_agent_reads_at_its_place_stays_there(repo: Repo) -> None:
    plan = adopt(repo, "app/CLAUDE.md", "Run the tests before each commit.\n")
    assert masked(notes(plan)) == snapshot(["the file stays: a tool reads it where it is"])
    assert (repo.path / "app/CLAUDE.md").exists()


def test_a_folder_is_read_as_far_as_it_can_be(repo: Repo) -> None:
    repo.commit(
        {
            "app/README.md": "For people.",
            "app/data.json": "{}",
            "app/a.txt": "One {x}",
            "app/b/a.txt": "Two",
            "app/c.prompt": "{{>x}}",
            "prompts/a.md": "---\nversion: 1.0.0\nauthor: a\ndescription: d\nmodel: m\n---\nHi",
        }
    )
    plan = json.loads(accept(repo, "adopt", ".", "--format", "json"))
    assert [one["path"] for one in plan["prompts"]] == ["prompts/app/a.md", "prompts/app/b/a.md"]
    assert [one["path"] for one in plan["left_out"]] == ["app/c.prompt", "prompts/a.md"]


def test_a_name_that_is_taken_gets_a_number(repo: Repo) -> None:
    repo.commit({"prompts/a.md": "x", "a.txt": "Hello there"})
    plan = json.loads(accept(repo, "adopt", "a.txt", "--format", "json"))
    assert plan["prompts"][0]["path"] == "prompts/a-2.md"
    plan = json.loads(accept(repo, "adopt", "a.txt", "--name", "b", "--format", "json"))
    assert plan["prompts"][0]["path"] == "prompts/b.md"


def test_what_cannot_be_meant_is_refused(repo: Repo) -> None:
    repo.commit({"a.txt": "x y", "b.txt": "z"})
    assert masked(refuse(repo, "adopt", "none.txt", code=2)) == snapshot("""\
error: there is no file or folder <folder>/repo/none.txt
 hint: check the path\
""")
    assert masked(refuse(repo, "adopt", "/etc", code=2)) == snapshot("""\
error: /etc is not in this repository
 hint: it is <folder>/repo\
""")
    assert refuse(repo, "adopt", ".", "--name", "x", code=2) == snapshot("""\
error: --name names one prompt, and 2 were found
 hint: adopt one file\
""")
    assert refuse(repo, "adopt", ".", "--check", code=2) == snapshot("""\
error: --check needs --scan
 hint: promptops adopt --scan PATH --check\
""")


def test_code_that_was_adopted_already_is_not_adopted_again(repo: Repo) -> None:
    adopt(repo, "src/app.py", CODE)
    again = run(repo, "adopt", "src/app.py")
    assert again.exit_code == 1
    assert masked(again.stdout.splitlines()) == snapshot(
        [
            "src/app.py SYSTEM_PROMPT is left out: prompts/app/system_prompt.md has this text already",
            "src/app.py text is left out: prompts/app/text.md has this text already",
        ]
    )
    repo.write("src/app.py", CODE.replace("Be brief", "Be long"))
    plan = json.loads(accept(repo, "adopt", "src/app.py", "--format", "json"))
    assert [one["path"] for one in plan["prompts"]] == ["prompts/app/system_prompt-2.md"]
    assert masked(notes(plan)) == snapshot(
        [
            "{product} was taken for the input 'product'",
            "src/app.py still contains the text: read the prompt there instead",
            "prompts/app/system_prompt.md exists already, with another text",
        ]
    )
