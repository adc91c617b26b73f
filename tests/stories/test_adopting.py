"""An application with twelve prompts is adopted, and nobody writes frontmatter by hand."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.prompt.frontmatter.document import read_document
from promptops.repository.repository import find_prompt, open_repository
from tests.cli.running import accept, run
from tests.screens import masked
from tests.stories.pages import DOCS
from tests.stories.pages import run as type_line

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo

pytestmark = pytest.mark.story

GREET = """\
---
model: googleai/gemini-2.0-flash
input:
  schema:
    name: string
    vip?: boolean
---
{{role "system"}}
Be nice.
{{role "user"}}
Hello {{name}}!
{{#if vip}}
Offer an upgrade.
{{/if}}
"""
ANSWER = """\
---
name: answer
model: {id: gpt-4o, provider: openai, options: {temperature: 0.1}}
inputs:
  - {name: question, kind: string}
---
system:
Answer from the manual.

user:
{{ question }}
"""
CODE = '''\
SUMMARY_PROMPT = """You are an editor. Summarise {text} in three lines."""
TRANSLATE_PROMPT = "Translate the following text into {language}, word for word: {text}"


def ask(client, question):
    return client.chat.completions.create(model="gpt-4o", messages=[question])
'''
LANGFUSE = [
    {"name": "movie/critic", "type": "text", "prompt": "Judge {{movie}}.", "config": {}},
    {
        "name": "movie/expert",
        "type": "chat",
        "prompt": [{"role": "system", "content": "You know {{field}}."}],
        "config": {"model": "gpt-4o"},
    },
]
APPLICATION = {
    "README.md": "# Shop\n",
    "app/prompts/triage.txt": "Classify this ticket of {company}.\n\nTicket: {ticket}\n" * 2,
    "app/prompts/refund.txt": "Decide about the refund of {order}. Never exceed 100 euros.\n" * 3,
    "app/prompts/tone.md": "Rewrite {{ text }} in our tone: short words, no jargon.\n" * 3,
    "app/prompts/rules.md": "1. Be brief.\n2. Be kind.\n3. Say so if you do not know.\n",
    "app/prompts/greet.prompt": GREET,
    "app/prompts/answer.prompty": ANSWER,
    "app/texts.py": CODE,
    "app/langfuse.json": json.dumps(LANGFUSE),
    ".claude/agents/reviewer.md": "---\nname: reviewer\ndescription: Reviews code.\n---\nReview.\n",
    ".github/prompts/tests.prompt.md": "Write tests for ${input:module}.\n",
}
NAMES = [
    *("agents/reviewer", "answer", "greet", "movie/critic", "movie/expert", "refund", "rules"),
    *("tests", "texts/summary_prompt", "texts/translate_prompt", "tone", "triage"),
]


@pytest.fixture
def application(repo: Repo) -> Repo:
    """The application before it knows of promptops."""
    repo.commit(APPLICATION)
    return repo


def test_twelve_prompts_are_adopted_without_a_hand_on_frontmatter(application: Repo) -> None:
    repo = application
    accept(repo, "init", "--owner", "@acme/prompts")
    planned = run(repo, "adopt", "app", ".claude", ".github")
    assert planned.exit_code == 0
    assert planned.stderr == snapshot("""\
9 name no model and get openai/gpt-4o-mini; use --model NAME to choose another
user.email is not set, so their author is you@example.com: git config user.email ADDRESS before --write, or change the line author
code that opens answer.prompty, greet.prompt, refund.txt and 3 more has to read the prompt instead: the file would move
12 prompts found; nothing was written; add --write to write them
""")
    assert "differs:" not in planned.stdout
    written = run(repo, "adopt", "app", ".claude", ".github", "--write")
    assert written.stderr == snapshot("""\
9 name no model and get openai/gpt-4o-mini; use --model NAME to choose another
user.email is not set, so their author is you@example.com: git config user.email ADDRESS before --write, or change the line author
code that opens answer.prompty, greet.prompt, refund.txt and 3 more has to read the prompt instead: the file moved
12 prompts written; next: promptops validate, then commit
 hint: to keep their history, commit the moves first: git commit --no-verify -m "Move prompts"
""")
    checked = run(repo, "validate", "--fail-on", "warning")
    assert checked.exit_code == 0, checked.output
    listed = json.loads(accept(repo, "list", "--format", "json"))
    assert [one["name"] for one in listed["prompts"]] == sorted([*NAMES, "summarize"])


def test_the_page_leads_from_files_to_live_prompts(application: Repo, tmp_path: Path) -> None:
    repo = application
    repo.publish(tmp_path / "origin.git")
    repo.git("branch", "--quiet", "--set-upstream-to", "origin/main")
    page = (DOCS / "adopting.md").read_text("utf-8")
    lines = page.partition("```sh\n")[2].partition("```")[0].splitlines()
    assert len(lines) == 11
    shown = ""
    for line in lines[:-1]:
        shown = type_line(repo, line.replace(".claude", ".claude .github"), code=0)
    live = [line.split() for line in shown.splitlines()[1:13]]
    assert live == [[name, "0.1.0", "0.1.0"] for name in sorted(NAMES)]
    assert masked(type_line(repo, "promptops status")) == snapshot("""\
on main, 12 prompts
staging: deployment 1, 12 live
production: deployment 1, 12 live

everything is committed, released and live
as of less than <age>; origin was not asked\
""")
    # Nobody can set up a forge from here, which doctor says.
    assert "never merges" not in type_line(repo, lines[-1])


def test_history_stays_with_the_files_that_move(application: Repo) -> None:
    repo = application
    said = run(repo, "adopt", "app", "--write").stderr
    command = said.partition("commit the moves first: git ")[2].strip()
    repo.git(*shlex.split(command))
    repo.commit(message="Adopt prompts")
    for name in ("triage", "refund", "tone", "greet", "answer"):
        titles = repo.git("log", "--follow", "--format=%s", "--", f"prompts/{name}.md")
        assert titles.split("\n") == ["Adopt prompts", "Move prompts", "change things"]


def test_what_was_adopted_sends_what_was_sent(application: Repo) -> None:
    repo = application
    accept(repo, "adopt", "app", ".claude", ".github", "--write", "--format", "json")
    files = open_repository(repo.path).working
    sent: dict[str, dict[str, object]] = {
        "triage": {"company": "Acme", "ticket": "T"},
        "greet": {"name": "Ann", "vip": True},
        "answer": {"question": "Q"},
        "texts/summary_prompt": {"text": "X"},
        "movie/critic": {"movie": "M"},
        "agents/reviewer": {},
    }
    shown = {
        name: "|".join(
            f"{one['role']}: {one['content']}"
            for one in find_prompt(files, name, where="here").render(values)
        )
        for name, values in sent.items()
    }
    assert shown == {
        "triage": "user: " + ("Classify this ticket of Acme.\n\nTicket: T\n" * 2).strip(),
        "greet": "system: Be nice.|user: Hello Ann!\nOffer an upgrade.",
        "answer": "system: Answer from the manual.|user: Q",
        "texts/summary_prompt": "user: You are an editor. Summarise X in three lines.",
        "movie/critic": "user: Judge M.",
        "agents/reviewer": "system: Review.",
    }
    for name in NAMES:
        data = read_document(name, (repo.path / f"prompts/{name}.md").read_bytes()).data
        assert {"version", "description", "author", "model"} <= data.keys()


def test_prompts_that_are_changed_in_code_fail_ci_from_then_on(application: Repo) -> None:
    repo = application
    accept(repo, "adopt", "app/texts.py", "--write")
    repo.write("app/texts.py", "ask = None\n")
    accept(repo, "adopt", "--scan", "app", "--write")
    assert accept(repo, "adopt", "--scan", "app", "--check") == ""
    repo.write("app/late.py", 'PROMPT = "You are a pirate now and answer {question} like one"\n')
    said = run(repo, "adopt", "--scan", "app", "--check")
    assert (said.exit_code, said.stdout) == (1, "app/late.py:1: the text PROMPT\n")
    assert said.stderr == snapshot("""\
1 found, 1 not in .promptops/adopt-baseline.json
 hint: promptops adopt FILE moves a text into a prompt; --scan --write accepts these
""")
