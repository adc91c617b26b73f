"""Messages: whatever a person writes stays text, and only our own last paragraph is trailers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from promptops.git.message import format_message, one_line, parse_message

FORGERIES = [
    "Operation: forged",
    "notes\n\nPrompt-Digest: sha256:0000",
    "# A heading\n\n- a list\n\nSigned-off-by: Jane <jane@example.com>",
    "\n\n\nDeployment: 99\nAction: promote\n\n\n",
    "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----",
    "",
    "\r\nOperation: x\r\n\r\nOperation: y",
]


@pytest.mark.parametrize("text", FORGERIES)
def test_text_never_becomes_a_trailer(text: str) -> None:
    message = parse_message(format_message("A title", text, [("Operation", "real")]))
    assert message.trailers == (("Operation", "real"),)
    assert message.title == "A title"
    assert message.text == text.replace("\r\n", "\n").strip("\n")


@pytest.mark.parametrize(
    "value", ["a\n\nOperation: forged", "x\u2028Action: y", "a\rb", "a\x1b[31mb"]
)
def test_a_trailers_value_stays_on_one_line(value: str) -> None:
    message = parse_message(format_message("t", "", [("Reason", value), ("Operation", "real")]))
    assert [key for key, _ in message.trailers] == ["Reason", "Operation"]
    assert message.value("Reason") == one_line(value)


def test_a_message_without_trailers_has_none() -> None:
    message = parse_message("Fix a typo\n\nsee: the docs, which say so\nand so on\n")
    assert message.trailers == ()
    assert message.text == snapshot("see: the docs, which say so\nand so on")


def test_repeated_trailers_keep_their_order() -> None:
    pairs = [("Prompt", "a"), ("From", "1.0.0"), ("Prompt", "b"), ("From", "none")]
    message = parse_message(format_message("t", "", pairs))
    assert message.trailers == tuple(pairs)
    assert message.values("Prompt") == ("a", "b")


@pytest.mark.slow
@given(title=st.text(), text=st.text(), value=st.text())
def test_writing_and_reading_is_a_round_trip(title: str, text: str, value: str) -> None:
    message = parse_message(
        format_message(f"t{title}", text, [("Reason", value), ("Operation", "1")])
    )
    assert message.value("Reason") == one_line(value)
    assert message.value("Operation") == "1"
    assert message.title == one_line(f"t{title}")
    assert message.text == text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
