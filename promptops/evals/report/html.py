"""Write a run as one self-contained HTML file: verdicts, slices, answers next to the baseline's.

The summary is static HTML; a script shows the samples in pages. Names, answers and reasons are
untrusted: they are escaped, and the script inserts them only as text. The page's content security
policy allows no other script and no network.
"""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptops.evals.outcome import Exit
from promptops.evals.report.text import describe_run, describe_verdict, worst_first
from promptops.evals.report.trends import to_section
from promptops.evals.result import SampleOutcome
from promptops.evals.verdict import Conclusion, EvalVerdict, describe, explain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptops.evals.nightly.trends import Trend
    from promptops.evals.outcome import SuiteOutcome
    from promptops.evals.result import EvalResult, SampleResult, SuiteRunResult, Trial
    from promptops.evals.statistics import Interval
    from promptops.evals.verdict import SuiteComparison

_TONES = {Exit.PASSED: "good", Exit.BLOCKED: "bad", Exit.UNKNOWN: "doubt"}
_CONCLUSIONS = {Conclusion.WORSE: "bad", Conclusion.BETTER: "good", Conclusion.NOT_JUDGED: "doubt"}
_OUTCOMES = list(SampleOutcome)
# In the order of WORDS in page.js.
_ERROR, _MISSING, _LOST, _FAILED, _FELL, _REPAIRED, _ROSE, _PASSED = range(8)
_ROUNDING = 1e-9
_MAX_REGRESSIONS = 50
_MAX_PLAIN = 10
_MIN_REACH = 0.1
# Half of the width of an interval's picture.
_MIDDLE = 150
_MAX_ANSWER = 20_000
# The maximum size of all answers, in bytes, so that a report of 10,000 samples stays small.
_MAX_ANSWERS = 7 * 1024 * 1024


def to_html(
    result: EvalResult,
    outcomes: Sequence[SuiteOutcome],
    exit_code: Exit,
    trends: Sequence[Trend] = (),
) -> str:
    """Return the page, with the trends of nightly evals if there are any."""
    style, script = _read("page.css"), _read("page.js")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)};"
        " base-uri 'none'; form-action 'none'"
    )
    prompts = ", ".join(dict.fromkeys(one.prompt for one in result.suites)) or "nothing"
    word = describe_verdict(result, outcomes, exit_code)
    title = f"Evals of {prompts}: {word}"
    head = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(title)}</title><style>{style}</style></head><body>",
        (
            f'<header><h1>Evals of {_text(prompts)}: <span class="{_TONES[exit_code]}">'
            f"{word}</span></h1>"
        ),
        f'<p class="quiet">{_text(describe_run(result))}</p>',
    ]
    if result.stopped:
        head.append(f'<p class="doubt">Stopped: {_text(result.stopped)}</p>')
    data = json.dumps(_PageData(result).document, ensure_ascii=False, separators=(",", ":"))
    # `<` could close the script element; the escape is equivalent in JSON.
    data = _clean(data).replace("<", "\\u003c")
    return "\n".join(
        [
            *head,
            "</header><main>",
            *(line for one in outcomes for line in _outcome_lines(one)),
            *to_section(trends),
            *_SAMPLES,
            f'<script type="application/json" id="data">{data}',
            f"</script></main><script>{script}</script></body></html>",
        ]
    )


_SAMPLES = (
    '<section aria-labelledby="all"><h2 id="all">Samples</h2>',
    "<noscript><p>The list of samples needs JavaScript.</p></noscript>",
    '<div id="interactive" hidden><form id="filters" aria-label="Filter the samples">',
    '<label>Name contains<input name="text" type="search" autocomplete="off"></label>',
    '<label>Outcome<select name="outcome" id="outcome"></select></label>',
    '<label>Tag<select name="tag" id="tag"></select></label>',
    '<label>Suite and model<select name="run" id="run"></select></label>',
    '</form><p id="count" role="status" class="quiet"></p><ol id="samples"></ol>',
    '<button id="more" type="button" hidden>Show more</button></div></section>',
)


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _clean(text: str) -> str:
    """Return a text with lone surrogates replaced, which UTF-8 cannot encode."""
    return text.encode("utf-8", "replace").decode()


