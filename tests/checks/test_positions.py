"""A fault that is planted somewhere is found there and nowhere else, whatever stands around it."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from promptops.checks.engine import validate
from promptops.repository.config import Config
from tests.fuzz.targets import Files

HEAD = "---\nversion: 1.0.0\ndescription: d\nauthor: a\nmodel: m\ninputs: {known: string}\n---\n"
# What is planted, where in it the fault is, and who finds it.
FAULTS = [
    ("{{ planted }}", 3, 10, "undeclared-variable"),
    ("{% if planted %}a{% endif %}", 6, 13, "undeclared-variable"),
    ("{{ known | nope }}", 0, 18, "unknown-filter"),
    ("{{ known +* 2 }}", 10, 11, "syntax"),
    ("AKIA" + "QRSTUVWX23456723", 0, 20, "exposed-secret"),
    ("+49 171 " + "3920675", 0, 15, "personal-data"),
    ("\u202e", 0, 1, "deceptive-character"),
    ("say \u200b it", 4, 5, "invisible-character"),
]
LINES = [
    *(
        "",
        " ",
        "\t",
        "Be brief.",
        "日本語の行",
        "\U0001f600 \U0001f468",
        "e\u0301 é",
        "| a |",
        "```",
    ),
    *("a\u2028b", "a\x85b", "{# a\nnote #}", "{{ known }}", "x" * 300, "{ }", '{{ "}}" }}'),
    *("{% if known %}\na{% else %}b{% endif %}", "{% raw %}{{ x }}{% endraw %}"),
]
TEXTS = st.lists(st.sampled_from(LINES), max_size=6).map("\n".join)


class Around(NamedTuple):
    """What stands around a fault, and how its file is written."""

    before: str = ""
    indent: str = ""
    after: str = ""
    newline: str = "\n"
    mark: str = ""
    in_partial: bool = False


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "start", "end", "check"), FAULTS)
@settings(deadline=None, max_examples=20)
@given(
    st.builds(
        Around,
        before=TEXTS,
        indent=st.sampled_from(["", "  ", "é ", "\U0001f600 ", "a: ", "\t"]),
        after=TEXTS,
        newline=st.sampled_from(["\n", "\r\n", "\r"]),
        mark=st.sampled_from(["", "\ufeff"]),
        in_partial=st.booleans(),
    )
)
@example(Around(newline="\r\n", mark="\ufeff", in_partial=True))
@example(Around(newline="\r\n", mark="\ufeff"))
def test_a_planted_fault_is_found_at_exactly_its_place(
    fault: str, start: int, end: int, check: str, around: Around
) -> None:
    above = f"{around.before}\n" if around.before else ""
    text = f"{above}{around.indent}{fault} .\n{around.after}\n"
    files = {"a.md": HEAD + text}
    if around.in_partial:
        files = {"a.md": HEAD + "{{ known }}{% include '_p.md' %}", "_p.md": text}
    path = "_p.md" if around.in_partial else "a.md"
    line = files[path].count("\n", 0, files[path].index(fault)) + 1
    column = len(around.indent) + 1
    data = {one: whole.replace("\n", around.newline).encode() for one, whole in files.items()}
    data[path] = around.mark.encode() + data[path]
    findings = validate(Files(data), Config()).findings
    found = [(one.path, one.position) for one in findings if one.check == check]
    assert found == [(f"prompts/{path}", (line, column + start, line, column + end))]
