#!/usr/bin/env python3
"""Measures the speed that promptops promises, side by side with others and with the bare work.

    nox -s bench            everything; the first time takes minutes to make repositories
    nox -s bench -- --quick    small repositories and few turns, to see that it works

Goals are ratios of medians from one run (and one time: a cached `get`). See README.md here.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from folders import write_ivault, write_promptops, write_promptpin
from measuring import (
    Command,
    FailedCommandError,
    Row,
    Samples,
    format_samples,
    format_table,
    time_in_turns,
)
from proposals import CHANGE, make_proposal
from pushes import PUSHES, list_file, make_pushes
from repositories import (
    Shape,
    add_remote,
    flat_name,
    make_gto,
    make_promptops,
    make_promptpin,
    prompt_name,
    version_name,
)
from tools import install_library, install_others, install_promptops, process_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
# Not measured with fewer in earnest.
_TURNS = 11
_GTO_TURNS = 7
_OWNERS_TURNS = 7
# Live with its first version in every repository made here.
_PROMPT = prompt_name(42)
_PIN = f"{_PROMPT}@{version_name(1)}"


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the repositories are.

    Attributes:
        tags: the one that others are compared in.
        small: what `large` is compared with.
        large: many tags and prompts.
        environment: for deployments.
        deployed: the same after many deployments.
    """

    tags: Shape
    small: Shape
    large: Shape
    environment: Shape
    deployed: Shape


_FULL = Scale(
    tags=Shape(100, 50),
    small=Shape(5, 2),
    large=Shape(10_000, 10, deployments=100),
    environment=Shape(1_000, 2, deployments=12, partial=True),
    deployed=Shape(1_000, 2, deployments=10_000, partial=True),
)
_QUICK = Scale(
    tags=Shape(100, 5),
    small=Shape(5, 2),
    large=Shape(1_000, 3, deployments=10),
    environment=Shape(100, 2, deployments=3, partial=True),
    deployed=Shape(100, 2, deployments=200, partial=True),
)


MEASUREMENTS = (
    *("start_up", "resolving", "growing", "in_process", "listing", "deploying"),
    *("deploying_to_a_remote", "owning", "gating", "receiving", "validating"),
    "resolving_with_gto",
)
"""What can be measured, in the order of the table."""


