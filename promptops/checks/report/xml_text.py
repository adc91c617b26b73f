"""Text inside XML: what XML 1.0 does not allow is shown as an escape."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from promptops.checks.report.outcome import visible

# XML 1.0, production Char: other characters are not allowed, not even escaped. A carriage return is
# allowed, but readers turn it into a newline.
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_xml_text(text: str) -> str:
    """Return `text` for use between two tags."""
    return escape(_allowed(text))


def to_xml_attribute(text: str) -> str:
    """Return `text` as the value of an attribute, quotation marks included."""
    return quoteattr(_allowed(text))


def _allowed(text: str) -> str:
    return _NOT_XML.sub(lambda match: visible(match[0]), text)
