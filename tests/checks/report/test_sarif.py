"""Reports as SARIF: valid for its schema, within GitHub's limits, and what they say."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from inline_snapshot import snapshot

from promptops.checks import report
from promptops.checks.registry import CHECKS, FAULTS
from promptops.checks.report.outcome import ReportOutcome
from promptops.checks.report.sarif import MAX_RESULTS
from promptops.prompt.finding import Finding, Inclusion, Position, Severity
from tests.checks.report.pieces import OUTCOME, OUTCOMES, PROMPTLY, conforms

# The schema of OASIS, as the package carries it.
SARIF_PACKAGE = "@microsoft/jest-sarif@1.0.0-beta.0"


SARIF_MEMBER = "package/lib/schemas/sarif-2.1.0-rtm.5.json"


SARIF_SHA256 = "2d99159ae54a3eea97f81781cff48780548657c35949f4b7f25e99a2ba4de4f8"


@pytest.fixture(scope="session")
def sarif_schema(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    cache = getattr(request.config, "cache", None)
    folder = tmp_path_factory.mktemp("sarif") if cache is None else cache.mkdir("sarif")
    file = folder / "schema.json"
    if not file.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm, which brings the schema of OASIS, is not installed")
        packed = subprocess.run(
            [npm, "pack", "--silent", "--pack-destination", str(folder), SARIF_PACKAGE],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if packed.returncode:
            pytest.skip("the package with the schema of OASIS is out of reach")
        archive = str(folder / packed.stdout.split()[-1])
        command = ["tar", "xzOf", archive, SARIF_MEMBER]
        file.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == SARIF_SHA256
    schema = json.loads(file.read_text())
    # Only JavaScript takes these for a regular expression, and no report says its language.
    for name in ("run", "toolComponent"):
        del schema["definitions"][name]["properties"]["language"]["pattern"]
    return jsonschema_rs.validator_for(schema)


@pytest.mark.story
@PROMPTLY
@given(outcome=OUTCOMES)
def test_sarif_is_valid_against_the_schema_of_oasis(
    sarif_schema: Any, outcome: ReportOutcome
) -> None:
    conforms(sarif_schema, report.render("sarif", outcome))


def test_sarif_has_a_rule_with_help_for_every_check_there_is() -> None:
    findings = [Finding(check, Severity.NOTE, "m", "a.md") for check in (*CHECKS, *FAULTS)]
    (run,) = json.loads(report.render("sarif", ReportOutcome(findings, 1)))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert {rule["id"] for rule in rules} == {*CHECKS, *FAULTS}
    for rule in rules:
        assert rule["help"]["markdown"]
        # The limits of code scanning, as GitHub documents them.
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert len(rule["properties"]["tags"]) <= 10


@pytest.mark.story
def test_sarif_keeps_to_what_code_scanning_takes_and_drops_the_least_first() -> None:
    note = Finding("syntax", Severity.NOTE, "m" * 5_000, "prompts/a.md", Position(1, 1, 1, 2))
    error = note._replace(severity=Severity.ERROR)
    text = report.render("sarif", ReportOutcome([*[note] * MAX_RESULTS, error], 1))
    (run,) = json.loads(text)["runs"]
    assert len(run["results"]) == MAX_RESULTS == 25_000
    assert run["results"][0]["level"] == "error"
    assert max(len(one["message"]["text"]) for one in run["results"]) <= 1_000
    assert len(gzip.compress(text.encode(), 1)) < 10 * 1024 * 1024


def test_sarif_leads_from_a_partial_to_who_includes_it() -> None:
    finding = Finding("syntax", Severity.ERROR, "m", "prompts/_p.md", Position(1, 1, 1, 2))
    chain = (Inclusion("prompts/a b.md", Position(9, 1, 9, 20)),)
    text = report.render("sarif", ReportOutcome([finding], 1, included_from={finding.path: chain}))
    (result,) = json.loads(text)["runs"][0]["results"]
    (related,) = result["relatedLocations"]
    place = related["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "prompts/a%20b.md"
    assert place["region"]["startLine"] == 9


def test_sarif_names_rules_levels_and_regions() -> None:
    (run,) = json.loads(report.render("sarif", OUTCOME))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["syntax", "undeclared-variable", "unused-partial"]
    assert rules[0]["help"]["text"] == FAULTS["syntax"]
    assert rules[1]["help"]["markdown"] == snapshot("""\
Variables that the template reads but the prompt does not declare as inputs.

## Finds

A name in the body, in a partial at any depth or in a route's condition, that is neither declared
under `inputs` nor set by the template itself.

## Why

No caller can pass an undeclared input, so the call always fails where the name is read.

## Example

    inputs: {ticket: string}
    ---
    {{ tikcet }}

## Instead

    inputs: {ticket: string}
    ---
    {{ ticket }}\
""")
    first, second, third = run["results"]
    assert (first["level"], second["level"], third["level"]) == ("error", "warning", "note")
    assert rules[first["ruleIndex"]]["id"] == first["ruleId"] == "undeclared-variable"
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "prompts/a.md", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 2, "startColumn": 8, "endLine": 2, "endColumn": 14}
    assert third["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
