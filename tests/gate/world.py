"""A repository with a target branch and changes to it, for tests of the gate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from promptops.gate.admission import Admission, Endpoints, judge_change
from promptops.gate.rules import Approval, ApprovalEntry, Approvals
from promptops.repository.repository import open_repository
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from promptops.gate.policy import Policy
    from promptops.gate.rules import Change, EvalEvidence, Verdict

PROMPT = """\
---
version: {version}
description: Classify a support ticket.
author: author@example.com
model: openai/gpt-4o-mini
inputs:
  ticket: {{type: string, maxLength: 2000}}
{more}---
{{% system %}}
{words}
{{% include "_shared/tone.md" %}}
{{% endsystem %}}
{{% user %}}
<ticket>{{{{ ticket }}}}</ticket>
{{% enduser %}}
"""
TRIAGE = "prompts/support/triage.md"
TONE = "prompts/_shared/tone.md"
OWNERS = "* @nobody\n/prompts/ @prompt-owner\n/CODEOWNERS @lead\n/promptops.toml @lead\n"


def prompt(version: str = "1.0.0", words: str = "Triage.", more: str = "") -> str:
    """The text of a prompt."""
    return PROMPT.format(version=version, words=words, more=more)


@dataclass(frozen=True, slots=True)
class World:
    """A repository whose `main` is the target, and whose other branches are changes."""

    repo: Repo

    @classmethod
    def make(cls, path: Path, files: Mapping[str, str | bytes] | None = None) -> World:
        """One released prompt with a partial, owned by @prompt-owner; `files` come on top."""
        first = {TRIAGE: prompt(), TONE: "Be kind.\n", "CODEOWNERS": OWNERS, **(files or {})}

        def build(folder: Path) -> None:
            repo = Repo.init(folder)
            repo.commit(first, "Begin")
            repo.pack()

        copy_template(build, path, path.parents[1], repr(sorted(first.items())))
        return cls(Repo(path))

    def propose(
        self,
        files: Mapping[str, str | bytes] | None = None,
        *,
        remove: Iterable[str] = (),
        branch: str = "change",
        email: str = "author@example.com",
    ) -> str:
        """Commit to a branch that starts at `main`; give the commit."""
        self._check_out(branch)
        for path in remove:
            self.repo.git("rm", "--quiet", "-r", "--", path)
        for path, content in (files or {}).items():
            self.repo.write(path, content)
        self.repo.git("add", "--all")
        name = email.partition("@")[0]
        env = {
            "GIT_AUTHOR_EMAIL": email,
            "GIT_COMMITTER_EMAIL": email,
            "GIT_AUTHOR_NAME": name,
            "GIT_COMMITTER_NAME": name,
        }
        self.repo.git("commit", "--quiet", "--allow-empty", "-m", "Change", env=env)
        return self.repo.rev("HEAD")

    def _check_out(self, branch: str) -> None:
        """Check a branch out, made at `main` if there is none."""
        folder = self.repo.path / ".git"
        if not (folder / "refs/heads" / branch).exists():
            self.repo.git("checkout", "--quiet", "-b", branch, "main")
        elif (folder / "HEAD").read_text() != f"ref: refs/heads/{branch}\n":
            self.repo.git("checkout", "--quiet", branch)

    def on_main(self, files: Mapping[str, str | bytes], message: str = "Meanwhile") -> str:
        """Commit to the target branch; give the commit."""
        self._check_out("main")
        return self.repo.commit(files, message)

    def judge(
        self,
        *approvals: Approval,
        checked: bool = True,
        branch: str = "change",
        evidence: tuple[EvalEvidence, ...] = (),
        **found: object,
    ) -> Verdict:
        """The verdict on a branch; approvals without contents are of what the branch has."""
        return self.admit(
            *approvals, checked=checked, branch=branch, evidence=evidence, **found
        ).verdict

    def admit(
        self,
        *approvals: Approval,
        checked: bool = True,
        branch: str = "change",
        evidence: tuple[EvalEvidence, ...] = (),
        **found: object,
    ) -> Admission:
        """The verdict with what it takes to show it."""
        repository = open_repository(self.repo.path)

        def read(_policy: Policy, change: Change) -> Approvals:
            seen = {path.path: path.after for path in change.paths}
            filled = [
                one if one.contents is not None else replace(one, contents=seen)
                for one in approvals
            ]
            sources = ("file",) if checked else ()
            return replace(Approvals(sources, tuple(filled)), **found)  # type: ignore[arg-type]

        return judge_change(repository, self.ends(branch), read, evidence=evidence)

    def ends(self, head: str, base: str = "main") -> Endpoints:
        """Both ends of a change: a branch's tip is in its file, other revisions are asked for."""
        return Endpoints(self._read_tip(base), self._read_tip(head), base)

    def _read_tip(self, name: str) -> str:
        is_branch = (self.repo.path / ".git/refs/heads" / name).is_file()
        return self.repo.rev(f"refs/heads/{name}" if is_branch else name)


def approval(approver: str = "@prompt-owner", **more: object) -> Approval:
    """An approval of everything that the change has, unless told otherwise."""
    return Approval(approver, "file", **more)  # type: ignore[arg-type]


def checks(verdict: Verdict, *, errors_only: bool = True) -> list[str]:
    """The ids of the findings that block, or of all."""
    return [
        one.check for one in verdict.findings if not errors_only or one.severity.value == "error"
    ]


def entry(world: World, revision: str, path: str) -> ApprovalEntry:
    """What a revision has at a path."""
    mode, _, oid = world.repo.git("ls-tree", revision, "--", path).split("\t")[0].split(" ")
    return ApprovalEntry(mode, oid)
