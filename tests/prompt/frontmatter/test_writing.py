"""What is written as YAML is read as the same values."""

from __future__ import annotations

import pytest
import yaml

from promptops.prompt.frontmatter.writing import dump_yaml
from promptops.prompt.suite.reading import read_suite

TEXTS = (
    *("1e3", "1E3", "1e-3", "1.5e3", "0e0", "0o17", "0x1F", "010", "1_000", "1.10", "12:30", "+1"),
    *(
        "5.",
        ".5",
        ".inf",
        "nan",
        "0b1",
        "no",
        "yes",
        "on",
        "y",
        "Null",
        "~",
        "",
        "=",
        "<<",
        "2026-01-01",
    ),
    *(
        "a: b",
        "a #b",
        "- a",
        "# x",
        "? x",
        "{a",
        "[a",
        "&x",
        "*x",
        "!x",
        "%x",
        "@x",
        "`x",
        "|",
        ">",
    ),
    *("  x", "x  ", "x\n", "a\nb", "\ta", "---", "...", "'x", '"x', "é", "😀", "x\x85a", "\u2028x"),
)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_in_a_suite_is_read_as_the_same_text(text: str) -> None:
    inputs = {"t": text, "list": [text], "nested": {"key": text}}
    sample = {"name": "x", "inputs": inputs, "expect": [{"length": {"max": 5}}]}
    suite = {"schema": "promptops.suite/v1", "prompt": "a", "samples": [sample]}
    reading = read_suite("evals/a.yaml", dump_yaml(suite).encode())
    assert reading.faults == ()
    assert reading.suite is not None
    assert reading.suite.samples[0].inputs == inputs


def test_values_keep_their_kinds_and_their_order_and_are_never_aliased() -> None:
    shared = [1, 1.5, True, None, "1"]
    value = {"b": shared, "a": shared}
    text = dump_yaml(value)
    assert yaml.safe_load(text) == value
    assert text.startswith("b:")
    assert "&" not in text
