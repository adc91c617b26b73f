"""Texts come through a comparison unchanged, and what differs is marked word by word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.prompt.diff.text import (
    DiffLine,
    LineKind,
    SegmentKind,
    align,
    compare_texts,
    cut_hunks,
    split_words,
)

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
OTHER_FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f466"
FLAGS = "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7"

# A small alphabet, so that the two texts have something in common.
ALPHABET = ["a", "b", "word", " ", "\t", "\n", "\r", "[bold]", "\u2028", "e\u0301", FAMILY, "日"]
texts = st.one_of(st.lists(st.sampled_from(ALPHABET), max_size=40).map("".join), st.text())


def join(lines: tuple[DiffLine, ...], without: LineKind) -> str:
    return "".join(line.text for line in lines if line.kind is not without)


@pytest.mark.slow
@given(texts, texts)
def test_both_texts_come_back_exactly(before: str, after: str) -> None:
    lines = compare_texts(before, after)
    assert join(lines, LineKind.ADDED) == before
    assert join(lines, LineKind.REMOVED) == after


@pytest.mark.slow
@given(texts, texts)
def test_equal_segments_are_in_both_texts_in_the_same_order(before: str, after: str) -> None:
    lines = compare_texts(before, after)

    def equal(without: LineKind) -> str:
        return "".join(
            segment.text
            for line in lines
            if line.kind is not without
            for segment in line.segments
            if segment.kind is SegmentKind.EQUAL
        )

    assert equal(LineKind.ADDED) == equal(LineKind.REMOVED)


@pytest.mark.slow
@given(texts, texts)
def test_removed_lines_insert_nothing_and_added_ones_delete_nothing(
    before: str, after: str
) -> None:
    for line in compare_texts(before, after):
        kinds = {segment.kind for segment in line.segments}
        if line.kind is LineKind.REMOVED:
            assert SegmentKind.INSERT not in kinds
        elif line.kind is LineKind.ADDED:
            assert SegmentKind.DELETE not in kinds
        else:
            assert kinds == {SegmentKind.EQUAL}


@pytest.mark.slow
@given(texts, texts)
def test_numbers_count_each_text_on_its_own(before: str, after: str) -> None:
    lines = compare_texts(before, after)
    old = [line.before_number for line in lines if line.before_number]
    new = [line.after_number for line in lines if line.after_number]
    assert old == list(range(1, len(old) + 1))
    assert new == list(range(1, len(new) + 1))


@pytest.mark.slow
@given(texts)
def test_words_join_to_the_text(text: str) -> None:
    assert "".join(split_words(text)) == text


@pytest.mark.story
@given(st.lists(st.integers(0, 5)), st.lists(st.integers(0, 5)))
def test_alignment_matches_equal_items_in_order(before: list[int], after: list[int]) -> None:
    i = j = 0
    for start, other, length in align(before, after):
        assert start >= i
        assert other >= j
        assert length > 0
        assert before[start : start + length] == after[other : other + length]
        i, j = start + length, other + length


@pytest.mark.slow
@given(st.lists(st.integers(0, 5)), st.integers(0, 30), st.integers(0, 5))
def test_a_single_inserted_item_is_the_only_difference(
    items: list[int], place: int, item: int
) -> None:
    longer = [*items[:place], item, *items[place:]]
    assert sum(length for _, _, length in align(items, longer)) == len(items)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("don't stop", ["don't", " ", "stop"]),
        ("a\tb  c\n", ["a", "\t", "b", "  ", "c", "\n"]),
        ("[b]x[/b]", ["[", "b", "]", "x", "[", "/", "b", "]"]),
        (f"hi {FAMILY}!", ["hi", " ", FAMILY, "!"]),
        (FLAGS, [FLAGS[:2], FLAGS[2:]]),
        ("\U0001f44d\U0001f3fd\u2764\ufe0f", ["\U0001f44d\U0001f3fd", "\u2764\ufe0f"]),
        ("cafe\u0301s", ["cafe\u0301s"]),
        ("हिन्दी भाषा", ["हिन्दी", " ", "भाषा"]),
        ("日本 x", ["日", "本", " ", "x"]),
    ],
)
def test_words_are_what_a_reader_takes_for_one(text: str, words: list[str]) -> None:
    assert split_words(text) == words


def mark(before: str, after: str) -> list[str]:
    """Lines with what was taken out in [-...-] and what was put in in {+...+}."""
    shapes = {
        SegmentKind.EQUAL: "%s",
        SegmentKind.DELETE: "[-%s-]",
        SegmentKind.INSERT: "{+%s+}",
    }
    signs = {LineKind.CONTEXT: " ", LineKind.REMOVED: "-", LineKind.ADDED: "+"}
    return [
        signs[line.kind]
        + "".join(shapes[segment.kind] % segment.text.rstrip("\n") for segment in line.segments)
        for line in compare_texts(before, after)
    ]


@pytest.mark.parametrize(
    ("before", "after", "marked"),
    [
        (
            "Answer in English.\nBe kind.\n",
            "Answer in French.\nBe kind.\n",
            ["-Answer in [-English-].", "+Answer in {+French+}.", " Be kind."],
        ),
        (
            f"a family {FAMILY} here\n",
            f"a family {OTHER_FAMILY} here\n",
            [f"-a family [-{FAMILY}-] here", f"+a family {{+{OTHER_FAMILY}+}} here"],
        ),
        # Lone spaces in common are no reason to cut two different sentences into confetti.
        ("one two three\n", "vier fuenf sechs\n", ["-[-one two three-]", "+{+vier fuenf sechs+}"]),
        ("", "new\n", ["+{+new+}"]),
        ("same\n", "same\n", [" same"]),
    ],
)
def test_changed_words_are_marked(before: str, after: str, marked: list[str]) -> None:
    assert mark(before, after) == marked


def test_hunks_have_three_lines_around_them_and_join_when_they_touch() -> None:
    numbers = [f"{number}\n" for number in range(1, 41)]
    changed = [f"x{line}" if line in {"10\n", "16\n", "30\n"} else line for line in numbers]
    hunks = list(cut_hunks(compare_texts("".join(numbers), "".join(changed))))
    shown = [[line.text.strip() for line in hunk] for hunk in hunks]
    assert [lines[0] for lines in shown] == ["7", "27"]
    assert [lines[-1] for lines in shown] == ["19", "33"]


@pytest.mark.slow
@given(texts, texts)
def test_hunks_hold_every_changed_line_once(before: str, after: str) -> None:
    lines = compare_texts(before, after)
    shown = [line for hunk in cut_hunks(lines) for line in hunk if line.kind != "context"]
    assert shown == [line for line in lines if line.kind is not LineKind.CONTEXT]


@pytest.mark.story
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a" * 250_000, "a" * 249_999 + "b"),
        (
            "".join(f"{n % 400}\n" for n in range(15_000)),
            "".join(f"{n * 7 % 400}\n" for n in range(15_000)),
        ),
        ("a " * 60_000, "b a " * 30_000),
    ],
    ids=["one long word", "repeated lines", "repeated words"],
)
def test_large_texts_without_structure_come_back_exactly(before: str, after: str) -> None:
    lines = compare_texts(before, after)
    assert join(lines, LineKind.ADDED) == before
    assert join(lines, LineKind.REMOVED) == after
