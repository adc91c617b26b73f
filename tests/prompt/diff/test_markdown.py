"""Comparisons for pull requests, where no prompt's text can speak for itself."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from promptops.prompt.diff import diff_prompts, diff_to_json, diff_to_markdown
from promptops.prompt.diff.markdown import code, fence
from tests.prompt.diff.pieces import BODY, INPUTS, make_prompt
from tests.screens import masked


def test_nothing_to_compare_is_an_empty_document() -> None:
    assert diff_to_json() == {"schema": "promptops.diff/v1", "level": "none", "prompts": []}
    assert diff_to_markdown() == ""


def test_markdown_for_a_pull_request() -> None:
    diff = diff_prompts(
        make_prompt(front=f"{INPUTS}temperature: 0.2\n"),
        make_prompt(BODY.replace("kind", "brief"), f"{INPUTS}temperature: 0.5\n", version="1.0.1"),
    )
    assert diff_to_markdown(diff) == snapshot("""\
### `triage`: minor change

From 1.0.0 at least 1.1.0; the file says 1.0.1.

- **behaviour** `temperature`: the model is called with other parameters (`0.2` → `0.5`)
- **behaviour** `message 1 (system)`: the model reads another text

`message 1 (system)` changed:

```diff
 Answer in {{ language }}.
-Be kind.
+Be brief.
```""")


def test_markdown_of_unchanged_prompts_is_empty() -> None:
    assert diff_to_markdown(diff_prompts(make_prompt(), make_prompt(version="1.0.1"))) == ""


def test_no_text_leaves_its_fence() -> None:
    diff = diff_prompts(
        make_prompt("a\n"), make_prompt("````\n@everyone <b>\n```\n\u202etxt.exe\n")
    )
    text = diff_to_markdown(diff)
    assert "\n`````diff\n" in text
    assert text.endswith("\n`````")
    assert "\u202e" not in text
    assert "<U+202E>txt.exe" in text


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("plain", "`plain`"),
        ("a`b", "`` a`b ``"),
        ("``", "``` `` ```"),
        ("a\nb", "`a⏎b`"),
        ("@jane #1 <b> | x", "`@jane #1 <b> | x`"),
        ("\x1b[31m", "`<U+001B>[31m`"),
    ],
)
def test_code_spans_hold_any_text(text: str, span: str) -> None:
    assert code(text) == span


def test_a_fence_is_longer_than_any_in_its_text() -> None:
    assert fence("~~~\n`````\n", "diff").startswith("``````diff\n")


@pytest.mark.slow
def test_what_does_not_fit_a_comment_is_left_to_the_command() -> None:
    diff = diff_prompts(make_prompt("a\n"), make_prompt("b " * 30 + "\n" + f"{'c' * 40}\n" * 2_000))
    text = diff_to_markdown(diff)
    assert len(text) < 65_536
    assert masked(text) == snapshot("""\
### `triage`: minor change

From 1.0.0 at least 1.1.0; the file says 1.0.0.

- **behaviour** `message 1 (user)`: the model reads another text

More lines differ than fit here: `promptops diff` shows them all.\
""")
