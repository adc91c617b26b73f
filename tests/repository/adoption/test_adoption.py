"""Prompts of other tools, adopted: what is sent stays the same, or a note says what does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from promptops.checks.engine import validate
from promptops.prompt.finding import Severity
from promptops.prompt.template import CompiledTemplate, analyze
from promptops.repository.adoption.body import AdoptedBody, from_jinja, literal
from promptops.repository.adoption.placeholders import read_format, read_loose
from promptops.repository.repository import find_prompt, open_repository
from tests.cli.running import accept, refuse, run
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo

SYSTEM, USER, ASSISTANT = "system", "user", "assistant"


def render(body: str, **values: Any) -> str:
    """The one user message of a body, without the white space at its ends."""
    (message,) = CompiledTemplate("a.md", body, {}).render(values)
    return str(message["content"])


def adopt(repo: Repo, path: str, text: str, *options: str) -> dict[str, Any]:
    """Adopt one file; the plan as it was shown. What is written holds no error."""
    repo.commit({path: text})
    plan: dict[str, Any] = json.loads(
        accept(repo, "adopt", path, "--write", "--format", "json", *options)
    )
    repository = open_repository(repo.path)
    found = validate(repository.working, repository.config).findings
    assert [one for one in found if one.severity is Severity.ERROR] == []
    return plan


def messages(repo: Repo, title: str, **values: Any) -> list[tuple[str, str]]:
    """What an adopted prompt sends."""
    prompt = find_prompt(open_repository(repo.path).working, title, where="here")
    return [(one["role"], one["content"]) for one in prompt.render(values)]


def notes(plan: dict[str, Any]) -> list[str]:
    return [note["message"] for one in plan["prompts"] for note in one["notes"]]


def differences(plan: dict[str, Any]) -> list[str]:
    return [note["message"] for one in plan["prompts"] for note in one["notes"] if note["differs"]]


BRACES = st.text(alphabet=st.sampled_from("{}%#-+ \n\"'ax"), max_size=30)


@settings(deadline=None)
@given(BRACES)
def test_text_is_sent_as_it_is(text: str) -> None:
    assert render(f"<{literal(text)}>") == f"<{text}>"


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["text", "value", "tag"]), BRACES), max_size=6))
def test_a_body_sends_what_it_was_put_together_from(parts: list[tuple[str, str]]) -> None:
    body, expected = AdoptedBody(), ""
    body.text("<")
    for kind, text in parts:
        if kind == "text":
            body.text(text)
            expected += text
        elif kind == "value":
            body.value("x")
            expected += "X"
        else:
            body.tag("if true")
            body.text(text)
            body.tag("endif")
            expected += text
    body.text(">")
    assert render(str(body), x="X") == f"<{expected}>"


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["{% if x %}", "{% endif %}", "{# c #}", "{{ x }}", "\n", "  ", "a"]))
)
def test_plain_jinja_keeps_its_white_space(parts: list[str]) -> None:
    import jinja2

    source = f"<{''.join(parts)}>"
    try:
        expected = jinja2.Environment(keep_trailing_newline=True).from_string(source).render(x="1")
    except jinja2.TemplateSyntaxError:
        return
    assert render(from_jinja(source), x="1") == expected


@pytest.mark.parametrize(
    ("text", "body", "names"),
    [
        ("Hello {name}", "Hello {{ name }}", ["name"]),
        ('{{"a": {b}}}', '{"a": {{ b }}}', ["b"]),
        ("{a}{b}", "{{ a }}{{ b }}", ["a", "b"]),
        ("{a.b}", None, []),
        ("{a:>3}", None, []),
        ("{0}", None, []),
        ("a } b", None, []),
    ],
)
def test_format_strings(text: str, body: str | None, names: list[str]) -> None:
    found = read_format(text)
    assert found == (None if body is None else (body, names))


@pytest.mark.parametrize(
    ("text", "sent", "inputs"),
    [
        ("Hello {name}!", "Hello N!", ["name"]),
        ("Hello {{name}}! {x}", "Hello N! {x}", ["name"]),
        ("Hello ${name}! {x} {", "Hello N! {x} {", ["name"]),
        ('Hello {name}, {"a": 1}', 'Hello N, {"a": 1}', ["name"]),
        ("Use `{name}`. Hello {name}! {", "Use `{name}`. Hello N! {", ["name"]),
        ("## Refunds {#refunds}", "## Refunds {#refunds}", []),
        ("{% if name %}A{% endif %}\nB", "A\nB", ["name"]),
    ],
)
def test_placeholders_that_nobody_told_us_the_kind_of(
    text: str, sent: str, inputs: list[str]
) -> None:
    body, found, told = read_loose(text)
    assert (render(body, name="N"), list(found)) == (sent, inputs)
    assert bool(told) == bool(inputs)
    assert not analyze("a.md", body, partial=False).problems


def test_a_text_file_moves_with_its_history(repo: Repo) -> None:
    plan = adopt(repo, "app/prompts/triage.txt", "Classify {ticket}.\n" + "Be brief.\n" * 20)
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


def test_agents_and_skills_stay_where_their_tool_reads_them(repo: Repo) -> None:
    text = (
        "---\nname: r\ndescription: Reviews code: fast\nmodel: sonnet\ntools: Read\n---\nReview.\n"
    )
    plan = adopt(repo, ".claude/agents/reviewer.md", text)
    assert messages(repo, "reviewer") == [(SYSTEM, "Review.")]
    assert masked(notes(plan)) == snapshot(
        [
            "its frontmatter is not YAML; each line was read as `key: value`",
            "the model 'sonnet' is not carried over: its provider is not named",
            "'tools' is not carried over: prompts call no tools of an agent",
            "the file stays: a tool reads it where it is",
        ]
    )
    assert (repo.path / ".claude/agents/reviewer.md").exists()
    adopt(repo, ".claude/skills/pdf/SKILL.md", "---\ndescription: d\n---\nUse pypdf.\n")
    assert messages(repo, "pdf") == [(SYSTEM, "Use pypdf.")]


DOTPROMPT = """\
---
model: googleai/gemini-2.0-flash
config: {temperature: 0.3, topK: 4}
input:
  schema:
    name: string, who
    items?(array): string
    vip?: boolean
  default: {name: Bob}
