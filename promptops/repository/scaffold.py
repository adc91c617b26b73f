"""Write the files of `init` and `new`.

Nothing is overwritten. An existing file is kept, or lines are appended if that is safe. Every step
reports what it did and what is left to do by hand.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from promptops.errors import GitError, NotAFileError, RefusedError
from promptops.files import read_file
from promptops.forge.places import GITHUB_OWNERS, GITLAB_OWNERS
from promptops.prompt.frontmatter.document import read_document
from promptops.prompt.reference import check_name
from promptops.repository.config import CONFIG_FILE, PYPROJECT_FILE
from promptops.repository.origin import PLACEHOLDER, find_origin
from promptops.repository.repository import list_names
from promptops.repository.writing import replace_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from promptops.repository.repository import Repository

DEFAULT_MODEL = "openai/gpt-4o-mini"
FIRST_PROMPT = "summarize"
_FIRST_VERSION = "0.1.0"
_PLACEHOLDER = "you@example.com"
# In the order in which each forge looks; it reads only the first that exists.
_WORKFLOWS = ".github/workflows"
_REVIEW = "promptops review"
_EVALS = "promptops-evals.yml"
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
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._+-]*(?:[@/ ][A-Za-z0-9._+/@-]+)+", re.ASCII)


class Deed(StrEnum):
    """What was done with a file."""

    WRITTEN = "written"
    EXTENDED = "extended"
    KEPT = "kept"
    LEFT = "left to you"


@dataclass(frozen=True, slots=True)
class ScaffoldStep:
    """One file, and what was done with it.

    Attributes:
        path: relative to the repository's top.
        deed: what was done, or would be done in a dry run.
        detail: more details, or the lines that the user must add.
    """

    path: str
    deed: Deed
    detail: str = ""


def write_prompt(
    repository: Repository,
    name: str,
    *,
    model: str | None = None,
    source: str | None = None,
    dry_run: bool = False,
) -> list[ScaffoldStep]:
    """Write the prompt `name` and its eval suite; with `source`, as a copy of that prompt.

    Raises:
        UsageError: the name is invalid.
        RefusedError: the prompt exists, perhaps with other upper and lower case.
        PromptNotFoundError: `source` does not exist.
    """
    check_name(name)
    folder = repository.config.prompts
    taken = {path.lower(): path for path in repository.working.paths()}
    existing = taken.get(f"{name}.md")
    if existing is not None:
        raise RefusedError(f"{folder}/{existing} exists already", hint="choose another name")
    if source is None:
        text = _new_prompt(name, find_author(repository), model or DEFAULT_MODEL)
        inputs: list[str] = ["text"]
    else:
        text, inputs = _copy_prompt(repository, source, model)
    suite = f"{repository.config.evals}/{name}.yaml"
    return [
        _write(repository, f"{folder}/{name}.md", text, dry_run=dry_run),
        _write(repository, suite, _new_suite(name, inputs), dry_run=dry_run),
    ]


def set_up(
    repository: Repository,
    *,
    deploys: bool = False,
    releases: bool = False,
    evals: bool = False,
    runs: bool = False,
    operations: bool = False,
    owner: str | None = None,
    dry_run: bool = False,
) -> list[ScaffoldStep]:
    """Set up a repository with prompts. Running it again changes nothing.

    Args:
        repository: the repository.
        deploys: also write the workflow that deploys on GitHub.
        releases: also write the workflow by which releases write version numbers.
        evals: also write the workflow that runs evals on GitHub, for the gate.
        runs: also add the configuration tables that limit and record runs.
        operations: also write the playbook for incidents.
        owner: the owner of files without one, in CODEOWNERS' form; None: the author.
        dry_run: report what would be done, and do nothing.
    """
    steps = [_write_config(repository, releases=releases, dry_run=dry_run)]
    if runs:
        steps.append(_add_tables(repository, dry_run=dry_run))
    names = list_names(repository.working)
    if names:
        count = "1 prompt" if len(names) == 1 else f"{len(names)} prompts"
        steps.append(
            ScaffoldStep(f"{repository.config.prompts}/", Deed.KEPT, f"has {count} already")
        )
    else:
        steps += write_prompt(repository, FIRST_PROMPT, dry_run=dry_run)
    is_gitlab = _is_gitlab(repository)
    steps.append(_write_owners(repository, owner, is_gitlab=is_gitlab, dry_run=dry_run))
    steps += _with_advice(
        _write_workflows(
            repository,
            is_gitlab=is_gitlab,
            workflows=[*(["deploy"] if deploys else []), *(["release"] if releases else [])],
            evals=evals,
            dry_run=dry_run,
        )
    )
    if operations:
        from promptops.repository.playbook import PATH, write_playbook

        steps.append(_write(repository, PATH, write_playbook(repository), dry_run=dry_run))
    steps.append(_write_hook(repository, dry_run=dry_run))
    return steps


def find_author(repository: Repository) -> str:
    """Return the e-mail address in Git's configuration; a placeholder if there is none."""
    from promptops.git.inspection import configuration

    try:
        found = configuration(repository.git)
    except GitError:  # GitPython cannot read SHA-256 repositories
        done = repository.git.run("config", "--get", "user.email", check=False)
        return done.text.strip() or _PLACEHOLDER
    return found.user_email or _PLACEHOLDER


