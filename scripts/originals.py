"""Ask the original packages what they send, for the tests of adoption.

    python3 -m venv ORIGINALS; ORIGINALS/bin/pip install dotpromptz prompty langchain-core langfuse
    ORIGINALS/bin/python scripts/originals.py tests/repository/adoption/originals.json

Files are put together from pieces, always the same ones. Each is rendered by the package whose
format it is; the tests adopt it and compare. Nothing here needs promptops.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

SEED = 7
COUNT = 70
PACKAGES = ("dotpromptz", "prompty", "langchain-core", "langfuse")
VALUES: dict[str, Any] = {"name": "Ann <a&b>", "items": ["one", "two"], "vip": True, "n": "3"}

DOTPROMPT_PIECES = [
    "Hello {{name}}!",
    "\n",
    "\n\n",
    "  ",
    "{{#if vip}}VIP{{/if}}",
    "{{#if vip}}\nVIP\n{{else}}\nNew\n{{/if}}\n",
    "{{#unless vip}}x{{/unless}}",
    "{{#each items}}- {{this}}\n{{/each}}",
    "\n{{#each items}}\n- {{this}} {{@index}}\n{{/each}}\n",
    "{{! note }}",
    "\n{{! note }}\n",
    "{name}",
    "{ % }",
    "{# x #}",
    "{% y %}",
    "`code`",
    "{{n}}",
    '{"a": 1}',
    '\n{{role "system"}}\nBe nice.',
    '\n{{role "model"}}\nYes?',
    '\n{{role "user"}}\nAgain',
    "{{#if vip}}{{#each items}}{{this}},{{/each}}{{/if}}",
    "  {{#if vip}}indented{{/if}}\nnext",
    "text {{~n~}}  more",
    "{{#each items}}{{#if @first}}first{{/if}}{{#if @last}}last{{/if}}{{/each}}",
]
PROMPTY_PIECES = [
    "Hello {{ name }}!",
    "\n",
    "\n\n",
    "  ",
    "{% if vip %}VIP{% endif %}",
    "\n{% if vip %}\nVIP\n{% else %}\nNew\n{% endif %}\n",
    "{% for i in items %}- {{ i }}\n{% endfor %}",
    "\n  {% for i in items %}\n  - {{ i }}\n  {% endfor %}\n",
    "{# note #}",
    "\n{# note #}\n",
    "{name}",
    "%}",
    "{{ n }}",
    '{"a": 1}',
    "\nsystem:\nBe nice.",
    "\nassistant:\nYes?",
    "\nuser:\nAgain",
    "{%- if vip -%} tight {%- endif -%}",
    "{% set x = 1 %}{{ x }}",
    "{{ items | join(', ') }}",
    "user: inline",
    "\n# user:\nMore",
    "{{ name | upper }}",
]
FORMAT_PIECES = [
    "Hello {name}!",
    "\n",
    "{{",
    "}}",
    '{{"a": {n}}}',
    "{# x #}".replace("{", "{{").replace("}", "}}"),
    "{n}",
    "{{{name}}}",
    "%",
    "{{% y %}}",
    "  ",
    "`x`",
]
MUSTACHE_PIECES = [
    "Hello {{{name}}}!",
    "\n",
    "{n}",
    "{{n}}",
    "{",
    "}",
    "{{& name }}",
    "{% y %}",
    "{# x #}",
    "  ",
    "`x`",
]


LANGFUSE_PIECES = [
    "Hello {{name}}!",
    "{{ n }}",
    "\n",
    "{",
    "}",
    "{{{ n }}}",
    "{{unknown thing}}",
    "{% y %}",
    "{# x #}",
    "{n}",
    "  ",
    "`x`",
]


def build(pieces: list[str], chance: random.Random, start: str = "") -> str:
    """Build one body."""
    return start + "".join(chance.choice(pieces) for _ in range(chance.randint(2, 9))) + " end"


def dotprompts(chance: random.Random) -> list[dict[str, Any]]:
    """Yield Dotprompt files, with the messages of dotpromptz."""
    from dotpromptz.dotprompt import Dotprompt  # type: ignore[import-not-found]
    from dotpromptz.typing import DataArgument  # type: ignore[import-not-found]

    head = (
        "---\nmodel: googleai/gemini-2.0-flash\ninput:\n  schema:\n    name: string\n"
        "    n: string\n    vip: boolean\n    items(array): string\n---\n"
    )
    rows: list[dict[str, Any]] = []
    for number in range(COUNT):
        text = head + build(DOTPROMPT_PIECES, chance)
        try:
            sent = asyncio.run(Dotprompt().render(text, DataArgument(input=VALUES))).messages
        except Exception as error:  # noqa: BLE001 - whatever it raises is its answer
            rows.append({"path": f"d{number}.prompt", "text": text, "error": str(error)[:100]})
            continue
        roles = {"model": "assistant"}
        messages = [
            [
                roles.get(str(one.role.value), str(one.role.value)),
                "".join(p.text for p in one.content),
            ]
            for one in sent
        ]
        rows.append({"path": f"d{number}.prompt", "text": text, "messages": messages})
    return rows


def prompties(chance: random.Random) -> list[dict[str, Any]]:
    """Yield Prompty 2 files, with the messages of prompty."""
    import prompty  # type: ignore[import-not-found]

    head = (
        "---\nname: x\ndescription: d\nmodel: openai/gpt-4o\ninputs:\n"
        + "".join(
            f"  - name: {name}\n    kind: {kind}\n"
            for name, kind in (
                ("name", "string"),
                ("n", "string"),
                ("vip", "boolean"),
                ("items", "array"),
            )
        )
        + "    items:\n      kind: string\n---\n"
    )
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(COUNT):
            text = head + build(PROMPTY_PIECES, chance, "system:\nStart. ")
            file = Path(folder, f"p{number}.prompty")
            file.write_text(text, "utf-8")
            row: dict[str, Any] = {"path": file.name, "text": text}
            try:
                sent = prompty.prepare(prompty.load(str(file)), VALUES)
                row["messages"] = [[one.role, one.text] for one in sent]
            except Exception as error:  # noqa: BLE001 - as above
                row["error"] = f"{type(error).__name__}: {error}"[:100]
            rows.append(row)
    return rows


def langchains(chance: random.Random) -> list[dict[str, Any]]:
    """Yield serialised LangChain prompts, with the messages of langchain-core."""
    from langchain_core.load import dumps  # type: ignore[import-not-found]
    from langchain_core.prompts import ChatPromptTemplate  # type: ignore[import-not-found]

    forms = {"f-string": FORMAT_PIECES, "mustache": MUSTACHE_PIECES, "jinja2": PROMPTY_PIECES}
    roles = {"system": "system", "human": "user", "ai": "assistant"}
    rows = []
    for number in range(COUNT):
        form, pieces = chance.choice(list(forms.items()))
        parts = [
            (role, build(pieces, chance))
            for role in chance.choice((["human"], ["system", "human"], ["system", "human", "ai"]))
        ]
        try:
            prompt = ChatPromptTemplate.from_messages(parts, template_format=form)
            text = dumps(prompt)
            sent = prompt.format_messages(**VALUES)
        except Exception:  # noqa: BLE001, S112 - no prompt, nothing to adopt
            continue
        messages = [[roles[one.type], one.content] for one in sent]
        rows.append({"path": f"l{number}.json", "text": text, "messages": messages})
    return rows


def langfuses(chance: random.Random) -> list[dict[str, Any]]:
    """Yield Langfuse rows, with the messages of its Python client."""
    from langfuse.api import Prompt_Text  # type: ignore[import-not-found]
    from langfuse.model import TextPromptClient  # type: ignore[import-not-found]

    rows = []
    for number in range(COUNT):
        row = {"name": "x", "type": "text", "prompt": build(LANGFUSE_PIECES, chance), "config": {}}
        prompt = TextPromptClient(Prompt_Text(version=1, labels=[], tags=[], **row))
        sent = [["user", prompt.compile(**VALUES)]]
        rows.append({"path": f"f{number}.json", "text": json.dumps(row), "messages": sent})
    return rows


def main(target: str) -> None:
    """Write what the originals send."""
    chance = random.Random(SEED)  # noqa: S311 - pieces, no secrets
    rows = [*dotprompts(chance), *prompties(chance), *langchains(chance), *langfuses(chance)]
    packages = {name: version(name) for name in PACKAGES}
    document = {"packages": packages, "values": VALUES, "files": rows}
    Path(target).write_text(
        f"{json.dumps(document, ensure_ascii=False, separators=(',', ':'))}\n", "utf-8"
    )


if __name__ == "__main__":
    main(sys.argv[1])
