"""The frontmatter's contract: which values pass, and what is said of those that do not."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.prompt.faults import check_declarations
from promptops.prompt.frontmatter.document import read_document
from promptops.prompt.metadata import check_metadata, frontmatter_schema
from promptops.prompt.schema import compile_schema
from tests.prompt.pieces import REQUIRED, judge, read


@pytest.mark.parametrize(
    "line",
    [
        "version: 2.0.0-rc.1", "description: What it is for", "author: Jane", "model: a/b",
        "requires_review: true", "status: draft", "status: deprecated", "tags: []", "tags: [a, b]",
        "fallbacks: [m, n]", "temperature: 0", "temperature: 0.7", "top_p: 1", "top_p: 0.5",
        "max_tokens: 1", "stop: END", "stop: [a, b]", "seed: -1", "seed: 18446744073709551615",
        "timeout: 0.5", "parameters: {}", "parameters: {logit_bias: {'50256': -100}}", "inputs: {}",
        "inputs: {a: string, _b1: {type: [string, 'null']}, c: {enum: [1, x]}, d: {}}",
        "inputs: {a: {type: string, untrusted: true, redact: true, description: d, default: x}}",
        "output: {}", "output: {type: object}", "output: _shared/out.json", "tools: [t/a.json]",
        "routes: [{when: a, model: m}, {when: b, prompt: p}, {when: c, reply: ''}]",
        "escalate: {when: a, model: m}", "review: {when: a}", "limitations: None known",
        "limitations: [a, b]", "evals: evals/a.yaml", "ignore: {some-check: because}",
        "choose: {by: cost, among: [m, n]}", "repair: 1", "reply: Sorry.", "reply: {topic: [a]}",
        "rules: {forbid: ['(?i)as an AI']}", "rules: {hosts: []}",
        "metadata: {}", "metadata: {anything: [1, {a: b}]}",
    ],
)  # fmt: skip
def test_good_values_pass(line: str) -> None:
    assert judge(line) == []
    assert list(check_declarations(read(line))) == []


_WORDS = st.sampled_from(
    [
        *(
            "",
            " ",
            "a",
            "b",
            "é",
            "a\nb",
            "\ud800",
            "1.2.3",
            "1.02.3",
            "1.2",
            "1.2.3-rc.1",
            "\uff11.0.0",
        ),
        *("1234567890.0.0", "draft", "string", "text", "untrusted", "_x", "1x", "type", "x" * 1025),
    ]
)


_ATOMS = st.one_of(
    _WORDS,
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**53, 2**64, 10**30, 0.5, 1.0, 1e308, float("inf"), float("nan")]),
)


_VALUES = st.recursive(
    _ATOMS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=6,
)


_METADATA = st.fixed_dictionaries(
    {key: st.sampled_from(["1.0.0", "a"]) | _VALUES for key in REQUIRED},
    optional={
        **{key: _VALUES for key in frontmatter_schema()["properties"] if key not in REQUIRED},
        "unknown": _VALUES,
        "inputs": st.dictionaries(_WORDS, _VALUES, max_size=3),
    },
)


@pytest.mark.story
@given(_METADATA)
def test_a_document_is_refused_exactly_when_the_engine_refuses_it(data: dict[str, Any]) -> None:
    whole = all(not isinstance(data.get(key), float) for key in ("max_tokens", "seed"))
    text = f"---\n{json.dumps(data)}\n---\n".encode()
    document = read_document("a.md", text)
    if not document.faults:
        is_valid = compile_schema(frontmatter_schema()).is_valid(dict(document.data)) and whole
        assert (not list(check_metadata(document))) == is_valid


@pytest.mark.slow
def test_ordinary_frontmatter_needs_no_engine() -> None:
    # Every command would wait for it.
    text = b"---\nversion: 1.0.0\ndescription: d\nauthor: a\nmodel: m\ntags: [a]\n---\n"
    code = (
        "import sys; from promptops.prompt.frontmatter.document import read_document as read;"
        "from promptops.prompt.metadata import check_metadata;"
        f"assert not list(check_metadata(read('a.md', {text!r})));"
        "assert 'jsonschema_rs' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
