"""Writes `docs/spec/vectors.json`: inputs chosen here, answers given by the program.

    python -m tests.vectors          rewrites the file

Answers that a person can give, such as which names are good, are written down here by hand. The
rest are computed; `tests/test_spec.py` computes them a second time without the program, where
that takes a few lines. A difference in the file is a change of the format.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from promptops.delivery import state as lock
from promptops.delivery.state import Entry, Live, Point, State
from promptops.gate.approvals.statement import (
    ChangeStatement,
    DeploymentStatement,
    Statement,
    write_statement,
)
from promptops.gate.approvals.store import StatementFolder, change_folder, deployment_folder
from promptops.gate.rules import ApprovalEntry as TreeEntry
from promptops.git.message import format_message
from promptops.prompt.closure import load_closure
from promptops.prompt.prompt import load_prompt
from promptops.prompt.version import Version
from promptops.runtime.live import Placement
from promptops.runtime.sources.snapshot import (
    FrozenEnvironment,
    FrozenRelease,
    Snapshot,
    _digest,
    format_snapshot,
)

FILE = Path(__file__).parent.parent / "docs" / "spec" / "vectors.json"

TRIAGE = """\
---
version: 1.3.0
description: Classify a support ticket by topic and urgency.
author: jane@example.com
model: openai/gpt-4o-mini
temperature: 0.2
max_tokens: 400
stop: [END]
parameters: {presence_penalty: 0.5}
inputs:
  ticket: {type: string, maxLength: 8000, untrusted: true}
  language: {type: string, default: en}
  past: {type: array, default: []}
output: support/_triage.schema.json
tools: [_tools/look_up.json]
---

