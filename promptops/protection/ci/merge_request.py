"""Report the gate's verdict to the merge request of a GitLab job, after the gate has run.

    python -I -m promptops.protection.ci.merge_request REPORT.md VERDICT.json

The files are the gate's reports. All other input comes from environment variables: GitLab's own,
and these.

    PROMPTOPS_GITLAB_TOKEN   a token with the scope api, of the role Reporter
    PROMPTOPS_COMMENT        `true`: keep one note on the merge request up to date

In GitLab a change can edit the pipeline that judges it, unless the pipeline's file is outside the
project, and that pipeline can read the project's variables. So the token is used only if no change
could read it. If the note is not written, the log has its text and the reason. The exit code is
always 0: the verdict is the gate's.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import PromptopsError
from promptops.files import read_file
from promptops.forge.event import read_event
from promptops.forge.merge_thread import MergeRequestThread
from promptops.protection.ci.report import read_suggestions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.forge.event import ForgeEvent
    from promptops.forge.limits import ForgeLimits

_MARKER = "<!-- promptops gate -->"
_TOKEN = "PROMPTOPS_GITLAB_TOKEN"  # noqa: S105 - the name of a variable
_IN_A_FORK = (
    "the pipeline runs in the fork, which may not write to this project; a member of the project"
    " can start one in the project (merge request > Pipelines > Run pipeline)"
)
_NO_TOKEN = f"set {_TOKEN} to a project access token with the scope api and the role Reporter"
_EDITABLE = (
    "a change can edit the pipeline's file and read the job's variables; set “CI/CD configuration"
    " file” to one in another project (Settings > CI/CD > General pipelines)"
)


def main(
    arguments: Sequence[str], environment: Mapping[str, str], limits: ForgeLimits | None = None
) -> int:
    """Write the note and the suggestions, or print why they were not written; return 0."""
    report, verdict = map(Path, arguments)
    if environment.get("PROMPTOPS_COMMENT") != "true":
        return 0
    text = read_file(report).decode() if report.exists() else _cannot_tell(environment)
    try:
        why = _report(text, verdict, environment, limits)
    except PromptopsError as error:
        why = f"{error.message}\n hint: {error.hint or 'see the log'}"
    if why is not None:
        _say(f"{text.rstrip()}\n\nno note on the merge request: {why}")
    return 0


def _report(
    text: str, verdict: Path, environment: Mapping[str, str], limits: ForgeLimits | None
) -> str | None:
    """Write to the merge request; return why nothing was written, None if it was."""
    event = read_event(environment)
    if event is None or event.number is None:
        return "this is not a pipeline of a merge request"
    if environment.get("CI_PROJECT_ID") != event.repository:
        return _IN_A_FORK
    token = environment.get(_TOKEN, "")
    if not token.strip():
        return _NO_TOKEN
    with MergeRequestThread(event.repository, token=token, url=event.url, limits=limits) as thread:
        return _write(thread, event, event.number, text, verdict)


def _write(
    thread: MergeRequestThread, event: ForgeEvent, number: int, text: str, verdict: Path
) -> str | None:
    if not thread.has_pipeline_elsewhere():
        return _EDITABLE
    request = thread.merge_request(number)
    if request.head != event.head:
        return "the merge request has newer commits"
    thread.put_note(request, text)
    _say(f"the note on the merge request is up to date: {request.url}")
    try:
        left = thread.put_suggestions(request, read_suggestions(verdict))
    except PromptopsError as error:
        _say(f"no suggestions on the merge request: {error.message}")
        return None
    for one in left:
        _say(f"no suggestion, as the diff lacks the line: {one.path}, line {one.line}")
    return None


def _cannot_tell(environment: Mapping[str, str]) -> str:
    """Return the text of the note for a change that could not be judged."""
    url = environment.get("CI_JOB_URL", "")
    log = f"[log of the job]({url})" if re.fullmatch(r"https?://[\w./:-]+", url) else "job's log"
    return f"{_MARKER}\n### ❓ No verdict\n\nThe {log} says why."


def _say(text: str) -> None:
    """Print text; in an ASCII log, other characters are escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
