"""`promptops init`: set a repository up for prompts."""

from __future__ import annotations

from promptops.cli.new import print_steps
from promptops.cli.session import DryRunOption, current, say


def init(dry_run: DryRunOption = False) -> None:
    """Write configuration, a first prompt, code owners, a CI workflow and a pre-commit hook.

    Overwrites nothing, says for every file what it did, and changes nothing the second time.
    """
    from promptops.scaffold import Deed, set_up

    steps = set_up(current().repository, dry_run=dry_run)
    print_steps(steps, dry_run=dry_run)
    if any(step.deed in {Deed.WRITTEN, Deed.EXTENDED} for step in steps) and not dry_run:
        say("next: look at the files, commit them, then promptops status")
