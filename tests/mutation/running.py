"""Runs the tests against mutants: collected once, then one forked process for each mutant.

A mutant is caught when a test fails, when it cannot even be loaded, or when it uses up the time or
memory that it has. Which tests enter which functions is found out first: the others would run as
they do without the mutant.
"""

from __future__ import annotations

import gc
import importlib
import math
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from inspect import signature
from typing import TYPE_CHECKING

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import HealthCheck, Phase, settings

from tests.mutation.grafting import graft

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from types import FrameType

    from tests.mutation.mutants import Mutant

    _Enters = tuple[str, str]
    """A function: the name of its module, and its own."""

# What a mutant has beside thrice the time that its tests take without it.
_MORE_SECONDS = 5
# For a mutant that waits for something that never comes.
_SECONDS = 300
_MEMORY_BYTES = 4 * 1024**3


class Fate(StrEnum):
    """What became of a mutant."""

    CAUGHT = "a test notices it"
    SURVIVED = "no test notices it"
    UNREACHED = "no test reaches it"


class BrokenTestsError(Exception):
    """The tests cannot tell anything: there are none, or they fail as it is."""


def try_mutants(
    mutants: Sequence[Mutant], tests: Mapping[str, Collection[str]], jobs: int
) -> list[Fate]:
    """The fate of each mutant.

    Args:
        mutants: the mutants.
        tests: the files of tests by the module that they are to hold to its rules.
        jobs: how many processes at once.

    Raises:
        BrokenTestsError: a test fails without any mutant, or there is none.
    """
    # The same examples every time, and no time lost on making a failing one smaller.
    settings.register_profile(
        "mutants",
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        max_examples=60,
    )
    settings.load_profile("mutants")
    trial = _Trial(mutants, tests, jobs)
    files = {file for mutant in mutants for file in tests[mutant.module]}
    options = ["-qq", "--capture=no", "--no-summary"]
    # What a test leaves behind is looked at where tests are run for their own sake.
    for plugin in ("cacheprovider", "unraisableexception", "xdist"):
        options += ["-p", f"no:{plugin}"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    pytest.main([*options, *sorted(files)], plugins=[trial])
    if trial.fault:
        raise BrokenTestsError(trial.fault)
    return [trial.fates[number] for number in range(len(mutants))]


@dataclass(eq=False)  # pytest keeps its plugins in sets
class _Trial:
    """A plugin of pytest that has the collected tests and does something else with them."""

    mutants: Sequence[Mutant]
    tests: Mapping[str, Collection[str]]
    jobs: int
    fates: dict[int, Fate] = field(default_factory=dict)
    fault: str = "no tests were collected"
    seconds: dict[str, float] = field(default_factory=dict)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        tests = [item for item in session.items if isinstance(item, pytest.Function)]
        # Those that try many examples come last: most mutants never see them.
        tests.sort(key=lambda test: getattr(test.obj, "is_hypothesis_test", False))
        if not tests or session.testsfailed:
            return True
        try:
            reached = self._find_reached(tests)
        except BrokenTestsError as error:
            self.fault = str(error)
            return True
        gc.collect()
        gc.freeze()  # so that the children share it
        # What would fail in a forked process whatever is done there must not pass for a mutant.
        _, status = os.waitpid(_start(None, tests, _SECONDS), 0)
        self.fault = "" if status == 0 else "the tests fail in a process of their own"
        if not self.fault:
            self._try_all(reached)
        return True

    def _try_all(self, reached: Mapping[_Enters, Sequence[pytest.Function]]) -> None:
        running: dict[int, int] = {}
        for number, mutant in enumerate(self.mutants):
            chosen = reached.get((mutant.module, mutant.function))
            if not chosen:
                self.fates[number] = Fate.UNREACHED
                continue
            if len(running) >= self.jobs:
                self._await_one(running)
            usual = sum(self.seconds[test.nodeid] for test in chosen)
            running[_start(mutant, chosen, _MORE_SECONDS + 3 * math.ceil(usual))] = number
        while running:
            self._await_one(running)

    def _find_reached(
        self, tests: Sequence[pytest.Function]
    ) -> dict[_Enters, list[pytest.Function]]:
        reached: dict[_Enters, list[pytest.Function]] = {}
        modules = {mutant.module for mutant in self.mutants}
        for test in tests:
            wanted = {name for name in modules if test.location[0] in self.tests[name]}
            start = time.process_time()
            entered = _find_entered(test, wanted)
            self.seconds[test.nodeid] = time.process_time() - start
            # The body of a class is nothing that a test enters, and may matter to any.
            for one in (*entered, *((name, "") for name in wanted)):
                reached.setdefault(one, []).append(test)
        return reached

    def _await_one(self, running: dict[int, int]) -> None:
        process, status = os.wait()
        self.fates[running.pop(process)] = Fate.SURVIVED if status == 0 else Fate.CAUGHT


def _run(test: pytest.Function) -> str:
    """Run a test; give what is wrong, or nothing."""
    values = dict(test.callspec.params) if hasattr(test, "callspec") else {}
    if set(signature(test.obj).parameters) <= values.keys():
        # It wants no fixtures, and so none of the world that is made for those that do.
        try:
            test.obj(**values)
        except Exception as error:  # noqa: BLE001 - whatever a test may raise
            return repr(error)
        return ""
    reports = runtestprotocol(test, log=False, nextitem=None)
    return next((report.longreprtext for report in reports if report.failed), "")


def _find_entered(test: pytest.Function, modules: Collection[str]) -> set[_Enters]:
    """The functions of some modules that a test runs through; BrokenTestsError when it fails."""
    entered = set()

    def see(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            module = frame.f_globals.get("__name__")
            if module in modules:
                entered.add((str(module), frame.f_code.co_qualname.partition(".<")[0]))

    sys.setprofile(see)
    try:
        fault = _run(test)
    finally:
        sys.setprofile(None)
    if fault:
        raise BrokenTestsError(f"{test.nodeid} fails without a mutant: {fault}")
    return entered


def _start(mutant: Mutant | None, tests: Sequence[pytest.Function], processor_seconds: int) -> int:
    """Fork a process that tries one mutant, or none; it ends with 0 when no test fails."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (processor_seconds, processor_seconds))
        with suppress(ValueError, OSError):  # macOS has no such limit
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        signal.alarm(_SECONDS)
        if mutant is not None:
            graft(mutant, importlib.import_module(mutant.module))
        code = int(any(map(_run, tests)))
    finally:
        # Whatever was raised, nothing of the parent's must be done twice.
        os._exit(code)
