"""What is turned round, and that it is noticed; the long run is `nox -s mutants`."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import pytest

from tests.mutation.mutants import make_mutants
from tests.mutation.targets import EQUIVALENT, RULES, SOURCES

ROOT = Path(__file__).parents[2]


def turned(source: str) -> list[tuple[str, str]]:
    return [(one.before, one.after) for one in make_mutants("m", dedent(source))]


def in_function(*lines: str, returns: str = "object") -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f"def f(a, b, c) -> {returns}:\n{body}"


@pytest.mark.parametrize(
    ("line", "mutants"),
    [
        ("x = a == b", ["a != b"]),
        ("x = a is b", ["a is not b"]),
        ("x = a not in b", ["a in b"]),
        ("x = a < b", ["a >= b", "a <= b"]),
        ("x = a >= b", ["a < b", "a > b"]),
        ("x = a <= b < c", ["a > b < c", "a < b < c", "a <= b >= c", "a <= b <= c"]),
        ("x = a and b", ["a or b", "b", "a"]),
        ("x = a or b or c", ["a and b and c", "b or c", "a or c", "a or b"]),
        ("x = not a", ["a"]),
        ("x = any(a)", ["all(a)"]),
        ("x = all(a)", ["any(a)"]),
        ("x = g(True)", ["False"]),
        ("x = b if a else c", ["not a"]),
        ("x = [a for a in b if a]", ["not a"]),
        ("if a: x = b", ["not a"]),
        ("if not a: x = b", ["a"]),
        ("while a: b = c", ["not a"]),
        ("a.append(b)", ["pass"]),
        ("a += b", ["pass"]),
        ("yield a", ["pass"]),
        ("yield from a", ["pass"]),
        ("x = a", []),
        ("return a", []),
        ("return a and b", ["not (a and b)", "a or b", "b", "a"]),
    ],
)
def test_every_condition_is_turned(line: str, mutants: list[str]) -> None:
    assert sorted(after for _, after in turned(in_function(line))) == sorted(mutants)


def test_what_a_question_answers_is_turned() -> None:
    assert turned(in_function("return g(a)", returns="bool")) == [("g(a)", "not g(a)")]
    assert turned(in_function("return a < b", returns="bool")) == [
        ("a < b", "a >= b"),
        ("a < b", "a <= b"),
    ]


def test_ways_out_are_closed() -> None:
    source = in_function("for a in b:", "    if c: continue", "    break", "return None")
    assert ("continue", "pass") in turned(source)
    assert ("break", "pass") in turned(source)
    # There the function ends anyway.
    assert ("return None", "pass") not in turned(source)
    assert ("return", "pass") in turned(in_function("if a: return", "g()"))


def test_defaults_are_turned_and_what_decides_nothing_is_not() -> None:
    source = """\
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            import a

        @dataclass(frozen=True)
        class One:
            is_good: bool = True

            def two(self, *, three: bool = False) -> None:
                pass
    """
    found = [(one.function, one.before, one.line) for one in make_mutants("m", dedent(source))]
    assert found == [("", "True", 7), ("One.two", "False", 9)]


def test_a_mutant_is_known_by_its_function_whatever_else_changes() -> None:
    source = in_function("def g():", "    return [x for x in a if x]", "return g")
    (one,) = make_mutants("m", source)
    (moved,) = make_mutants("m", f"import a\n\n\n{source}")
    assert one.key == moved.key == ("m", "f", "x", "not x")
    assert moved.line == one.line + 3


@pytest.mark.story
def test_a_mutant_replaces_what_others_have_imported() -> None:
    """In a process of its own, since nothing takes a mutant back."""
    script = dedent("""\
        import importlib
        from pathlib import Path
        from promptops.gate.rules import Approvals, Requirement, EvalEvidence
        from promptops.gate.rules.change import ChangedPath
        from tests.mutation.grafting import graft
        from tests.mutation.mutants import make_mutants

        def turn(name, function, after):
            module = importlib.import_module(name)
            source = Path(module.__file__).read_text()
            (one,) = [
                one for one in make_mutants(name, source)
                if (one.function, one.after) == (function, after)
            ]
            graft(one, module)

        good = EvalEvidence("a", "b", "c", True, 1)
        assert good.is_good
        turn("promptops.delivery.evidence", "EvalEvidence.is_good", "self.samples <= 0")
        assert not good.is_good
        assert ChangedPath("a", "b", None, None, None).is_proposed
        turn("promptops.gate.rules.change", "", "False")
        assert not ChangedPath("a", "b", None, None, None).is_proposed
    """)
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.story
def test_what_is_listed_is_there() -> None:
    known: set[tuple[str, str, str, str]] = set()
    for name, tests in {**RULES, **SOURCES}.items():
        module = import_module(name)
        assert module.__file__ is not None
        known |= {one.key for one in make_mutants(name, Path(module.__file__).read_text("utf-8"))}
        assert [file for file in tests if not (ROOT / file).is_file()] == []
    assert EQUIVALENT.keys() - known == set()
