"""Run configurations in promptfoo and here, and compare the verdicts on every assertion.

    python -m tests.promptfoo [--promptfoo COMMAND...] [--examples CHECKOUT] [--only NAME] [--write]

Without options it installs promptfoo with npm and clones its examples, both below `build/`. What
was carried over must have promptfoo's verdict; what was not must be named. `--write` keeps the
assertions with promptfoo's verdicts as the vectors that `test_vectors.py` holds the importer to.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from promptops.repository.adoption.promptfoo.assertions import Converter
from promptops.repository.adoption.promptfoo.cases import CaseReader
from promptops.repository.adoption.promptfoo.notebook import Notebook
from promptops.repository.adoption.promptfoo.source import SourceFolder, load_yaml
from tests.promptfoo.installing import BUILD, install_promptfoo
from tests.promptfoo.server import PREFIX, ScriptedServer
from tests.promptfoo.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptops.repository.adoption.promptfoo.cases import TestCase

HERE = Path(__file__).parent
VECTORS = HERE / "vectors.json"
REPOSITORY = "https://github.com/promptfoo/promptfoo"
_NAME = "promptfooconfig.yaml"


class Configuration(NamedTuple):
    """A configuration to run, and whether it is one of promptfoo's own."""

    name: str
    folder: Path
    is_example: bool


class Comparison(NamedTuple):
    """One assertion on one answer: what both programs say of it."""

    configuration: str
    assertion: dict[str, Any]
    values: dict[str, Any]
    answer: str
    theirs: str
    ours: str

    @property
    def is_fine(self) -> bool:
        """Whether both agree, or ours says that it is another check."""
        return self.ours.startswith("named") or self.ours == self.theirs


def main() -> int:
    """Compare; 1 where the verdicts differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--promptfoo", nargs="+", help="the command")
    parser.add_argument("--examples", type=Path, help="a checkout of promptfoo")
    parser.add_argument("--only", help="one configuration")
    parser.add_argument("--write", action="store_true", help="keep the vectors")
    options = parser.parse_args()
    command = options.promptfoo or install_promptfoo()
    examples = options.examples or _clone()
    found: list[Comparison] = []
    cases: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, ScriptedServer() as server:
        chosen = list(_configurations(Path(folder), examples))
        for one in chosen:
            if options.only in {None, one.name}:
                _prepare(one, server.url)
                rows = _run_theirs(one, command, server.url)
                found += _compare_assertions(one, rows)
                cases += _compare_cases(one, rows, server.url)
    for compared in found:
        if not compared.is_fine:
            _say(
                f"{compared.configuration}: {compared.assertion} on {compared.answer!r}:"
                f" promptfoo {compared.theirs}, promptops {compared.ours}"
            )
    verdicts = Counter(
        "named" if one.ours.startswith("named") else "same" for one in found if one.is_fine
    )
    wrong = sum(not one.is_fine for one in found)
    _say(
        f"{len(chosen)} configurations, {sum(one.is_example for one in chosen)} of promptfoo's own;"
        f" {len(found)} assertions: {verdicts['same']} the same, {verdicts['named']} named,"
        f" {wrong} other; cases: {cases['same']} the same, {cases['named']} named,"
        f" {cases['other']} other"
    )
    if options.write:
        _write(found)
    return 1 if wrong or cases["other"] else 0


def _clone() -> Path | None:
    """Clone promptfoo's examples; None where its repository cannot be reached."""
    folder = BUILD / "promptfoo-examples"
    if not folder.exists():
        filters = ("--quiet", "--depth=1", "--filter=blob:none", "--sparse")
        ended = subprocess.run(["git", "clone", *filters, REPOSITORY, folder], check=False)
        if ended.returncode != 0:
            _say("promptfoo's examples cannot be cloned: only our own configurations are run")
            return None
        subprocess.run(["git", "-C", folder, "sparse-checkout", "set", "examples"], check=True)
    return folder


def _configurations(place: Path, examples: Path | None) -> Iterator[Configuration]:
    text = (HERE / "configurations.yaml").read_text(encoding="utf-8")
    for data in yaml.safe_load_all(text):
        folder = place / data["name"]
        folder.mkdir()
        for name, content in data.pop("files", {}).items():
            (folder / name).write_text(content, encoding="utf-8", newline="")
        name = data.pop("name")
        whole = {"prompts": [PREFIX + "{{answer}}"], **data}
        # As JSON, so that both read the same scalars.
        (folder / _NAME).write_text(json.dumps(whole), encoding="utf-8")
        yield Configuration(name, folder, is_example=False)
    if examples is None:
        return
    for line in (HERE / "examples.txt").read_text().split():
        if not (examples / line / _NAME).is_file():
            _say(f"{line}: promptfoo has no such example any more")
            continue
        folder = place / line.replace("/", "-")
        shutil.copytree(examples / line, folder)
        yield Configuration(line, folder, is_example=True)


def _prepare(one: Configuration, url: str) -> None:
    """Put the scripted server in the place of the providers."""
    file = one.folder / _NAME
    data = load_yaml(file.read_text(encoding="utf-8"), file.name)
    data["providers"] = [
        {"id": "openai:chat:scripted", "config": {"apiBaseUrl": url, "apiKey": "none"}}
    ]
    data.pop("outputPath", None)
    file.write_text(json.dumps(data), encoding="utf-8")