# Prompts and suites


def _new_prompt(name: str, author: str, model: str) -> str:
    return f"""\
---
version: {_FIRST_VERSION}
description: {quote_scalar(f"Say what {name} is for.")}
author: {quote_scalar(author)}
model: {quote_scalar(model)}
temperature: 0.2
max_tokens: 300
inputs:
  text: {{type: string, maxLength: 20000, untrusted: true}}
---
{{% system %}}
Summarize the text in one sentence. Say nothing that the text does not say.
{{% endsystem %}}
{{% user %}}
{{{{ text }}}}
{{% enduser %}}
"""


def _copy_prompt(repository: Repository, source: str, model: str | None) -> tuple[str, list[str]]:
    """Return the text of `source` with the initial version, and the names of its inputs."""
    from promptops.repository.repository import find_prompt

    prompt = find_prompt(repository.working, source, where="in the work tree")
    document = prompt.closure.document
    text = document.text.removeprefix("\ufeff")
    values = {"version": _FIRST_VERSION} | ({"model": quote_scalar(model)} if model else {})
    for key, value in values.items():
        text = _replace_value(text, document.path, key, value)
    return text, list(prompt.inputs)


def _replace_value(text: str, path: str, key: str, value: str) -> str:
    """Return the text with another value for a frontmatter key and no other change."""
    place = read_document(path, text.encode()).locate([key])
    if place is None or place.line != place.end_line:
        raise RefusedError(f"the {key} of {path} does not stand on one line")
    lines = text.split("\n")
    line = lines[place.line - 1]
    lines[place.line - 1] = line[: place.column - 1] + value + line[place.end_column - 1 :]
    return "\n".join(lines)


def _new_suite(name: str, inputs: list[str]) -> str:
    values = "".join(f"\n      {name}: The printer on floor 3 is on fire." for name in inputs)
    return f"""\
schema: promptops.suite/v1
prompt: {name}
samples:
  - name: a plain case
    inputs:{values or " {}"}
    expect:
      - contains: printer
"""


def quote_scalar(text: str) -> str:
    """Return a text as a YAML scalar that is always read as this string."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


# Other files


def _write_config(repository: Repository, *, releases: bool, dry_run: bool) -> ScaffoldStep:
    if releases and repository.config.path and repository.config.gate.versions != "release":
        detail = 'set versions = "release" in [gate], for the workflow that releases'
        return ScaffoldStep(repository.config.path, Deed.LEFT, detail)
    if repository.config.path == PYPROJECT_FILE:
        return ScaffoldStep(PYPROJECT_FILE, Deed.KEPT, "has [tool.promptops]")
    config = repository.config
    environments = json.dumps(list(config.environment_names))
    text = f"""\
