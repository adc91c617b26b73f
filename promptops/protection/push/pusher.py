"""Who pushes, where the server knows it: by a variable that its configuration names.

Only the repository's own configuration counts, and no variable that it does not name: whoever
pushes may be able to set others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import PromptopsError

if TYPE_CHECKING:
    from promptops.gate.rules.people import Groups
    from promptops.protection.push.visit import Visit

SETTING = "promptops.deployerVariable"


def find_pusher(visit: Visit) -> str | None:
    """Return the name of who pushes, `@login` or an address; None where the server does not tell.

    PromptopsError when it should tell, and does not.
    """
    done = visit.repository.git.run("config", "--local", "--get", SETTING, check=False)
    variable = done.text
    if not variable:
        return None
    name = visit.variables.get(variable, "").strip()
    if not name:
        raise PromptopsError(
            f"{SETTING} is {variable}, and the server does not say who pushes in it",
            hint="whoever runs the server: name the variable that it sets for its hooks",
        )
    return name if "@" in name else f"@{name}"


def require_known(who: str, groups: Groups, path: str) -> None:
    """Raise PromptopsError for a login of which nobody can tell whose address or key it goes with.

    Approvals are signed under addresses; without the groups file, a person could approve under one
    name what they push under another. `path` is that file's.
    """
    if who.startswith("@") and not groups.knows(who):
        raise PromptopsError(
            f"nobody can tell which approvals are not {who}'s own: who that is is not known",
            hint=f"list all names of each person in {path}",
        )
