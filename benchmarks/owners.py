"""Times who owns many paths by many rules, with promptops or with PyPI's codeowners.

Run by `run.py` with the Python of the environment that has the one or the other:

    owners.py PATHS RULES

It prints JSON: the seconds that parsing and matching took, a digest of the lines that decided
(nobody shall be fast with wrong answers), and of promptops the seconds for hostile patterns.
"""

from __future__ import annotations

import json
import random
import sys
import time
from hashlib import sha256
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Match = Callable[[str], "int | None"]

_EXTENSIONS = ("py", "md", "js", "ts", "go", "rs", "yaml", "json", "txt", "css")
_FOLDERS = ("src", "tests", "docs", "prompts")

# As people write them; `a` is one of the areas, `n` the number of the rule, `e` an extension.
_PATTERNS = (
    "/{a}/module{n}/",
    "/{a}/module{n}/*.{e}",
    "{a}/**/module{n}.{e}",
    "*.kind{n}",
    "module{n}/",
    "**/module{n}/tests",
    "/{a}/*/module{n}*",
    "test_{n}_*.{e}",
    "/{a}/module{n}/README.md",
    "*generated{n}*",
)

_TRIES = 5

HOSTILE = {
    "a star after each letter": ("a*" * 12 + "b", "a" * 255),
    "stars up to a path's length": ("a*" * 2000 + "b", "a" * 4000),
    "two stars between folders": ("**/a/" * 800 + "b", "a/" * 2000 + "c"),
    "a long run of folders": ("**/" + "a/" * 1000 + "b/**/c", "a/" * 2000 + "c"),
    "questions": ("*" + "a?" * 1000 + "b*", "a" * 4000),
    "an open bracket": ("[" * 2000, "[" * 2000),
}


def make_case(paths: int, rules: int) -> tuple[str, list[str]]:
    """Write a CODEOWNERS file and paths, the same ones every time."""
    chance = random.Random(7)
    areas = [f"area{number}" for number in range(40)]
    lines = ["* @org/all"]
    for number in range(rules - 1):
        pattern = _PATTERNS[number % len(_PATTERNS)].format(
            a=chance.choice(areas), n=number, e=chance.choice(_EXTENSIONS)
        )
        lines.append(f"{pattern} @org/team-{chance.randrange(50)}")
    chosen = [
        f"{chance.choice(areas)}/module{chance.randrange(rules)}/{chance.choice(_FOLDERS)}/"
        f"file{chance.randrange(paths)}.{chance.choice(_EXTENSIONS)}"
        for _ in range(paths)
    ]
    return "\n".join(lines) + "\n", chosen


def load() -> Callable[[str], Match]:
    """Give what makes a text into a function from path to line, with what is installed here."""
    if find_spec("promptops") is not None:
        from promptops.forge.codeowners import Dialect, parse_owners

        def parse(text: str) -> Match:
            match = parse_owners(text, Dialect.GITHUB).match
            return lambda path: match(path).line

        return parse

    from codeowners import CodeOwners

    def parse_other(text: str) -> Match:
        matching_line = CodeOwners(text).matching_line
        return lambda path: matching_line(path)[1]

    return parse_other


def main() -> None:
    """Measure once and print what came out."""
    text, paths = make_case(*map(int, sys.argv[1:3]))
    parse = load()
    parse("* @warm-up\n")("x")
    start = time.perf_counter()
    match = parse(text)
    lines = [match(path) for path in paths]
    seconds = time.perf_counter() - start
    hostile = {}
    if find_spec("promptops") is not None:
        for name, (pattern, path) in HOSTILE.items():
            tries = []
            for _ in range(_TRIES):
                start = time.perf_counter()
                parse(f"{pattern} @x\n")(path)
                tries.append(time.perf_counter() - start)
            hostile[name] = min(tries)  # the rest is the machine's other work
    answer = sha256(json.dumps(lines).encode()).hexdigest()
    print(json.dumps({"seconds": seconds, "answer": answer, "hostile": hostile}))


if __name__ == "__main__":
    main()