def _run_theirs(one: Configuration, command: Sequence[str], url: str) -> list[dict[str, Any]]:
    environment = {
        **os.environ,
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": url,
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
        "PROMPTFOO_CONFIG_DIR": str(one.folder / ".home"),
    }
    arguments = ("eval", "-c", _NAME, "-o", "out.json", "--no-cache", "--no-table")
    ended = subprocess.run(
        [*command, *arguments, "--no-progress-bar"],
        cwd=one.folder,
        env=environment,
        capture_output=True,
        check=False,
    )
    output = one.folder / "out.json"
    if not output.exists():
        _say(f"{one.name}: promptfoo wrote nothing: {ended.stderr.decode()[-800:]}")
        return []
    rows: list[dict[str, Any]] = json.loads(output.read_bytes())["results"]["results"]
    return rows


def _read_cases(one: Configuration) -> tuple[list[TestCase], Converter]:
    folder = SourceFolder(one.folder, ".")
    data = load_yaml((one.folder / _NAME).read_text(encoding="utf-8"), _NAME)
    cases = CaseReader(folder, Notebook(), _NAME).read(data)
    return cases, Converter(folder, data.get("assertionTemplates") or {})


def _find_case(row: dict[str, Any], cases: list[TestCase]) -> TestCase | None:
    """The case of a row: promptfoo does not keep the order of files."""

    given = {name: value for name, value in row["vars"].items() if name != "sessionId"}
    count = len(row["testCase"].get("assert", ()))

    def is_it(case: TestCase) -> bool:
        return case.values == given and len(case.assertions) == count

    index: int = row["testIdx"]
    if index < len(cases) and is_it(cases[index]):
        return cases[index]
    found = next((case for case in cases if is_it(case)), None)
    return found or (cases[index] if index < len(cases) else None)


def _compare_assertions(one: Configuration, rows: Sequence[dict[str, Any]]) -> Iterator[Comparison]:
    cases, converter = _read_cases(one)
    for row in rows:
        case = _find_case(row, cases)
        if case is None:
            continue
        results = [
            result
            for result in (row.get("gradingResult") or {}).get("componentResults") or ()
            if result.get("assertion") is not None
        ]
        if any(
            isinstance(given, dict) and given.get("type") == "assert-set"
            for given in case.assertions
        ):
            continue
        answer = str((row.get("response") or {}).get("output"))
        for index, given in enumerate(case.assertions):
            if results and len(results) == len(case.assertions):
                theirs = "pass" if results[index]["pass"] else "fail"
                if row.get("failureReason") == 2:
                    theirs = "error"
            elif len(case.assertions) == 1:
                theirs = "error"
            else:
                continue
            ours = (
                f"named: the case {'; '.join(case.lost)}"
                if case.lost
                else judge(converter, given, case.values, answer)
            )
            yield Comparison(one.name, dict(given), dict(case.values), answer, theirs, ours)


def _compare_cases(one: Configuration, rows: Sequence[dict[str, Any]], url: str) -> Counter[str]:
    """Run the adopted suites, and compare how their samples come out."""
    settings = f'[models.openai]\nbase_url = "{url}"\nfree = true\n\n[checks]\n'
    (one.folder / "promptops.toml").write_text(settings)
    for command in (
        ("git", "init", "-q"),
        ("git", "config", "user.email", "a@example.org"),
        ("git", "config", "user.name", "A"),
    ):
        subprocess.run(command, cwd=one.folder, check=True)
    plan = _promptops(one, "adopt", _NAME, "--write", "--format", "json")
    tally: Counter[str] = Counter()
    if not plan.get("prompts"):
        return Counter(named=len(rows))
    cases, converter = _read_cases(one)
    suites = []
    for prompt in plan["prompts"]:
        arguments = ("eval", "run", prompt["name"], "--against", "none", "--format", "json")
        result = _promptops(one, *arguments) if prompt["suite"] else {}
        suites.append(next(iter(result.get("suites", ())), None))
    for row in rows:
        case = _find_case(row, cases)
        if case is None or row["promptIdx"] >= len(suites):
            tally["named"] += 1
            continue
        suite = suites[row["promptIdx"]]
        samples = {sample["name"]: sample for sample in (suite or {}).get("samples", ())}
        sample = samples.get(case.name)
        is_named = any(
            judge(converter, given, case.values, "").startswith("named")
            for given in case.assertions
        )
        theirs = "passed" if row["success"] else "failed"
        if sample is not None and sample["outcome"] == theirs:
            tally["same"] += 1
        elif sample is None or is_named:
            tally["named"] += 1
        else:
            tally["other"] += 1
            _say(
                f"{one.name}: case '{case.name}': promptfoo {theirs}, promptops {sample['outcome']}"
            )
    return tally


def _promptops(one: Configuration, *arguments: str) -> dict[str, Any]:
    environment = {**os.environ, "OPENAI_API_KEY": "none"}
    ended = subprocess.run(
        [sys.executable, "-m", "promptops", *arguments],
        cwd=one.folder,
        env=environment,
        capture_output=True,
        check=False,
    )
    try:
        found: dict[str, Any] = json.loads(ended.stdout)
    except ValueError:
        _say(f"{one.name}: {' '.join(arguments)}: {ended.stderr.decode()[-600:]}")
        return {}
    return found


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _write(found: Sequence[Comparison]) -> None:
    """Keep the assertions of our own configurations, with promptfoo's verdicts."""
    vectors = [
        {
            "assertion": one.assertion,
            "values": {name: value for name, value in one.values.items() if name != "answer"},
            "answer": one.answer,
            "promptfoo": one.theirs,
            "named": one.ours.startswith("named"),
        }
        for one in found
        if not one.configuration.startswith("examples/")
        and not one.ours.startswith("named: the case ")
        and "file://" not in json.dumps(one.assertion)
        and "$ref" not in one.assertion
    ]
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in vectors)
    VECTORS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
