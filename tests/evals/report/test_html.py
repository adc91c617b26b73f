"""The page: what it holds, that nothing in it can become markup, and how large it gets."""

from __future__ import annotations

import json
import math
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.evals.outcome import judge_run
from promptops.evals.report import html
from promptops.evals.report.html import to_html
from tests.evals.report.runs import run_of, sample
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.evals.result import EvalResult

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&\0\ud800"


class Page(HTMLParser):
    """A page taken apart: its elements, its words, and what stands in its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "style":
            self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag in {"script", "style"} else self._inside

    @property
    def data(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.scripts[0])
        return loaded

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page_of(result: EvalResult) -> Page:
    outcomes, code = judge_run(result)
    return Page(to_html(result, outcomes, code))


LOST = tuple(sample(f"lost {i}", "000", "111", ("billing",)) for i in range(8))
KEPT = tuple(sample(f"kept {i}", "111", "111") for i in range(32))


def test_what_a_person_has_to_know_needs_no_script() -> None:
    page = page_of(run_of(*LOST, *KEPT))
    assert masked(page.text) == snapshot(
        "Evals of ask: blocked Evals of ask: blocked 6 calls, 0.001200 USD, <duration> ask with scripted/a: blocked 32 of 40 samples pass; compared with 1.0.0 (production); evals/ask.yaml worse: 100.0% -> 80.0%, -20.0 points (95%: -33.2 to -4.9), 8 of 40 samples differ, p = 0.0078 ; a loss of 11.5 points is found in 4 of 5 such suites worse 0 better In about 95 of 100 suites of 40 samples like these, the interval contains the true difference: the loss may be as large as 33.2 points, and anything that affects fewer than 7.2% of inputs, or only inputs unlike these samples, can hide from this suite. By tag, worst first; corrected for the number of tags Tag Verdict Samples Before After Difference Interval p billing worse 8 100.0% 0.0% -100.0 -100.0 to -32.7 0.0078 Worse than before lost 0: lost, 100.0% to 0.0% lost 1: lost, 100.0% to 0.0% lost 2: lost, 100.0% to 0.0% lost 3: lost, 100.0% to 0.0% lost 4: lost, 100.0% to 0.0% lost 5: lost, 100.0% to 0.0% lost 6: lost, 100.0% to 0.0% lost 7: lost, 100.0% to 0.0% Samples The list of samples needs JavaScript. Name contains Outcome Tag Suite and model Show more"
    )


def test_a_run_without_a_baseline_or_that_was_stopped() -> None:
    page = page_of(run_of(sample("a", "1"), stopped="interrupted"))
    assert masked(page.text) == snapshot(
        "Evals of ask: could not judge Evals of ask: could not judge 6 calls, 0.001200 USD, <duration> Stopped: interrupted ask with scripted/a: passed 1 of 1 samples pass; not compared: it was never released; evals/ask.yaml Samples The list of samples needs JavaScript. Name contains Outcome Tag Suite and model Show more"
    )


def test_a_sample_says_what_was_asked() -> None:
    asked = {"ticket": "I was charged <twice>.", "labels": ["a", "b"], "empty": ""}
    result = run_of(replace(sample("a", "0", "1"), inputs=asked))
    data = page_of(result).data
    found = [
        [data["texts"][name], None if at is None else data["texts"][at]]
        for name, at in data["samples"][0]["i"]
    ]
    assert found == [
        ["ticket", "I was charged <twice>."],
        ["labels", '["a", "b"]'],
        ["empty", ""],
    ]


def test_a_wide_table_scrolls_by_itself_and_has_a_name() -> None:
    page = page_of(run_of(*LOST, *KEPT))
    at = [name for name, _ in page.tags].index("table")
    around, attributes = page.tags[at - 1]
    assert (around, attributes["role"], attributes["tabindex"]) == ("div", "region", "0")
    assert attributes["aria-label"]


def test_the_interval_is_drawn_and_said() -> None:
    drawn = next(
        attributes for name, attributes in page_of(run_of(*LOST, *KEPT)).tags if name == "svg"
    )
    assert drawn["aria-label"] == snapshot("The difference is -20.0 points, between -33.2 and -4.9")
    assert "svg" not in [name for name, _ in page_of(run_of(sample("a", "1"))).tags]


@pytest.mark.parametrize(("count", "folded"), [(10, 0), (11, 1)])
def test_a_long_list_of_losses_is_folded(count: int, folded: int) -> None:
    page = page_of(run_of(*(sample(f"lost {i}", "0", "1") for i in range(count))))
    names = [name for name, _ in page.tags]
    assert names.count("details") == folded
    assert page.text.count("lost, 100.0% to 0.0%") == count


def test_each_text_stands_once_and_every_sample_is_there() -> None:
    data = page_of(run_of(*LOST, *KEPT)).data
    assert len(data["samples"]) == 40
    assert sorted(data["texts"]) == ["equals", "it says so", "yes 0", "yes 1"]
    first = data["samples"][0]
    assert (first["n"], first["w"], first["a"], first["b"]) == ("lost 0", 2, 0, 1)
    assert [data["tags"][tag] for tag in first["g"]] == ["billing"]
    assert data["texts"][first["after"][0]["t"]] == "yes 0"


@pytest.mark.parametrize(
    ("after", "before", "word"),
    [
        ("e", "1", "error"),
        ("0", "1", "lost"),
        ("0", "0", "failed"),
        ("110", "111", "fell"),
        ("1", "0", "repaired"),
        ("111", "110", "rose"),
        ("1", "1", "passed"),
        ("1", "", "passed"),
        ("0", "", "failed"),
        ("", "1", "not run"),
    ],
)
def test_the_word_for_a_sample(after: str, before: str, word: str) -> None:
    page = page_of(run_of(sample("a", after, before)))
    words = json.loads(re.findall(r"const WORDS = (\[.*?\]);", page.scripts[1], re.DOTALL)[0])
    assert words[page.data["samples"][0]["w"]] == word


def test_strangers_words_never_become_markup() -> None:
    clean = [tag for tag, _ in page_of(run_of(sample("a", "0", "1", ("t",)))).tags]
    hostile = sample(EVIL, "0", "1", (EVIL,), EVIL)
    hostile = replace(hostile, model=EVIL)
    result = run_of(hostile)
    (suite,) = result.suites
    result = replace(result, suites=(replace(suite, prompt=EVIL, path=EVIL, no_baseline=EVIL),))
    page = page_of(result)
    assert [tag for tag, _ in page.tags] == clean
    assert len(page.scripts) == 2
    assert page.data["samples"][0]["n"] == EVIL.replace("\ud800", "?")


def test_nothing_is_fetched_and_no_other_script_runs() -> None:
    page = page_of(run_of(*LOST))
    policy = next(attrs["content"] for tag, attrs in page.tags if "http-equiv" in attrs) or ""
    assert policy.startswith("default-src 'none'; ")
    digest = b64encode(sha256(page.scripts[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert not [tag for tag, attrs in page.tags if {"src", "href", "style"} & set(attrs)]
    assert "://" not in page.scripts[1]


def test_every_field_has_a_label() -> None:
    page = page_of(run_of(*LOST))
    fields = [i for i, (tag, _) in enumerate(page.tags) if tag in {"input", "select"}]
    assert len(fields) == 4
    assert all(page.tags[i - 1][0] == "label" for i in fields)


def test_the_worst_answers_stay_where_there_is_no_room_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(html, "_MAX_ANSWERS", 60)
    monkeypatch.setattr(html, "_MAX_ANSWER", 25)
    samples = (
        *(sample(f"kept {i}", "1", answer=f"a long answer, number {i}") for i in range(9)),
        sample("failed", "0", answer="the one that matters " + "x" * 40),
    )
    data = page_of(run_of(*samples)).data
    first, *others = data["samples"]
    answer = data["texts"][first["after"][0]["t"]]
    assert masked(answer) == snapshot("""\
the one that matters xxxx
[38 characters left out]\
""")
    assert answer == snapshot("""\
the one that matters xxxx
[38 characters left out]\
""")
    assert [one["after"][0]["l"] for one in others] == [1] * 9


def test_a_score_that_is_no_number_does_not_break_the_page() -> None:
    one = sample("a", "1")
    trials = (one.trials[0]._replace(score=math.nan),)
    assert page_of(run_of(replace(one, trials=trials))).data["samples"][0]["after"][0]["s"] is None
