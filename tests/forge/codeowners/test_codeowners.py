"""Who owns a path: both dialects, faulty files, hostile patterns, and the lint."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from promptops.forge.codeowners import (
    MAX_BYTES,
    OWNERS_PATHS,
    Dialect,
    OwnersState,
    decode_owners,
    find_owners_file,
    owner_key,
    parse_owners,
)
from promptops.forge.codeowners.glob import ElementRun
from promptops.forge.codeowners.lint import LintContext, lint_owners
from promptops.forge.codeowners.pattern import (
    compile_github,
    compile_gitlab,
    github_fault,
    normalize_gitlab,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import FrameType

    from promptops.prompt.finding import Finding

GITHUB, GITLAB = Dialect.GITHUB, Dialect.GITLAB

SHARED_CASES = Path(__file__).parents[4] / "shared" / "data" / "codeowners_cases.json"


def answers(text: str, path: str, dialect: Dialect = GITLAB) -> dict[str | None, tuple[str, ...]]:
    return {rule.section: rule.owners for rule in parse_owners(text, dialect).match(path).answers}


def faults(text: str, dialect: Dialect) -> list[tuple[str, int | None]]:
    return [
        (problem.check, problem.position.line if problem.position else None)
        for problem in parse_owners(text, dialect).problems
    ]


# Cases restated from the forges' documentation and source


def shared_cases() -> list[Any]:
    if not SHARED_CASES.exists():
        skip = pytest.mark.skip(reason="the shared table of cases is not beside this checkout")
        return [pytest.param(None, marks=skip, id="shared")]
    return [
        pytest.param(case, id=case["id"]) for case in json.loads(SHARED_CASES.read_text())["cases"]
    ]


@pytest.mark.parametrize("case", shared_cases())
def test_the_shared_cases_hold(case: dict[str, Any]) -> None:
    dialect = Dialect(case["dialect"])
    if case["kind"] == "location":
        files = dict.fromkeys(case["present"], b"")
        found = find_owners_file(dialect, files.get)
        assert (found and found[0]) == case["expected_file"]
    elif case["kind"] == "size":
        assert parse_owners("x" * case["size_bytes"], dialect).refusal is not None
    elif case["kind"] == "sections":
        ownership = parse_owners(case["codeowners"], dialect).match(case["path"])
        expected = case["expected_sections"]
        if expected is None:  # what GitLab does is not known: we ask for an owner
            assert ownership.state is OwnersState.UNOWNED
            return
        assert {
            rule.section or "": {
                "owners": list(rule.owners),
                "approvals": rule.approvals,
                "optional": rule.is_optional,
            }
            for rule in ownership.answers
        } == expected
    else:
        ownership = parse_owners(case["codeowners"], dialect).match(case["path"])
        is_matched = ownership.state is not OwnersState.UNMATCHED
        assert (list(ownership.owners) if is_matched else None) == case["expected_owners"]
        assert ownership.line == case["expected_line"]


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


PATHS = st.lists(st.text("ab*[", min_size=1, max_size=4), min_size=1, max_size=5).map("/".join)


@given(st.text("ab*?/\\", min_size=1, max_size=10), PATHS)
@example("a/**/", "a/b/b")
@example("**/**", "a")
@example("\\/", "[")
@example("\\\\/", "[")
def test_github_patterns_match_as_the_slow_matcher_says(pattern: str, path: str) -> None:
    if github_fault(pattern) is None:
        matcher = compile_github(pattern)
        assert matcher.matches(path.split("/")) == slow_github(pattern, path)


@given(st.text("ab*?/\\[]!-", min_size=1, max_size=12), PATHS)
@example("[a/b]*", "a")
@example("**\\/b", "b")
@example("a/**\\/", "a")
def test_gitlab_patterns_match_as_the_slow_matcher_says(pattern: str, path: str) -> None:
    normalized = normalize_gitlab(pattern)
    matcher = compile_gitlab(normalized)
    assert matcher.matches(path.split("/")) == slow_fnmatch(normalized, f"/{path}")


@given(st.lists(st.text("ab*?/.", min_size=1, max_size=8), max_size=12), PATHS)
@pytest.mark.parametrize("dialect", list(Dialect))
def test_the_last_match_decides(dialect: Dialect, patterns: list[str], path: str) -> None:
    distinct = list(dict.fromkeys(patterns))
    owners = parse_owners("".join(f"{pattern} @o\n" for pattern in distinct), dialect)
    matching = [rule.line for rule in owners.rules if rule.matcher.matches(path.split("/"))]
    if dialect is GITLAB and len({normalize_gitlab(one) for one in distinct}) < len(distinct):
        return  # two spellings of one pattern; see the test of duplicates
    assert owners.match(path).line == (matching[-1] if matching else None)


@given(st.text(), st.text(), st.sampled_from(Dialect))
def test_any_text_gives_an_answer_for_any_path(text: str, path: str, dialect: Dialect) -> None:
    owners = parse_owners(text, dialect)
    assert owners.match(path).state in OwnersState
    around = LintContext("CODEOWNERS", len(text), [path], [path], [])
    assert isinstance(lint_owners(owners, around), list)


# Hostile patterns: what is counted is lines of the matcher, not time


def count_steps(action: Callable[[], object]) -> int:
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        if "owners" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(before)
    return count


HOSTILE = {
    "stars in a name": lambda size: ("a*" * size + "b", "a" * size * 2),
    "stars and questions": lambda size: ("*?" * size + "b", "a" * size * 4),
    "a long run that fails at its end": lambda size: (
        "*" + "a?" * (size // 2) + "b*",
        "a" * size * 2,
    ),
    "two stars in a path": lambda size: ("**/a/" * size + "b", "a/" * size * 2 + "c"),
    "a long run of folders": lambda size: (
        "**/" + "a/" * size + "b/**/c",
        "a/" * size * 2 + "c",
    ),
    "stars in folders": lambda size: ("**/a*a/" * size + "b", "aa/" * size * 2 + "c"),
    "classes": lambda size: ("x[!" + "ab" * size + "]*" * 9 + "b", "c" * size * 2),
    "open brackets": lambda size: ("x" + "[" * size, "a" * size),
    "backslashes": lambda size: ("\\" * size * 2, "\\" * size),
}


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("shape", HOSTILE.values(), ids=HOSTILE)
def test_hostile_patterns_take_steps_in_proportion_to_their_length(
    shape: Callable[[int], tuple[str, str]], dialect: Dialect
) -> None:
    def steps(size: int) -> int:
        pattern, path = shape(size)
        return count_steps(lambda: parse_owners(f"{pattern} @x", dialect).match(path))

    small, large = steps(50), steps(400)
    assert large < 9 * small + 400
    assert large < 20 * sum(map(len, shape(400)))


def test_a_run_tests_each_different_item_once() -> None:
    asked = []

    def test(item: str) -> bool:
        asked.append(item)
        return item != "z"

    run = ElementRun([test] * 40 + ["b"])
    assert run.find(["a", "z"] * 100 + ["a"] * 60 + ["b"], 0, 261) == 261
    assert asked == ["a", "z", "b"]


# GitHub's lines


def test_a_comment_names_no_owner() -> None:
    owners = parse_owners("*.js @js # ping @security\n/x # @nobody\n", GITHUB)
    assert owners.match("a.js").owners == ("@js",)
    assert owners.match("x").state is OwnersState.UNOWNED


@pytest.mark.parametrize(
    "line", ["*.md user", "*.md @", "*.md docs@", "*.md @a @b/c/d", "*.md @a,@b", "*.md @x @-y"]
)
def test_one_bad_owner_skips_the_line_and_an_earlier_rule_applies(line: str) -> None:
    owners = parse_owners(f"* @g\n{line}\n", GITHUB)
    assert (owners.match("a.md").owners, owners.match("a.md").line) == (("@g",), 1)
    (problem,) = owners.problems
    assert (problem.check, problem.severity) == ("invalid-owner", "error")


@pytest.mark.parametrize(
    "pattern", ["!*.md", "*.[m]d", "*.m]d", r"\#*.md", "***.md", "/", "*.md\\", "^[Docs]", "[Docs]"]
)
def test_a_pattern_that_github_does_not_take_skips_the_line(pattern: str) -> None:
    owners = parse_owners(f"* @g\n{pattern}", GITHUB)
    assert owners.match("a.md").line == 1
    assert faults(f"* @g\n{pattern}", GITHUB) == [("invalid-pattern", 2)]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x0b", "\x0c", "\x85", "\r", "\x1c"])
@pytest.mark.parametrize("dialect", list(Dialect))
def test_only_a_line_feed_ends_a_line(separator: str, dialect: Dialect) -> None:
    owners = parse_owners(f"* @g\n# comment{separator}* @evil\n", dialect)
    assert owners.match("a").owners == ("@g",)


@pytest.mark.parametrize("dialect", list(Dialect))
def test_windows_line_ends_tabs_and_indents_make_no_difference(dialect: Dialect) -> None:
    owners = parse_owners("\t *.md\t@a  @b \r\n\r\n", dialect)
    assert owners.match("x.md").owners == ("@a", "@b")
    assert owners.problems == ()


def test_paths_are_compared_byte_by_byte() -> None:
    owners = parse_owners("/caf\u00e9 @x\n", GITHUB)
    assert owners.match("caf\u00e9").owners == ("@x",)
    assert owners.match("cafe\u0301").state is OwnersState.UNMATCHED
    latin = parse_owners(decode_owners(b"/caf\xe9 @x\n"), GITHUB)
    assert latin.match(b"caf\xe9".decode("utf-8", "surrogateescape")).owners == ("@x",)


# GitLab's sections


def test_words_after_a_hash_are_owners_to_gitlab() -> None:
    text = "*.js @js # ping @security\n"
    assert answers(text, "a.js") == {None: ("@js", "@security")}
    assert faults(text, GITLAB) == [("invalid-owner", 1), ("invalid-owner", 1)]


@pytest.mark.parametrize(
    ("words", "owners"),
    [
        ("@a/b/c @@developers", ("@a/b/c", "@@developers")),
        ("a@example.com, @b.", ("a@example.com", "@b")),
        ("@a,@b", ("@a", "@b", "a,@b")),
        ("@@nobody", ()),
        ("word @", ()),
    ],
)
def test_gitlab_finds_owners_in_words(words: str, owners: tuple[str, ...]) -> None:
    found = answers(f"x {words}", "x")[None]
    assert set(owners) >= set(found)
    assert {one for one in owners if "," not in one} <= set(found)


def test_a_rule_without_owners_takes_the_sections_and_without_those_is_unowned() -> None:
    text = "[A] @d\nx\n[B]\nx\n[A] @e\ny\n"
    assert answers(text, "x") == {"A": ("@d",), "B": ()}
    assert answers(text, "y") == {"A": ("@e",)}
    assert parse_owners(text, GITLAB).match("x").state is OwnersState.UNOWNED
    assert faults(text, GITLAB) == [("no-owners", 4)]


def test_an_optional_section_without_owners_leaves_a_path_owned() -> None:
    ownership = parse_owners("* @a\n^[B]\nx\n", GITLAB).match("x")
    assert ownership.state is OwnersState.OWNED
    assert [rule.section for rule in ownership.required] == [None]
    assert (ownership.owners, ownership.line, ownership.section) == (("@a",), 1, None)


def test_sections_of_one_name_are_one_whatever_its_case() -> None:
    text = "[Docs][2] @a\n*.md\n[DOCS] @b\nx.md\n"
    owners = parse_owners(text, GITLAB)
    assert answers(text, "x.md") == {"Docs": ("@b",)}
    assert [rule.approvals for rule in owners.rules] == [2, 1]


@pytest.mark.parametrize(
    ("text", "is_optional"),
    [
        ("^[A] @a\nx\n^[a]\ny\n", True),
        ("^[A] @a\nx\n[a]\ny\n", False),
        ("[A] @a\nx\n^[a]\ny\n", False),
    ],
)
def test_a_section_is_optional_when_all_its_headings_say_so(text: str, is_optional: bool) -> None:
    assert parse_owners(text, GITLAB).match("x").answers[0].is_optional is is_optional


def test_a_pattern_written_twice_stays_in_its_first_place() -> None:
    text = "*.md @x\ndocs/ @y\n*.md @z\n"
    assert answers(text, "docs/a.md") == {None: ("@y",)}
    assert answers(text, "a.md") == {None: ("@z",)}
    assert faults(text, GITLAB) == [("duplicate-pattern", 3)]


def test_an_exclusion_is_for_good_in_its_section_only() -> None:
    text = "*.rb @a\n[B] @b\n!/x/\n*.rb\n"
    assert answers(text, "x/y.rb") == {None: ("@a",)}
    assert answers(text, "y.rb") == {None: ("@a",), "B": ("@b",)}
    assert faults(text, GITLAB) == []


@pytest.mark.parametrize(
    ("heading", "approvals", "owners", "found"),
    [
        ("[A][2] @a", 2, ("@a",), []),
        ("[A][] @a", 1, ("@a",), ["invalid-section"]),
        ("[A][ 2 ] @a", 2, ("@a",), ["invalid-section"]),
        ("[A][\t2] @a", 2, ("@a",), ["invalid-section"]),
        ("[A][2 3] @a", 2, ("@a",), ["invalid-section"]),
        ("[A][ ] @a", 1, ("@a",), ["invalid-section"]),
        ("[A][2]@a", 2, ("@a",), ["invalid-section"]),
        ("[A]@a", 1, ("@a",), ["invalid-section"]),
        ("[A][2]@a @b", 2, ("@a", "@b"), ["invalid-section"]),
        ("[A] [2] @a", 1, (), ["invalid-section", "no-owners"]),
        ("[A][2][3] @a", 2, (), ["invalid-section", "no-owners"]),
        ("[A][0] @a", 1, ("@a",), []),
        ("[A][007] @a", 7, ("@a",), []),
        (f"[A][{'9' * 5000}] @a", 100, ("@a",), []),
        ("[A][-1] @a", 1, (), ["invalid-section", "no-owners"]),
        ("[A] @a # @b", 1, ("@a",), ["invalid-section"]),
        ("[A] nobody", 1, (), ["invalid-owner", "no-owners"]),
        ("^[A][2] @a", 2, ("@a",), ["invalid-section"]),
        ("[] @a", 1, ("@a",), ["invalid-section"]),
    ],
)
def test_headings(heading: str, approvals: int, owners: tuple[str, ...], found: list[str]) -> None:
    parsed = parse_owners(f"{heading}\nx\n", GITLAB)
    (rule,) = parsed.match("x").answers
    assert (rule.approvals, rule.owners) == (approvals, owners)
    assert [problem.check for problem in parsed.problems] == found


# `HEADER_REGEX` of `ee/lib/gitlab/code_owners/section_parser.rb`, in Python's words.
GITLAB_HEADING = re.compile(
    r"^(?P<optional>\^)?\[(?P<name>.*?)\](?:\[(?P<approvals>[\s\d]*)\])?"
    r"(?P<owners>\s*[@\w.\-/\s]*)?",
    re.ASCII | re.MULTILINE,
)


def read_as_gitlab(text: str) -> dict[str, tuple[int, tuple[str, ...], bool]]:
    """What each section asks for the path `x`: the way of `get_parsed_data` in GitLab's file.rb.

    Sections keep the spelling of their first heading, a heading holds until the next one, and of
    two lines with one pattern the later counts. A section is optional if all its headings say so.
    """
    sections: dict[str, dict[str, tuple[int, tuple[str, ...]]]] = {"codeowners": {}}
    optional: dict[str, bool] = {"codeowners": False}
    name, approvals, defaults = "codeowners", 0, ""
    for line in text.split("\n"):
        stripped = line.strip(" \t")
        if not stripped or stripped[0] == "#":
            continue
        found = GITLAB_HEADING.match(stripped)
        if found is not None:
            known = list(sections)
            name = found["name"]
            if known[-1] != "codeowners":
                name = next((one for one in known if one.casefold() == name.casefold()), name)
            number = re.match(r"\s*(\d*)", found["approvals"] or "", re.ASCII)
            approvals = int((number and number[1]) or "0")
            defaults = found["owners"] or ""
            sections.setdefault(name, {})
            optional[name] = optional.get(name, True) and found["optional"] is not None
            continue
        pattern, *rest = stripped.split(None, 1)
        words = (rest[0] if rest else defaults).split()
        owners = tuple(dict.fromkeys(word for word in words if re.fullmatch("@[abc]", word)))
        sections[name][pattern] = (min(max(approvals, 1), 100), owners)
    asked = {}
    for one, rules in sections.items():
        matching = [rule for pattern, rule in rules.items() if pattern in {"x", "*"}]
        if matching:
            asked[one] = (*matching[-1], optional[one])
    return asked


NAMES = st.sampled_from(["A", "a", "B", " ", "", "codeowners", "CODEOWNERS", "A b"])
NUMBERS = st.sampled_from(
    ["", "[2]", "[ 2 ]", "[2 3]", "[]", "[ ]", "[0]", "[007]", "[x]", "[101]", "[2"]
)
OWNERS = st.sampled_from(["", "@a", " @a", " @a @b", "\t@c", " nobody", "@a @a", " # @b"])
HEADINGS = st.builds("{}[{}]{}{}".format, st.sampled_from(["", "^"]), NAMES, NUMBERS, OWNERS)
RULES = st.builds(
    "{}{}".format, st.sampled_from(["x", "*", "y"]), OWNERS.map(lambda one: f" {one}")
)
LINES = HEADINGS | RULES | st.sampled_from(["", "# [A]", "  ", "[A", "  [B] @b"])


@settings(max_examples=400)
@given(st.lists(LINES, max_size=8).map("\n".join))
@example("[Name][ 2 ]\nx @a")
@example("[Doc][2]@a\nx")
@example("[A]\nx @a\n^[a][2]\nx @b")
def test_files_are_read_as_gitlab_reads_them(text: str) -> None:
    answers = parse_owners(text, GITLAB).match("x").answers
    found = {
        "codeowners" if rule.section is None else rule.section: (
            rule.approvals,
            rule.owners,
            rule.is_optional,
        )
        for rule in answers
    }
    assert found == read_as_gitlab(text)


@given(st.text("[]^012 \t@ab.-/#+", min_size=1, max_size=24).map(lambda text: f"[A]{text}"))
def test_headings_are_read_as_gitlab_reads_them(heading: str) -> None:
    found = GITLAB_HEADING.match(heading.strip())
    assert found is not None
    number = re.match(r"\s*(\d*)", found["approvals"] or "", re.ASCII)
    assert number is not None
    (rule,) = parse_owners(f"{heading}\nx\n", GITLAB).match("x").answers
    assert rule.approvals == min(max(int(number[1] or "0"), 1), 100)
    names = {word for word in (found["owners"] or "").split() if re.fullmatch(r"@[ab]+", word)}
    assert names <= set(rule.owners)
    assert all(owner in (found["owners"] or "") for owner in rule.owners)


def test_a_heading_that_is_not_closed_is_a_pattern_that_nothing_matches() -> None:
    owners = parse_owners("[A @a\nx @b\n", GITLAB)
    assert [problem.check for problem in owners.problems] == ["invalid-section"]
    assert answers("[A @a\nx @b\n", "x") == {None: ("@b",)}


# Files as a whole


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("x" * (MAX_BYTES + 1), "too-large"),
        ("é" * (MAX_BYTES // 2 + 1), "too-large"),
        ("* @a\n\0", "binary"),
        ("\n" * 200_001, "too-many-lines"),
        (f"x @a\n{'y' * 70_000} @b", "long-line"),
    ],
)
def test_a_file_that_cannot_be_used_has_no_rules_and_says_why(text: str, check: str) -> None:
    for dialect in Dialect:
        owners = parse_owners(text, dialect)
        assert owners.refusal
        assert (owners.rules, [one.check for one in owners.problems]) == ((), [check])
        assert owners.match("x").state is OwnersState.UNMATCHED


@pytest.mark.slow
def test_a_file_of_just_the_largest_size_counts() -> None:
    line = b"/a/long/enough/folder @somebody\n"
    count, rest = divmod(MAX_BYTES, len(line))
    text = decode_owners(line * count + b"#" * rest)
    assert count < 200_000
    assert parse_owners(text, GITHUB).match("a/long/enough/folder").line == count


def test_bytes_that_are_no_utf8_count_once() -> None:
    text = "#" + decode_owners(b"\xff" * 60_000 + b"\n") * 52
    assert parse_owners(text, GITHUB).refusal is None


def test_a_byte_order_mark_is_an_error_and_no_part_of_the_first_pattern() -> None:
    for dialect in Dialect:
        owners = parse_owners("\ufeffx @a\n", dialect)
        assert owners.match("x").owners == ("@a",)
        assert [problem.check for problem in owners.problems] == ["byte-order-mark"]


def test_the_first_file_counts_even_if_it_is_empty() -> None:
    for dialect, places in OWNERS_PATHS.items():
        assert find_owners_file(dialect, {places[0]: b"", places[1]: b"x"}.get) == (places[0], b"")
        assert find_owners_file(dialect, lambda _: None) is None


def test_owners_are_compared_without_case() -> None:
    assert owner_key("@Org/Team") == owner_key("@org/team")
    assert owner_key("@@Developers") == owner_key("@@developer")
    assert owner_key("@users") != owner_key("@user")


# The lint


def lint(
    text: str,
    paths: Collection[str],
    *,
    prompts: Collection[str] = (),
    gate: Collection[str] = (),
    dialect: Dialect = GITHUB,
    size: int | None = None,
    knows: Callable[[str], bool] | None = None,
    folders: Collection[str] = (),
) -> list[Finding]:
    size = len(text.encode()) if size is None else size
    around = LintContext("CODEOWNERS", size, paths, prompts, gate, knows, folders)
    return lint_owners(parse_owners(text, dialect), around)


def found_in(findings: list[Finding]) -> list[tuple[str, int | str]]:
    return [(one.check, one.position.line if one.position else one.path) for one in findings]


def test_rules_that_decide_nothing_are_found() -> None:
    text = "* @a\n/gone/ @a\n*.md @a\n/docs/ @b\n/docs/*.md @c\n"
    findings = lint(text, ["docs/a.md", "b.py"])
    assert found_in(findings) == [("dead-pattern", 2), ("shadowed-rule", 3), ("shadowed-rule", 4)]
    assert {one.severity for one in findings} == {"warning"}


def test_a_folder_of_the_configuration_has_an_owner_before_its_first_file() -> None:
    text = "* @a\n/evals/ @a\n/other/ @a\n!/prompts/\n"
    findings = lint(text, ["docs/a.md"], dialect=GITLAB, folders=("prompts", "evals"))
    assert found_in(findings) == [("dead-pattern", 3), ("dead-pattern", 4)]


def test_an_exclusion_that_excludes_nothing_is_dead_and_a_section_shadows_no_other() -> None:
    text = "* @a\n!/gone/\n!/docs/\n[B]\n*.md @b\n"
    assert found_in(lint(text, ["docs/a.md", "x.md"], dialect=GITLAB)) == [("dead-pattern", 2)]


def test_prompts_and_gate_files_without_owners_are_errors() -> None:
    text = "/prompts/ @a\n/prompts/b.md\n"
    prompts = ["prompts/a.md", "prompts/b.md"]
    findings = lint(text, [*prompts, "CODEOWNERS", "app.py"], prompts=prompts, gate=["CODEOWNERS"])
    assert found_in(findings) == [
        ("unowned-gate-file", "CODEOWNERS"),
        ("unowned-prompt", "prompts/b.md"),
    ]
    assert {one.severity for one in findings} == {"error"}
    assert findings[1].message == snapshot("this file has no owner: line 2 names none")


def test_owners_that_the_groups_file_does_not_know_are_named_once() -> None:
    text = "a @Jane @typo\nb @TYPO @org/gone\nc\nd @typo\n"
    assert lint(text, "abcd") == []
    findings = lint(text, "abcd", knows=lambda owner: owner.casefold() == "@jane")
    assert found_in(findings) == [("unknown-owner", 1), ("unknown-owner", 2)]
    assert [one.message for one in findings] == [
        "the groups file does not know '@typo', and 2 more of the lines name it",
        "the groups file does not know '@org/gone'",
    ]
    assert {one.severity for one in findings} == {"warning"}


def test_the_faults_of_lines_come_with_the_lint_in_order() -> None:
    findings = lint("x @a\n!x @b\n*.md user\n", ["x"])
    assert found_in(findings) == [("invalid-pattern", 2), ("invalid-owner", 3)]
    assert [one.path for one in findings] == ["CODEOWNERS"] * 2


def test_a_file_that_is_nearly_too_large_is_a_warning_and_one_that_is_an_error() -> None:
    assert found_in(lint("x @a\n", ["x"], size=MAX_BYTES * 9 // 10)) == [
        ("nearly-too-large", "CODEOWNERS")
    ]
    assert lint("x @a\n", ["x"], size=MAX_BYTES * 9 // 10, dialect=GITLAB) == []
    assert found_in(lint("#" * (MAX_BYTES + 1), ["x"], gate=["x"])) == [("too-large", "CODEOWNERS")]
