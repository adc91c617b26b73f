"""Texts as every database takes them, and hashes by which texts are found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.errors import ConfigurationError, IntegrityError
from promptops.runtime.log import content
from tests.runtime.log.pieces import make_keyring, make_random

SECRET, OTHER = b"secret", b"another secret"
# With half characters, NUL, and what marks an escaped text.
TEXTS = st.builds(
    "{}{}".format,
    st.sampled_from(["", "\\!"]),
    st.text(st.characters() | st.sampled_from("\x00\ud800\udfff\\!u"), max_size=30),
)


@pytest.mark.slow
@given(TEXTS)
def test_an_escaped_text_is_one_that_every_database_takes(text: str) -> None:
    escaped = content.escape(text)
    assert escaped is not None
    assert "\x00" not in escaped
    escaped.encode()
    assert content.unescape(escaped) == text


def test_a_plain_text_is_not_changed() -> None:
    text = "C:\\new \\u0000 ✓ 😀"
    assert content.escape(text) is text
    assert content.escape(None) is content.unescape(None) is None


def test_a_long_text_is_cut_and_stays_different_from_others() -> None:
    longest = "u" * content.MAX_COLUMN
    assert content.escape(longest) == longest
    cut = [content.escape(longest + end) or "" for end in ("a", "b")]
    assert cut[0] != cut[1]
    assert all(len(one) <= content.MAX_COLUMN and one.startswith("u" * 400) for one in cut)


@pytest.mark.parametrize("value", ["\ud83d half", {"ä": ["\x00", 1.5, None]}, {"a": {"b": True}}])
def test_json_comes_back(value: object) -> None:
    assert content.from_json(content.to_json(value)) == value
    assert content.to_column(value).isascii()


@pytest.mark.parametrize("size", [0, 100, 255, 256, 4096, 4097, 8193, 300_000])
@pytest.mark.parametrize("is_sealed", [False, True])
def test_packed_bytes_come_back(size: int, *, is_sealed: bool) -> None:
    keyring = make_keyring(b"a") if is_sealed else None
    for data in (b"word " * (size // 5), make_random(1)(size)):
        assert content.unpack(content.pack(data, keyring), keyring) == data


def test_bytes_are_compressed_only_where_that_makes_them_smaller() -> None:
    assert len(content.pack(b"word " * 1000, None)) < 100
    for data in (b"word " * 40, make_random(1)(5000)):
        assert content.pack(data, None) == b"\x00" + data


def test_packed_bytes_that_cannot_be_read_are_an_error() -> None:
    packed = content.pack(b"word " * 1000, None)
    with pytest.raises(IntegrityError, match="damaged"):
        content.unpack(packed[:5] + b"\xff" * 9, None)
    with pytest.raises(ConfigurationError, match="no key is configured"):
        content.unpack(content.pack(b"word", make_keyring(b"a")), None)


def test_only_bytes_under_the_first_key_are_current() -> None:
    packed = content.pack(b"word", make_keyring(b"a"))
    assert content.is_current(packed, make_keyring(b"a", b"b"))
    assert not content.is_current(packed, make_keyring(b"b", b"a"))
    assert not content.is_current(content.pack(b"word", None), make_keyring(b"a"))


@pytest.mark.parametrize(
    ("text", "other", "is_same"),
    [
        ("Yes.", " Yes.\n", True),
        ("a\nb", "a\r\nb\r\n", True),
        ('{"a": 1, "b": [2]}', '{"b":[2],\n "a":1}', True),
        ("[1, 2]", "[1,2]", True),
        ("Yes.", "Yes", False),
        ("a b", "a  b", False),
        ("[1, 2]", "[2, 1]", False),
        ("{not JSON}", "{ not JSON}", False),
        ("[" * 100_000, "[" * 100_000, True),
    ],
    ids=[*"abcdefghi"],
)
def test_an_answer_is_found_whatever_files_do_to_it(
    text: str, other: str, *, is_same: bool
) -> None:
    assert (content.answer_mac(text, SECRET) == content.answer_mac(other, SECRET)) == is_same


def test_a_hash_says_nothing_without_the_secret() -> None:
    assert content.answer_mac("a", SECRET) != content.answer_mac("a", OTHER)
    assert content.text_hash(b"a", SECRET) != content.text_hash(b"a", OTHER)
    assert content.identity_mac("a", SECRET) != content.identity_mac("a", OTHER)
    # The record of an erasure must not be found as an answer.
    assert not content.identity_mac("a", SECRET).startswith(content.answer_mac("a", SECRET).hex())


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("sha256:" + "ab" * 32, 33),
        ("cd" * 20, 21),
        ("cd" * 32, 33),
        ("sha256:" + "AB" * 32, 72),
        ("sha1:" + "cd" * 20, 46),
        ("", 1),
        ("odd \ud800", 8),
    ],
)
def test_digests_take_few_bytes_and_other_texts_come_back_too(text: str, size: int) -> None:
    packed = content.pack_digest(text)
    assert packed is not None
    assert len(packed) == size
    assert content.unpack_digest(packed) == text