# The keys are explained in promptops' README, under "Configuration";
# `promptops schema config` prints their JSON Schema.
prompts = {json.dumps(config.prompts)}
evals = {json.dumps(config.evals)}

# In order of promotion.
environments = {environments}
default_environment = {json.dumps(config.default_environment)}

[checks]
# check-id = "error" | "warning" | "note" | "off"
"""
    if releases:
        text += '\n[gate]\nversions = "release"        # changes carry no version numbers\n'
    return _write(repository, CONFIG_FILE, text, dry_run=dry_run)


# Low numbers: a small team notices them before its bill is high.
_TABLES = {
    "guards": """\
# What all runs together may take; `promptops guards show` says what is left. A prompt then needs
# `max_tokens`, and its model a price or `free = true`.
[guards]
spend_per_hour = 5          # US dollars
spend_per_day = 25
calls_per_minute = 120

[guards.per_user]
spend_per_day = 1

[guards.environments.eval]  # evals and replays
spend_per_day = 5
""",
    "log": """\
# Every run is kept; secrets and personal data that the checks know are replaced first.
[log]
content = "redacted"        # or "full", "none"
retention = "90d"
""",
    "models": """\
# An endpoint of your own: a prompt says `model: local`.
# [models.local]
# base_url = "http://127.0.0.1:8000/v1"
# model = "qwen3-8b"
# free = true
""",
}


def _add_tables(repository: Repository, *, dry_run: bool) -> ScaffoldStep:
    """Add the runtime tables that the configuration lacks."""
    config = repository.config
    missing = [text for name, text in _TABLES.items() if name not in config.tables]
    if not missing or not {"guards", "log"} - set(config.tables):
        return ScaffoldStep(
            config.path or CONFIG_FILE, Deed.KEPT, "has the tables that limit and record"
        )
    lines = "\n" + "\n".join(missing).rstrip()
    if config.path == PYPROJECT_FILE:
        lines = lines.replace("\n[", "\n[tool.promptops.")
        return ScaffoldStep(PYPROJECT_FILE, Deed.LEFT, f"add these tables:{lines}")
    unbounded = _list_unbounded(repository)
    detail = "limits and a run log"
    if unbounded:
        detail += f"; give {', '.join(unbounded)} a max_tokens, or runs are refused"
    if dry_run and config.path is None:
        return ScaffoldStep(CONFIG_FILE, Deed.EXTENDED, detail)
    text = _read(repository.require_work_tree() / CONFIG_FILE) or ""
    return _append(repository, CONFIG_FILE, text, lines, detail, dry_run=dry_run)


def _list_unbounded(repository: Repository) -> list[str]:
    """Return the prompts without a limit for the length of answers. Unreadable ones are skipped."""
    found = []
    for name in list_names(repository.working):
        data = repository.working.read(f"{name}.md")
        document = None if data is None else read_document(f"{name}.md", data)
        if document is None or document.faults:
            continue
        parameters = document.data.get("parameters")
        limits = {"max_tokens", "max_completion_tokens"}
        given = {*document.data, *(parameters if isinstance(parameters, dict) else ())}
        if not limits & given:
            found.append(name)
    return found


def _is_gitlab(repository: Repository) -> bool:
    from promptops.git.remote import remote_url

    top = repository.require_work_tree()
    url = remote_url(repository.git, repository.config.remote)
    if url is not None:
        return "gitlab" in url.lower()
    return (top / ".gitlab-ci.yml").exists() and not (top / ".github").exists()


def _write_owners(
    repository: Repository, owner: str | None, *, is_gitlab: bool, dry_run: bool
) -> ScaffoldStep:
    """Add CODEOWNERS rules for files that no existing rule covers."""
    from promptops.forge.codeowners import Dialect, parse_owners
    from promptops.forge.codeowners.file import OwnersState

    places = GITLAB_OWNERS if is_gitlab else GITHUB_OWNERS
    top = repository.require_work_tree()
    path = next((place for place in places if os.path.lexists(top / place)), places[0])
    author = find_author(repository)
    comment = ""
    if owner is None:
        owner = author
        if author == _PLACEHOLDER:
            owner, comment = "@your-org/your-team", "# "
    config = repository.config
    patterns = [f"/{config.prompts}/", f"/{config.evals}/", f"/{CONFIG_FILE}"]
    # Whoever may change these files may change who must approve.
    patterns.append("/.gitlab-ci.yml" if is_gitlab else "/.github/")
    if not path.startswith(".github/"):
        patterns.append(f"/{path}")
    text = _read(top / path) or ""
    owned = {line.split()[0] for line in text.split("\n") if line.split()}
    owned |= {line.lstrip("# ").split()[0] for line in text.split("\n") if line.strip("# ")}
    # The last matching rule decides: an appended line could take files from their owners.
    rules = parse_owners(text, Dialect.GITLAB if is_gitlab else Dialect.GITHUB)
    missing = [
        pattern
        for pattern in patterns
        if pattern not in owned
        and rules.match(f"{pattern.strip('/')}/x" if pattern.endswith("/") else pattern[1:]).state
        is not OwnersState.OWNED
    ]
    if not missing:
        return ScaffoldStep(path, Deed.KEPT, "has owners for the prompts")
    lines = [f"{comment}{pattern.replace(' ', chr(92) + ' ')} {owner}" for pattern in missing]
    if is_gitlab and re.search(r"^\^?\[", text, re.MULTILINE):
        lines.insert(0, "[Prompts]")
    if (top / path).is_symlink():
        return ScaffoldStep(path, Deed.LEFT, "\n".join(["it is a link; add these lines:", *lines]))
    detail = "put your team in" if comment else f"owner: {owner}"
    if not comment and owner == author:
        detail += "; nobody could approve what they change: name a team with --owner"
    if rules.rules and lines[0] != "[Prompts]":
        return _prepend(repository, path, text, lines, detail, dry_run=dry_run)
    return _append(repository, path, text, "\n".join(lines), detail, dry_run=dry_run)


def _prepend(
    repository: Repository, path: str, text: str, lines: list[str], detail: str, *, dry_run: bool
) -> ScaffoldStep:
    """Write rules before all others: the last match decides, so that they take nothing away."""
    newline = "\r\n" if "\r\n" in text else "\n"
    added = "".join(f"{line}{newline}" for line in lines)
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    if not dry_run:
        replace_file(place_file(repository, path), f"{mark}{added}{text[len(mark) :]}".encode())
    return ScaffoldStep(path, Deed.EXTENDED, detail)


def _write_workflows(
    repository: Repository,
    *,
    is_gitlab: bool,
    workflows: Sequence[str],
    evals: bool,
    dry_run: bool,
) -> list[ScaffoldStep]:
    """Write the files that make CI run the gate, run evals and, on GitHub, deploy."""
    if is_gitlab:
        return [_write_pipeline(repository, evals=evals, dry_run=dry_run)]
    names = ["promptops.yml"]
    # If there is another workflow file, one that only starts ours would have no effect.
    text = _read(repository.require_work_tree() / _WORKFLOWS / names[0])
    if text is None or _REVIEW in text:
        names.append("promptops-review.yml")
    names += [f"promptops-{one}.yml" for one in workflows]
    texts = {name: _fitted(repository, name) for name in names}
    steps = []
    if evals:
        texts[names[0]] = _with_evals(texts[names[0]])
        texts[_EVALS] = _fitted(repository, _EVALS)
        if text is not None and _EVALS not in text:
            # Existing files are not overwritten, and a gate that does not wait for evals lacks
            # their result.
            del texts[names[0]]
            why = f"let its gate wait for evals:\n{_JOB}\n{_NEEDS}\n{_DOWNLOAD}{_EVIDENCE}{_UPLOAD}"
            steps.append(ScaffoldStep(f"{_WORKFLOWS}/{names[0]}", Deed.LEFT, why.rstrip()))
    return steps + [
        _write(repository, f"{_WORKFLOWS}/{name}", one, dry_run=dry_run)
        for name, one in texts.items()
    ]


def _with_advice(steps: Sequence[ScaffoldStep]) -> list[ScaffoldStep]:
    """Return the steps, the first written file with what is to be edited in all of them."""
    advice = find_origin().advice
    first = next((step for step in steps if step.deed is Deed.WRITTEN), None)
    if advice is None:
        return list(steps)
    return [replace(step, detail=advice) if step is first else step for step in steps]


def _with_evals(workflow: str) -> str:
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


def _write_pipeline(repository: Repository, *, evals: bool, dry_run: bool) -> ScaffoldStep:
    path = ".gitlab-ci.yml"
    job = _template("gitlab-ci.yml")
    if evals:
        head, gate, rest = job.partition("    - /tmp/promptops/bin/python -I -m promptops gate ")
        line, end, rest = rest.partition("\n")
        job = f"{head}{_template(_GITLAB_EVIDENCE)}{gate}{line} $EVIDENCE{end}{rest}"
        job = f"{job.rstrip()}\n\n{_fitted(repository, _GITLAB_EVALS)}"
    text = _read(repository.require_work_tree() / path)
    if text is None:
        return _write(repository, path, job, dry_run=dry_run)
    has_gate = "promptops gate" in text or "promptops/workflows/gitlab-ci.yml" in text
    if has_gate and (not evals or "promptops-evals:" in text):
        return ScaffoldStep(path, Deed.KEPT, "runs promptops gate")
    what = "let its gate wait for evals, as in" if has_gate else "add this job"
    return ScaffoldStep(path, Deed.LEFT, f"{what}:\n{job.rstrip()}")


def _fitted(repository: Repository, name: str) -> str:
    """Return a workflow with this repository's environments and folders filled in."""
    config = repository.config
    folders = f"FOLDERS: {config.prompts} {config.evals}"
    environments = json.dumps(list(repository.config.environment_names)).replace('"', "")
    text = _template(name).replace("[staging, production]", environments)
    judge = (config.eval.judge or "judge/").partition("@")[0].rpartition("/")[0] or "judge"
    kept = f"KEPT: {config.prompts}/{judge} {config.evals}/{judge}"
    text = text.replace("KEPT: prompts/judge evals/judge", kept)
    return text.replace("FOLDERS: prompts evals", folders)