class Bench:
    """One run: the programs, the repositories and the turns."""

    def __init__(self, cache: Path, scale: Scale, turns: int) -> None:
        """Install the programs; repositories are made when they are first asked for."""
        cache.mkdir(parents=True, exist_ok=True)
        self._cache = cache
        self._scale = scale
        self._turns = turns
        self._environment = process_environment(cache)
        others = install_others(cache)
        self._promptpin, self._gto = others["promptpin"], others["gto"]
        self._ivault = others["ivault"]
        self._programs = install_promptops(cache, ROOT)
        self._promptops = self._programs / "promptops"

    def measure(self, only: str | None = None) -> Iterator[Row]:
        """Measure everything in the order of the table, or one thing."""
        for name in MEASUREMENTS if only is None else [only]:
            if only is not None or self._scale is _FULL or name != "resolving_with_gto":
                yield from getattr(self, name)()

    def start_up(self) -> Iterator[Row]:
        """What a bare command costs."""
        ours, promptpin, gto = self._time(
            Command("promptops --help", (self._promptops, "--help"), self._cache),
            Command("promptpin --help", (self._promptpin, "--help"), self._cache),
            Command("gto --help", (self._gto, "--help"), self._cache),
        )
        yield Row("`--help`", ours, promptpin, 1.0)
        yield Row("`--help`", ours, gto, None)

    def resolving(self) -> Iterator[Row]:
        """One pinned version, against promptpin."""
        shape = self._scale.tags
        others = self._make("promptpin", make_promptpin, shape.prompts, shape.versions)
        line = (self._promptpin, "show", f"{flat_name(42)}@v2")
        ours, promptpin = self._time(
            self._resolve(self._repository("tags", shape), _PIN),
            Command("promptpin show", line, others),
        )
        yield Row(f"`resolve NAME@VERSION`, {shape.tags:,} tags", ours, promptpin, 0.9)

    def resolving_with_gto(self) -> Iterator[Row]:
        """The same against gto, which takes half a minute each time."""
        shape = self._scale.tags
        others = self._make("gto", make_gto, shape.prompts, shape.versions)
        line = (self._gto, "show", f"{flat_name(42)}@v{version_name(1)}")
        ours, gto = time_in_turns(
            [
                self._resolve(self._repository("tags", shape), _PIN),
                Command("gto show", line, others),
            ],
            self._environment,
            turns=_GTO_TURNS,
            warm_up=1,
        )
        yield Row(f"`resolve NAME@VERSION`, {shape.tags:,} tags", ours, gto, None)

    def growing(self) -> Iterator[Row]:
        """One pinned version, among few and among very many."""
        small, large = self._scale.small, self._scale.large
        pin = f"{prompt_name(3)}@{version_name(1)}"
        ours, before = self._time(
            self._resolve(self._repository("large", large), pin),
            self._resolve(self._repository("small", small), pin),
        )
        before = Samples(f"the same, {small.tags} tags", before.seconds, before.processor_seconds)
        what = f"`resolve NAME@VERSION`, {large.tags:,} tags, {large.prompts:,} prompts"
        yield Row(what, ours, before, 1.2)

    def in_process(self) -> Iterator[Row]:
        """What the library takes, without a process of its own."""
        shape = self._scale.large
        line = (
            self._programs / "python",
            Path(__file__).with_name("in_process.py"),
            self._repository("large", shape),
            *map(str, (self._turns, shape.prompts, shape.versions)),
        )
        done = subprocess.run(
            [*map(str, line)], env=self._environment, check=True, stdout=subprocess.PIPE
        )
        taken = {
            label: Samples(label, tuple(seconds))
            for label, seconds in json.loads(done.stdout).items()
        }
        tags = f"{shape.tags:,} tags"
        bare = taken["bare reads and YAML"]
        yield Row(f"`registry.get`, not cached, {tags}", taken["get, uncached"], bare, 2.0)
        yield Row("`registry.get`, cached", taken["get, cached"], None, 5e-6)
        yield Row("`render`, 2 kB", taken["render, 2 kB"], taken["bare Jinja2"], 1.3)

    def listing(self) -> Iterator[Row]:
        """Everything that is live."""
        shape = self._scale.large
        folder = self._repository("large", shape)
        listing, resolving = self._time(
            Command("list --live", (self._promptops, "list", "--live"), folder),
            self._resolve(folder, _PIN),
        )
        what = f"`list --live`, {shape.prompts:,} prompts in two environments"
        yield Row(what, listing, resolving, 3.0)

    def deploying(self) -> Iterator[Row]:
        """What is written, without a remote."""
        for name, shape in self._environments():
            yield from self._deploy(self._repository(name, shape), _where(shape), 1.6)

    def deploying_to_a_remote(self) -> Iterator[Row]:
        """For information: what a push to another folder on the same disk adds."""
        for name, shape in self._environments():
            folder = self._make(f"{name}-clone", self._make_clone, shape)
            yield from self._deploy(folder, f"{_where(shape)}, `file://` remote", None)

    def owning(self) -> Iterator[Row]:
        """Who owns very many paths."""
        paths, rules = (10_000, 1_000) if self._scale is _FULL else (500, 200)
        script = (Path(__file__).with_name("owners.py"), str(paths), str(rules))
        pythons = {
            "promptops": self._programs / "python",
            "codeowners": install_library(self._cache, "codeowners==0.9.0"),
        }
        taken: dict[str, list[dict[str, Any]]] = {name: [] for name in pythons}
        for _ in range(min(self._turns, _OWNERS_TURNS)):
            for name, python in pythons.items():
                done = subprocess.run(
                    (python, *script), env=self._environment, check=True, stdout=subprocess.PIPE
                )
                taken[name].append(json.loads(done.stdout))
        if len({one["answer"] for turns in taken.values() for one in turns}) != 1:
            raise FailedCommandError("promptops and codeowners disagree about who owns what")
        ours, other = (
            Samples(f"owners, {name}", tuple(one["seconds"] for one in turns))
            for name, turns in taken.items()
        )
        yield Row(f"owners of {paths:,} paths by {rules:,} rules", ours, other, 0.6)
        for hostile in taken["promptops"][0]["hostile"]:
            seconds = tuple(one["hostile"][hostile] for one in taken["promptops"])
            yield Row(f"owners, {hostile}", Samples(hostile, seconds), None, 10e-3)

    def gating(self) -> Iterator[Row]:
        """A change of many prompts, among very many with very many releases."""
        shape = self._scale.large
        changed, rules = (100, 1_000) if self._scale is _FULL else (10, 200)
        few = Shape(shape.prompts, 1)
        large = self._make("proposal", make_proposal, shape, changed, rules)
        small = self._make("proposal-few-tags", make_proposal, few, changed, rules)
        line = (self._promptops, "gate", "--base", "main", "--head", CHANGE, "--format", "concise")
        gate, resolve, before = self._time(
            Command("gate", line, large),
            self._resolve(large, _PIN),
            Command(f"the same, {few.tags:,} tags", line, small),
        )
        what = f"`gate`, {changed} of {shape.prompts:,} prompts, {rules:,} owner rules"
        yield Row(f"{what}, {shape.tags:,} tags", gate, resolve, 6.0)
        yield Row(f"{what}, {shape.tags:,} tags", gate, None, 1.5)
        yield Row(f"{what}, {shape.tags:,} tags", gate, before, 1.2)

    def receiving(self) -> Iterator[Row]:
        """What a server's hook takes for a push of ten prompts, among very many."""
        shape = self._scale.large
        pushed, rules = (10, 1_000) if self._scale is _FULL else (5, 200)
        few = Shape(shape.prompts, 3, deployments=shape.deployments)
        large = self._make("pushes", make_pushes, shape, pushed, rules)
        small = self._make("pushes-few-tags", make_pushes, few, pushed, rules)
        line = (self._promptops, "hook", "pre-receive")
        for push in PUSHES:
            hook, resolve, before = self._time(
                Command("hook pre-receive", line, large, list_file(large, push)),
                self._resolve(large, _PROMPT),
                Command(f"the same, {few.tags:,} tags", line, small, list_file(small, push)),
            )
            what = f"`hook pre-receive`, {push} of {pushed} of {shape.prompts:,} prompts"
            yield Row(f"{what}, {shape.tags:,} tags", hook, resolve, 3.0)
            yield Row(f"{what}, {shape.tags:,} tags", hook, None, 0.5)
            yield Row(f"{what}, {shape.tags:,} tags", hook, before, 1.2)

    def validating(self) -> Iterator[Row]:
        """What checking costs: beside others, beside the bare work, again, and for one file."""
        some, many = (1_000, 10_000) if self._scale is _FULL else (100, 1_000)
        folder = self._make("validate", write_promptops, some)
        check = (self._promptops, "validate", "--format", "concise")
        promptpin = self._make("validate-promptpin", write_promptpin, some)
        ivault = self._make("validate-ivault", write_ivault, some)
        ours, theirs, others = self._time(
            Command("validate", (*check, "--no-cache"), folder),
            Command("promptpin validate", (self._promptpin, "validate"), promptpin),
            Command("ivault validate", (self._ivault, "validate", "prompts"), ivault),
        )
        yield Row(f"`validate --no-cache`, {some:,} prompts", ours, theirs, 0.8)
        yield Row(f"`validate --no-cache`, {some:,} prompts", ours, others, 0.15)
        large = self._make("validate-many", write_promptops, many)
        python = self._programs / "python"
        cold, floor, warm = self._time(
            Command("validate --no-cache", (*check, "--no-cache"), large),
            Command("bare work", (python, Path(__file__).with_name("floor.py"), "prompts"), large),
            Command("validate", check, large),
        )
        yield Row(f"`validate --no-cache`, {many:,} prompts", cold, floor, 1.4)
        yield Row(f"`validate` again, {many:,} prompts", warm, cold, 0.25)
        one, bare = self._time(
            Command("one file", (*check, "prompts/area-001/prompt-40.md"), folder),
            Command("imports", (python, "-c", "import typer, yaml, jinja2"), folder),
        )
        yield Row(f"`validate FILE` of {some:,} prompts", one, bare, 1.6)

    def _environments(self) -> tuple[tuple[str, Shape], ...]:
        return (
            ("environment", self._scale.environment),
            ("deployed", self._scale.deployed),
        )

    def _deploy(self, folder: Path, where: str, goal: float | None) -> Iterator[Row]:
        to, at = ("--to", "production", "--yes"), ("--env", "production", "--yes")
        resolve, promote, rollback = self._time(
            self._resolve(folder, _PIN),
            Command("promote", (self._promptops, "promote", _PIN, *to), folder),
            Command("rollback", (self._promptops, "rollback", _PROMPT, *at), folder),
            is_sequence=True,
        )
        yield Row(f"`promote`, {where}", promote, resolve, goal)
        yield Row(f"`rollback`, {where}", rollback, resolve, goal)

    def _resolve(self, folder: Path, ref: str) -> Command:
        label = "resolve NAME@VERSION" if "@" in ref else "resolve NAME"
        return Command(label, (self._promptops, "resolve", ref), folder)

    def _time(self, *commands: Command, is_sequence: bool = False) -> list[Samples]:
        return time_in_turns(
            commands, self._environment, turns=self._turns, is_sequence=is_sequence
        )

    def _repository(self, name: str, shape: Shape) -> Path:
        return self._make(name, make_promptops, shape)

    def _make_clone(self, folder: Path, shape: Shape) -> None:
        make_promptops(folder, shape)
        add_remote(folder, folder.with_suffix(".git"))

    def _make(self, name: str, make: Callable[..., None], *arguments: object) -> Path:
        """Make a repository, unless an earlier run did with the same program and shape."""
        recipe = "\n".join(map(repr, arguments)) + _sources()
        folder = self._cache / "repositories" / ("full" if self._scale is _FULL else "quick") / name
        stamp = folder.with_suffix(".recipe")
        if not stamp.exists() or stamp.read_text("utf-8") != recipe:
            print(f"making the repository {name}", file=sys.stderr, flush=True)
            stamp.unlink(missing_ok=True)
            for old in (folder, folder.with_suffix(".git")):
                shutil.rmtree(old, ignore_errors=True)
            make(folder, *arguments)
            stamp.write_text(recipe, "utf-8")
        return folder


