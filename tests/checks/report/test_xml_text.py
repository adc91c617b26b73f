"""Text inside XML: every parser takes it, and what XML forbids is shown."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.checks.report.xml_text import to_xml_attribute, to_xml_text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("]]>", "]]&gt;"),
        ("one\n\ttwo é 日", "one\n\ttwo é 日"),
        ("\x00\x1b[2J", "&lt;U+0000&gt;&lt;U+001B&gt;[2J"),
        # Readers would turn it into a newline.
        ("\r", "&lt;U+000D&gt;"),
        ("\ud800\ufffe", "&lt;U+D800&gt;&lt;U+FFFE&gt;"),
    ],
)
def test_what_xml_forbids_is_shown_as_an_escape(text: str, written: str) -> None:
    assert to_xml_text(text) == written


@pytest.mark.slow
@given(st.text(st.sampled_from("ab<>&'\"\n\t\r\x00é]=")))
def test_a_parser_reads_the_same_in_a_text_and_in_an_attribute(text: str) -> None:
    document = f"<one two={to_xml_attribute(text)}>{to_xml_text(text)}</one>"
    element = ET.fromstring(document)
    shown = text.replace("\r", "<U+000D>").replace("\x00", "<U+0000>")
    assert (element.text or "") == element.attrib["two"] == shown
