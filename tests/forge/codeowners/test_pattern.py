"""Patterns of both dialects, and slow matchers that read them by the book."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from promptops.forge.codeowners import (
    Dialect,
    OwnersState,
    parse_owners,
)
from promptops.forge.codeowners.pattern import (
    compile_github,
    compile_gitlab,
    github_fault,
    normalize_gitlab,
)
from tests.forge.codeowners.pieces import GITHUB, PATHS

if TYPE_CHECKING:
    from collections.abc import Callable


# Patterns


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*", "a a/b .x/.y", ""),
        ("**", "a a/b", ""),
        ("/**", "a a/b", ""),
        ("/*", "a .x", "a/b"),
        ("*.md", "a.md a/b.md a.md/b .md", "a.mdx a.MD"),
        ("/*.md", "a.md a.md/b", "a/b.md"),
        ("docs", "docs docs/a x/docs x/docs/a", "doc docs2/a"),
        ("/docs", "docs docs/a docs/a/b", "x/docs"),
        ("docs/", "docs/a x/docs/a/b", "docs x/docs"),
        ("a/b", "a/b a/b/c", "x/a/b a/x/b"),
        ("a/b/", "a/b/c", "a/b x/a/b/c"),
        ("docs/*", "docs/a", "docs/a/b docs x/docs/a"),
        ("docs/**", "docs/a docs/a/b", "docs x/docs/a"),
        ("docs/**/*", "docs/a docs/a/b", "docs"),
        ("**/docs/*", "docs/a x/docs/a", "docs/a/b"),
        ("a/**/b", "a/b a/x/b a/x/y/b a/b/c", "a/xb x/a/b"),
        ("a/**/**/b", "a/b a/x/y/b", "a/xb"),
        ("*/", "a/b a/b/c", "a"),
        ("**/", "a/b a/b/c", "a"),
        ("/**/", "a/b", "a"),
        ("a/**/", "a/b/c", "a a/b"),
        ("a/*/", "a/b/c a/b/c/d", "a/b"),
        ("a**b", "ab axb x/axxb axb/c", "a/b"),
        ("a?c", "abc aéc x/abc", "ac a/c"),
        ("?", "a a/b x/a", "ab"),
        ("a*b*c", "abc a1b2c abcbc", "acb ab"),
        (r"a\*b", "a*b", "ab axb"),
        (r"a\?", "a?", "ab"),
        (r"\[id\].tsx", "[id].tsx x/[id].tsx", "i.tsx"),
        (r"with\ space", "with·space x/with·space/a", "with"),
        (r"a\/b", "a/b", r"a\/b"),
        ("a//b", "", "a/b a//b"),
        ("./a", "", "a"),
        ("foo#bar", "foo#bar", "foo"),
    ],
)
def test_github_patterns(pattern: str, matching: str, others: str) -> None:
    owners = parse_owners(f"{pattern} @x\n", GITHUB)
    assert owners.problems == ()
    for path in matching.replace("·", "\xa0").split(" "):
        if path:
            found = owners.match(path.replace("\xa0", " "))
            assert (path, found.owners) == (path, ("@x",))
    for path in others.split():
        assert (path, owners.match(path).state) == (path, OwnersState.UNMATCHED)


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*", "a a/b .x/.y", ""),
        ("/", "a a/b", ""),
        ("/*", "a", "a/b"),
        ("/**", "a", "a/b"),
        ("/docs/**", "docs/a", "docs/a/b"),
        ("/docs/**/*", "docs/a docs/a/b", "docs"),
        ("docs", "docs x/docs", "docs/a"),
        ("docs/", "docs/a x/docs/a/b", "docs"),
        ("a/b", "a/b x/a/b", "a/b/c"),
        ("/a/**/b", "a/b a/x/y/b", "x/a/b"),
        ("*.[ch]", "a.c x/b.h", "a.o a.[ch]"),
        ("[!a-c]", "d x/-", "a b c dd"),
        ("[^a]", "b", "a"),
        ("[z-a]", "z a", "m"),
        ("[a-]", "a -", "b"),
        (r"[\]]", "]", r"\ a"),
        ("[]a]", "", "a ] ]a]"),
        ("[a", "", "a [a"),
        ("[!]", "a ]", ""),
        ("x[a/b]y", "xay xby", "x/y xa/by"),
        (r"\#x", "#x", "x"),
        (r"a\*", "a*", "ab"),
        ("{a,b}", "{a,b}", "a b"),
        ("é?", "éx é日", "éxy"),
    ],
)
def test_gitlab_patterns(pattern: str, matching: str, others: str) -> None:
    # A word before the bracket, or GitLab would take the line for a heading.
    matcher = compile_gitlab(normalize_gitlab(pattern))
    for path in matching.split():
        assert (path, matcher.matches(path.split("/"))) == (path, True)
    for path in others.split():
        assert (path, matcher.matches(path.split("/"))) == (path, False)


def test_a_pattern_with_escaped_spaces_is_one_word() -> None:
    for dialect in Dialect:
        owners = parse_owners("/a\\ b/c\\ d @x\n", dialect)
        assert owners.match("a b/c d").owners == ("@x",)
        assert owners.match("a").state is OwnersState.UNMATCHED


# A slow matcher that is obviously right


def slow_name(pattern: str, name: str) -> bool:
    """gitignore's rules within one name."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return slow_name(pattern[1:], name) or (name != "" and slow_name(pattern, name[1:]))
    if pattern == "\\":
        return name == pattern  # nothing follows that it could escape
    if pattern[0] == "\\":
        pattern = pattern[1:]
    elif pattern[0] == "?":
        return name != "" and slow_name(pattern[1:], name[1:])
    return name[:1] == pattern[0] and slow_name(pattern[1:], name[1:])