def _sources() -> str:
    here = Path(__file__).parent
    makers = ("packs.py", "repositories.py", "folders.py", "proposals.py", "pushes.py")
    return "".join((here / name).read_text("utf-8") for name in makers)


def _where(shape: Shape) -> str:
    return f"{shape.prompts:,} prompts, {shape.deployments:,} deployments"


def describe_machine() -> str:
    """Say when and on what this was measured."""
    git = subprocess.run(["git", "version"], check=True, stdout=subprocess.PIPE, text=True).stdout
    when = f"{datetime.now(UTC):%Y-%m-%d}"
    python = f"Python {platform.python_version()}"
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return f"{when}, {machine}, {python}, {git.strip()}"


def main() -> int:
    """Measure, print the results, and end with 1 if they are to be strict and a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small repositories, few turns")
    parser.add_argument("--turns", type=int, help=f"turns of each measurement ({_TURNS})")
    parser.add_argument("--only", choices=MEASUREMENTS, help="one measurement")
    parser.add_argument("--raw", action="store_true", help="print every single time too")
    parser.add_argument("--strict", action="store_true", help="exit code 1 when a goal is missed")
    parser.add_argument("--cache", type=Path, default=ROOT / "build" / "benchmarks")
    options = parser.parse_args()
    turns = options.turns or (3 if options.quick else _TURNS)
    bench = Bench(options.cache.resolve(), _QUICK if options.quick else _FULL, turns)
    rows = []
    for row in bench.measure(options.only):
        print(f"{row.label}: {row.value:.3g} {row.verdict}", file=sys.stderr, flush=True)
        rows.append(row)
    print(f"{describe_machine()}, {turns} turns\n")
    print(format_table(rows))
    if options.raw or not options.quick:
        print(f"\n{format_samples(rows)}")
    return int(options.strict and any(row.verdict == "miss" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