def _text(text: str) -> str:
    """Escape a text for the page; control characters, which HTML does not allow, become visible."""
    shown = "".join(one if one >= " " or one in "\n\t" else "\ufffd" for one in _clean(text))
    return escape(shown)


def _outcome_lines(one: SuiteOutcome) -> Iterator[str]:
    suite = one.suite
    samples = list(suite.of_model(one.model))
    passed = sum(sample.outcome is SampleOutcome.PASSED for sample in samples)
    compared = (
        f"compared with {suite.baseline.label}"
        if suite.baseline is not None
        else f"not compared: {suite.no_baseline}"
    )
    yield f"<section><h2>{_text(suite.prompt)} with {_text(one.model)}: "
    yield f'<span class="{_TONES[one.exit]}">{one.word}</span></h2>'
    yield f"<p>{passed} of {len(samples)} samples pass; {_text(compared)}; {_text(suite.path)}</p>"
    verdict = one.verdict
    if verdict is not None:
        tone = _CONCLUSIONS.get(verdict.finding, "quiet")
        found = describe(EvalVerdict(verdict.overall))
        power = describe(verdict).removeprefix(found)
        yield f'<p><strong class="{tone}">{_text(found)}</strong>{_text(power)}</p>'
        if verdict.overall.interval is not None:
            yield _draw(verdict.overall.interval, verdict.overall.difference, tone)
        yield f'<p class="quiet">{_text(explain(verdict))}</p>'
    said = None if verdict is None else describe(verdict)
    reasons = [reason.text for reason in one.reasons if reason.text != said]
    if reasons:
        yield f"<ul>{''.join(f'<li>{_text(reason)}</li>' for reason in reasons)}</ul>"
    if verdict is not None and verdict.slices:
        yield from _slices(verdict.slices)
    if verdict is not None and verdict.regressions:
        count = len(verdict.regressions)
        # A long list would keep the answers out of sight.
        is_folded = count > _MAX_PLAIN
        yield "<h3>Worse than before</h3>"
        yield f"<details><summary>{count:,} samples</summary><ul>" if is_folded else "<ul>"
        for moved in verdict.regressions[:_MAX_REGRESSIONS]:
            yield (
                f"<li>{_text(moved.name)}: {moved.movement.value},"
                f" {moved.before:.1%} to {moved.after:.1%}</li>"
            )
        rest = count - _MAX_REGRESSIONS
        yield f"</ul><p>and {rest} more</p>" if rest > 0 else "</ul>"
        if is_folded:
            yield "</details>"
    yield "</section>"


def _slices(slices: Sequence[tuple[str, SuiteComparison]]) -> Iterator[str]:
    yield "<h3>By tag, worst first; corrected for the number of tags</h3>"
    # A table that is wider than a phone's screen scrolls separately, also by keyboard.
    yield '<div class="wide" role="region" aria-label="Results by tag" tabindex="0"><table>'
    texts = ("Tag", "Verdict")
    numbers = ("Samples", "Before", "After", "Difference", "Interval", "p")
    heads = "".join(f'<th scope="col">{name}</th>' for name in texts)
    heads += "".join(f'<th scope="col" class="number">{name}</th>' for name in numbers)
    yield f"<thead><tr>{heads}</tr></thead><tbody>"
    for tag, one in slices:
        interval = one.interval
        bounds = "" if interval is None else f"{_points(interval.low)} to {_points(interval.high)}"
        cells = (
            str(one.samples),
            f"{one.before:.1%}",
            f"{one.after:.1%}",
            _points(one.difference),
            bounds,
            f"{one.p:.2g}",
        )
        tone = _CONCLUSIONS.get(one.finding, "quiet")
        row = "".join(f'<td class="number">{cell}</td>' for cell in cells)
        yield (
            f'<tr><th scope="row">{_text(tag)}</th>'
            f'<td class="{tone}">{one.finding.value}</td>{row}</tr>'
        )
    yield "</tbody></table></div>"


