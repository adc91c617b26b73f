"""Write trends of nightly evals as a section of the HTML report."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptops.evals.nightly.trends import Trend

_DAYS = 60
_WIDTH, _HEIGHT = 240, 40
_TONES = {"passed": "good", "alarm": "bad", "could not judge": "doubt"}


def to_section(trends: Sequence[Trend]) -> Iterator[str]:
    """Yield the lines of a section with a small chart of each trend; nothing without trends."""
    if not trends:
        return
    yield "<section><h2>From night to night</h2>"
    yield '<div class="wide" role="region" aria-label="Nights" tabindex="0"><table>'
    yield "<caption>The share of passed trials in the last 60 nights</caption>"
    names = ("Suite", "Model", "Version", "Last night", "Passed", "State", "Trend", "Served by")
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    yield f"<thead><tr>{heads}</tr></thead><tbody>"
    for one in trends:
        record, result = one.last
        share = "" if result.share is None else f"{result.share:.1%}"
        yield (
            f'<tr><th scope="row">{_text(one.suite)}</th><td>{_text(one.model)}</td>'
            f"<td>{_text(record.version)}</td><td>{record.night}</td>"
            f'<td class="number">{share}</td>'
            f'<td class="{_TONES[result.state]}">{result.state}</td>'
            f"<td>{_draw(one)}</td><td>{_text(', '.join(result.served))}</td></tr>"
        )
    yield "</tbody></table></div></section>"


def _draw(trend: Trend) -> str:
    """Return a chart: a bar for each night, from 0 to 100 %; none where there is no result."""
    shares = trend.percents(_DAYS)
    step = _WIDTH / _DAYS
    bars = "".join(
        f'<rect x="{place * step:.1f}" y="{_HEIGHT * (1 - share / 100):.1f}"'
        f' width="{step - 1:.1f}" height="{max(1.0, _HEIGHT * share / 100):.1f}"/>'
        for place, share in enumerate(shares)
        if share is not None
    )
    said = ", ".join("none" if share is None else f"{share}%" for share in shares[-7:])
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" fill="currentColor" role="img"'
        f' aria-label="The last nights: {said}">{bars}</svg>'
    )


def _text(text: str) -> str:
    shown = text.encode("utf-8", "replace").decode()
    return escape("".join(one if one >= " " else "\ufffd" for one in shown))
