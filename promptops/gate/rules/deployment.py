"""Decide whether a release may go live, and whether a person may deploy it.

`promote` applies these rules before it pushes, as advice; a server's hook enforces them.
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
    """Return whether a person with these names may deploy. Without a list, everybody may."""
    met = {owner for name in names for owner in groups.owners_met_by(name)}
    return not deployers or any(owner_key(one) in met for one in deployers)


def list_approvers(
    approvers: Iterable[str], deployer: Collection[str], groups: Groups
) -> tuple[str, ...]:
    """Return the approvers other than the deployer, each by one name.

    Args:
        approvers: the names of the signers.
        deployer: all known names of the deployer.
        groups: people and teams.
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
    """Return whether a release's trailers name evals and all of them passed."""
    results = [value for key, value in trailers if key == _EVALS]
    return bool(results) and all(value.endswith(_PASSED) for value in results)
