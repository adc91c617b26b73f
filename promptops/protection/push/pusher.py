"""Find the pusher, from an environment variable that the server's configuration names.

Only the repository's own configuration counts: a pusher may be able to set variables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import PromptopsError

if TYPE_CHECKING:
    from promptops.gate.rules.people import Groups
    from promptops.protection.push.context import PushContext

SETTING = "promptops.deployerVariable"


def find_pusher(context: PushContext) -> str | None:
    """Return the pusher's name, `@login` or an address; None if the server does not know.

    Raises PromptopsError if the configured variable is missing.
    """
    done = context.repository.git.run("config", "--local", "--get", SETTING, check=False)
    variable = done.text
    if not variable:
        return None
    name = context.variables.get(variable, "").strip()
    if not name:
        raise PromptopsError(
            f"{SETTING} is {variable}, and the server does not set it to the pusher",
            hint="on the server, name the variable that it sets for its hooks",
        )
    return name if "@" in name else f"@{name}"


def require_known(who: str, groups: Groups, path: str) -> None:
    """Raise PromptopsError for a login that the groups file does not connect with an address or
    key.

    Approvals are signed under addresses. Without the groups file, a person could approve under one
    name what they push under another. `path` is the groups file's.
    """
    if who.startswith("@") and not groups.knows(who):
        raise PromptopsError(
            f"{who}'s own approvals cannot be identified: {who} is unknown",
            hint=f"list all names of each person in {path}",
        )