def slow_github(pattern: str, path: str) -> bool:
    names = pattern.replace("\\/", "/").split("/")
    if names[0] == "":
        names = names[1:]
    elif len(names) == 1 or (len(names) == 2 and names[1] == ""):
        names = ["**", *names]
    is_folder = names[-1] == ""
    if is_folder:
        names = names[:-1]
    if not names:
        return False

    def walk(names: list[str], parts: list[str]) -> bool:
        if not names:
            return bool(parts) if is_folder else (not parts or last != "*")
        if names[0] == "**" and (len(names) > 1 or is_folder):
            rest = names[1:] or ["?*"]
            return walk(rest, parts) or (bool(parts) and walk(names, parts[1:]))
        if names[0] == "**":
            return bool(parts)
        return bool(parts) and slow_name(names[0], parts[0]) and walk(names[1:], parts[1:])

    last = names[-1]
    return "" not in names and walk(names, path.split("/"))


def slow_fnmatch(pattern: str, text: str, *, is_start: bool = True) -> bool:
    """Ruby's `File.fnmatch` with FNM_DOTMATCH and FNM_PATHNAME."""
    if is_start and pattern.startswith("**/"):
        below = text.partition("/")[2]
        return slow_fnmatch(pattern[3:], text) or ("/" in text and slow_fnmatch(pattern, below))
    if not pattern:
        return not text
    first, rest = pattern[0], pattern[1:]
    in_name = text != "" and text[0] != "/"
    if first == "*":
        return slow_fnmatch(rest, text, is_start=False) or (
            in_name and slow_fnmatch(pattern, text[1:], is_start=False)
        )
    if first == "?":
        return in_name and slow_fnmatch(rest, text[1:], is_start=False)
    if first == "[":
        read = slow_class(rest)
        if read is None or not in_name:
            return False
        is_member, rest = read
        return is_member(text[0]) and slow_fnmatch(rest, text[1:], is_start=False)
    if first == "\\" and rest:
        first, rest = rest[0], rest[1:]
    return text[:1] == first and slow_fnmatch(rest, text[1:], is_start=first == "/")


def slow_class(text: str) -> tuple[Callable[[str], bool], str] | None:
    negated = text[:1] in {"!", "^"}
    characters = list(text[negated:])
    ranges: list[tuple[str, str]] = []

    def take() -> str | None:
        if characters[:1] == ["\\"]:
            characters.pop(0)
        return characters.pop(0) if characters else None

    while characters[:1] != ["]"]:
        low = high = take()
        if characters[:1] == ["-"] and characters[1:2] != ["]"]:
            characters.pop(0)
            high = take()
        if low is None or high is None:
            return None
        ranges.append((low, high))
    return (
        lambda one: (
            any(low <= one <= high or one in {low, high} for low, high in ranges) != negated
        ),
        "".join(characters[1:]),
    )


@pytest.mark.slow
@given(st.text("ab*?/\\", min_size=1, max_size=10), PATHS)
@example("a/**/", "a/b/b")
@example("**/**", "a")
@example("\\/", "[")
@example("\\\\/", "[")
def test_github_patterns_match_as_the_slow_matcher_says(pattern: str, path: str) -> None:
    if github_fault(pattern) is None:
        matcher = compile_github(pattern)
        assert matcher.matches(path.split("/")) == slow_github(pattern, path)


@pytest.mark.slow
@given(st.text("ab*?/\\[]!-", min_size=1, max_size=12), PATHS)
@example("[a/b]*", "a")
@example("**\\/b", "b")
@example("a/**\\/", "a")
def test_gitlab_patterns_match_as_the_slow_matcher_says(pattern: str, path: str) -> None:
    normalized = normalize_gitlab(pattern)
    matcher = compile_gitlab(normalized)
    assert matcher.matches(path.split("/")) == slow_fnmatch(normalized, f"/{path}")
