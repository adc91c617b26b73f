"""`promptops new --spec`: let a model draft a prompt from a description."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from promptops.cli.eval.running import say_costs, to_micros
from promptops.cli.session import current, one_line, say, warn
from promptops.errors import PromptopsError, UsageError

if TYPE_CHECKING:
    from promptops.evals.specification.drafting import SpecificationDraft


def draft_prompt(
    name: str,
    spec: str,
    model: str | None,
    writer: str | None,
    ref: str | None,
    max_cost: float | None,
    *,
    is_dry: bool,
) -> None:
    """Draft a prompt, its schemas and a suite, and write them.

    Args:
        name: the name of the new prompt.
        spec: the file with the description; `-`: standard input.
        model: the new prompt's model; None: the default.
        writer: the model that drafts it; None: `model`, else the drafting prompt's.
        ref: the drafting prompt; None: the package's own.
        max_cost: the cost limit in US dollars.
        is_dry: whether to show the plan only.
    """
    from promptops.cli.new import print_steps
    from promptops.evals.scenarios.by_model import describe_origin
    from promptops.evals.specification.drafting import (
        Specification,
        draft_from_description,
        find_drafter,
        plan_specification,
        write_specification,
    )
    from promptops.repository.new_prompt import DEFAULT_MODEL

    repository = current().repository
    wanted = Specification(name, _read_description(spec), model or DEFAULT_MODEL)
    by = find_drafter(repository, ref, writer or model)
    plan = plan_specification(repository, by, wanted)
    say(f"{by.model} will be called with {by.resolved.name} {by.resolved.version}, at most twice")
    say_costs(plan)
    if is_dry:
        print_steps(write_specification(repository, name, None), dry_run=True)
        return
    at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    draft = draft_from_description(
        repository,
        by,
        wanted,
        max_cost=to_micros(max_cost),
        describe=lambda served: describe_origin(by, served, at),
    )
    _report(draft)
    print_steps(write_specification(repository, name, draft), dry_run=False)
    folder = repository.config.prompts
    say(f"next: review both; {folder}/{name}.md is a draft, and is not released, until you remove")
    say("      its 'status: draft'; move the samples that are good into a suite")


def _read_description(spec: str) -> str:
    from promptops.evals.specification.drafting import MAX_DESCRIPTION
    from promptops.files import read_file

    where = "standard input" if spec == "-" else one_line(spec)
    try:
        data = sys.stdin.buffer.read() if spec == "-" else read_file(current().directory / spec)
        text = data.decode("utf-8-sig").strip()
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no file {where}", hint="pass a text file with --spec"
        ) from error
    except (OSError, PromptopsError) as error:
        raise UsageError(f"{where} cannot be read", hint="pass a text file with --spec") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{where} is not UTF-8", hint="pass a text file with --spec") from error
    if not text:
        raise UsageError(f"{where} is empty", hint="describe what the prompt should do")
    if len(text) > MAX_DESCRIPTION:
        raise UsageError(
            f"{where} has more than {MAX_DESCRIPTION:,} characters",
            hint="split it into several prompts",
        )
    return text


def _report(draft: SpecificationDraft) -> None:
    for line in draft.repaired:
        say(f"repaired: {one_line(line)}")
    for line in draft.left_out:
        warn(f"left out: {one_line(line)}")
    known = "" if draft.is_priced else ", as far as prices are known"
    calls = "1 call" if draft.calls == 1 else f"{draft.calls} calls"
    samples = "1 sample" if draft.samples == 1 else f"{draft.samples} samples"
    say(f"{samples}, {calls}, {draft.spent_micros / 1_000_000:.4f} USD{known}")
