"""Names of prompts, and refs to their versions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.errors import UsageError
from promptops.prompt.reference import (
    PromptRef,
    SelectorKind,
    check_environment,
    check_name,
    is_partial,
    is_prompt,
    name_fault,
    name_from_path,
    parse_ref,
    parse_release_tag,
    parse_selector,
    release_tag,
    yank_tag,
)
from promptops.prompt.version import Version

segments = st.from_regex(r"[a-z0-9]{1,4}([._-][a-z0-9]{1,3}){0,2}", fullmatch=True)
names = st.lists(segments, min_size=1, max_size=4).map("/".join).filter(lambda n: not name_fault(n))


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "0",
        "triage",
        "support/triage",
        "a/b/c/d",
        "gpt-4.1-mini_x",
        "v1.2",
        "lock",
        "a.locks",
        "con-text",
        "console",
        "com",
        "com10",
        "a.md",
        "latest",
        "x" * 200,
    ],
)
def test_good_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("", "such as support/triage"),
        ("/", "lower-case"),
        ("/a", "such as a"),
        ("a/", "such as a"),
        ("a//b", "such as a/b"),
        (".", "lower-case"),
        ("..", "lower-case"),
        ("../a", "such as a"),
        ("a/../b", "such as a/b"),
        (".git/config", "such as git/config"),
        ("-a", "such as a"),
        ("--output=x", "such as output-x"),
        ("a-", "such as a"),
        ("a--b", "such as a-b"),
        ("a..b", "such as a-b"),
        ("a.-b", "such as a-b"),
        ("_a", "such as a"),
        ("a/_b", "such as a/b"),
        ("Support/Triage.md", "such as support/triage"),
        ("a b", "such as a-b"),
        ("a\tb", "such as a-b"),
        ("a\n", "such as a"),
        ("a\\b", "such as a-b"),
        ("a:b", "such as a-b"),
        ("a*", "such as a"),
        ("a@b", "such as a-b"),
        ("a~1", "such as a-1"),
        ("\u00e9t\u00e9", "such as t"),
        ("\uff41", "lower-case"),
        ("\u0661", "lower-case"),
        ("a\u200bb", "such as a-b"),
        ("a\0b", "such as a-b"),
        ("a.lock", ".lock"),
        ("a.lock/b", ".lock"),
        ("con", "device"),
        ("a/nul.x", "device"),
        ("com1", "device"),
        ("lpt9.a.b/c", "device"),
    ],
)
def test_bad_names_are_refused_with_a_suggestion(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_name(name)
    assert hint in (caught.value.hint or "")
    assert caught.value.message.isprintable()


def test_a_very_long_name_is_refused_in_a_short_message() -> None:
    with pytest.raises(UsageError, match="longer than 200") as caught:
        check_name("x" * 100_000)
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("name", ["staging", "production", "p", "eu-west-1", "v1"])
def test_good_environments(name: str) -> None:
    assert check_environment(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "1a", "-a", "a-", "a--b", "A", "a_b", "a.b", "a/b", "a\n", "latest", "working", "x" * 300],
)
def test_bad_environments_are_refused_with_a_hint(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_environment(name)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1.2.0", SelectorKind.VERSION),
        ("2.0.0-rc.1", SelectorKind.VERSION),
        ("1.2", SelectorKind.RANGE),
        ("1", SelectorKind.RANGE),
        ("1.2.x", SelectorKind.RANGE),
        ("^1.2", SelectorKind.RANGE),
        ("~1.2.0", SelectorKind.RANGE),
        ("=1.2.0", SelectorKind.RANGE),
        (">=1.0.0,<2.0.0", SelectorKind.RANGE),
        ("latest", SelectorKind.LATEST),
        ("working", SelectorKind.WORKING),
        ("production", SelectorKind.ENVIRONMENT),
        ("latest-2", SelectorKind.ENVIRONMENT),
    ],
)
def test_a_selector_says_what_it_is(text: str, kind: SelectorKind) -> None:
    selector = parse_selector(text)
    assert selector.kind is kind
    assert str(selector) == text
    assert (selector.version is not None) is (kind is SelectorKind.VERSION)
    assert (selector.range is not None) is (kind is SelectorKind.RANGE)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a@", "name a version"),
        ("@1.0.0", "name such as"),
        ("@", "name such as"),
        ("a@b@c", "lower-case"),
        ("a@v1.2.0", "leave out the letter: 1.2.0"),
        ("a@1.2.0+x", "build metadata"),
        ("a@1.2.0-RC", "1.2.0-rc"),
        ("a@1.2.0 ", "white space"),
        ("a@Production", "lower-case"),
        ("a@LATEST", "lower-case"),
        ("a@-1", "write"),
        ("a@--all", "write"),
        ("a@..", "write"),
        ("a@refs/heads/main", "lower-case"),
        ("a@HEAD~1", "lower-case"),
        ("a@\u0661.0.0", "write"),
        ("a@^1.0.0-rc.1", "never name pre-releases"),
        ("A@1.0.0", "such as a"),
    ],
)
def test_bad_refs_are_refused_with_a_hint(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_ref(text)
    assert hint in (caught.value.hint or "")
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("text", ["a", "a/b@1.0.0", "a@latest", "a@>=1,<2", "a@staging"])
def test_a_ref_reads_and_writes_itself(text: str) -> None:
    assert str(parse_ref(text)) == text


def test_a_ref_without_selector_has_none() -> None:
    assert parse_ref("support/triage") == PromptRef("support/triage", None)


@pytest.mark.story
@given(names, st.sampled_from(["0.0.0", "1.2.3", "10.20.30-rc.1.x"]).map(Version.parse))
def test_release_tags_read_back(name: str, version: Version) -> None:
    assert parse_release_tag(release_tag(name, version)) == (name, version)
    assert parse_release_tag(yank_tag(name, version)) is None


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "prompts/a@1.0.0",
        "refs/tags/a@1.0.0",
        "refs/tags/prompts/a",
        "refs/tags/prompts/@1.0.0",
        "refs/tags/prompts/a@",
        "refs/tags/prompts/a@1.0",
        "refs/tags/prompts/a@v1.0.0",
        "refs/tags/prompts/A@1.0.0",
        "refs/tags/prompts/a@b@1.0.0",
        "refs/tags/prompts/a@1.0.0^{}",
        "refs/tags/yanked/prompts/a@1.0.0",
        "refs/heads/prompts/a@1.0.0",
    ],
)
def test_other_refs_are_no_release_tags(ref: str) -> None:
    assert parse_release_tag(ref) is None


@pytest.mark.slow
@given(st.text(max_size=40))
def test_any_text_is_a_ref_or_a_usage_error(text: str) -> None:
    try:
        ref = parse_ref(text)
    except UsageError:
        return
    assert str(ref) == text


@pytest.mark.parametrize(
    ("path", "prompt", "partial"),
    [
        ("a.md", True, False),
        ("a/b.md", True, False),
        ("_a.md", False, True),
        ("_shared/a.md", False, True),
        ("a/_b/c.md", False, True),
        ("README.md", False, False),
        ("a/README.md", False, False),
        ("a.json", False, False),
    ],
)
def test_files_are_prompts_partials_or_neither(path: str, prompt: bool, partial: bool) -> None:
    assert is_prompt(path) is prompt
    assert is_partial(path) is partial


def test_a_prompt_is_named_like_its_path() -> None:
    assert name_from_path("a/b.md") == "a/b"
