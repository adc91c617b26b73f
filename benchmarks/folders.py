"""Writes folders of prompts to be validated: the same ones in the format of each program.

Two of three are text with inputs, one has a condition as well; all are different, and none has a
fault, so that every program reads everything and reports nothing.
"""

from __future__ import annotations

import json
import subprocess
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_WORDS = """
answer ask brief careful case change check claim clear client close compare context cost date decide
delay detail draft email exact explain fact fair find first follow friendly help invoice issue item
keep kind label language late letter line list mention month name never note number offer order page
part person phone plain polite price product question quote read reason refund reply report return
rule sentence service short state step story sum table team thank ticket tone topic total urgent
value wait warn week word write
"""
_SHARED = 20

_HEAD = """\
---
version: 1.2.0
description: {description}
author: jane@example.com
model: openai/gpt-4o-mini
temperature: 0.2
max_tokens: 400
tags: [support, benchmark]
inputs:
  ticket: {{type: string, maxLength: 8000}}
  language: {{type: string, default: en}}
{inputs}output:
  type: object
  required: [topic]
  properties: {{topic: {{type: string}}}}
---
"""


def write_promptops(folder: Path, prompts: int) -> None:
    """Write prompts of promptops, forty to a folder, with partials, in a Git repository."""
    _init(folder)
    random = Random(1)
    shared = folder / "prompts" / "_shared"
    shared.mkdir(parents=True)
    for index in range(_SHARED):
        (shared / f"rules-{index}.md").write_text(_say(random, 40) + "\n", "utf-8")
    for index in range(prompts):
        area = folder / "prompts" / f"area-{index // 40:03d}"
        area.mkdir(exist_ok=True)
        system, steps = _texts(random, index)
        urgent = index % 3 == 0
        body = (
            f"{{% system %}}\n{system}\n"
            f'{{% include "_shared/rules-{index % _SHARED}.md" %}}\n'
            f"{steps}\nAnswer in {{{{ language }}}}.\n{{% endsystem %}}\n{{% user %}}\n"
            f"{'{% if urgent %}Be quick.{% endif +%}' if urgent else ''}\n"
            "<ticket>{{ ticket }}</ticket>\n{% enduser %}\n"
        )
        inputs = "  urgent: boolean\n" if urgent else ""
        head = _HEAD.format(description=_say(random, 8), inputs=inputs)
        (area / f"prompt-{index}.md").write_text(head + body, "utf-8")


def write_promptpin(folder: Path, prompts: int) -> None:
    """Write the prompts as promptpin 0.1.1 has them."""
    _init(folder)
    (folder / "prompts").mkdir()
    random = Random(1)
    for index in range(prompts):
        system, steps = _texts(random, index)
        text = f"{system}\n{steps}\nAnswer in {{{{language}}}}.\n<ticket>{{{{ticket}}}}</ticket>"
        lines = "".join(f"  {line}\n" for line in text.split("\n"))
        (folder / "prompts" / f"prompt-{index}.yaml").write_text(
            f"name: prompt-{index}\ndescription: {_say(random, 8)}\nmodel: gpt-4o-mini\n"
            "params:\n  temperature: 0.2\n  max_tokens: 400\n"
            f"variables:\n  - ticket\n  - language\ntemplate: |\n{lines}",
            "utf-8",
        )


def write_ivault(folder: Path, prompts: int) -> None:
    """Write the prompts as instructvault 0.7.1 has them, which wants a test in each."""
    _init(folder)
    (folder / "prompts").mkdir()
    random = Random(1)
    for index in range(prompts):
        system, steps = _texts(random, index)
        text = json.dumps(f"{system}\n{steps}\nAnswer in {{{{ language }}}}.")
        (folder / "prompts" / f"prompt-{index}.prompt.yml").write_text(
            f"spec_version: '1.0'\nname: prompt-{index}\ndescription: {_say(random, 8)}\n"
            "modelParameters: {model: gpt-4o-mini, temperature: 0.2, max_tokens: 400}\n"
            "variables: {required: [ticket], optional: [language]}\n"
            f"messages:\n- role: system\n  content: {text}\n"
            '- role: user\n  content: "<ticket>{{ ticket }}</ticket>"\n'
            "tests:\n- name: says something\n  vars: {ticket: late, language: en}\n"
            "  assert: {contains_any: [ticket]}\n",
            "utf-8",
        )


def _texts(random: Random, index: int) -> tuple[str, str]:
    steps = "\n".join(f"- {_say(random, 12)}" for _ in range(5))
    return f"You handle case {index}. {_say(random, 60)}", steps


def _say(random: Random, words: int) -> str:
    return " ".join(random.choice(_WORDS.split()) for _ in range(words)).capitalize() + "."


def _init(folder: Path) -> None:
    folder.mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
