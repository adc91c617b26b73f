"""Fixing: the right bytes, only those, and nothing left for a second run."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from promptops.checks.engine import validate
from promptops.checks.fixing import apply_fixes, choose_fixes, plan_fixes, show_diff, write_fixes
from promptops.errors import RefusedError
from promptops.prompt.finding import Finding, Fix, Position, Severity
from promptops.prompt.frontmatter.document import read_document
from promptops.prompt.template import CompiledTemplate
from promptops.repository.config import Config
from tests.cli.running import run
from tests.fuzz.targets import Files as InMemory
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.checks.fixing import Fixing
    from promptops.checks.validation import Validation
    from promptops.repository.repository import Files
    from tests.repositories import Repo


def judge(files: Files) -> Validation:
    return validate(files, Config())


def fix(files: dict[str, bytes]) -> Fixing:
    return plan_fixes(InMemory(files), "prompts", judge)


HEAD = "---\nversion: 1.0.0\ndescription: d\nauthor: a\nmodel: m\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("\ufeff" + HEAD + "---\nHello", HEAD + "---\nHello", id="byte order mark"),
        pytest.param(
            HEAD + "metadata: {on: 12:30, day: 2026-01-02}  # kept\n---\nHello",
            HEAD + 'metadata: {"on": "12:30", day: "2026-01-02"}  # kept\n---\nHello',
            id="surprising YAML",
        ),
        pytest.param(
            HEAD + "metadata: {a: no, b: 1e3, c: 0x1f}\n---\nHello",
            HEAD + "metadata: {a: no, b: 1e3, c: 0x1f}\n---\nHello",
            id="surprising YAML that may mean something else",
        ),
        pytest.param(
            HEAD
            + "metadata:\n  a: Closes #12 and #13  \n  b: [END #1\n  ]\nstop: END #1\n---\nHello",
            HEAD + 'metadata:\n  a: "Closes #12 and #13"  \n  b: [END #1\n  ]\n'
            'stop: "END #1"\n---\nHello',
            id="YAML that reads a comment in a text",
        ),
        pytest.param(
            HEAD + "ignore:\n  empty-prompt: why not\n  unused-input: why not\n---\nHello",
            HEAD + "---\nHello",
            id="all of what is ignored",
        ),
        pytest.param(
            HEAD + "inputs: {x: string}\n"
            "ignore:\n  empty-prompt: why not  # old\n  unused-input: so be it\n---\nHello",
            HEAD + "inputs: {x: string}\nignore:\n  unused-input: so be it\n---\nHello",
            id="one line of what is ignored",
        ),
        pytest.param(
            HEAD + "inputs: {x: string}\n"
            "ignore: {empty-prompt: a, unused-input: so be it, wrong-role-order: b}\n---\nHello",
            HEAD + "inputs: {x: string}\nignore: {unused-input: so be it}\n---\nHello",
            id="two in a row of what is ignored",
        ),
        pytest.param(
            HEAD + "ignore: {empty-promt: a typing error}\n---\nHello",
            HEAD + "ignore: {empty-promt: a typing error}\n---\nHello",
            id="what was meant to ignore something",
        ),
        pytest.param(
            HEAD + "inputs: {x: string}\n---\n{% if x %}a{% elseif x %}b{% elsif x %}c{% endfi %}",
            HEAD + "inputs: {x: string}\n---\n{% if x %}a{% elif x %}b{% elif x %}c{% endif %}",
            id="tags of other languages, one after the other",
        ),
        pytest.param(
            HEAD + "inputs: {x: string}\n---\n{% for y in x %}{% if y %}a{% endfor %}",
            HEAD + "inputs: {x: string}\n---\n{% for y in x %}{% if y %}a{% endfor %}",
            id="a tag that is right and stands in the wrong place",
        ),
        pytest.param(
            HEAD + "inputs: {x: string, y: string}\nignore: {unused-input: so be it}\n"
            "---\n{% if x %}{% elseif y %}{% endif",
            HEAD + "inputs: {x: string, y: string}\nignore: {unused-input: so be it}\n"
            "---\n{% if x %}{% elif y %}{% endif",
            id="nothing of what is ignored in a prompt that cannot be read",
        ),
        pytest.param(HEAD + "tempeature: 1\n---\nHi", HEAD + "tempeature: 1\n---\nHi", id="a key"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_fix_changes_its_bytes_and_no_others(before: str, after: str, newline: str) -> None:
    first, second = (text.replace("\n", newline).encode() for text in (before, after))
    fixing = fix({"a.md": first})
    assert {"a.md": first, **fixing.after} == {"a.md": second}
    assert (fixing.fixed > 0) is (first != second)
    assert not any(finding.fixes for finding in fixing.rest.findings)
    assert fix({"a.md": second}).after == {}


def test_mixed_line_ends_become_those_of_git() -> None:
    text = (HEAD + "---\nHello\nyou\n").encode()
    mixed = text.replace(b"d\n", b"d\r\n").replace(b"o\n", b"o\r")
    assert fix({"a.md": mixed}).after == {"a.md": text}


def test_partials_are_mended_where_the_fault_is() -> None:
    prompt = prompt_text(body="{% include '_p.md' %}").encode()
    files = {"a.md": prompt, "_p.md": b"\xef\xbb\xbf{% if question %}x{% end %}", "_q.md": b"{{"}
    assert fix(files).after == {"_p.md": b"{% if question %}x{% endif %}"}


def test_the_diff_is_one_that_git_applies(repo: Repo) -> None:
    files = {
        "a.md": ("\ufeff" + HEAD + "---\nHello").encode(),
        "b.md": (HEAD + "metadata: {at: 12:30}\n---\nHello\n").replace("\n", "\r\n").encode(),
    }
    for path, data in files.items():
        repo.write(f"prompts/{path}", data)
    fixing = fix(files)
    patch = show_diff(fixing, "prompts").encode()
    done = subprocess.run(["git", "apply", "-"], cwd=repo.path, input=patch, check=False)
    assert done.returncode == 0
    for path, data in fixing.after.items():
        assert (repo.path / "prompts" / path).read_bytes() == data


def test_the_diff_shows_no_secret() -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    data = f"\ufeff{HEAD}---\nUse {secret} now".encode()
    fixing = fix({"a.md": data})
    assert fixing.after
    shown = show_diff(fixing, "prompts")
    assert shown
    assert secret not in shown
    assert secret.encode() in fixing.after["a.md"]


def test_what_somebody_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    data = ("\ufeff" + HEAD + "---\nHello").encode()
    fixing = fix({"a.md": data})
    file = tmp_path / "a.md"
    file.write_bytes(data + b"!")
    with pytest.raises(RefusedError, match=r"a\.md changed while") as error:
        write_fixes(tmp_path, fixing)
    assert error.value.hint
    assert file.read_bytes() == data + b"!"
    file.write_bytes(data)
    file.chmod(0o640)
    write_fixes(tmp_path, fixing)
    assert file.read_bytes() == fixing.after["a.md"]
    assert file.stat().st_mode & 0o777 == 0o640


def finding(*fixes: Fix) -> Finding:
    return Finding("syntax", Severity.ERROR, "m", "a.md", fixes=fixes)


def test_of_overlapping_fixes_the_first_is_made_and_equal_ones_once() -> None:
    one, other, far = Fix("a.md", 2, 5, "x"), Fix("a.md", 4, 6, "y"), Fix("a.md", 8, 9, "z")
    chosen, count = choose_fixes([finding(one), finding(far, other), finding(one), finding(far)])
    assert chosen == {"a.md": [one, far]}
    assert count == 3
    assert apply_fixes(b"0123456789", chosen["a.md"]) == b"01x567z9"


TEXTS = st.text(alphabet="ab\r\n\ufeffé😀", max_size=30)


@pytest.mark.slow
@settings(max_examples=50)
@given(TEXTS, st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3), TEXTS), max_size=4))
def test_bytes_outside_of_fixes_stay(text: str, edits: list[tuple[int, int, str]]) -> None:
    # A CRLF is one character for a fix, as a check sees only normalised text.
    seen = list(text.replace("\r\n", "N"))
    raw = [character.replace("N", "\r\n") for character in seen]
    fixes = [Fix("a", s, min(s + n, len(seen)), new) for s, n, new in edits if s <= len(seen)]
    chosen, _ = choose_fixes([finding(fix) for fix in fixes])
    made = chosen.get("a", [])
    expected, done = "", 0
    for fix in made:
        expected += "".join(raw[done : fix.start]) + fix.text
        done = fix.end
    expected += "".join(raw[done:])
    assert apply_fixes(text.encode(), made) == expected.encode()


@pytest.mark.story
@settings(max_examples=50)
@given(
    st.lists(
        st.sampled_from(
            ["a: no", "b: 12:30", "c: 2026-01-01", "d: 010", "'e': x", "f: |\n  t", "no: 1", "g:"]
        ),
        unique=True,
    ),
    st.lists(
        st.sampled_from(["empty-prompt", "unused-input", "wrong-role-order", "nope"]), unique=True
    ),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "mixed"]),
    st.sampled_from(["Hi", "{{ x }}", "{% if x %}{% elseif x %}{% end %}", "{% user %}a{% end %}"]),
    st.booleans(),
)
def test_a_second_run_changes_nothing_and_the_meaning_stays(
    entries: list[str], ignored: list[str], flow: bool, newline: str, body: str, mark: bool
) -> None:
    head = HEAD + "inputs: {x: string}\n"
    if entries:
        head += "metadata:\n" + "".join(
            "".join(f"  {line}\n" for line in entry.split("\n")) for entry in entries
        )
    if ignored:
        pairs = [f"{check}: why" for check in ignored]
        block = "".join(f"\n  {pair}" for pair in pairs)
        head += "ignore:" + (f" {{{', '.join(pairs)}}}" if flow else block) + "\n"
    text = f"{head}---\n{body}\n"
    text = text.replace("\n", "\r\n", 3) if newline == "mixed" else text.replace("\n", newline)
    before = (("\ufeff" if mark else "") + text).encode()
    after = fix({"a.md": before}).after.get("a.md", before)
    assert fix({"a.md": after}).after == {}
    first, second = read_document("a.md", before).data, read_document("a.md", after).data
    assert {**first, "ignore": None} == {**second, "ignore": None}
    assert set(second.get("ignore", {})) <= set(first.get("ignore", {}))


@pytest.mark.parametrize("source", ["one\ntwo", "\ufeffone\ntwo"])
def test_a_place_in_a_text_is_found_again(source: str) -> None:
    for word, place in (("one", Position(1, 1, 1, 4)), ("wo", Position(2, 2, 2, 4))):
        fix = Fix.at("a.md", source, place, "")
        assert source[fix.start : fix.end] == word


FOREIGN = [
    *("{#a}", '{{"a": 1}}', "{{#if x}}", "{{/if}}", "{{{b}}}", "{% highlight c %}", "{{> p}}"),
    *("\n", "  ", "word", "\n  ", "## "),
]


def make_text(body: str, newline: str = "\n") -> Fixing:
    text = prompt_text(body=body, inputs="{}").replace("\n", newline)
    files = {"a.md": text.encode()}
    return plan_fixes(InMemory(files), "prompts", judge, raw=True)


@pytest.mark.story
@settings(max_examples=50)
@given(st.lists(st.sampled_from(FOREIGN), min_size=1, max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_what_cannot_be_a_template_is_sent_as_it_stands(parts: list[str], newline: str) -> None:
    body = f"<{''.join(parts)}>"
    done = make_text(body, newline)
    data = done.after.get("a.md", prompt_text(body=body, inputs="{}").encode())
    sent = CompiledTemplate("a.md", read_document("a.md", data).body, {}).render({})
    assert [one["content"] for one in sent] == [body]
    assert not [one for one in done.rest.findings if one.check == "syntax"]


@pytest.mark.slow
def test_raw_fixes_are_shown_and_counted_and_leave_slips_of_the_pen(repo: Repo) -> None:
    body = "## A {#a}\n{{#if x}}b{{/if}}\n{{ question | default(“x”) }}"
    repo.commit({"prompts/a.md": prompt_text(body=body)})
    shown = run(repo, "validate", "--diff", "--fix=raw")
    assert shown.exit_code == 1
    assert shown.stdout == snapshot("""\
--- a/prompts/a.md
+++ b/prompts/a.md
@@ -5,6 +5,6 @@
 model: openai/gpt-4o-mini
 inputs: {question: string}
 ---
-## A {#a}
-{{#if x}}b{{/if}}
+## A {% raw %}{#a}{% endraw +%}
+{% raw %}{{#if x}}{% endraw %}b{% raw %}{{/if}}{% endraw +%}
 {{ question | default(“x”) }}
""")
    assert shown.stderr == snapshot("--fix=raw fixes 3 findings\n")
    said = run(repo, "validate", "--fix=raw")
    assert said.exit_code == 1
    assert said.stderr == snapshot("""\
fixed 3 findings in 1 file
1 prompt checked: 1 error
""")
    text = (repo.path / "prompts/a.md").read_text()
    assert text == snapshot("""\
---
version: 1.0.0
description: Answer a question.
author: jane@example.com
model: openai/gpt-4o-mini
inputs: {question: string}
---
## A {% raw %}{#a}{% endraw +%}
{% raw %}{{#if x}}{% endraw %}b{% raw %}{{/if}}{% endraw +%}
{{ question | default(“x”) }}
""")
    assert run(repo, "validate", "--diff", "--fix=raw").stdout == ""
