"""The page in real Chromium: usable by hand, by keyboard and by a screen reader, and at any size.

`nox -s browser` runs this; elsewhere it is skipped.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.evals.outcome import judge_run
from promptops.evals.report.html import to_html
from tests.chromium import find_violations, open_browser
from tests.evals.report.runs import run_of, sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


LOST = [
    replace(
        sample(f"lost {i}", "000", "111", ("billing",), f"answer {i}"),
        inputs={"question": "Lost where?"},
    )
    for i in range(8)
]
KEPT = [sample(f"kept {i}", "111", "111", ("other",)) for i in range(232)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(params=["light", "dark"])
def page(browser: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    result = run_of(*LOST, *KEPT)
    outcomes, code = judge_run(result)
    file = tmp_path / "report.html"
    file.write_bytes(to_html(result, outcomes, code).encode())
    faults: list[str] = []
    opened = browser.new_page(color_scheme=request.param)
    opened.on("console", lambda message: faults.append(message.text))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    asked: list[str] = []
    opened.on("request", lambda one: asked.append(one.url))
    opened.goto(file.as_uri())
    yield opened
    assert faults == []
    assert asked == [file.as_uri()]
    opened.close()


@pytest.mark.story
def test_filters(page: Any) -> None:
    assert page.inner_text("#count") == snapshot("240 of 240 samples, 100 shown")
    page.fill("input[name=text]", "LOST 3")
    assert page.inner_text("#count") == snapshot("1 of 240 samples, 1 shown")
    page.fill("input[name=text]", "")
    page.select_option("#outcome", label="lost (8)")
    assert page.inner_text("#count") == snapshot("8 of 240 samples, 8 shown")
    page.select_option("#outcome", label="all")
    page.select_option("#tag", label="other")
    assert page.inner_text("#count") == snapshot("232 of 240 samples, 100 shown")


@pytest.mark.story
def test_by_keyboard_alone(page: Any) -> None:
    page.focus("#samples summary")
    page.keyboard.press("Enter")
    assert page.inner_text("#samples li:first-child del") == "1"
    assert page.inner_text("#samples li:first-child ins") == "0"
    page.focus("#more")
    page.keyboard.press("Enter")
    assert page.inner_text("#count") == snapshot("240 of 240 samples, 200 shown")
    # Who asks for more goes on reading at the first that came.
    assert page.evaluate("document.activeElement.textContent").startswith("passed kept")
    page.keyboard.press("Enter")


@pytest.mark.story
def test_accessibility(page: Any) -> None:
    page.click("#samples summary")
    assert find_violations(page) == []


@pytest.mark.story
def test_on_a_phone_numbers_stay_on_one_line_and_only_the_table_scrolls(page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    heights = page.evaluate(
        "[...document.querySelectorAll('td.number')].map((one) => one.getClientRects()[0].height)"
    )
    assert max(heights) < 45
    assert find_violations(page) == []


@pytest.mark.story
def test_what_was_asked_stands_above_the_answers(page: Any) -> None:
    page.click("#samples summary")
    assert page.inner_text("#samples .inputs").split("\n") == ["question", "Lost where?"]


@pytest.mark.story
def test_printing_opens_what_is_shown(page: Any) -> None:
    page.select_option("#outcome", label="lost (8)")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#samples details[open] .answer").count() == 8 * 6
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("#samples details[open]").count() == 0
