"""Run the gate in CI: fetch the change, judge it, and report the verdict.

All input comes from environment variables: GitHub's own, and these.

    PROMPTOPS_GITHUB_TOKEN   the token to read the change and its reviews, and to report
    PROMPTOPS_STATUS         the name of the commit status to set; the target branch is appended
                             unless it is the default branch; empty: set none
    PROMPTOPS_COMMENT        `true`: keep one comment on the pull request up to date
    PROMPTOPS_EVIDENCE       files with eval results, one per line
    PROMPTOPS_VERDICT        where to write the verdict as JSON, for the release that follows
    PROMPTOPS_APPROVALS      the source of approvals, instead of the policy's
    PROMPTOPS_APPROVALS_FILE the file with approvals

The exit code is that of `promptops gate`: 0 may be merged, 1 may not, 2 could not be judged.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import DeniedError, PromptopsError, RemoteError
from promptops.files import read_file
from promptops.forge.conversation import PullRequestThread, StatusState
from promptops.protection.ci.change import fetch_change, follow_review, give_access, read_change
from promptops.protection.ci.report import read_suggestions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.forge.line_suggestion import LineSuggestion
    from promptops.protection.ci.change import CiChange

MARKER = "<!-- promptops gate -->"
_VERDICTS = {0: "yes", 1: "no"}
_STATES = {
    0: (StatusState.SUCCESS, "may merge"),
    1: (StatusState.FAILURE, "may not merge: the run says what is missing"),
    2: (StatusState.ERROR, "the result is unknown: the run says why"),
}


def main(environment: Mapping[str, str]) -> int:
    """Judge the change of this run; return the exit code."""
    with ExitStack() as stack:
        place = environment.get("RUNNER_TEMP")
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="promptops-", dir=place))
        )
        report, verdict = folder / "report.md", folder / "verdict.json"
        change: CiChange | None = None
        github: PullRequestThread | None = None
        try:
            github = stack.enter_context(_open(environment))
            if environment.get("GITHUB_EVENT_NAME") == "workflow_run":
                followed = follow_review(environment, folder, github.find_pull_request)
                if followed is None:
                    print("the pull request is closed or has newer commits: nothing to check")
                    return 0
                environment = followed
            change = read_change(environment)
            url = f"{environment['GITHUB_SERVER_URL']}/{environment['GITHUB_REPOSITORY']}.git"
            access = give_access(environment, url, _token(environment))
            fetch_change(change, url, access, folder / "change.git")
            code, said = _judge(
                change, {**environment, **access}, folder / "change.git", (report, verdict)
            )
        except PromptopsError as error:
            code, said = 2, f"error: {error.message}\n hint: {error.hint or 'see the log'}"
        _tell(said)
        text = read_file(report).decode() if report.exists() else _cannot_tell(said)
        _append(environment, "GITHUB_STEP_SUMMARY", f"{text}\n")
        _append(environment, "GITHUB_OUTPUT", f"verdict={_VERDICTS.get(code, 'unknown')}\n")
        if change is not None and github is not None:
            _set_status(github, change, environment, code)
            _keep_comment(github, change, environment, text)
            _keep_suggestions(github, change, environment, read_suggestions(verdict))
    return code


def _open(environment: Mapping[str, str]) -> PullRequestThread:
    return PullRequestThread(
        environment.get("GITHUB_REPOSITORY", ""),
        token=_token(environment),
        url=environment.get("GITHUB_API_URL", ""),
    )


def _token(environment: Mapping[str, str]) -> str:
    return environment.get("PROMPTOPS_GITHUB_TOKEN", "")


def _judge(
    change: CiChange, environment: Mapping[str, str], repository: Path, reports: tuple[Path, Path]
) -> tuple[int, str]:
    """Run the gate with annotations in the log; return its exit code and its text output."""
    given = [f"--evidence={line}" for line in _lines(environment, "PROMPTOPS_EVIDENCE")]
    given += [f"--report=json={line}" for line in _lines(environment, "PROMPTOPS_VERDICT")]
    for option, name in (
        ("--approvals", "PROMPTOPS_APPROVALS"),
        ("--approvals-file", "PROMPTOPS_APPROVALS_FILE"),
    ):
        given += [f"{option}={line}" for line in _lines(environment, name)]
    done = subprocess.run(
        [
            *(sys.executable, "-I", "-m", "promptops", "-C", str(repository), "gate"),
            *(f"--base=refs/heads/{change.target}", f"--head={change.head}"),
            *(f"--target={change.target}", *given),
            *("--format=github", f"--report=markdown={reports[0]}"),
            f"--report=json={reports[1]}",
        ],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=dict(environment),
        text=True,
        errors="replace",
        check=False,
    )
    return (done.returncode if done.returncode in _VERDICTS else 2), done.stderr.strip()


def _lines(environment: Mapping[str, str], name: str) -> list[str]:
    return [line.strip() for line in environment.get(name, "").splitlines() if line.strip()]


def _tell(said: str) -> None:
    """Print text so that the runner does not read it as commands."""
    if said:
        stop = secrets.token_hex(16)
        print(f"::stop-commands::{stop}\n{said}\n::{stop}::", flush=True)


def _cannot_tell(said: str) -> str:
    """Return a report for a change that could not be judged."""
    fence = "`" * (3 + max((len(run) for run in said.split() if set(run) == {"`"}), default=0))
    return f"{MARKER}\n### ❓ No verdict\n\n{fence}text\n{said}\n{fence}"


def _append(environment: Mapping[str, str], variable: str, text: str) -> None:
    """Append to one of the runner's files, if it exists."""
    path = environment.get(variable)
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)


def _set_status(
    github: PullRequestThread, change: CiChange, environment: Mapping[str, str], code: int
) -> None:
    """Set the commit status. If that fails, the required status stays missing."""
    name = environment.get("PROMPTOPS_STATUS", "")
    if not name:
        return
    context = change.name_status(name)
    state, words = _STATES[code]
    run = (
        f"{environment['GITHUB_SERVER_URL']}/{environment['GITHUB_REPOSITORY']}"
        f"/actions/runs/{environment.get('GITHUB_RUN_ID', '')}"
    )
    try:
        github.set_status(change.head, context, state, words, url=run)
    except (DeniedError, RemoteError) as error:
        _notice("warning", f"the status {context} is not set: {error.message}")


def _keep_comment(
    github: PullRequestThread, change: CiChange, environment: Mapping[str, str], text: str
) -> None:
    """Write the report to the pull request. A failure does not change the verdict."""
    if environment.get("PROMPTOPS_COMMENT") != "true" or change.number is None:
        return
    try:
        github.put_comment(change.number, text)
    except PromptopsError as error:
        # Runs of a fork may have a read-only token; the change is still judged.
        _notice("notice", f"no comment on the pull request: {error.message}")


def _keep_suggestions(
    github: PullRequestThread,
    change: CiChange,
    environment: Mapping[str, str],
    suggestions: list[LineSuggestion],
) -> None:
    """Suggest the missing version numbers where a click can take them; the comment has all."""
    if environment.get("PROMPTOPS_COMMENT") != "true" or change.number is None:
        return
    try:
        github.put_suggestions(change.number, change.head, suggestions)
    except PromptopsError as error:
        _notice("notice", f"no suggestions on the pull request: {error.message}")


def _notice(kind: str, text: str) -> None:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::{kind} title=promptops::{escaped}", flush=True)


if __name__ == "__main__":
    sys.exit(main(os.environ))
