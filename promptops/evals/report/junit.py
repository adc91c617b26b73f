"""Write a run as JUnit XML, with one test for each sample and model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.report.xml_text import to_xml_attribute, to_xml_text
from promptops.evals.outcome import Exit
from promptops.evals.result import SampleOutcome

if TYPE_CHECKING:
    from promptops.evals.outcome import SuiteOutcome
    from promptops.evals.result import EvalResult, SampleResult

_VERDICT = "the verdict"


def to_junit(result: EvalResult, outcomes: list[SuiteOutcome]) -> str:
    """Return the XML. A blocking or unknown verdict is a separate test.

    A failing sample is a failed test only if the verdict is not "passed": a threshold or a
    comparison may allow it.
    """
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites name="promptops eval">']
    for outcome in outcomes:
        suite, model = outcome.suite, outcome.model
        samples = list(suite.of_model(model))
        cases = [_verdict(outcome), *(_case(one, outcome) for one in samples)]
        failures = sum("<failure" in case for case in cases)
        errors = sum("<error" in case for case in cases)
        skipped = sum("<skipped" in case for case in cases)
        name = to_xml_attribute(f"{suite.prompt} {model}")
        lines.append(
            f'  <testsuite name={name} tests="{len(cases)}" failures="{failures}"'
            f' errors="{errors}" skipped="{skipped}">'
        )
        lines += cases
        lines.append("  </testsuite>")
    if result.stopped:
        text = to_xml_attribute(result.stopped)
        lines.append('  <testsuite name="the run" tests="1" failures="0" errors="1" skipped="0">')
        lines.append(f'    <testcase name="completed"><error message={text}/></testcase>')
        lines.append("  </testsuite>")
    lines.append("</testsuites>")
    return "\n".join(lines)


def _verdict(outcome: SuiteOutcome) -> str:
    suite = outcome.suite
    head = (
        f"    <testcase classname={to_xml_attribute(suite.path)} name={to_xml_attribute(_VERDICT)}"
    )
    text = "\n".join(one.text for one in outcome.reasons)
    if outcome.exit is Exit.PASSED:
        return f"{head}/>"
    kind = "failure" if outcome.exit is Exit.BLOCKED else "error"
    message = to_xml_attribute(text.split("\n", 1)[0])
    return f"{head}><{kind} message={message}>{to_xml_text(text)}</{kind}></testcase>"


def _case(sample: SampleResult, outcome: SuiteOutcome) -> str:
    seconds = sum(one.latency_seconds or 0.0 for one in sample.trials)
    head = (
        f"    <testcase classname={to_xml_attribute(outcome.suite.path)}"
        f' name={to_xml_attribute(sample.name)} time="{seconds:.3f}"'
    )
    if sample.outcome is SampleOutcome.PASSED:
        return f"{head}/>"
    text = _describe(sample)
    message = to_xml_attribute(text.split("\n", 1)[0])
    if sample.outcome is SampleOutcome.FAILED and outcome.exit is Exit.PASSED:
        return f"{head}><skipped message={to_xml_attribute('failed, and allowed to')}/></testcase>"
    kind = {
        SampleOutcome.FAILED: "failure",
        SampleOutcome.ERROR: "error",
        SampleOutcome.MISSING: "error",
    }
    tag = kind[sample.outcome]
    return f"{head}><{tag} message={message}>{to_xml_text(text)}</{tag}></testcase>"


def _describe(sample: SampleResult) -> str:
    lines = []
    for trial in sample.trials:
        if trial.outcome is SampleOutcome.PASSED:
            continue
        reasons = [trial.error] if trial.error else []
        reasons += [f"{one.label}: {one.reason}" for one in trial.checks if not one.is_met]
        if not reasons:
            reasons = ["it was not run"]
        lines += [f"trial {trial.number}: {reason}" for reason in reasons]
        if trial.answers:
            lines.append(f"answer: {trial.answers}")
    return "\n".join(lines)
