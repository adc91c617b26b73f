"""What a run says at a terminal."""

from __future__ import annotations

from promptops.evals.outcome import judge_run
from promptops.evals.report.text import to_text
from tests.evals.report.runs import run_of, sample


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
