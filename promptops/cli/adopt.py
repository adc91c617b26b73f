"""`promptops adopt`: import prompts from other tools, files and code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import (
    Format,
    FormatOption,
    current,
    emit,
    emit_json,
    one_line,
    paint,
    say,
)
from promptops.errors import UsageError, count_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.repository.adoption.draft import Note
    from promptops.repository.adoption.plan import Adoption, AdoptionPlan

_MAX_TOLD = 3


def adopt(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files and folders.", show_default=False)
    ],
    write: Annotated[bool, typer.Option("--write", help="Write the files of the plan.")] = False,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="Name the prompt, if there is only one."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="MODEL", help="The model for prompts that name none."),
    ] = None,
    scan: Annotated[
        bool,
        typer.Option("--scan", help="List prompts and client calls in Python code; write nothing."),
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="With --scan: exit with 1 for anything not in the baseline."),
    ] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Import prompts from other tools. Shows the plan; --write writes it.

    Reads Markdown and text files, agent and skill files, Dotprompt, Prompty, VS Code and GitHub
    Models prompts, Langfuse and LangChain exports, Python constants, and promptfoo configurations
    with their tests. The plan notes each line that is not carried over.
    """
    places = [current().directory / path for path in paths]
    if scan:
        _scan(places, write=write, check=check, output=output)
        return
    if check:
        raise UsageError("--check needs --scan", hint="promptops adopt --scan PATH --check")
    from promptops.repository.adoption.plan import plan_adoption, write_adoption
    from promptops.repository.new_prompt import DEFAULT_MODEL

    repository = current().repository
    plan = plan_adoption(repository, places, name=name, model=model or DEFAULT_MODEL)
    if write:
        write_adoption(repository, plan)
    if output is Format.JSON:
        emit_json(_to_json(plan, written=write))
    else:
        for line in _describe(plan, written=write):
            emit(line)
        _advise(plan, written=write)
    if not plan.adoptions:
        raise typer.Exit(1)


def _describe(plan: AdoptionPlan, *, written: bool) -> Iterator[str]:
    for one in plan.adoptions:
        arrow = "->" if one.moves else "=>"
        place = one_line(f"{one.draft.path} {one.draft.title}")
        deed = "written" if written else "would be written"
        yield f"{place} {arrow} {paint(one.path, 'green')} ({one.draft.kind}, {deed})"
        if one.suite is not None:
            yield f"  with its tests as {one.suite[0]}"
        for note in one.notes:
            yield f"  {_describe_note(note)}"
    for refusal in plan.refusals:
        yield f"{one_line(refusal.path)} {paint('is left out', 'yellow')}: {one_line(refusal.why)}"


def _describe_note(note: Note) -> str:
    place = f"line {note.line}: " if note.line is not None else ""
    text = f"{place}{one_line(note.message)}"
    return f"{paint('differs:', 'yellow')} {text}" if note.is_lost else text


def _advise(plan: AdoptionPlan, *, written: bool) -> None:
    count = len(plan.adoptions)
    what = count_of(count, "prompt")
    left = f", {len(plan.refusals)} left out" if plan.refusals else ""
    silent = sum("model" not in one.draft.settings for one in plan.adoptions)
    if silent:
        say(f"{silent} name no model and get {plan.model}; use --model NAME to choose another")
    if count:
        _advise_on_author()
        _advise_on_readers(plan, written=written)
    if not count:
        say(f"no prompts found{left}")
    elif written:
        say(f"{what} written{left}; next: promptops validate, then commit")
        if any(one.moves and one.path != one.draft.path for one in plan.adoptions):
            # The index has the old contents under the new names.
            say(
                " hint: to keep their history, commit the moves first: "
                'git commit --no-verify -m "Move prompts"'
            )
    else:
        say(f"{what} found{left}; nothing was written; add --write to write them")


def _advise_on_author() -> None:
    from promptops.repository.new_prompt import UNKNOWN_AUTHOR, find_author

    if find_author(current().repository) == UNKNOWN_AUTHOR:
        say(
            f"user.email is not set, so their author is {UNKNOWN_AUTHOR}: "
            "git config user.email ADDRESS before --write, or change the line author"
        )


def _advise_on_readers(plan: AdoptionPlan, *, written: bool) -> None:
    """Warn that programs which open a moved file will no longer find it."""
    moved = [one.draft.path for one in plan.adoptions if one.moves and one.path != one.draft.path]
    if moved:
        names = ", ".join(one_line(path.rpartition("/")[2]) for path in moved[:_MAX_TOLD])
        more = f" and {len(moved) - _MAX_TOLD} more" if len(moved) > _MAX_TOLD else ""
        verb = "moved" if written else "would move"
        say(f"code that opens {names}{more} has to read the prompt instead: the file {verb}")


def _to_json(plan: AdoptionPlan, *, written: bool) -> dict[str, object]:
    def describe(one: Adoption) -> dict[str, object]:
        return {
            "source": one.draft.path,
            "line": one.draft.line,
            "kind": one.draft.kind,
            "name": one.name,
            "path": one.path,
            "suite": one.suite[0] if one.suite else None,
            "notes": [
                {"line": note.line, "message": note.message, "differs": note.is_lost}
                for note in one.notes
            ],
        }

    return {
        "schema": "promptops.adopt/v1",
        "written": written,
        "prompts": [describe(one) for one in plan.adoptions],
        "left_out": [{"path": one.path, "why": one.why} for one in plan.refusals],
    }


def _scan(places: list[Path], *, write: bool, check: bool, output: Format) -> None:
    from promptops.repository.adoption.scan import (
        BASELINE,
        read_baseline,
        scan_code,
        write_baseline,
    )

    repository = current().repository
    found = scan_code(repository, places)
    known = read_baseline(repository)
    new = [one for one in found if one.key not in known]
    shown = new if check else found
    if output is Format.JSON:
        emit_json(
            {
                "schema": "promptops.adopt-scan/v1",
                "found": [
                    {
                        "path": one.path,
                        "line": one.line,
                        "what": one.what,
                        "name": one.name,
                        "new": one.key not in known,
                    }
                    for one in shown
                ],
            }
        )
    else:
        for one in shown:
            what = (
                f"the text {one.name}".rstrip() if one.what == "text" else f"a call of {one.name}"
            )
            emit(f"{one_line(one.path)}:{one.line}: {one_line(what)}")
    if write:
        write_baseline(repository, found)
        say(f"{len(found)} kept in {BASELINE}: --check reports what is new")
        return
    say(f"{len(found)} found, {len(new)} not in {BASELINE}")
    if check and new:
        say(" hint: promptops adopt FILE moves a text into a prompt; --scan --write accepts these")
        raise typer.Exit(1)
