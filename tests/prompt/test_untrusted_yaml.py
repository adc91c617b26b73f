"""YAML whose aliases multiply, with the bound lowered."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from promptops.prompt import untrusted_yaml
from promptops.prompt.untrusted_yaml import load_untrusted
from promptops.protection.doctor.workflows import parse_workflow
from tests.screens import masked

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab 1:-", max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab", max_size=3), inner),
    max_leaves=10,
)
DOUBLED = "a: &a [x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: [*c, *c, *c]\n"
MERGED = "a: &a {k: x}\nb: &b {<<: [*a, *a, *a]}\nc: &c {<<: [*b, *b, *b]}\nd: {<<: [*c, *c, *c]}\n"
LOADERS = [None, yaml.SafeLoader]


@pytest.mark.slow
@settings(max_examples=50)
@given(VALUES)
@pytest.mark.parametrize("loader", LOADERS)
def test_anything_is_read_as_pyyaml_reads_it(loader: Any, value: object) -> None:
    text = yaml.safe_dump([value, value])
    assert load_untrusted(text, loader) == yaml.safe_load(text) == [value, value]


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("text", [DOUBLED, MERGED])
def test_what_multiplies_is_refused(
    loader: Any, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_untrusted(text, loader) == yaml.safe_load(text)
    monkeypatch.setattr(untrusted_yaml, "MAX_VALUES", 40)
    with pytest.raises(yaml.YAMLError, match="expands to more than 40 values"):
        load_untrusted(text, loader)


@pytest.mark.parametrize("text", ["&a [*a]", "&a {b: *a}", "a: &a {<<: *a}"])
def test_what_holds_itself_is_refused(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="an alias refers to a value that contains it"):
        load_untrusted(text)


@pytest.mark.parametrize("text", ["", "# nothing", "---\n"])
def test_nothing_is_nothing(text: str) -> None:
    assert load_untrusted(text) is None


def test_two_documents_are_not_one() -> None:
    with pytest.raises(yaml.YAMLError):
        load_untrusted("a\n---\nb\n")


def test_a_workflow_that_multiplies_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untrusted_yaml, "MAX_VALUES", 40)
    said = parse_workflow("a.yml", f"jobs: {{}}\n{DOUBLED}".encode())
    assert isinstance(said, str)
    assert masked(said) == snapshot(
        'it expands to more than 40 values in "<unicode string>", line 5, column 4'
    )