def _template(name: str) -> str:
    """Return a CI file that installs promptops from where this one came. The tests check them."""
    from importlib.resources import files

    text = files("promptops.repository").joinpath("workflows", name).read_text("utf-8")
    origin = find_origin()
    return _INSTALLED.sub(lambda found: origin.require(*re.findall("[a-z]+", found[1] or "")), text)


def _write_hook(repository: Repository, *, dry_run: bool) -> ScaffoldStep:
    path = ".pre-commit-config.yaml"
    entry = _hook_entry(repository)
    file = repository.require_work_tree() / path
    text = _read(file)
    if text is None:
        lines = "\n".join(f"  {line}" for line in entry.split("\n"))
        return _write(repository, path, f"repos:\n{lines}\n", dry_run=dry_run)
    if "promptops" in text:
        return ScaffoldStep(path, Deed.KEPT, "has a promptops hook")
    # Writing through a link could change a file outside of the repository.
    extended = None if file.is_symlink() else _extend_hooks(text, entry)
    if extended is None:
        return ScaffoldStep(path, Deed.LEFT, f"add this below repos:\n{entry}")
    if not dry_run:
        file.write_bytes(extended.encode())
    return ScaffoldStep(path, Deed.EXTENDED, "runs promptops validate before each commit")


def _hook_entry(repository: Repository) -> str:
    config = repository.config
    files = f"^({re.escape(config.prompts)}/|{re.escape(CONFIG_FILE)}$)"
    origin = find_origin()
    # What others cannot install from here, they have to have.
    language = "system" if origin.is_folder else "python"
    added = "" if origin.is_folder else f"\n      additional_dependencies: [{origin.require()}]"
    return f"""\
- repo: local
  hooks:
    - id: promptops-validate
      name: promptops validate
      entry: promptops validate
      language: {language}{added}
      files: {json.dumps(files)}
      pass_filenames: false"""


