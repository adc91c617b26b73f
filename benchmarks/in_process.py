"""Times the library inside one process: resolving and rendering, against the same work done bare.

Run by `run.py` with the Python of promptops' own environment:

    in_process.py REPOSITORY TURNS PROMPTS VERSIONS

It prints JSON: name of the measurement -> list of seconds, one for each turn.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Any

import jinja2
import yaml
from repositories import Shape, prompt_name, version_name

import promptops

if TYPE_CHECKING:
    from collections.abc import Callable

# A turn goes to and fro between the two sides in batches of a few milliseconds: a busy machine
# slows down for longer than that.
_BATCHES = 40
_GETS = 5
_CACHED_GETS = 1_000
_RENDERS = 50
# Shares no divisor with a number of prompts, so that one is not chosen twice.
_STRIDE = 37

# What is measured by one name, and how often one call of it does the work.
_Side = tuple[str, "Callable[[int], object]", int]


class _Bare:
    """What is left when everything that promptops adds is taken away: git and a YAML parser."""

    def __init__(self, folder: str) -> None:
        self._process = subprocess.Popen(
            ["git", "cat-file", "--batch"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def read(self, spec: str) -> bytes | None:
        questions, answers = self._process.stdin, self._process.stdout
        assert questions is not None
        assert answers is not None
        questions.write(f"{spec}\n".encode())
        questions.flush()
        header = answers.readline()
        if header.endswith(b" missing\n"):
            return None
        return answers.read(int(header.split()[2]) + 1)[:-1]

    def get(self, name: str, version: str) -> object:
        """Read tag, yank tag and file, and load the frontmatter; nothing is checked."""
        tag = self.read(f"refs/tags/prompts/{name}@{version}") or b""
        self.read(f"refs/tags/yanked/prompts/{name}@{version}")
        commit = tag[7:47].decode()
        text = self.read(f"{commit}:prompts/{name}.md") or b""
        return yaml.load(text.split(b"---\n", 2)[1], Loader=yaml.CSafeLoader)

    def close(self) -> None:
        self._process.communicate()


def time_gets(folder: str, turns: int, shape: Shape) -> dict[str, list[float]]:
    registry, bare = promptops.open(folder), _Bare(folder)
    # The first of each starts a process and imports what is needed.
    registry.get(f"{prompt_name(0)}@{version_name(0)}")
    bare.get(prompt_name(0), version_name(0))

    def choose(batch: int) -> list[tuple[str, str]]:
        """Both sides get the same ones, from everywhere, and never one that was read before."""
        names = [(1 + batch * _GETS + index) * _STRIDE % shape.prompts for index in range(_GETS)]
        lap = (1 + batch * _GETS) // shape.prompts
        return [(prompt_name(n), version_name((n + lap) % shape.versions)) for n in names]

    taken = _take_turns(
        [
            ("get, uncached", lambda batch: _get_all(registry, choose(batch)), _GETS),
            ("bare reads and YAML", lambda batch: _read_all(bare, choose(batch)), _GETS),
        ],
        turns,
    )
    ref = f"{prompt_name(0)}@{version_name(0)}"
    get = registry.get
    cached: _Side = ("get, cached", lambda _: [get(ref) for _ in range(_CACHED_GETS)], _CACHED_GETS)
    taken |= _take_turns([cached], turns)
    bare.close()
    registry.close()
    return taken


def _get_all(registry: promptops.Registry, chosen: list[tuple[str, str]]) -> None:
    for name, version in chosen:
        registry.get(f"{name}@{version}")


def _read_all(bare: _Bare, chosen: list[tuple[str, str]]) -> None:
    for name, version in chosen:
        bare.get(name, version)


_BODY = """\
{% system %}
You triage support tickets for a shop that sells outdoor equipment in {{ country }}.
Answer in {{ language }}, in at most {{ sentences }} sentences.
"""

_RULE = "Asked about {}, say what happens next and when.\n"

_REST = """\
{% for topic in topics %}
- {{ topic }}
{% endfor %}
{% if urgent %}
This one is urgent: say so in the first sentence.
{% endif %}
{% endsystem %}
{% user %}
{{ ticket }}
{% enduser %}
"""

_INPUTS: dict[str, Any] = {
    "country": "Norway",
    "language": "en",
    "sentences": 5,
    "topics": ["delivery", "returns", "warranty", "payment", "something else"],
    "urgent": True,
    "ticket": "My tent arrived yesterday, and one of the poles is bent. " * 6,
}

_HEAD = """\
---
version: 1.0.0
description: Answer a ticket.
author: jane@example.com
model: openai/gpt-4o-mini
inputs:
  country: string
  language: {type: string, default: en}
  sentences: {type: integer, minimum: 1}
  topics: {type: array, items: {type: string}}
  urgent: boolean
  ticket: {type: string, maxLength: 8000}
---
"""


def time_rendering(turns: int) -> dict[str, list[float]]:
    from promptops.prompt.closure import collect_closure
    from promptops.prompt.prompt import load_prompt

    themes = (
        "a delivery",
        "a return",
        "a warranty",
        "a price",
        "a size",
        "a refund",
        "a repair",
        "a gift",
    )
    times = ("before an order", "after an order", "after a complaint")
    rules = "".join(_RULE.format(f"{theme} {when}") for theme in themes for when in times)
    body = _BODY + rules + _REST
    assert 1900 <= len(body) <= 2300, len(body)
    files = {"answer.md": (_HEAD + body).encode()}
    closure = collect_closure("answer", files.get)
    assert closure is not None
    prompt = load_prompt(closure)
    # The same text for plain Jinja2, which knows no roles.
    bare_body = body
    for tag in ("system", "endsystem", "user", "enduser"):
        bare_body = bare_body.replace("{% " + tag + " %}\n", "")
    environment = jinja2.Environment(
        trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    template = environment.from_string(bare_body)
    together = "\n".join(message["content"] for message in prompt.render(**_INPUTS))
    assert together.strip() == template.render(**_INPUTS).strip()
    return _take_turns(
        [
            (
                "render, 2 kB",
                lambda _: [prompt.render(**_INPUTS) for _ in range(_RENDERS)],
                _RENDERS,
            ),
            (
                "bare Jinja2",
                lambda _: [template.render(**_INPUTS) for _ in range(_RENDERS)],
                _RENDERS,
            ),
        ],
        turns,
    )


def _take_turns(sides: list[_Side], turns: int) -> dict[str, list[float]]:
    """Let the sides work in turns; give the seconds that each took for one piece of work.

    Of a turn's batches the median counts: what stood still for others meanwhile is left out.
    """
    taken: dict[str, list[float]] = {label: [] for label, _, _ in sides}
    for turn in range(turns):
        seconds: dict[str, list[float]] = {label: [] for label in taken}
        for batch in range(turn * _BATCHES, (turn + 1) * _BATCHES):
            # Who comes second finds what the first has left in the caches.
            for label, work, _ in sides if batch % 2 else reversed(sides):
                start = time.perf_counter()
                work(batch)
                seconds[label].append(time.perf_counter() - start)
        for label, _, pieces in sides:
            taken[label].append(median(seconds[label]) / pieces)
    return taken


def main() -> None:
    folder, turns, prompts, versions = sys.argv[1], *map(int, sys.argv[2:5])
    shape = Shape(prompts, versions)
    taken = {**time_gets(folder, turns, shape), **time_rendering(turns)}
    print(json.dumps(taken))


if __name__ == "__main__":
    main()