output: {format: json, schema: {mood(enum): [good, bad]}}
---
{{role "system"}}
Be nice.
{{history}}
{{role "user"}}
Hello {{name}}!{{#if vip}} (VIP){{/if}}
{{#unless vip}}
New.
{{/unless}}
{{#each items}}
- {{this}} {{@index}}{{#if @first}} first{{/if}}
{{/each}}
{{! a comment }}
\\{{literal}} {x}
"""


def test_dotprompt(repo: Repo) -> None:
    plan = adopt(repo, "greet.prompt", DOTPROMPT)
    assert differences(plan) == []
    assert messages(repo, "greet", vip=True, items=["a", "b"]) == [
        (SYSTEM, "Be nice."),
        (USER, "Hello Bob! (VIP)\n- a 0 first\n- b 1\n{{literal}} {x}"),
    ]
    assert messages(repo, "greet", name="Al")[1] == (
        USER,
        "Hello Al!\nNew.\n{{literal}} {x}",
    )
    prompt = find_prompt(open_repository(repo.path).working, "greet", where="here")
    request = prompt.request({"name": "x"})
    assert (request["model"], request["temperature"]) == ("gemini/gemini-2.0-flash", 0.3)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{{>part}}", "line 1: {{>part}} has no counterpart here"),
        ("a\n{{media url=x}}", "line 2: the helper 'media' has no counterpart here"),
        ("{{#if x}}a", "line 1: `if` is not closed"),
        ("{{#if x}}{{role 'user'}}{{/if}}", "line 1: {{role}} in a block has no counterpart here"),
        ("{{../x}}", "line 1: '../x' has no counterpart here"),
    ],
)
def test_what_has_no_counterpart_is_left_out(repo: Repo, body: str, why: str) -> None:
    repo.commit({"a.prompt": body})
    said = run(repo, "adopt", "a.prompt")
    assert said.exit_code == 1
    assert f"a.prompt is left out: {why}" in said.stdout


def test_prompty(repo: Repo) -> None:
    text = (
        "---\nname: Basic\ndescription: d\nmodel:\n  configuration:\n    type: azure_openai\n"
        "    azure_deployment: gpt\n  parameters: {max_tokens: 9}\nsample:\n  question: Hi?\n"
        "  names: [a]\n---\nsystem:\nBe nice.\n{% for n in names %}\n- {{ n }}\n{% endfor %}\n.\n\n"
        "# user:\n{{ question }}\n\nassistant:\n"
    )
    plan = adopt(repo, "basic.prompty", text)
    assert messages(repo, "basic", question="Q", names=["a", "b"]) == [
        (SYSTEM, "Be nice.\n\n- a\n\n- b\n\n."),
        (USER, "Q"),
    ]
    assert differences(plan) == ["an empty message is not sent"]
    assert plan["prompts"][0]["suite"] == "evals/basic.yaml"


def test_github_models(repo: Repo) -> None:
    text = (
        "name: x\ndescription: d\nmodel: openai/gpt-4o\nmodelParameters: {maxTokens: 10}\n"
        "messages:\n- {role: system, content: 'Be {{tone}} and {{ not }}'}\n"
        "- {role: user, content: '{{input}}'}\n"
        "testData:\n- {tone: kind, input: hello, expected: hi}\n"
        "evaluators:\n- {name: c, string: {startsWith: Hi}}\n- {name: j, llm: {}}\n"
    )
    plan = adopt(repo, "gh.prompt.yml", text)
    assert messages(repo, "gh", tone="T", input="I") == [
        (SYSTEM, "Be T and {{ not }}"),
        (USER, "I"),
    ]
    assert "the evaluator 'j' is not carried over: see checks of suites" in notes(plan)
    suite = (repo.path / "evals/gh.yaml").read_text()
    assert suite == snapshot("""\
schema: promptops.suite/v1
prompt: gh
samples:
- name: row 1
  inputs:
    tone: kind
    input: hello
  expect:
  - starts:
      text: Hi
      case: false
""")


def test_a_sample_has_what_the_original_gave_for_a_missing_value(repo: Repo) -> None:
    prompty = "---\nname: x\nsample: {q: hi}\n---\nsystem:\nDear {{name}}\nuser:\n{{q}}\n"
    adopt(repo, "b.prompty", prompty)
    models = "messages:\n- {content: 'Dear {{name}}, {{q}}'}\ntestData:\n- {q: hi, expected: x}\n"
    plan = adopt(repo, "e.prompt.yml", models)
    assert masked(notes(plan)) == snapshot(
        [
            "a missing value stayed as {{name}}; here it is an error",
            "'expected' of testData is not carried over: no message has it",
        ]
    )
    suites = [yaml.safe_load((repo.path / f"evals/{name}.yaml").read_text()) for name in ("b", "e")]
    assert [suite["samples"][0]["inputs"] for suite in suites] == [
        {"q": "hi", "name": ""},
        {"q": "hi", "name": "{{name}}"},
    ]
    assert "error" not in run(repo, "validate").output


def test_what_an_agent_reads_at_its_place_stays_there(repo: Repo) -> None:
    plan = adopt(repo, "app/CLAUDE.md", "Run the tests before each commit.\n")
    assert masked(notes(plan)) == snapshot(["the file stays: a tool reads it where it is"])
    assert (repo.path / "app/CLAUDE.md").exists()


def test_vscode(repo: Repo) -> None:
    text = "---\nmode: agent\n---\nTest ${input:module:a module} in ${file}. See #file:README.md\n"
    plan = adopt(repo, ".github/prompts/tests.prompt.md", text)
    assert messages(repo, "tests", module="M", file="F") == [
        (USER, "Test M in F. See #file:README.md")
    ]
    assert differences(plan) == ["#file:README.md is text here: the file is not read"]


def test_langfuse(repo: Repo) -> None:
    row = {
        "name": "movie/critic",
        "type": "chat",
        "prompt": [
            {"role": "system", "content": "You are {{ who }}"},
            {"type": "placeholder", "name": "past"},
            {"role": "user", "content": "{{q}} {{#a}}"},
        ],
        "config": {"model": "gpt-4o", "temperature": 0.1},
    }
    plan = adopt(repo, "lf.json", json.dumps([row]))
    past = [{"role": "user", "content": "before"}]
    assert messages(repo, "movie/critic", who="W", q="Q", past=past) == [
        (SYSTEM, "You are W"),
        (USER, "before"),
        (USER, "Q {{#a}}"),
    ]
    assert masked(differences(plan)) == snapshot(
        ["{{#a}} is more than a name and was left as text"]
    )
    assert (repo.path / "lf.json").exists()


def test_langchain(repo: Repo) -> None:
    def template(text: str, form: str) -> dict[str, Any]:
        prompt = {"id": ["PromptTemplate"], "kwargs": {"template": text, "template_format": form}}
        return {"id": ["x", "HumanMessagePromptTemplate"], "kwargs": {"prompt": prompt}}

    rows = [
        {"id": ["x", "SystemMessage"], "kwargs": {"content": "Hi {x} {{y}}"}},
        template("{a} {{b}}", "f-string"),
        template("{{a}} {b}", "mustache"),
        template("{% if a %}\n{{ a }}{% endif %}", "jinja2"),
        {"id": ["x", "AIMessage"], "kwargs": {"content": "Yes."}},
    ]
    plan = adopt(repo, "lc.json", json.dumps({"kwargs": {"messages": rows}}))
    assert [text for _, text in messages(repo, "lc", a="A")] == [
        *("Hi {x} {{y}}", "A {b}", "A {b}", "A", "Yes."),
    ]
    assert masked(differences(plan)) == snapshot(
        ["{{name}} wrote `<` and `&` as HTML does; here values stay"]
    )


CODE = '''\
"""You are documentation, and nobody should take you for a prompt."""
SYSTEM_PROMPT = """You are a helper for {product} that answers with {{}}.
Be brief."""
SHORT = "You are here"


def ask(client, user):
    text = f"Translate this text for {user.name} into {user}: {{braces}}"
    return client.chat.completions.create(messages=[text], model="x")
'''


def test_constants_of_code(repo: Repo) -> None:
    plan = adopt(repo, "src/app.py", CODE)
    assert [one["name"] for one in plan["prompts"]] == ["app/system_prompt", "app/text"]
    assert messages(repo, "app/system_prompt", product="P") == [
        (USER, "You are a helper for P that answers with {}.\nBe brief.")
    ]
    sent = messages(repo, "app/text", value1="N", user="U")
    assert sent == [(USER, "Translate this text for N into U: {braces}")]
    assert "user.name became the input 'value1'" in notes(plan)


RETURNED = """\
def translate(text, language):
    if not text:
        return ""
    try:
        return f"Translate the text below to {language}. Keep names.\\n\\n{text}"
    except KeyError:
        return "something that nobody would send to a model"


async def build_greeting_prompt():
    def inner():
        return "an answer of another function, not of this one"

    return "Say hello to the customer, in one line."


def describe_prompt():
    return "the prompt has no eval suite and no owner"
"""


def test_texts_that_functions_return(repo: Repo) -> None:
    plan = adopt(repo, "app.py", RETURNED)
    assert [one["name"] for one in plan["prompts"]] == [
        "app/translate",
        "app/build_greeting_prompt",
    ]
    assert messages(repo, "app/translate", language="French", text="Yes.") == [
        (USER, "Translate the text below to French. Keep names.\n\nYes.")
    ]


def test_code_is_held_to_a_baseline(repo: Repo) -> None:
    repo.commit({"src/app.py": CODE, "src/broken.py": "def ("})
    assert masked(accept(repo, "adopt", "--scan", "src").splitlines()) == snapshot(
        [
            "src/app.py:2: the text SYSTEM_PROMPT",
            "src/app.py:8: the text text",
            "src/app.py:9: a call of client.chat.completions.create",
        ]
    )
    assert run(repo, "adopt", "--scan", "src", "--check").exit_code == 1
    accept(repo, "adopt", "--scan", "src", "--write")
    repo.write("src/app.py", f"# moved\n\n{CODE}")
    assert accept(repo, "adopt", "--scan", "src", "--check") == ""
    repo.write("src/app.py", CODE.replace("Be brief", "Be long"))
    said = run(repo, "adopt", "--scan", "src", "--check")
    assert (said.exit_code, said.stdout) == (1, "src/app.py:2: the text SYSTEM_PROMPT\n")


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


def test_files_that_their_tool_reads_as_they_stand_get_no_inputs(repo: Repo) -> None:
    text = "---\ndescription: d\n---\nUse `{{placeholder}}` and ${file}, {name}.\n{% liquid %}\n"
    plan = adopt(repo, ".claude/skills/notes/SKILL.md", text)
    assert messages(repo, "notes") == [
        (SYSTEM, "Use `{{placeholder}}` and ${file}, {name}.\n{% liquid %}")
    ]
    assert "{{placeholder}}: left as text, since its tool fills in none" in notes(plan)


def test_tags_of_another_language_leave_all_as_text(repo: Repo) -> None:
    plan = adopt(repo, "shop.md", "Hello {{ name }}.\n{% render 'x' %}\n")
    assert messages(repo, "shop") == [(USER, "Hello {{ name }}.\n{% render 'x' %}")]
    assert "it has tags that are not Jinja's; everything was left as text" in notes(plan)


def test_placeholders_in_code_stay_text(repo: Repo) -> None:
    adopt(repo, "a.md", "Greet ${name}.\n\n```js\nlog(`${id}`)\n```\n{ x")
    assert messages(repo, "a", name="N") == [(USER, "Greet N.\n\n```js\nlog(`${id}`)\n```\n{ x")]


def test_dotprompt_after_a_licence(repo: Repo) -> None:
    text = (
        "# Copyright\n# Apache\n\n---\ninput:\n  schema:\n    type: object\n"
        "    properties: {name: string}\noutput: {schema: Recipe}\n---\nHi {{name}}{{{name}}}}\n"
    )
    plan = adopt(repo, "a.prompt", text)
    assert messages(repo, "a", name="N") == [(USER, "Hi NN}")]
    assert [masked(note) for note in notes(plan)] == snapshot(
        [
            "there is a comment before the frontmatter: npm's dotprompt sends all of it as text; this is how PyPI's reads it",
            "the output schema 'Recipe' is declared in code: write it here",
            "a history that is passed in has no place: add {% history %}",
        ]
    )
    assert masked(notes(plan)) == snapshot(
        [
            "there is a comment before the frontmatter: npm's dotprompt sends all of it as text; this is how PyPI's reads it",
            "the output schema 'Recipe' is declared in code: write it here",
            "a history that is passed in has no place: add {% history %}",
        ]
    )


def test_names_outside_of_a_loop_of_dotprompt(repo: Repo) -> None:
    head = "---\ninput: {schema: {xs(array): string, n: string}}\n---\n"
    body = "{{#each xs}}{{#if ../n}}{{this}}{{../n}}{{/if}}{{/each}}"
    adopt(repo, "a.prompt", head + body)
    assert messages(repo, "a", xs=["a", "b"], n="!") == [(USER, "a!b!")]


def test_threads_and_media_of_prompty(repo: Repo) -> None:
    inputs = "".join(
        f"  - {{name: {name}, kind: {kind}}}\n"
        for name, kind in (("q", "string"), ("talk", "thread"), ("photo", "image"))
    )
    head = f"---\nname: x\nmodel: ${{file:m.json}}\ninputs:\n{inputs}---\n"
    text = "system:\nBe nice.\n{{photo}}\n\n{{talk}}\n\nuser:\n{{q}}\n"
    plan = adopt(repo, "a.prompty", head + text)
    past = [{"role": "user", "content": "before"}]
    assert messages(repo, "a", q="Q", photo="P", talk=past) == [
        (SYSTEM, "Be nice.\nP"),
        (USER, "before"),
        (USER, "Q"),
    ]
    assert masked(differences(plan)) == snapshot(
        ["the input 'photo' is of kind image; prompts are text"]
    )


def test_prompty_without_roles_and_with_computed_ones(repo: Repo) -> None:
    adopt(repo, "a.prompty", "---\nname: x\nmodel: m\n---\nHello\n")
    assert messages(repo, "a") == [(SYSTEM, "Hello")]
    head = "---\nname: x\nsample: {h: []}\n---\n"
    text = f"{head}system:\nA\n{{% for i in h %}}\n{{{{i.role}}}}:\n{{% endfor %}}"
    plan = adopt(repo, "b.prompty", text)
    assert differences(plan)[0] == snapshot(
        "`{{i.role}}:` opens a message there, and is text here: use {% history %}"
    )


def test_what_python_formats_is_said(repo: Repo) -> None:
    code = 'TEXT_PROMPT = f"You are asked to pay {price:.2f} for {what!r} by tomorrow"\n'
    plan = adopt(repo, "src/shop.py", code)
    assert masked(differences(plan)) == snapshot(
        [
            "{price:.2f} is formatted there; pass the text",
            "{what!r} is formatted there; pass the text",
        ]
    )


def test_inputs_of_jinja_are_declared_as_they_are_used(repo: Repo) -> None:
    text = (
        "Dear {{ customer.name }}, {{ note.upper() }} {{ flags['late'] }}\n"
        "{% for item in order.items %}- {{ item }}\n{% endfor %}"
        "{% for tag in tags %}{{ tag.name }} {% endfor %}{{ tags[0].name }}\n"
    )
    plan = adopt(repo, "app/refund.txt", text)
    assert masked(notes(plan)) == snapshot(
        [
            "taken for a Jinja template: its tags were kept",
            "the input 'customer' is used as a mapping, and declared so",
            "the input 'flags' is used as a mapping, and declared so",
            "the input 'order' is used as a mapping, and declared so",
            "the input 'tags' is used as a list, and declared so",
        ]
    )
    given = {
        "customer": {"name": "Ann"},
        "note": "soon:",
        "flags": {"late": "L"},
        "order": {"items": ["a"]},
        "tags": [{"name": "t"}],
    }
    assert messages(repo, "refund", **given) == [("user", "Dear Ann, SOON: L\n- a\nt t")]


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
