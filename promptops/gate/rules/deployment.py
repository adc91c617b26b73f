"""May this release go live, and may this person put it there? Pure.

`promote` asks as advice, before it pushes; a server's hook asks the same as law.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.forge.codeowners import owner_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from promptops.gate.rules.people import Groups

_EVALS = "Prompt-Evals"
_PASSED = " passed"


def may_deploy(deployers: Sequence[str], names: Iterable[str], groups: Groups) -> bool:
    """Return whether somebody who goes by `names` is one of the deployers; without any, everybody
    is.
    """
    met = {owner for name in names for owner in groups.owners_met_by(name)}
    return not deployers or any(owner_key(one) in met for one in deployers)


def list_approvers(
    approvers: Iterable[str], deployer: Collection[str], groups: Groups
) -> tuple[str, ...]:
    """Return the people beside the deployer who approved, each by one name.

    Args:
        approvers: the names under which approvals were signed.
        deployer: all names that the deployer is known to go by.
        groups: which names are one person.
    """
    counted = [groups.names_of_all((name,)) for name in deployer]
    people = []
    for name in approvers:
        person = groups.names_of_all((name,))
        if all(person.isdisjoint(other) for other in counted):
            counted.append(person)
            people.append(name)
    return tuple(people)


def has_passed_evals(trailers: Iterable[tuple[str, str]]) -> bool:
    """Return whether a release's trailers name evals, all of them passed."""
    results = [value for key, value in trailers if key == _EVALS]
    return bool(results) and all(value.endswith(_PASSED) for value in results)