def _draw(interval: Interval, difference: float, tone: str) -> str:
    """Return the interval as a picture, with 0 in the middle."""
    reach = max(-interval.low, interval.high, abs(difference), _MIN_REACH)

    def place(share: float) -> float:
        return _MIDDLE * (1 + share / reach)

    low, high = place(interval.low), place(interval.high)
    said = (
        f"The difference is {_points(difference)} points, between {_points(interval.low)}"
        f" and {_points(interval.high)}"
    )
    return (
        f'<svg class="interval {tone}" viewBox="-6 0 {2 * _MIDDLE + 12} 44" role="img"'
        f' aria-label="{said}"><path class="axis" d="M0 16H{2 * _MIDDLE}M{_MIDDLE} 4V28"/>'
        f'<path class="range" d="M{low:.1f} 16H{high:.1f}"/>'
        f'<path class="point" d="M{place(difference):.1f} 16h.01"/>'
        f'<text x="0" y="42">worse</text><text class="middle" x="{_MIDDLE}" y="42">0</text>'
        f'<text class="end" x="{2 * _MIDDLE}" y="42">better</text></svg>'
    )


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}"


class _PageData:
    """The samples in the script's format; each text is stored once and referenced by its index."""

    def __init__(self, result: EvalResult) -> None:
        self._texts: dict[str, int] = {}
        self._tags: dict[str, int] = {}
        self._left = _MAX_ANSWERS
        self._runs: list[str] = []
        samples = [
            self._sample(sample, run)
            for suite in result.suites
            for model in suite.models
            for run in [self._run(suite, model)]
            for sample in worst_first(suite.of_model(model))
        ]
        self.document: dict[str, Any] = {
            "runs": self._runs,
            "outcomes": [one.value for one in _OUTCOMES],
            "samples": samples,
            "tags": list(self._tags),
            "texts": list(self._texts),
        }

    def _run(self, suite: SuiteRunResult, model: str) -> int:
        self._runs.append(f"{suite.prompt}, {model}")
        return len(self._runs) - 1

    def _sample(self, one: SampleResult, run: int) -> dict[str, Any]:
        trials = (*one.trials, *one.baseline)
        return {
            "n": one.name,
            "r": run,
            "w": _word(one),
            "g": [self._tags.setdefault(tag, len(self._tags)) for tag in one.tags],
            "i": [
                [self._place(name), self._answer(text) if text else self._place("")]
                for name, text in one.asked
            ],
            "a": _round(one.share),
            "b": _round(one.baseline_share),
            "c": sum(trial.cost_micros or 0 for trial in trials),
            "after": [self._trial(trial) for trial in one.trials],
            "before": [self._trial(trial) for trial in one.baseline],
        }

    def _trial(self, one: Trial) -> dict[str, Any]:
        answer = self._answer(one.answers)
        error = None
        if one.error is not None:
            error = self._place(f"{one.stage}: {one.error}" if one.stage else one.error)
        return {
            "o": _OUTCOMES.index(one.outcome),
            "s": _round(one.score),
            "t": answer,
            "l": int(answer is None and bool(one.answers)),
            "e": error,
            "p": int(one.is_replayed),
            "k": [
                [
                    self._place(check.label),
                    _round(check.score),
                    int(check.is_met),
                    self._place(check.reason),
                ]
                for check in one.checks
            ],
        }

    def _answer(self, text: str) -> int | None:
        if not text:
            return None
        if len(text) > _MAX_ANSWER:
            text = f"{text[:_MAX_ANSWER]}\n[{len(text) - _MAX_ANSWER:,} characters left out]"
        if text not in self._texts:
            size = len(text.encode("utf-8", "replace"))
            if size > self._left:
                return None
            self._left -= size
        return self._place(text)

    def _place(self, text: str) -> int:
        return self._texts.setdefault(text, len(self._texts))


def _word(one: SampleResult) -> int:
    before, after = one.baseline_share, one.share
    if one.outcome is SampleOutcome.ERROR:
        return _ERROR
    if one.outcome is SampleOutcome.MISSING:
        return _MISSING
    if one.outcome is SampleOutcome.FAILED:
        return _LOST if one.baseline_outcome is SampleOutcome.PASSED else _FAILED
    if one.baseline_outcome is SampleOutcome.FAILED:
        return _REPAIRED
    if before is None or after is None or abs(after - before) <= _ROUNDING:
        return _PASSED
    return _FELL if after < before else _ROSE


def _round(value: float | None) -> float | int | None:
    """Round to three digits for display; whole numbers become integers."""
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return None
    rounded = round(value, 3)
    return int(rounded) if rounded == int(rounded) else rounded
