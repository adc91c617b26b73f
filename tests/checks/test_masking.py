"""What a check must not show is masked in all that is shown."""

from __future__ import annotations

from promptops.checks.engine import validate
from promptops.checks.masking import mask
from promptops.prompt.finding import Finding, Fix, Position, Severity
from promptops.repository.config import Config
from tests.checks.pieces import Folder


def test_a_secret_that_another_finding_would_quote_is_masked_there_too() -> None:
    secret = "AK" + "IAQ3XW7RTZ5LNV2KPD"
    text = f"---\nversion: 1.0.0\ndescription: d\nauthor: a\nmodel: m\n{secret}: 1\n---\nHello\n"
    result = validate(Folder({"prompts/a.md": text}), Config())
    assert [one.check for one in result.findings] == ["exposed-secret", "unknown-key"]
    assert secret not in repr(result)


SECRET = "AK" + "IAQ3XW7RTZ5LNV2KPD"


def test_a_secret_is_masked_in_every_text_message_hint_and_fix() -> None:
    place = Position(1, 1, 1, len(SECRET) + 1)
    texts = {"a.md": f"\ufeff{SECRET}\n", "b.md": f"say {SECRET} twice: {SECRET}"}
    found = Finding("exposed-secret", Severity.ERROR, "m", "a.md", place)
    fixes = (Fix("b.md", 0, 1, f"x{SECRET}"), Fix("b.md", 2, 3, "y"))
    other = Finding(
        "syntax", Severity.ERROR, f"odd: {SECRET}", "b.md", None, f"not {SECRET}", fixes
    )
    masked = mask([found, other], texts)
    stars = "*" * len(SECRET)
    assert texts == {"a.md": f"\ufeff{stars}\n", "b.md": f"say {stars} twice: {stars}"}
    assert masked[0] == found
    assert masked[1] == other._replace(message=f"odd: {stars}", hint=f"not {stars}", fixes=())


def test_a_secret_of_several_lines_leaves_every_line_as_long_as_it_was() -> None:
    texts = {"a.md": "ab\ncde\nf"}
    mask([Finding("exposed-secret", Severity.ERROR, "m", "a.md", Position(1, 2, 2, 3))], texts)
    assert texts == {"a.md": "a*\n**e\nf"}


def test_without_secrets_nothing_changes() -> None:
    texts = {"a.md": "ab"}
    finding = Finding("syntax", Severity.ERROR, "ab", "a.md", Position(1, 1, 1, 3))
    assert mask([finding], texts) == [finding]
    assert texts == {"a.md": "ab"}
