"""Write the files of a forge's CI: GitHub's workflows, GitLab's pipeline."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from promptops.repository.origin import PLACEHOLDER, find_origin
from promptops.repository.steps import (
    ScaffoldStep,
    StepResult,
    read_text,
    write_new,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.repository.repository import Repository

# In the order in which the forge looks for them; it reads only the first that exists.
_WORKFLOWS = ".github/workflows"
_REVIEW = "promptops review"
_EVALS = "promptops-evals.yml"
_NIGHTLY = "promptops-nightly.yml"
_GITLAB_NIGHTLY = "gitlab-nightly.yml"
_GITLAB_EVALS = "gitlab-evals.yml"
_GITLAB_EVIDENCE = "gitlab-evidence.yml"
# The lines that evals add to the gate's workflow.
_JOB = f"""\
  evals:
    uses: ./.github/workflows/{_EVALS} # zizmor: ignore[self-repository] not on every server
    permissions:
      contents: read

"""
_NEEDS = """\
    needs: evals
    if: ${{ !cancelled() }} # without evidence it says so
"""
_DOWNLOAD = """\
      - uses: actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093 # v4.3.0
        if: ${{ needs.evals.outputs.evidence }}
        with:
          name: promptops-evals
          path: ${{ runner.temp }}/evals
"""
_EVIDENCE = """\
          PROMPTOPS_EVIDENCE: >-
            ${{ needs.evals.outputs.evidence && format('{0}/evals/evals.json', runner.temp) }}
          PROMPTOPS_VERDICT: ${{ runner.temp }}/verdict.json
"""
_UPLOAD = """\
      # For the release: promptops release NAME --verdict verdict.json
      - uses: actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2
        if: ${{ !cancelled() }}
        with:
          name: promptops-verdict
          path: ${{ runner.temp }}/verdict.json
          if-no-files-found: ignore
"""
_INSTALLED = re.compile(rf"'{PLACEHOLDER}(?:\[([a-z,]+)\])?'")


def write_workflows(
    repository: Repository,
    *,
    is_gitlab: bool,
    workflows: Sequence[str],
    evals: bool,
    nightly: bool = False,
    dry_run: bool,
) -> list[ScaffoldStep]:
    """Write the CI files that run the gate and, if asked for, evals and nightly jobs.

    `workflows` are further workflows of GitHub, such as `deploy`. With `dry_run`, nothing is
    written.
    """
    if is_gitlab:
        return [write_pipeline(repository, evals=evals, nightly=nightly, dry_run=dry_run)]
    names = ["promptops.yml"]
    # If there is another workflow file, the one that only starts ours would have no effect.
    text = read_text(repository.require_work_tree() / _WORKFLOWS / names[0])
    if text is None or _REVIEW in text:
        names.append("promptops-review.yml")
    names += [f"promptops-{one}.yml" for one in workflows]
    texts = {name: fit_template(repository, name) for name in names}
    steps = []
    if nightly:
        texts[_NIGHTLY] = fit_template(repository, _NIGHTLY)
    if evals:
        texts[names[0]] = with_evals(texts[names[0]])
        texts[_EVALS] = fit_template(repository, _EVALS)
        if text is not None and _EVALS not in text:
            # An existing workflow is not overwritten, but its gate must wait for the result of
            # evals.
            del texts[names[0]]
            why = f"let its gate wait for evals:\n{_JOB}\n{_NEEDS}\n{_DOWNLOAD}{_EVIDENCE}{_UPLOAD}"
            steps.append(ScaffoldStep(f"{_WORKFLOWS}/{names[0]}", StepResult.LEFT, why.rstrip()))
    return steps + [
        write_new(repository, f"{_WORKFLOWS}/{name}", one, dry_run=dry_run)
        for name, one in texts.items()
    ]


def with_advice(steps: Sequence[ScaffoldStep]) -> list[ScaffoldStep]:
    """Return the steps, with the advice on what to edit as the detail of the first written file."""
    advice = find_origin().advice
    first = next((step for step in steps if step.result is StepResult.WRITTEN), None)
    if advice is None:
        return list(steps)
    return [replace(step, detail=advice) if step is first else step for step in steps]


def with_evals(workflow: str) -> str:
    """Return the gate's workflow with the steps that wait for evals and pass on their result."""
    for place, added in (
        ("jobs:\n", _JOB),
        ("  gate:\n", _NEEDS),
        ("    steps:\n", _DOWNLOAD),
        ('          PROMPTOPS_COMMENT: "true"\n', _EVIDENCE),
    ):
        head, found, rest = workflow.partition(place)
        workflow = f"{head}{found}{added}{rest}"
    return f"{workflow}{_UPLOAD}"