def _extend_hooks(text: str, entry: str) -> str | None:
    """Return the file with `entry` after the last item of `repos`; None if that is not safe.

    The result is parsed again: it must have the old content and the new entry, and nothing else.
    """
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        before: Any = yaml.safe_load(text)
        repos = next(
            value
            for key, value in (root.value if isinstance(root, yaml.MappingNode) else ())
            if key.value == "repos"
        )
        if not isinstance(repos, yaml.SequenceNode) or repos.flow_style or not repos.value:
            return None
        lines = text.replace("\r\n", "\n").split("\n")
        end = _last_line(repos)
        indent = " " * (repos.start_mark.column)
        added = [f"{indent}{line}" for line in entry.split("\n")]
        newline = "\r\n" if "\r\n" in text else "\n"
        joined = newline.join([*lines[:end], *added, *lines[end:]])
        result = joined if joined.endswith(newline) else joined + newline
        expected = {**before, "repos": [*before["repos"], *yaml.safe_load(entry)]}
        return result if yaml.safe_load(result) == expected else None
    except (yaml.YAMLError, StopIteration, RecursionError):
        return None


def _last_line(node: Any) -> int:  # noqa: ANN401 - a YAML node, whose package has no types
    """Return the line, from 1, on which the last value of a node ends."""
    import yaml

    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        item = node.value[-1]
        node = item[1] if isinstance(item, tuple) else item
    mark = node.end_mark
    # A block scalar ends at the beginning of the next line.
    return int(
        mark.line if mark.column == 0 and mark.line > node.start_mark.line else mark.line + 1
    )


