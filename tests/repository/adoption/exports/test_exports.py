"""Prompts as other tools read them: adopted again, they send what they sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from promptops.errors import TemplateError
from promptops.prompt.template import CompiledTemplate, analyze
from promptops.repository.adoption import formats
from promptops.repository.adoption.exports import WRITERS, write
from promptops.repository.adoption.exports.parts import UnexportableError
from promptops.repository.adoption.plan import write_messages
from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text
from tests.repository.adoption.exports.pieces import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.prompt.prompt import Prompt
    from tests.repositories import Repo

VALUES = [
    {"name": "Ann {{ b }}", "vip": True, "items": ["one", "two"]},
    {"name": "", "vip": False, "items": []},
]


def send(render: Callable[[dict[str, Any]], list[Any]], values: dict[str, Any]) -> Any:
    """The messages, or that there are none."""
    try:
        return render(values)
    except TemplateError as error:
        return error.message


def compare(prompt: Prompt, form: str) -> tuple[Any, Any]:
    """What a prompt is, and what it is after it was exported and adopted."""
    export = write(prompt, form)
    (draft,) = formats.read(f"a{WRITERS[form].SUFFIX}", export.text)
    body = "\n".join([*write_messages(draft), ""])
    again = CompiledTemplate("a.md", body, {})
    values = [{**one, "history": []} for one in VALUES]
    keys = ("model", "temperature", "top_p", "max_tokens", "stop", "seed", "parameters")
    return (
        [send(prompt.render, one) for one in VALUES],
        {key: prompt.data[key] for key in keys if key in prompt.data},
    ), (
        [send(again.render, one) for one in values],
        {key: draft.settings[key] for key in keys if key in draft.settings},
    )


TEXTS = st.text(alphabet=st.sampled_from("ab {}%#\n-:\\\"'<&"), min_size=1, max_size=12)

PIECES = st.one_of(
    TEXTS,
    st.sampled_from(
        [
            *("{{ name }}", "{{ name }}\n", '{% include "_s/tone.md" %}\n', "{# note #}\n"),
            *("{% if vip %}yes{% endif %}", "{% if not vip %}\nno\n{% else %}\nyes\n{% endif %}\n"),
            *("{% for i in items %}\n- {{ i }} {{ name }}\n{% endfor %}\n", "{{ name | upper }}"),
            "{% for i in items %}{% if loop.first %}{{ i }}{% endif %}{{ name }}{% endfor %}",
            "{% for i in items %}{{ loop.index0 }}{% endfor %}",
            *("{% raw %}{{ x }}{% endraw %}", "\nuser:\n", "{% set y = name %}{{ y }}"),
        ]
    ),
)

BODIES = st.one_of(
    st.lists(PIECES, min_size=1, max_size=6).map("".join),
    st.lists(
        st.tuples(st.sampled_from(["system", "user", "assistant"]), st.lists(PIECES, min_size=1)),
        min_size=1,
        max_size=3,
    ).map(
        lambda rows: "\n".join(
            f"{{% {role} %}}\n{''.join(parts)}\n{{% end{role} %}}" for role, parts in rows
        )
    ),
)

SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from(["0", "0.5"]),
        "top_p": st.just("0.9"),
        "max_tokens": st.just("100"),
        "seed": st.just("7"),
        "stop": st.sampled_from(["[END]", "[a, b]"]),
        "model": st.sampled_from(["openai/gpt-4o", "gemini/gemini-2.0-flash", "anthropic/claude"]),
        "parameters": st.just("{topK: 4}"),
    },
)


@pytest.mark.story
@pytest.mark.parametrize("form", WRITERS)
@settings(deadline=None, max_examples=30)
@given(body=BODIES, keys=SETTINGS)
def test_what_is_exported_and_adopted_is_the_same(
    form: str, body: str, keys: dict[str, str]
) -> None:
    if analyze("a.md", body, partial=False).problems:
        return
    prompt = load(body, **keys)
    try:
        before, after = compare(prompt, form)
    except UnexportableError:
        return
    assert after == before


def test_what_is_not_carried_over_is_said(repo: Repo) -> None:
    repo.commit(
        {
            "prompts/a.md": prompt_text(
                fallbacks="[openai/gpt-4o]", inputs="{question: {type: string, maxLength: 9}}"
            ),
            "prompts/b.md": prompt_text(body="Say {{ question }}."),
        }
    )
    said = run(repo, "export", "a@working", "--format", "langfuse")
    assert json.loads(said.stdout)["prompt"] == "Answer {{question}}"
    assert said.stderr == snapshot("""\
warning: a: 'fallbacks' is not carried over
warning: a: the input 'question' is a text there: its schema is not carried over
""")
    folder = repo.path / "out"
    accept(repo, "export", "a@working", "b@working", "--format", "prompty", "-o", str(folder))
    assert sorted(one.name for one in folder.iterdir()) == ["a.prompty", "b.prompty"]
    assert refuse(repo, "export", "a", "b", "--format", "json", code=2) == snapshot("""\
error: several prompts need a folder
 hint: use -o DIR\
""")
    assert refuse(repo, "export", "--format", "json", code=2) == snapshot("""\
error: nothing to export
 hint: name prompts, or give --all\
""")
    assert refuse(repo, "export", "--env", "x", "--format", "json", code=2) == snapshot("""\
error: --env and --sign are for snapshots
 hint: name prompts: --format json NAME\
""")
    assert refuse(repo, "export", "a", "--format", "json", code=2) == snapshot("""\
error: production has no deployments
 hint: create the first with promptops promote NAME --to production\
""")
    repo.write("prompts/b.md", prompt_text(body="{{ question | upper }}"))
    assert refuse(repo, "export", "b@working", "--format", "dotprompt") == snapshot("""\
error: b cannot be written as dotprompt: b.md, line 8: `question | upper` has no counterpart in Handlebars: it is more than a name
 hint: write it by hand, or use only features of the format\
""")