def write_pipeline(
    repository: Repository, *, evals: bool, nightly: bool = False, dry_run: bool
) -> ScaffoldStep:
    """Write GitLab's pipeline, or report what to add to an existing one."""
    path = ".gitlab-ci.yml"
    job = _template("gitlab-ci.yml")
    if evals:
        head, gate, rest = job.partition("    - /tmp/promptops/bin/python -I -m promptops gate ")
        line, end, rest = rest.partition("\n")
        job = f"{head}{_template(_GITLAB_EVIDENCE)}{gate}{line} $EVIDENCE{end}{rest}"
        job = f"{job.rstrip()}\n\n{fit_template(repository, _GITLAB_EVALS)}"
    by_night = fit_template(repository, _GITLAB_NIGHTLY) if nightly else ""
    if nightly:
        job = f"{job.rstrip()}\n\n{by_night}"
    text = read_text(repository.require_work_tree() / path)
    if text is None:
        return write_new(repository, path, job, dry_run=dry_run)
    has_gate = "promptops gate" in text or "promptops/workflows/gitlab-ci.yml" in text
    has_evals = not evals or "promptops-evals:" in text
    if has_gate and has_evals and nightly and "promptops-nightly:" not in text:
        detail = f"add these jobs, and a pipeline schedule:\n{by_night.rstrip()}"
        return ScaffoldStep(path, StepResult.LEFT, detail)
    if has_gate and has_evals:
        return ScaffoldStep(path, StepResult.KEPT, "runs promptops gate")
    what = "let its gate wait for evals, as in" if has_gate else "add this job"
    return ScaffoldStep(path, StepResult.LEFT, f"{what}:\n{job.rstrip()}")


def fit_template(repository: Repository, name: str) -> str:
    """Return a workflow with this repository's environments and folders filled in."""
    config = repository.config
    folders = f"FOLDERS: {config.prompts} {config.evals}"
    environments = json.dumps(list(repository.config.environment_names)).replace('"', "")
    text = _template(name).replace("[staging, production]", environments)
    judge = (config.eval.judge or "judge/").partition("@")[0].rpartition("/")[0] or "judge"
    text = text.replace("ENVIRONMENT: production", f"ENVIRONMENT: {config.default_environment}")
    alerts = [one.variable for one in config.alerts.channels if one.name != "command"]
    text = _with_secrets(text, "ALERT_KEY", [one for one in alerts if one is not None])
    log_key = config.log.encryption_key
    text = _with_secrets(text, "PROMPTOPS_LOG_KEY", [] if log_key is None else [log_key])
    kept = f"KEPT: {config.prompts}/{judge} {config.evals}/{judge}"
    text = text.replace("KEPT: prompts/judge evals/judge", kept)
    return text.replace("FOLDERS: prompts evals", folders)


def _with_secrets(text: str, placeholder: str, variables: Sequence[str]) -> str:
    """Return a workflow that hands over these secrets instead of the placeholder."""
    line = f"          {placeholder}: ${{{{ secrets.{placeholder} }}}}\n"
    return text.replace(line, "".join(line.replace(placeholder, name) for name in variables))


def _template(name: str) -> str:
    """Return a CI file that installs promptops from this installation's origin. Tests check these
    files.
    """
    from importlib.resources import files

    text = files("promptops.repository").joinpath("workflows", name).read_text("utf-8")
    origin = find_origin()
    return _INSTALLED.sub(lambda found: origin.require(*re.findall("[a-z]+", found[1] or "")), text)
