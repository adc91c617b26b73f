"""`promptops approve`: sign that a change may merge, or that a release may go live."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.session import (
    BaseOption,
    DryRunOption,
    Format,
    FormatOption,
    HeadOption,
    TargetOption,
    YesOption,
    confirm,
    current,
    emit,
    emit_json,
    is_terminal,
    json_document,
    one_line,
    paint,
    say,
    warn,
)
from promptops.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptops.delivery.release import Release
    from promptops.gate.approvals.approving import ApprovalDraft
    from promptops.gate.policy import Policy
    from promptops.gate.rules import Change, ChangedPath
    from promptops.repository.repository import Repository


def approve(
    release: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME@VERSION]",
            help="With --env: the release to approve.",
            show_default=False,
        ),
    ] = None,
    environment: Annotated[
        str | None,
        typer.Option("--env", metavar="ENV", help="Approve a deployment to this environment."),
    ] = None,
    base: BaseOption = None,
    head: HeadOption = None,
    target: TargetOption = None,
    yes: YesOption = False,
    local: Annotated[
        bool, typer.Option("--local", help="Keep the approval in this clone; push it later.")
    ] = False,
    dry_run: DryRunOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Sign your approval of a change, with the key that Git is configured to sign with.

    The signature covers the content, so the approval ends when the content changes. It counts if
    your key is in the target branch's list of allowed signers. It is stored on the remote.
    """
    if (release is None) != (environment is None):
        raise UsageError(
            "NAME@VERSION and --env must be used together",
            hint="promptops approve NAME@VERSION --env ENV",
        )
    if release is not None and environment is not None:
        if base or head or target:
            raise UsageError(
                "--base, --head and --target are for changes, not for releases",
                hint="promptops approve NAME@VERSION --env ENV",
            )
        _approve_release(release, environment, _ApproveOptions(yes, local, dry_run, output))
    else:
        _approve_change(base, head, target, _ApproveOptions(yes, local, dry_run, output))


class _ApproveOptions:
    """The options: what to ask, where to store it, and the output format."""

    def __init__(self, yes: bool, local: bool, dry_run: bool, output: Format) -> None:
        self.yes, self.local, self.dry_run, self.output = yes, local, dry_run, output

    def finish(
        self,
        repository: Repository,
        draft: ApprovalDraft,
        lines: Sequence[str],
        document: dict[str, Any],
    ) -> None:
        """Show the statement, ask, sign, store, and report the result."""
        asks = not self.yes and not self.dry_run and is_terminal(sys.stdin)
        if self.output is Format.TEXT:
            emit("\n".join(lines))
        elif asks:
            say("\n".join(lines))
        for doubt in draft.doubts:
            warn(doubt)
        ref = None
        if not self.dry_run:
            confirm("Sign this?", yes=self.yes)
            ref = draft.sign(repository, local=self.local)
        remote = None if self.local else repository.remote
        if self.output is Format.JSON:
            emit_json(
                json_document(
                    "promptops.approve/v1",
                    approver=draft.signer.approver,
                    dry_run=self.dry_run,
                    ref=ref,
                    remote=remote if ref else None,
                    doubts=list(draft.doubts),
                    **document,
                )
            )
        elif ref is None:
            say("nothing was signed: this was a dry run")
        else:
            self._say_where(repository, draft, ref, remote)

    def _say_where(
        self, repository: Repository, draft: ApprovalDraft, ref: str, remote: str | None
    ) -> None:
        place = f"on {remote}" if remote else "in this clone"
        say(f"approved as {one_line(draft.signer.approver)}; kept {place} as {ref}")
        if remote is None and repository.remote is not None:
            say(f" hint: git push {repository.remote} {ref}")


def _approve_change(
    base: str | None, head: str | None, target: str | None, manner: _ApproveOptions
) -> None:
    from promptops.gate.admission import find_endpoints
    from promptops.gate.approvals.approving import draft_approval
    from promptops.gate.approvals.statement import write_entry
    from promptops.gate.policy import read_policy
    from promptops.gate.proposal import read_change

    repository = current().repository
    ends = find_endpoints(repository, base, head, target, local=manner.local)
    policy = read_policy(repository, ends.base)
    repository = repository.under(policy.config)
    change = read_change(repository, policy, ends.base, ends.head, ends.target)
    draft = draft_approval(repository, policy, change)
    if draft is None:
        say(f"nothing in {change.head[:12]} needs an approval")
        if manner.output is Format.JSON:
            emit_json(json_document("promptops.approve/v1", ref=None, paths=[], prompts=[]))
        return
    document = {
        "kind": "change",
        "branch": change.target,
        "base": change.base,
        "head": change.head,
        "prompts": _prompt_rows(change),
        "paths": [
            {
                "path": path.path,
                "before": write_entry(path.before),
                "after": write_entry(path.after),
                "owners": list(_owners(policy, path)),
                "own": path.path in draft.own,
            }
            for path in change.paths
            if path.is_proposed
        ],
    }
    manner.finish(repository, draft, list(_describe_change(policy, change, draft)), document)


