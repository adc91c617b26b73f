"""What a run says at a terminal."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from promptops.evals.outcome import judge_run
from promptops.evals.report.markdown import to_markdown
from promptops.evals.report.text import to_text
from tests.evals.report.runs import run_of, sample
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.evals.result import SampleResult


def lines(width: int | None) -> list[str]:
    samples = [sample(f"s{at}", "111", "111") for at in range(40)]
    result = run_of(*samples)
    outcomes, code = judge_run(result)
    return list(to_text(result, outcomes, code, lambda text, _: text, width))


def test_sentences_break_at_words_and_lose_nothing() -> None:
    whole, folded = lines(None), lines(60)
    assert any(len(line) > 200 for line in whole)
    sentences = [line for line in folded if line.startswith("  ")]
    assert max(map(len, sentences)) <= 60
    assert " ".join(" ".join(folded).split()) == " ".join(" ".join(whole).split())


def text_of(*samples: SampleResult) -> list[str]:
    result = run_of(*samples)
    outcomes, code = judge_run(result)
    return list(to_text(result, outcomes, code, lambda text, _: text))


def test_samples_stand_in_the_order_in_which_people_count() -> None:
    names = [f"rows {number}" for number in (10, 2, 1, 100, 20)]
    samples = [sample(one, "0", "1", answer=one) for one in names]
    listed = [line.split()[1:3] for line in text_of(*samples) if line.startswith("  LOST")]
    assert listed == [["rows", number] for number in ("1", "2", "10", "20", "100")]
    result = run_of(*samples)
    outcomes, code = judge_run(result)
    summaries = re.findall(r"lost: (rows \d+)", to_markdown(result, outcomes, code))
    assert summaries == [f"rows {number}" for number in (1, 2, 10, 20, 100)]
    assert outcomes[0].verdict is not None
    moved = [one.name for one in outcomes[0].verdict.regressions]
    assert moved == summaries


def test_the_same_details_are_said_once() -> None:
    found = text_of(*(sample(f"s{number}", "0", "0") for number in (1, 2)))
    assert found[4:8] == snapshot(
        [
            "  FAILED  s1  the baseline: 0 of 1",
            "      equals: it says so",
            "      answer: yes 0",
            "  FAILED  s2  the baseline: 0 of 1  (the same)",
        ]
    )


def test_a_run_in_which_samples_fail_is_not_said_to_have_passed() -> None:
    found = text_of(sample("a", "0", "1"))
    assert found[1] == snapshot(
        "not blocked: 0 of 1 samples pass; compared with 1.0.0 (production)"
    )
    assert found[-1] == snapshot("not blocked  6 calls, 0.001200 USD, 0.5 s")


def test_a_shard_has_no_verdict() -> None:
    result = replace(run_of(sample("a", "1", "1")), shard=(1, 2))
    outcomes, code = judge_run(result)
    found = list(to_text(result, outcomes, code, lambda text, _: text))
    assert found[-1].startswith("not judged  ")
    assert masked(to_markdown(result, outcomes, code)) == snapshot("""\
### Evals: not judged

| Prompt | Model | Compared with | Pass | Verdict |
| --- | --- | --- | --- | --- |
| ask | scripted/a | 1.0.0 (production) | 1 of 1 (was 1) | passed |

**ask**, scripted/a: too few samples: 100.0% -\\> 100.0%, +0.0 points (95%: -100.0 to +100.0), 0 of 1 samples differ, p = 1.

In about 95 of 100 suites of 1 sample like these, the interval contains the true difference: a loss of up to 100.0 points can hide from this suite, and so can anything that affects fewer than 95% of inputs, or only inputs unlike these samples.

6 calls, 0.001200 USD, <duration>.\
""")
