"""YAML read to plain values, with a fault wherever it says other than it seems to."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from promptops.prompt.frontmatter import yaml_values as yaml_frontmatter
from tests.prompt.frontmatter.pieces import read


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", 1), ("-1", -1), ("+1", 1), ("0", 0), ("18446744073709551615", 2**64 - 1),
        ("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("-0.5", -0.5), ("1.0e+3", 1000.0), ("1.10", 1.1),
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        ("'1e3'", "1e3"), ("0x", "0x"), ("1.2.3", "1.2.3"), ("y", "y"), ("n", "n"),
        ("'yes'", "yes"), ('"12:30"', "12:30"), ("!!str 1", "1"), ("|\n  a\n  b", "a\nb\n"),
        ("[]", []), ("{a: {b: [1, c]}}", {"a": {"b": [1, "c"]}}),
    ],
)  # fmt: skip
def test_plain_values_are_what_they_look_like(written: str, value: object) -> None:
    document = read(f"a: {written}")
    assert document.faults == ()
    assert document.data["a"] == value
    assert type(document.data["a"]) is type(value)


@pytest.mark.parametrize(
    "written",
    ["yes", "No", "ON", "off", "010", "0x1F", "0b11", "1_000", "12:30", "1:30.5", ".inf", "-.Inf",
     ".nan", "1.0e+400", "18446744073709551616", "9" * 5000, "2024-01-01", "2024-01-01 10:00:00",
     "=", "!!int abc", "!!float 1e3", "!!bool maybe", "!!null x",
     "1e3", "-1.5e3", "-.5", "08", "0o17"],
)  # fmt: skip
def test_what_yaml_would_read_differently_loads_as_the_text_with_a_fault(written: str) -> None:
    document = read(f"a: {written}")
    assert [fault.check for fault in document.faults] == ["surprising-yaml"]
    assert document.data["a"] == written.rsplit(" ", 1)[-1] if "!!" in written else written
    assert len(document.faults[0].message) < 200


@pytest.mark.parametrize(
    "opening", ["[", "{a: ", "- ", "\n".join(" " * n + "k:" for n in range(99))]
)
def test_deep_nesting_is_refused_whether_it_is_long_or_short(opening: str) -> None:
    for depth in (70, 200, 100_000):
        document = read("a:\n  " + opening * depth if len(opening) < 9 else opening)
        assert document.faults
        assert all(fault.check == "broken-frontmatter" for fault in document.faults)


def resolve(loader: Any, kind: type[yaml.Node], value: str | None, *, is_plain: bool) -> object:
    return loader("").resolve(kind, value, (is_plain, not is_plain))


@pytest.mark.slow
@given(st.text("0123456789.+-_:eExob~<=aflnorstuyNTYF# TZ", max_size=12), st.booleans())
@example("1.2.0", True)
@example("0123", True)
@example("False", True)
@example("2026-01-31", True)
@example("", True)
def test_scalars_are_told_apart_as_yaml_does(value: str, is_plain: bool) -> None:
    ours, theirs = (
        resolve(loader, yaml.ScalarNode, value, is_plain=is_plain)
        for loader in (yaml_frontmatter._YamlLoader, yaml.SafeLoader)
    )
    assert ours == theirs


@pytest.mark.parametrize("kind", [yaml.MappingNode, yaml.SequenceNode])
def test_collections_are_told_apart_as_yaml_does(kind: type[yaml.Node]) -> None:
    ours, theirs = (
        resolve(loader, kind, None, is_plain=True)
        for loader in (yaml_frontmatter._YamlLoader, yaml.SafeLoader)
    )
    assert ours == theirs
