"""Apply the fixes that checks offer.

A fix may uncover another fault, so files are validated again until nothing is left to fix. A second
run changes nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.errors import RefusedError
from promptops.files import read_file
from promptops.repository.repository import OverlaidFiles
from promptops.repository.writing import replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from promptops.checks.validation import Validation
    from promptops.prompt.finding import Finding, Fix
    from promptops.repository.repository import Files

_CRLF = re.compile("\r\n")
_LINE = re.compile("[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Fixing:
    """The planned fixes.

    Attributes:
        before: path below the prompts folder -> old bytes, for each changed file.
        after: the same files with the fixes applied.
        fixed: the number of fixed findings.
        first: the findings before.
        rest: the findings after.
    """

    before: Mapping[str, bytes]
    after: Mapping[str, bytes]
    fixed: int
    first: Validation
    rest: Validation


def plan_fixes(
    files: Files, folder: str, judge: Callable[[Files], Validation], *, raw: bool = False
) -> Fixing:
    """Plan all fixes of findings that `judge` reports in `files`. Writes nothing.

    `folder` is the prompts folder. With `raw`, text that is not a valid template is put between `{%
    raw %}` and `{% endraw %}`, so that it is sent unchanged.
    """
    before: dict[str, bytes] = {}
    after: dict[str, bytes] = {}
    fixed = 0
    first = result = judge(files)
    states: set[frozenset[tuple[str, bytes]]] = set()
    while True:
        chosen, count = choose_fixes(result.findings)
        if raw:
            broken = {one.path for one in result.findings if one.check == "syntax"}
            wrapped = {
                path: wraps
                for path in sorted(broken)
                if (wraps := _wrap_foreign(path, files, folder, after))
            }
            count += sum(len(wraps) // 2 for wraps in wrapped.values())
            count -= sum(bool(one.fixes) and one.path in wrapped for one in result.findings)
            chosen |= wrapped
        changed = {}
        for path, fixes in chosen.items():
            below = path.removeprefix(f"{folder}/")
            data = after.get(below) or files.read(below)
            if data is not None:
                before.setdefault(below, data)
                changed[below] = apply_fixes(data, fixes)
        after = {**after, **changed}
        state = frozenset(after.items())
        if not changed or state in states:
            break
        states.add(state)
        fixed += count
        result = judge(OverlaidFiles(files, after))
    after = {path: data for path, data in after.items() if data != before[path]}
    return Fixing({path: before[path] for path in after}, after, fixed, first, result)


def _wrap_foreign(path: str, files: Files, folder: str, after: Mapping[str, bytes]) -> list[Fix]:
    """Return the edits that put invalid template syntax between raw tags."""
    from promptops.prompt.finding import Fix
    from promptops.prompt.frontmatter.document import read_document
    from promptops.prompt.reference import is_prompt
    from promptops.prompt.template.recovery import find_foreign

    below = path.removeprefix(f"{folder}/")
    data = after.get(below) or files.read(below) or b""
    text = _normalize(data.decode(errors="replace"))
    body = read_document(below, data).body if is_prompt(below) else text
    first = len(text) - len(body)
    fixes = []
    for start, end in find_foreign(body):
        line = body[:start].rpartition("\n")[2]
        # The tags would remove white space of the text.
        opening = "{%+ raw %}" if line and not line.strip() else "{% raw %}"
        closing = "{% endraw +%}" if body.startswith("\n", end) else "{% endraw %}"
        fixes.append(Fix(path, first + start, first + start, opening))
        fixes.append(Fix(path, first + end, first + end, closing))
    return fixes


def choose_fixes(findings: Iterable[Finding]) -> tuple[dict[str, list[Fix]], int]:
    """Choose fixes that can be applied together; return path -> fixes, and the number of findings
    fixed.

    Of two overlapping fixes, the first is chosen. All fixes of a finding are applied, or none.
    Equal fixes are applied once.
    """
    chosen: dict[str, list[Fix]] = {}
    count = 0
    for finding in findings:
        if finding.fixes and all(_fits(fix, chosen.get(fix.path, [])) for fix in finding.fixes):
            count += 1
            for fix in finding.fixes:
                made = chosen.setdefault(fix.path, [])
                index = bisect_left(made, _place(fix), key=_place)
                if made[index : index + 1] != [fix]:
                    made.insert(index, fix)
    return chosen, count


def _place(fix: Fix) -> tuple[int, int]:
    return fix.start, fix.end


def _fits(fix: Fix, others: list[Fix]) -> bool:
    """Return whether a fix overlaps with none of the chosen ones, which are sorted, or equals
    one.
    """
    index = bisect_left(others, _place(fix), key=_place)
    near = others[max(index - 1, 0) : index + 1]
    return all(fix == other or fix.end <= other.start or other.end <= fix.start for other in near)


def apply_fixes(data: bytes, fixes: Iterable[Fix]) -> bytes:
    """Return the file with the fixes applied. They must be sorted and must not overlap.

    All other bytes stay unchanged, newlines included.
    """
    text = data.decode()
    # Fixes count a CRLF as one character; convert their offsets.
    pairs = [match.start() - number for number, match in enumerate(_CRLF.finditer(text))]
    parts = []
    done = 0
    for fix in fixes:
        start = fix.start + bisect_left(pairs, fix.start)
        parts += [text[done:start], fix.text]
        done = fix.end + bisect_left(pairs, fix.end)
    return "".join([*parts, text[done:]]).encode()


def write_fixes(folder: Path, fixing: Fixing) -> None:
    """Write the fixed files below the prompts folder, each atomically.

    Raises RefusedError if a file changed since it was read.
    """
    for path, data in fixing.after.items():
        file = folder / path
        if read_file(file) != fixing.before[path]:
            raise RefusedError(f"{path} changed while it was checked", hint="run the command again")
        replace_file(file, data)


def show_diff(fixing: Fixing, folder: str) -> str:
    """Return the changes as a unified diff that `git apply` accepts; empty when there are none.

    A file with a masked finding, such as a secret, is shown masked; that diff cannot be applied.
    """
    parts = []
    for path, data in fixing.after.items():
        full = f"{folder}/{path}"
        texts = fixing.before[path].decode(), data.decode()
        masked = fixing.first.texts.get(full)
        if masked is not None and masked != _normalize(texts[0]):
            texts = masked, fixing.rest.texts.get(full, masked)
        parts.append(_file_diff(full, *texts))
    return "".join(parts)


def _normalize(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _file_diff(path: str, before: str, after: str) -> str:
    import difflib

    lines = difflib.unified_diff(
        _LINE.findall(before),
        _LINE.findall(after),
        f"a/{path}",
        f"b/{path}",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