def _prompt_rows(change: Change) -> list[dict[str, Any]]:
    rows = []
    for prompt in change.prompts:
        old = prompt.before.prompt if prompt.before else None
        new = prompt.after.prompt if prompt.after else None
        kind = prompt.diff.change_class if prompt.diff else None
        rows.append(
            {
                "name": prompt.name,
                "from": str(old.version) if old else None,
                "to": str(new.version) if new else None,
                "class": kind.value if kind else None,
                "bump": prompt.diff.level.label if prompt.diff and old and new else None,
            }
        )
    return rows


def _owners(policy: Policy, path: ChangedPath) -> tuple[str, ...]:
    return () if policy.owners is None else policy.owners.match(path.path).owners


def _describe_change(policy: Policy, change: Change, draft: ApprovalDraft) -> Iterator[str]:
    from promptops.gate.summary import describe_bump, describe_versions

    who = one_line(draft.signer.approver)
    yield f"{change.head[:12]} into {one_line(change.target)}, as {paint(who, bold=True)}"
    shown: set[str] = set()
    for prompt in change.prompts:
        yield ""
        bump = describe_bump(prompt, policy.config.gate.versions)
        line = f"{paint(prompt.name, bold=True)}  {describe_versions(prompt)}"
        yield f"{line}  {bump}" if bump else line
        touched = {prompt.path, *prompt.changed}
        yield from _describe_paths(policy, change, draft, touched)
        shown |= touched
    others = {path.path for path in change.paths} - shown
    if others:
        yield ""
        yield paint("other governed files", bold=True)
        yield from _describe_paths(policy, change, draft, others)


def _describe_paths(
    policy: Policy, change: Change, draft: ApprovalDraft, wanted: set[str]
) -> Iterator[str]:
    for path in change.paths:
        if path.path in wanted and path.is_proposed:
            what = (
                "removed" if path.after is None else "added" if path.before is None else "changed"
            )
            owners = " ".join(map(one_line, _owners(policy, path))) or "no owner"
            mark = "" if path.path in draft.own else paint("  (not yours)", dim=True)
            yield f"  {one_line(path.path)}  {what}  {owners}{mark}"


def _approve_release(text: str, environment: str, manner: _ApproveOptions) -> None:
    from promptops.delivery.actions import choose_releases
    from promptops.gate.approvals.approving import draft_deployment_approval
    from promptops.gate.policy import read_default_policy
    from promptops.prompt.reference import parse_ref

    repository = current().repository
    if not manner.local:
        repository.learn_default_branch()
    policy = read_default_policy(repository)
    repository = repository.under(policy.config)
    (release,) = choose_releases(repository, environment, [parse_ref(text)], local=manner.local)
    draft = draft_deployment_approval(repository, policy, environment, release)
    document = {
        "kind": "deployment",
        "environment": environment,
        "prompt": release.name,
        "version": str(release.version),
        "digest": release.digest,
    }
    lines = list(_describe_release(repository, environment, release, draft))
    manner.finish(repository, draft, lines, document)


def _describe_release(
    repository: Repository, environment: str, release: Release, draft: ApprovalDraft
) -> Iterator[str]:
    from promptops.cli.diff import describe_comparison
    from promptops.delivery.environments import read_head
    from promptops.runtime.comparison import compare_refs

    who = paint(one_line(draft.signer.approver), bold=True)
    yield f"{release} in {environment}, as {who}"
    yield f"  digest {release.digest}"
    head = read_head(repository, environment)
    live = head.state.entries.get(release.name) if head else None
    yield f"  live there now: {live.describe() if live else 'nothing'}"
    for version in live.versions if live else ():
        if version != release.version:
            yield ""
            for one in compare_refs(repository, [f"{release.name}@{version}..{release.version}"]):
                yield from describe_comparison(one)
