"""The digest: what it is computed from, and what it does not depend on."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.prompt.digest import compute_digest, is_digest, normalize_newlines

if TYPE_CHECKING:
    from random import Random

closures = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8),
    st.binary(max_size=30),
    max_size=6,
)


def test_a_digest_written_out_by_hand() -> None:
    # sha256sum of "Hello\n" and of "", then of the header and the two lines.
    hello = "66a045b452102c59d840ec097d59d9467e13a3f34f6494e539ffd32c1bb35f18"
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    listing = f"promptops-digest-v1\n{empty}  _shared/tone.md\n{hello}  greet.md\n"
    digest = compute_digest({"greet.md": b"Hello\n", "_shared/tone.md": b""})
    assert digest == f"sha256:{sha256(listing.encode()).hexdigest()}"
    assert digest == "sha256:e67850a54275f16b35560004ef3ee16694d9591442c3c55232d5d6371da28e4e"


def test_newline_conventions_do_not_change_it() -> None:
    digests = {
        compute_digest({"a.md": text}) for text in (b"one\ntwo\n", b"one\r\ntwo\r\n", b"one\rtwo\r")
    }
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("data", "normal"),
    [
        (b"", b""),
        (b"\r", b"\n"),
        (b"\r\n", b"\n"),
        (b"\n\r", b"\n\n"),
        (b"\r\r\n", b"\n\n"),
        (b"a\x85b\xe2\x80\xa8c", b"a\x85b\xe2\x80\xa8c"),
    ],
)
def test_only_crlf_and_cr_become_lf(data: bytes, normal: bytes) -> None:
    assert normalize_newlines(data) == normal
    assert normalize_newlines(normal) == normal


def test_files_are_ordered_by_the_bytes_of_their_paths() -> None:
    # By UTF-16 units the emoji (a surrogate pair) would come before U+FF5E.
    low, high = "\uff5e", "\U0001f600"
    blank = sha256(b"").hexdigest()
    listing = f"promptops-digest-v1\n{blank}  Z\n{blank}  a\n{blank}  {low}\n{blank}  {high}\n"
    digest = compute_digest(dict.fromkeys([high, "a", low, "Z"], b""))
    assert digest == f"sha256:{sha256(listing.encode()).hexdigest()}"


@pytest.mark.slow
@given(closures, st.randoms(use_true_random=False))
def test_the_order_of_collecting_does_not_matter(files: dict[str, bytes], random: Random) -> None:
    shuffled = list(files.items())
    random.shuffle(shuffled)
    assert compute_digest(dict(shuffled)) == compute_digest(files)
    assert is_digest(compute_digest(files))


@pytest.mark.slow
@given(closures, closures)
def test_other_content_has_another_digest(one: dict[str, bytes], two: dict[str, bytes]) -> None:
    def normal(files: dict[str, bytes]) -> dict[str, bytes]:
        return {path: normalize_newlines(data) for path, data in files.items()}

    assert (compute_digest(one) == compute_digest(two)) is (normal(one) == normal(two))


@pytest.mark.parametrize(
    "text",
    ["", "sha256:", "sha256:" + "0" * 63, "sha256:" + "0" * 65, "sha256:" + "A" * 64, "0" * 64,
     "sha512:" + "0" * 64, "sha256:" + "0" * 64 + "\n"],
)  # fmt: skip
def test_what_does_not_look_like_a_digest(text: str) -> None:
    assert not is_digest(text)
