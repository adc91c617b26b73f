"""Prompts with almost the same text.

Off unless `promptops.toml` turns it on: variants of a prompt are often intended.

## Finds

Two prompts that share nearly all runs of five words. Texts of fewer than 40 words are ignored.

## Why

A fault that is fixed in one of them stays in the other.

## Example

    prompts/support/triage.md
    prompts/support/triage-new.md, with one sentence added

## Instead

    prompts/support/triage.md
    prompts/support/triage-new.md, both including _shared/triage.md
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING
from zlib import crc32

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Position, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FolderSubject

RULE = CheckRule(CheckScope.FOLDER, CheckGroup.SET, Severity.NOTE, is_on=False)
_RUN = 5
_MIN_WORDS = 40
_SKETCH = 48
_MIN_SHARED = 0.85
# A run of words shared by this many prompts is boilerplate; comparing all of them would be
# quadratic.
_MAX_HOLDERS = 30
_WORD = re.compile(r"\w+")


def check(subject: FolderSubject) -> Iterator[Problem]:
    """Report each prompt that is similar to an earlier one, once, where its text begins.

    The smallest hashes of a text's runs are a uniform sample of them (Broder, "On the resemblance
    and containment of documents", 1997). Only prompts that share one are compared.
    """
    holders: dict[int, list[str]] = {}
    sketches: dict[str, frozenset[int]] = {}
    texts: dict[str, str] = {}
    for name, prompt in sorted(subject.texts.items()):
        words = _WORD.findall(prompt.body.casefold())
        if len(words) < _MIN_WORDS:
            continue
        runs = {
            crc32(" ".join(words[start : start + _RUN]).encode())
            for start in range(len(words) - _RUN + 1)
        }
        sketch = frozenset(sorted(runs)[:_SKETCH])
        shared = Counter(
            other for run in sketch for other in islice(holders.get(run, ()), _MAX_HOLDERS)
        )
        texts[name] = " ".join(words)
        for other, _ in shared.most_common(3):
            if texts[other] != texts[name] and _alike(sketch, sketches[other]) >= _MIN_SHARED:
                place = Position(prompt.body_line, 1, prompt.body_line, 1)
                hint = "move what they share into a partial"
                yield Problem(
                    f"the text is almost the same as in {other}", prompt.path, place, hint
                )
                break
        sketches[name] = sketch
        for run in sketch:
            holders.setdefault(run, []).append(name)


def _alike(one: frozenset[int], other: frozenset[int]) -> float:
    """Estimate the share of common runs of two texts from the smallest hashes of both."""
    least = sorted(one | other)[:_SKETCH]
    return sum(run in one and run in other for run in least) / len(least)
