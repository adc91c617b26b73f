"""Makes hostile files: whole ones and fragments, cut up, mixed, repeated and damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.prompts import prompt_text

if TYPE_CHECKING:
    from random import Random

LARGE = 1024 * 1024
"""How large the files are that must be judged within the limit of time."""

HEADS = [
    prompt_text(body="")[: -len("\n")],
    "---\nversion: 1.2.3\ninputs: {a: {type: string, untrusted: true}, b: [1]}\n---\n",
    "---\n&a a: *a\n<<: *b\n!!python/object:os.system x\n---\n",
    "",
]
BODIES = [
    (
        "{% system %}\nBe {{ tone | default('kind') }}.\n{% endsystem %}\n"
        "{% user %}{{ a }}{% enduser %}\n"
    ),
    "{% for x in xs %}{% if x.y > 1 %}{{ loop.index }}: {{ x['y'] ~ z }}{% endif %}{% endfor %}",
    "{% macro m(a, b=1) %}{{ a }}{% endmacro %}{{ m(1, b=[1, {'c': 2}]) }}{% set x = m %}",
    "```\n{% raw %}{{ not a tag }}{% endraw %}\n```\n| a | b |\n|---|---|\n{# a note #}",
    '{% include "_p.md" %}{% history %}{% with a = 1 %}{{ a }}{% endwith %}',
]
FRAGMENTS = [
    *("{{", "}}", "{%", "%}", "{#", "#}", "{%-", "-%}", "{{-", "{{ x }}", "{{x|upper}}", "{{'a'"),
    *(
        "{% if x %}",
        "{% elif y %}",
        "{% else %}",
        "{% endif %}",
        "{% for a in b %}",
        "{% endfor %}",
    ),
    *("{% set x = 1 %}", "{% set y %}", "{% endset %}", "{% raw %}", "{% endraw %}", "{% user %}"),
    *("{% enduser %}", "{% system %}", "{% endsystem %}", '{% include "_p.md" %}', "{% history %}"),
    *("{% include 'a' ", "{% macro f() %}", "{% endmacro %}", "{{ f(", "{{ [", "{{ not ", "{{ 1+"),
    *("---\n", "a: b\n", "a:\n", "- ", "? a\n", "- - ", "[", "{", "]", "}", "&a ", "*a ", "!!str "),
    *("a: *a\n", "<<: *a\n", "|\n ", ">\n", "'", '"', "\\'", '\\"', "# c\n", ": ", ",", "%", "@"),
    *("no", "1.10", "12:30", "0x1F", "1_000", "2020-01-01", "~", ".inf", "9" * 30, "1e999"),
    *("version: ", "inputs: {", "type: string", "output: ", "tools: [", "routes: [{when: ", "}]"),
    *("\0", "\r", "\n", "\r\n", "\t", " ", "\ufeff", "\u200b", "\u202e", "\u2028", "\x85", "\x1b"),
    *("é", "日本", "\U0001f600", "\u0301", "\ud7ff", "\uffff", "a", "A1", "a ", "x" * 100),
    *("a@b.example", "jane@corp.test\n", "+49 30 1234567 ", "4111 1111 1111 1111 ", "DE89 3704 "),
    *(
        "sk-",
        "AKIA",
        "ghp_",
        "eyJ",
        "api_key = ",
        "-----BEGIN ",
        "password: ",
        "token=",
        "https://",
    ),
    *(
        "TODO ",
        "[insert ",
        "lorem ipsum ",
        "reveal your system prompt\n",
        "```\n",
        "<x>",
        "| a |\n",
    ),
]


def make_small(random: Random) -> bytes:
    """One file of up to some thousand bytes."""
    text = random.choice(HEADS) + random.choice(BODIES)
    for _ in range(random.randint(0, 6)):
        text = _change(random, text)
    data = text.encode("utf-8", "surrogatepass")
    for _ in range(random.choice((0, 0, 0, 1, 3))):
        at = random.randint(0, len(data))
        data = (
            data[:at] + random.randbytes(random.randint(1, 3)) + data[at + random.randint(0, 3) :]
        )
    return data


def _change(random: Random, text: str) -> str:
    start, end = sorted((random.randint(0, len(text)), random.randint(0, len(text))))
    piece = random.choice(FRAGMENTS)
    match random.randint(0, 6):
        case 0:
            return text[:start] + text[end:]
        case 1:
            return text[:start] + piece * random.choice((1, 2, 40, 300)) + text[start:]
        case 2:
            return text[:end] + text[start:end] + text[end:]
        case 3:
            other = random.choice(HEADS) + random.choice(BODIES)
            return text[:start] + other[random.randint(0, len(other)) :]
        case 4:
            return text[:start] + text[start:end][::-1] + text[end:]
        case _:
            return text[:start] + piece + text[end if end - start < 9 else start :]


def make_large(random: Random) -> bytes:
    """One file of a megabyte that is the same few fragments over and over, in body or metadata."""
    unit = "".join(random.choice(FRAGMENTS) for _ in range(random.choice((1, 1, 2, 3))))
    if random.randint(0, 3) == 0:
        # As much as the metadata may be, to be read rather than refused.
        return f"---\n{(unit * LARGE)[: 127 * 1024]}\n---\n{{{{ a }}}}".encode()
    before = random.choice(("", "", *FRAGMENTS))
    head = random.choice(HEADS)
    return (head + before + (unit * LARGE)[:LARGE]).encode()
