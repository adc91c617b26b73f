"""Check GitLab's pipeline on the default branch: is there a gate, and can a change bypass it?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from promptops.forge.codeowners import Dialect
from promptops.prompt.untrusted_yaml import load_untrusted
from promptops.protection.doctor.answer import error, fine, unknown, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.subject import DoctorSubject

FILE = ".gitlab-ci.yml"
_GATE = re.compile(r"\bpromptops\b[^\n;|&]*?\sgate\b")


class _PipelineLoader(yaml.SafeLoader):
    """Reads GitLab's own YAML tags, such as `!reference`, as plain values."""


def _plain(loader: _PipelineLoader, suffix: str, node: yaml.Node) -> Any:  # noqa: ANN401, ARG001 - PyYAML's signature
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node)
    return node.value


_PipelineLoader.add_multi_constructor("!", _plain)


def look_at_gate_job(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check that every merge request pipeline runs the gate in a job that must succeed."""
    if subject.dialect is not Dialect.GITLAB or subject.git.is_bare:
        return
    data = subject.read(FILE)
    if data is None:
        yield _missing(subject)
        return
    try:
        document = load_untrusted(data.decode("utf-8", "replace"), _PipelineLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as fault:
        words = " ".join(str(fault).split())[:200]
        yield unknown(f"the pipeline cannot be read: {words}", FILE, "correct the file")
        return
    table = document if isinstance(document, dict) else {}
    jobs = {
        str(name): job
        for name, job in table.items()
        if isinstance(job, dict) and _GATE.search(_script(job))
    }
    if not jobs and "promptops" in str(table.get("include", "")):
        yield fine("the pipeline includes the one of promptops", FILE)
        yield from _judge_workflow(table)
        return
    if not jobs and "include" in table:
        yield unknown(
            "the pipeline does not run the gate itself, and its includes are not checked",
            FILE,
            "look for `promptops gate` in the merged configuration (the pipeline editor shows it)",
        )
        return
    if not jobs:
        yield _missing(subject)
        return
    for name, job in jobs.items():
        answers = [*_judge_job(name, job), *_judge_workflow(table)]
        yield from answers or [fine(f"the job {name} checks every merge request", FILE)]


def _missing(subject: DoctorSubject) -> DoctorAnswer:
    return error(
        f"the pipeline on {subject.where} does not run the gate",
        FILE,
        risk="changes to prompts merge without a check of versions, owners and approvals",
        remedy="promptops init writes the job; merge it, and require successful pipelines",
    )


def _script(job: Mapping[str, Any]) -> str:
    script = job.get("script", "")
    return "\n".join(map(str, script)) if isinstance(script, list) else str(script)


def _judge_job(name: str, job: Mapping[str, Any]) -> Iterator[DoctorAnswer]:
    if job.get("allow_failure", False) is not False or re.search(
        r"\|\|\s*(?:true|:)", _script(job)
    ):
        yield error(
            f"the job {name} is allowed to fail",
            FILE,
            risk="the gate says no, and the pipeline is green",
            remedy="remove allow_failure",
        )
    rules = job.get("rules")
    written = str(rules if rules is not None else job.get("only", ""))
    if "merge_request" not in written:
        yield warning(
            f"the job {name} does not run in merge request pipelines",
            FILE,
            risk="a branch pipeline has no target and no approvals, so it checks less",
            remedy='write rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event"}]',
        )
    if "changes" in written or job.get("when") == "manual":
        yield error(
            f"the job {name} can be skipped (changes: or when: manual)",
            FILE,
            risk="merge requests outside of the rule merge without the gate",
            remedy="remove it: the gate passes unrelated changes within a second",
        )


def _judge_workflow(table: Mapping[str, Any]) -> Iterator[DoctorAnswer]:
    workflow = table.get("workflow")
    if isinstance(workflow, dict) and "changes" in str(workflow.get("rules", "")):
        yield warning(
            "workflow: rules: can keep the whole pipeline from running (changes:)",
            FILE,
            risk="without a pipeline a merge request may merge, unless the project forbids it",
            remedy="turn on “Pipelines must succeed”, which also requires a pipeline to exist",
        )