# Writing


def _read(file: Path) -> str | None:
    try:
        return read_file(file).decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise RefusedError(
            f"{file.name} is not UTF-8", hint="convert it, then run the command again"
        ) from error


def _write(repository: Repository, path: str, text: str, *, dry_run: bool) -> ScaffoldStep:
    """Write a new file; keep an existing one."""
    file = place_file(repository, path)
    if os.path.lexists(file):
        return ScaffoldStep(path, Deed.KEPT, "exists already")
    if not dry_run:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    return ScaffoldStep(path, Deed.WRITTEN)


def _append(
    repository: Repository, path: str, text: str, lines: str, detail: str, *, dry_run: bool
) -> ScaffoldStep:
    """Append lines to a file with the content `text`, or write a new file."""
    file = place_file(repository, path)
    if not os.path.lexists(file):
        step = _write(repository, path, f"{lines}\n", dry_run=dry_run)
        return ScaffoldStep(path, step.deed, detail)
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text or text.endswith("\n") else newline
    added = gap + lines.replace("\n", newline) + newline
    if not dry_run:
        with file.open("ab") as stream:
            stream.write(added.encode())
    return ScaffoldStep(path, Deed.EXTENDED, detail)


def place_file(repository: Repository, path: str) -> Path:
    """Return the path to write to. Refuse symbolic links on the way, which could lead anywhere."""
    top = repository.require_work_tree()
    current = top
    for segment in path.split("/"):
        current = current / segment
        if current.is_symlink():
            raise NotAFileError(
                f"{current.relative_to(top)} is a symbolic link",
                hint="put a real file or folder there",
            )
    return current