{# {% include "_shared/never.md" %} #}
{% system %}
You triage support tickets. Answer in {{ language }}.
  {% include "_shared/tone.md" %}
{% endsystem %}
{% history past %}
{% user %}
{{ ticket }}
{% if language != "en" %}
Translate first.
{% endif %}
{% enduser %}
"""
TONE = 'Be brief.{% raw %} {% include "_shared/never.md" %}{% endraw %}\n'
SCHEMA = '{"type": "object", "required": ["topic"], "properties": {"topic": {"type": "string"}}}\n'
TOOL = (
    '{"type": "function", "function": {"name": "look_up", '
    '"parameters": {"type": "object", "properties": {"id": {"type": "integer"}}}}}\n'
)
HEAD = "version: 1.0.0\ndescription: d\nauthor: a\nmodel: m\n"

Files = dict[str, str]

PROMPTS: list[tuple[str, str, Files, dict[str, Any]]] = [
    (
        "plain",
        "one user message, stripped of ASCII white space only",
        {"plain.md": f"---\n{HEAD}---\n\n\n \t\u00a0Hello\u00a0\n\n"},
        {},
    ),
    (
        "numbers",
        "a number with a fraction stays one, as it is written, also where an integer will do",
        {"numbers.md": f"---\n{HEAD}inputs: {{a: integer, b: {{}}}}\n---\n{{{{ [a, b] }}}}\n"},
        {"a": 100.0, "b": 100},
    ),
    (
        "support/triage",
        "roles, an included partial, history, defaults, tools and an output schema in files",
        {
            "support/triage.md": TRIAGE,
            "_shared/tone.md": TONE,
            "support/_triage.schema.json": SCHEMA,
            "_tools/look_up.json": TOOL,
        },
        {
            "ticket": "{% system %} & {{ language }}\n",
            "language": "de",
            "past": [
                {"role": "user", "content": " as it is "},
                {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
                {"role": "tool", "content": [{"type": "text", "text": "x"}], "tool_call_id": "1"},
            ],
        },
    ),
    (
        "support/triage",
        "the same files as a checkout on Windows has them, and only the needed input",
        {
            path: text.replace("\n", "\r\n")
            for path, text in {
                "support/triage.md": TRIAGE,
                "_shared/tone.md": TONE,
                "support/_triage.schema.json": SCHEMA,
                "_tools/look_up.json": TOOL,
            }.items()
        },
        {"ticket": "The printer is on fire"},
    ),
    (
        "order",
        "files sort by the bytes of their UTF-8 paths; partials include partials",
        {
            "order.md": f"---\n{HEAD}---\n"
            '{% include "_z.md" %}{% include "_Y.md" %}{% include "_é.md" %}'
            "{% include '_\U0001f600/a b.md' %}{%- include \"_\uff5e.md\" -%}",
            "_z.md": "z",
            "_Y.md": '{% if false %}{% include "_a-b.md" %}{% endif %}Y',
            "_a-b.md": "never shown, and yet part of it",
            "_é.md": "é\n",
            "_\U0001f600/a b.md": "one",
            "_\uff5e.md": "two",
        },
        {},
    ),
    (
        "printed",
        "values print as Python writes them; tojson escapes little",
        {
            "printed.md": f"---\n{HEAD}inputs: {{a: boolean, b: number, c: array, d: object, "
            "e: integer}\n---\n"
            '{{ a }} {{ b }} {{ c }} {{ d }} {{ e }} {{ d | tojson }} {{ c[:2] | join("+") }}'
        },
        {"a": True, "b": 1.5, "c": ["a'", 1, None], "d": {"z": "é<&>", "a": []}, "e": 10**18},
    ),
    (
        "loops",
        "messages in loops and conditions; an empty one is left out; blocks take their line",
        {
            "loops.md": f"---\n{HEAD}inputs: {{turns: array}}\n---\n"
            "{% for turn in turns %}\n{% if turn.me %}\n{% assistant %}\n{{ turn.text }}\n"
            "{% endassistant %}\n{% else %}\n{% user %}\n  {{ loop.index }}: {{ turn.text }}\n"
            "{% enduser %}\n{% endif %}\n{% endfor %}\n{% system %}\n\n{% endsystem %}\n"
        },
        {"turns": [{"me": False, "text": "a"}, {"me": True, "text": "b"}]},
    ),
    (
        "a.b_c/d-e.f",
        "a name with dots, a file with a byte order mark, long boundaries, every kind of scalar",
        {
            "a.b_c/d-e.f.md": f"\ufeff-----\n{HEAD}timeout: 30\nmetadata:\n"
            "  texts: [a, 'yes', \"1e3\", 1.2.3, y, -, 2026-1-1]\n"
            "  numbers: [1, -1, +1, 1.5, .5, 1., 1.0e+3, 18446744073709551615]\n"
            "  others: [true, False, null, ~, ]\n"
            "  block: |\n    ---\n   \n    kept\n----  \n\n\n  Hello\n---\n"
        },
        {},
    ),
]

INVALID_PROMPTS: list[tuple[str, str]] = [
    ("no frontmatter", "Hello\n"),
    ("a line before the boundary", f"\n---\n{HEAD}---\nHello\n"),
    ("a boundary that is not closed", f"---\n{HEAD}Hello\n"),
    ("a missing key", "---\nversion: 1.0.0\n---\nHello\n"),
    ("an unknown key", f"---\n{HEAD}colour: red\n---\nHello\n"),
    ("a key twice", f"---\n{HEAD}model: n\n---\nHello\n"),
    ("a version of two numbers", f"---\n{HEAD.replace('1.0.0', '1.10')}---\nHello\n"),
    ("an alias of a list", f"---\n{HEAD}tags: &t [a]\nfallbacks: *t\n---\nHello\n"),
    ("a merge key", f"---\n{HEAD}metadata: {{<<: {{a: b}}}}\n---\nHello\n"),
    *(
        (f"the scalar {text}", f"---\n{HEAD}metadata: {{key: {text}}}\n---\nHello\n")
        for text in (
            *("yes", "off", "010", "0x1f", "0b1", "1_000", "12:30", "2026-01-01", ".inf", ".NaN"),
            *("1e3", "-.5", "08", "0o17", "18446744073709551616", "!!int 0x1f", "!!binary aGk="),
        )
    ),
    ("a partial that is not there", f'---\n{HEAD}---\n{{% include "_a.md" %}}\n'),
    ("a path out of the folder", f'---\n{HEAD}---\n{{% include "../_a.md" %}}\n'),
    ("a path that is not literal", f"---\n{HEAD}---\n{{% include description %}}\n"),
    ("a prompt that is included", f'---\n{HEAD}---\n{{% include "bad.md" %}}\n'),
    ("text beside messages", f"---\n{HEAD}---\nHello {{% user %}}a{{% enduser %}}\n"),
    ("a message in a message", f"---\n{HEAD}---\n{{% user %}}{{% history %}}{{% enduser %}}\n"),
    ("a filter that is not there", f"---\n{HEAD}---\n{{{{ 'a' | safe }}}}\n"),
    ("a template that extends", f'---\n{HEAD}---\n{{% extends "_a.md" %}}\n'),
    ("a template that is broken", f"---\n{HEAD}---\n{{% if %}}\n"),
]

ASK = f"---\n{HEAD}inputs: {{a: string, b: {{type: integer, default: 1}}}}\n---\n{{{{ a }}}}"
TALK = f"---\n{HEAD}inputs: {{history: array}}\n---\n{{% history %}}"
REFUSED_INPUTS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "half of a surrogate pair",
        f"---\n{HEAD}inputs: {{a: string}}\n---\n{{{{ a }}}}\n",
        {"a": "x\ud800"},
    ),
    ("a missing input", ASK, {}),
    ("an unknown input", ASK, {"a": "x", "c": 1}),
    ("an input of another type", ASK, {"a": 1}),
    ("an input that its schema refuses", ASK, {"a": "x", "b": 1.5}),
    ("an empty message", ASK, {"a": " \n"}),
    ("a variable that is nothing", f"---\n{HEAD}---\n{{{{ missing }}}}", {}),
    ("null in the text", f"---\n{HEAD}---\n{{{{ none }}}}", {}),
    ("a passed-in message of the system", TALK, {"history": [{"role": "system", "content": "x"}]}),
    ("a passed-in message without content", TALK, {"history": [{"role": "user"}]}),
    ("a passed-in message of a number", TALK, {"history": [{"role": "user", "content": 1}]}),
]

NAMES = {
    "good": [
        "a",
        "0",
        "support/triage",
        "a.b-c_d/e",
        "a.md",
        "console/lock",
        "x" * 200,
        "a/b.lock.c",
    ],
    "bad": [
        *("", "/a", "a/", "a//b", "A", "é", "a b", "a--b", "a.", ".a", "-a", "a_", "_a", "a/_b"),
        *("a/../b", "a.lock", "a.lock/b", "con", "a/nul", "aux.x", "com1", "lpt0", "a@1", "a\n"),
        "x" * 201,
    ],
}
ENVIRONMENTS = {
    "good": ["staging", "eu-west-1", "a", "x" * 200],
    "bad": ["", "Prod", "1a", "a-", "a--b", "a_b", "a.b", "latest", "working", "x" * 201],
}
VERSIONS = {
    "ascending": [
        *("0.0.0", "0.0.1", "0.9.0", "0.10.0", "1.0.0--", "1.0.0-alpha", "1.0.0-alpha.1"),
        *("1.0.0-alpha.2", "1.0.0-alpha.10", "1.0.0-alpha.beta", "1.0.0-rc", "1.0.0-rc.1", "1.0.0"),
        *("1.0.1-0", "1.0.1", "2.0.0", "999999999.0.0"),
    ],
    "bad": [
        *("", "1", "1.0", "1.0.0.0", "v1.0.0", "01.0.0", "1.0.0-01", "1.0.0-", "1.0.0-a..b"),
        *("1.0.0+build", "1.0.0-RC", "1.0.0-a_b", " 1.0.0", "1000000000.0.0", "1.0.0-x.lock"),
        "1.0.0-" + "a" * 123,
    ],
}
# Each range with versions in it and versions out of it.
RANGES: dict[str, tuple[str, str]] = {
    "=1.2.3": ("1.2.3", "1.2.2 1.2.4 1.2.3-rc"),
    "1.2": ("1.2.0 1.2.9", "1.1.9 1.3.0 1.2.0-rc"),
    "1": ("1.0.0 1.9.9", "0.9.9 2.0.0 2.0.0-rc"),
    "1.x": ("1.0.0 1.9.9", "0.9.9 2.0.0"),
    "1.2.*": ("1.2.0 1.2.9", "1.3.0"),
    "1.x.x": ("1.0.0", "2.0.0"),
    "^1.2.3": ("1.2.3 1.9.0", "1.2.2 2.0.0 1.3.0-rc"),
    "^1.2": ("1.2.0 1.9.0", "1.1.9 2.0.0"),
    "^0.2.3": ("0.2.3 0.2.9", "0.2.2 0.3.0"),
    "^0.0.3": ("0.0.3", "0.0.2 0.0.4"),
    "^0.0": ("0.0.0 0.0.9", "0.1.0"),
    "^0": ("0.0.0 0.9.0", "1.0.0"),
    "~1.2.3": ("1.2.3 1.2.9", "1.2.2 1.3.0"),
    "~1.2": ("1.2.0 1.2.9", "1.3.0"),
    "~1": ("1.0.0 1.9.0", "2.0.0"),
    ">=1.2": ("1.2.0 9.0.0", "1.1.9"),
    ">1.2": ("1.3.0 9.0.0", "1.2.0 1.2.9"),
    ">1.2.3": ("1.2.4", "1.2.3"),
    "<1.2": ("0.0.0 1.1.9", "1.2.0 1.2.0-rc"),
    "<=1.2": ("1.2.9", "1.3.0"),
    "<=1.2.3": ("1.2.3", "1.2.4"),
    ">=1.0,<2": ("1.0.0 1.9.9", "0.9.9 2.0.0"),
    " >= 1.0 , < 2 ": ("1.0.0", "2.0.0"),
    ">1,<1": ("", "0.9.0 1.0.0 2.0.0"),
}
BAD_RANGES = ["", "x", "*", "1.x.2", "^1.2.3-rc", ">=1.0 <2", "1.2.3,", "~>1.2", "1.2.3.4", "!=1.0"]
REFS: dict[str, tuple[str, str | None, str | None]] = {
    "support/triage": ("support/triage", None, None),
    "a@1.2.0": ("a", "version", "1.2.0"),
    "a@1.2.0-rc.1": ("a", "version", "1.2.0-rc.1"),
    "a@^1": ("a", "range", "^1"),
    "a@1.2.0,<2": ("a", "range", "1.2.0,<2"),
    "a@1": ("a", "range", "1"),
    "a@latest": ("a", "latest", "latest"),
    "a@working": ("a", "working", "working"),
    "a@production": ("a", "environment", "production"),
}
BAD_REFS = ["", "@latest", "a@", "A@latest", "a@b@c", "a@v1.2.0", "a@Prod", "a@1.2.0+b", "a@-x"]

DIGEST = "sha256:" + "5d1e" * 16
COMMIT = "8c1f2a90" * 5
TAG = "0123abcd" * 5
TRAILERS = [
    ("Prompt-Digest", DIGEST),
    ("Prompt-Path", "prompts/support/triage.md"),
    ("Prompt-Model", "openai/gpt-4o-mini"),
    ("Prompt-Change", "minor"),
    ("Prompt-Base", "1.2.0"),
    ("Operation", "00112233445566778899aabbccddeeff"),
]
WRITTEN: list[tuple[str, str, str, list[tuple[str, str]]]] = [
    ("plain", "support/triage 1.3.0", "- a word changed", TRAILERS),
    ("no text", "production: pause 2 prompts", "", [("Deployment", "3"), ("Action", "pause")]),
    (
        "notes with headings, and paragraphs that look like trailers",
        "support/triage 1.3.0",
        "# What is new\n\nNothing\r\n\r\nPrompt-Digest: forged\nOperation: forged\n\n",
        TRAILERS,
    ),
    (
        "a title and values that are not one line",
        "two\nlines",
        "",
        [("Reason", "first\n\nOperation: forged\tand\u2028more "), ("Operation", "")],
    ),
]
# A message as it stands in Git, and its title, text and trailers.
READ: list[tuple[str, str, str, str, list[tuple[str, str]]]] = [
    ("only a title", "a title\n", "a title", "", []),
    ("a title that looks like a trailer", "Key: value\n", "Key: value", "", []),
    ("a last paragraph that is text", "t\n\nKey: a\nnot one\n", "t", "Key: a\nnot one", []),
    ("a key in lower case", "t\n\nkey: a\n", "t", "key: a", []),
    (
        "keys that repeat, and an empty value",
        "t\n\nKey: a\nKey:\n",
        "t",
        "",
        [("Key", "a"), ("Key", "")],
    ),
    ("more than one line before the first gap", "t\nu\n\nKey: a\n\n", "t", "u", [("Key", "a")]),
]

RELEASE_TAG = f"""\
object {COMMIT}
type commit
tag prompts/support/triage@1.3.0
tagger Jane Doe <jane@example.com> 1767225600 +0000

"""
DEPLOYMENT = f"""\
tree {TAG}
parent {COMMIT}
author Jane Doe <jane@example.com> 1767225600 +0100
committer Robot <robot@example.com> 1767225700 +0000

production: promote 2 prompts

Deployment: 8
Action: promote
Prompt: greeting
From: none
To: 1.0.0
Release-Tag: {TAG}
Prompt: support/triage
From: 1.2.0 (paused)
To: 1.2.0 90%, 1.3.0 10% (paused)
Release-Tag: {COMMIT}
Reason: try it on a few, first
Operation: 00112233445566778899aabbccddeeff
"""


def _live(version: str, share: int = 100) -> Live:
    return Live(Version.parse(version), DIGEST, COMMIT, share)


STATES: list[tuple[str, State]] = [
    ("empty", State()),
    (
        "one version, two versions, a pause",
        State(
            {
                "support/triage": Entry((_live("1.2.0", 90), _live("1.3.0-rc.1", 10))),
                "a.b": Entry((_live("0.1.0"),), 'say "why": ä\u2028\t\\'),
                "a": Entry((_live("1.0.0"),)),
            },
            {"a": Point(7, COMMIT), "a.b": Point(12, "0" * 64)},
        ),
    ),
]
_GOOD = {"commit": COMMIT, "digest": DIGEST, "share": 100, "version": "1.0.0"}
_ENTRY: dict[str, Any] = {"live": [_GOOD], "paused": None}


def _lock(entry: Any, name: str = "a", schema: str = "promptops.lock/v1") -> dict[str, Any]:
    return {"prompts": {name: entry}, "schema": schema}


BAD_LOCKS: list[tuple[str, Any]] = [
    ("another schema", _lock(_ENTRY, schema="promptops.lock/v2")),
    ("no schema", {"prompts": {}}),
    ("a key too many", {"prompts": {}, "schema": "promptops.lock/v1", "more": 1}),
    ("a bad name", _lock(_ENTRY, name="A")),
    ("nothing live", _lock({"live": [], "paused": None})),
    ("shares that do not sum to 100", _lock({**_ENTRY, "live": [{**_GOOD, "share": 99}]})),
    ("a share that is no whole number", _lock({**_ENTRY, "live": [{**_GOOD, "share": 100.0}]})),
    ("one version twice", _lock({**_ENTRY, "live": [{**_GOOD, "share": 50}] * 2})),
    ("three versions", _lock({**_ENTRY, "live": [_GOOD] * 3})),
    ("a bad version", _lock({**_ENTRY, "live": [{**_GOOD, "version": "1.0"}]})),
    ("a bad digest", _lock({**_ENTRY, "live": [{**_GOOD, "digest": "5d1e"}]})),
    ("a bad commit", _lock({**_ENTRY, "live": [{**_GOOD, "commit": "HEAD"}]})),
    ("a pause without a reason", _lock({**_ENTRY, "paused": {}})),
    ("a pause that is no mapping", _lock({**_ENTRY, "paused": True})),
    ("an entry without a pause", _lock({"live": [_GOOD]})),
    ("an entry with a key too many", _lock({**_ENTRY, "more": 1})),
]


_LOCK_TEXT = json.dumps(_lock(_ENTRY), indent=1, sort_keys=True) + "\n"
BAD_LOCK_TEXTS = [
    (
        "a key twice",
        _LOCK_TEXT.replace('"paused": null', '"paused": {"reason": "x"}, "paused": null'),
    ),
    ("a prompt twice", _LOCK_TEXT.replace('"a": {', '"a": {}, "a": {', 1)),
    ("a share with a fraction of nothing", _LOCK_TEXT.replace(": 100,", ": 100.0,")),
    ("a share with an exponent", _LOCK_TEXT.replace(": 100,", ": 1e2,")),
    ("a share of four hundred digits", _LOCK_TEXT.replace(": 100,", f": {'9' * 400},")),
    ("half of a surrogate pair", _LOCK_TEXT.replace(": null", ': {"reason": "\\ud800"}')),
    ("a word that is no JSON", _LOCK_TEXT.replace(": null", ': {"reason": NaN}')),
    ("a byte order mark", f"\ufeff{_LOCK_TEXT}"),
]


_REPOSITORY = "acme/prompts"
_APPROVER = "jane@example.com"
_TIME = "2026-01-31T12:00:00Z"
_CHANGE = ChangeStatement(
    repository=_REPOSITORY,
    branch="main",
    base=COMMIT,
    tree="0" * 40,
    contents={
        "prompts/support/triage.md": TreeEntry("100644", COMMIT),
        'prompts/\u00e4 "\udcff\U0001f600.md': None,
    },
    approver=_APPROVER,
    time=_TIME,
)
STATEMENTS: list[tuple[str, Statement, StatementFolder]] = [
    ("a change", _CHANGE, change_folder(_REPOSITORY, "main")),
    (
        "a deployment",
        DeploymentStatement(
            repository=_REPOSITORY,
            environment="production",
            prompt="support/triage",
            version="1.3.0",
            digest=DIGEST,
            approver=_APPROVER,
            time=_TIME,
        ),
        deployment_folder(_REPOSITORY, "production", "support/triage"),
    ),
]
_LINE = write_statement(_CHANGE).decode()


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"


BAD_STATEMENTS: list[tuple[str, str]] = [
    ("no line end", _LINE.removesuffix("\n")),
    ("white space", _LINE.replace('":"main"', '": "main"')),
    ("a key twice", _LINE.replace('"branch":"main"', '"branch":"main","branch":"main"')),
    ("a key too many", _LINE.replace('"tree"', '"trea":null,"tree"')),
    ("a key too few", _LINE.replace('"branch":"main",', "")),
    ("keys in another order", _compact(dict(reversed(json.loads(_LINE).items())))),
    ("another escape", _LINE.replace('"main"', '"m\\u0061in"')),
    ("another schema", _LINE.replace("approval/v1", "approval/v2")),
    ("another kind", _LINE.replace('"change"', '"merge"')),
    (
        "no contents",
        _LINE.replace(_LINE[_LINE.index('"contents":') :].split("}")[0], '"contents":{'),
    ),
    ("a short id", _LINE.replace(COMMIT, COMMIT[:39])),
    ("a time with an offset", _LINE.replace("00Z", "00+00:00")),
]


def make() -> dict[str, Any]:
    """All vectors, as JSON values."""
    return {
        "schema": "promptops.vectors/v1",
        "prompts": [_prompt(*given) for given in PROMPTS],
        "invalid_prompts": [
            {"why": why, "name": "bad", "files": {"bad.md": text}} for why, text in INVALID_PROMPTS
        ],
        "refused_inputs": [
            {"why": why, "name": "bad", "files": {"bad.md": text}, "inputs": inputs}
            for why, text, inputs in REFUSED_INPUTS
        ],
        "names": NAMES,
        "environments": ENVIRONMENTS,
        "versions": VERSIONS,
        "ranges": [
            {"range": text, "in": inside.split(), "out": outside.split()}
            for text, (inside, outside) in RANGES.items()
        ],
        "bad_ranges": BAD_RANGES,
        "refs": [
            {"ref": ref, "name": name, "kind": kind, "selector": selector}
            for ref, (name, kind, selector) in REFS.items()
        ],
        "bad_refs": BAD_REFS,
        "messages_written": [
            {"why": why, "title": title, "text": text, "trailers": trailers,
             "message": format_message(title, text, trailers)}
            for why, title, text, trailers in WRITTEN
        ],
        "messages_read": [
            {"why": why, "message": message, "title": title, "text": text, "trailers": trailers}
            for why, message, title, text, trailers in READ
        ],
        "release_tag": _release_tag(),
        "deployment": _deployment(),
        "locks": [
            {"why": why, "lock": lock.format_lock(state).decode(),
             "undo": lock.format_undo(state).decode()}
            for why, state in STATES
        ],
        "bad_locks": [
            {"why": why, "lock": json.dumps(value, indent=1, sort_keys=True) + "\n"}
            for why, value in BAD_LOCKS
        ]
        + [{"why": why, "lock": text} for why, text in BAD_LOCK_TEXTS],
        "snapshot": _snapshot(),
        "bad_snapshots": _bad_snapshots(),
        "statements": [
            {"why": why, "line": write_statement(statement).decode(), "shelf": folder.name}
            for why, statement, folder in STATEMENTS
        ],
        "bad_statements": [{"why": why, "line": line} for why, line in BAD_STATEMENTS],
    }  # fmt: skip


def _prompt(name: str, why: str, files: Files, inputs: dict[str, Any]) -> dict[str, Any]:
    closure = load_closure(name, {path: text.encode() for path, text in files.items()})
    assert closure is not None
    assert closure.files.keys() == files.keys()
    prompt = load_prompt(closure)
    return {
        "why": why,
        "name": name,
        "files": files,
        "digest": prompt.digest,
        "frontmatter": prompt.data,
        "inputs": inputs,
        "messages": prompt.render(inputs),
        "request": prompt.request(inputs),
    }


def _release_tag() -> dict[str, Any]:
    notes = "# What is new\n\n- a word"
    message = format_message("support/triage 1.3.0", notes, TRAILERS)
    return {
        "object": RELEASE_TAG + message,
        "name": "support/triage",
        "version": "1.3.0",
        "commit": COMMIT,
        "digest": DIGEST,
        "folder": "prompts",
        "model": "openai/gpt-4o-mini",
        "change": "minor",
        "base": "1.2.0",
        "notes": notes,
        "tagger": "Jane Doe",
    }


def _deployment() -> dict[str, Any]:
    return {
        "object": DEPLOYMENT,
        "environment": "production",
        "number": 8,
        "parent": COMMIT,
        "action": "promote",
        "changes": [
            ["greeting", "none", "1.0.0"],
            ["support/triage", "1.2.0 (paused)", "1.2.0 90%, 1.3.0 10% (paused)"],
        ],
        "reason": "try it on a few, first",
        "deployed_by": "Jane Doe",
        "deployed_at": 1767225600,
    }


def _snapshot() -> dict[str, Any]:
    files = {"plain.md": f"---\n{HEAD}---\nHello <é\u2028\x7f> \U0001f600\n"}
    closure = load_closure("plain", {path: text.encode() for path, text in files.items()})
    assert closure is not None
    digest = closure.compute_digest()
    version = Version.parse("1.0.0")
    release = FrozenRelease("plain", version, COMMIT, digest, "a reason", files)
    placement = Placement("production", 12, COMMIT, 1767225600, "Jane \udcff\x01 Doe")
    entries = {"plain": Entry((Live(version, digest, COMMIT),))}
    return {
        "text": format_snapshot(
            Snapshot(
                "production",
                {"production": FrozenEnvironment(placement, entries, is_whole=True)},
                {"plain@1.0.0": release},
                {"plain@^1": "1.0.0"},
            )
        ).decode(),
        "ref": "plain@production",
        "messages": load_prompt(closure).render(),
    }


def _bad_snapshots() -> list[dict[str, str]]:
    """Snapshots whose digests are right, and that are refused all the same."""
    text = _snapshot()["text"]
    document = json.loads(text)
    files = document["releases"]["plain@1.0.0"]["files"]

    def seal(**changes: Any) -> str:
        changed = {**document, **changes}
        changed["digest"] = _digest(changed)
        return json.dumps(changed, indent=1, sort_keys=True) + "\n"

    def place(path: str) -> str:
        release = {**document["releases"]["plain@1.0.0"], "files": {**files, path: "x"}}
        return seal(releases={"plain@1.0.0": release})

    def at(seconds: Any) -> str:
        environment = {**document["environments"]["production"], "deployed_at": seconds}
        return seal(environments={"production": environment})

    bad = [
        ("a path that leads out of the prompts folder", place("../../etc/x")),
        ("a path from the top of the disk", place("/etc/x")),
        ("a path with a step back", place("a/../x")),
        ("a path into .git", place("_a/.Git/hooks/x")),
        ("a path with a backslash", place("_a\\..\\x")),
        ("a path with a drive", place("C:x")),
        ("a path that is empty", place("")),
        ("a path with a NUL", place("_a\0")),
        ("an integer with a fraction", at(1767225600.0)),
        ("an integer with an exponent", at(1e300)),
        ("an integer of four hundred digits", at(int("9" * 400))),
        ("an integer that not every program can read", at(2**53)),
        ("a number that is none", seal(config={"guards": {"spend": float("nan")}})),
        ("a number with an exponent", seal(config={"guards": {"spend": 1e-7}})),
        ("a key twice", text.replace('"refs": {', '"refs": {}, "refs": {', 1)),
        (
            "a release twice",
            text.replace('"plain@1.0.0": {', '"plain@1.0.0": {}, "plain@1.0.0": {'),
        ),
        ("minus nothing", text.replace('"deployment": 12', '"deployment": -0')),
    ]
    return [{"why": why, "text": one} for why, one in bad]


def format_vectors(vectors: dict[str, Any]) -> str:
    """The file's text."""
    return json.dumps(vectors, ensure_ascii=True, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(format_vectors(make()), encoding="ascii")
