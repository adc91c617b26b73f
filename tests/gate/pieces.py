"""A change made of a few words, for tests of the gate's rules that need no repository."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha1
from typing import TYPE_CHECKING

from promptops.errors import InvalidPromptError
from promptops.forge.codeowners import Dialect, parse_owners
from promptops.gate.rules import (
    Approval,
    ApprovalEntry,
    Approvals,
    Change,
    ChangedPath,
    PathKind,
    PromptChange,
    PromptState,
    Rules,
    Verdict,
    judge,
)
from promptops.gate.rules.people import parse_groups
from promptops.prompt.closure import collect_closure
from promptops.prompt.diff import diff_prompts
from promptops.prompt.prompt import load_prompt
from promptops.prompt.version import Version
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptops.prompt.prompt import Prompt


PATH = "prompts/triage.md"
AUTHOR = "author@example.com"
OWNERS = "* @nobody\n/prompts/ @owner\n"
PLAIN = prompt_text("1.0.0")
NEXT = prompt_text("1.1.0", body="Answer {{ question }} well")
UNBUMPED = prompt_text("1.0.0", body="Answer {{ question }} well")


def entry(content: str, mode: str = "100644") -> ApprovalEntry:
    """What Git has for some content."""
    return ApprovalEntry(mode, sha1(content.encode(), usedforsecurity=False).hexdigest())


def touched(
    path: str = PATH,
    before: str | None = "old",
    after: str | None = "new",
    *,
    kind: PathKind = PathKind.PROMPTS,
    mode: str = "100644",
    is_proposed: bool = True,
) -> ChangedPath:
    """A path with other content than before; None: there is nothing."""
    old, new = (None if one is None else entry(one, mode) for one in (before, after))
    return ChangedPath(path, kind, old, new, new, is_proposed)


def state(text: str, name: str = "triage", **files: str) -> PromptState:
    """A prompt on one side of a change, valid or not; `files` are partials by their short names."""
    texts = {f"{name}.md": text, **{f"_{one}.md": content for one, content in files.items()}}
    closure = collect_closure(name, lambda path: texts[path].encode() if path in texts else None)
    assert closure is not None
    try:
        return PromptState(closure, load_prompt(closure))
    except InvalidPromptError:
        return PromptState(closure, None)


def prompt(text: str, name: str = "triage") -> Prompt:
    """A valid prompt."""
    found = state(text, name).prompt
    assert found is not None
    return found


def edit(
    before: str | None,
    after: str | None,
    *releases: str,
    name: str = "triage",
    live_in: tuple[str, ...] | None = (),
) -> PromptChange:
    """What becomes of a prompt, from its texts; `releases` are the texts that were released."""
    old, new = (None if text is None else state(text, name) for text in (before, after))
    was, now = (None if one is None else one.prompt for one in (old, new))
    is_comparable = (old is None or was is not None) and (new is None or now is not None)
    released = {one.version: one for one in (prompt(text, name) for text in releases)}
    below = max((one for one in released if now and one < now.version), default=None)
    return PromptChange(
        name,
        f"prompts/{name}.md",
        old,
        new,
        (f"prompts/{name}.md",),
        diff_prompts(was, now) if is_comparable else None,
        tuple(sorted(released)),
        released[now.version].digest if now and now.version in released else None,
        below,
        None if below is None or now is None else diff_prompts(released[below], now),
        live_in,
        is_back=now is not None
        and now.version in released
        and now.digest == released[now.version].digest,
    )


def propose(
    *prompts: PromptChange,
    paths: Iterable[ChangedPath] = (),
    authors: Iterable[str] = (AUTHOR,),
    committers: Iterable[str] = (),
) -> Change:
    """A change of these prompts and these further paths."""
    own = [
        touched(one.path, one.before and "old", one.after and "new")  # type: ignore[arg-type]
        for one in prompts
    ]
    known = frozenset(authors)
    return Change(
        target="main",
        base="b" * 40,
        head="c" * 40,
        merge_base="a" * 40,
        tree="d" * 40,
        folder="prompts",
        paths=tuple(sorted([*own, *paths], key=lambda one: one.path)),
        others=0,
        prompts=prompts,
        authors=known,
        committers=known | frozenset(committers),
    )


def approve(change: Change, approver: str = "@owner", **more: object) -> Approval:
    """An approval of everything that a change has, unless told otherwise."""
    seen = {path.path: path.after for path in change.paths}
    return replace(Approval(approver, "file", contents=seen), **more)  # type: ignore[arg-type]


def rules(
    owners: str | None = OWNERS,
    *,
    groups: str = "",
    dialect: Dialect = Dialect.GITHUB,
    evals: str = "off",
    committers_may: bool = False,
) -> Rules:
    """The rules at the target branch's tip, from the texts of its files."""
    file = None if owners is None else parse_owners(owners, dialect)
    path = None if owners is None else "CODEOWNERS"
    return Rules(file, path, parse_groups(groups.encode()), evals, committers_may)


def decide(
    change: Change,
    by: Rules | None = None,
    *approvals: Approval,
    sources: tuple[str, ...] = ("file",),
    **found: object,
) -> Verdict:
    """The verdict on a change."""
    everything = replace(Approvals(sources, approvals), **found)  # type: ignore[arg-type]
    return judge(change, by or rules(), everything)


def errors(verdict: Verdict) -> list[str]:
    """The ids of the findings that block."""
    return [one.check for one in verdict.findings if one.severity.value == "error"]


def warnings(verdict: Verdict) -> list[str]:
    """The ids of the findings that do not block."""
    return [one.check for one in verdict.findings if one.severity.value != "error"]


def version(text: str) -> Version:
    """A version."""
    return Version.parse(text)


def reasons(verdict: Verdict) -> dict[str, set[str]]:
    """Why approvals do not count, by approver."""
    found: dict[str, set[str]] = {}
    for need in verdict.requirements:
        for approval, reason in need.left_out:
            found.setdefault(approval.approver, set()).add(reason)
    return found


def unmet(verdict: Verdict) -> list[str]:
    """The paths that still need an approval."""
    return [one.path for one in verdict.requirements if not one.is_met]


def many_unbumped(count: int) -> Verdict:
    """The verdict on prompts that changed what is released, without another number."""
    edits = (edit(PLAIN, UNBUMPED, PLAIN, name=f"p{at}") for at in range(count))
    return decide(propose(*edits))
