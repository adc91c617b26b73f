"""People and teams: which names belong to one person, and who is in a team.

The groups file on the target branch defines them, because a CI token often cannot read a forge's
teams:

    [people]                     # one person, under all names: logins, principals, addresses
    jane = ["@jane", "@jane-work", "jane@example.com"]

    [teams]                      # people, further names, and teams within teams
    "@acme/prompts" = ["jane", "@bob", "@acme/writers"]
    "@acme/writers" = ["wim@example.com"]

A person's key in that file is one of their names too. Names are compared without case, as on
forges.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from promptops.errors import ConfigurationError, quote
from promptops.forge.codeowners import owner_key
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Enough for ten thousand people with ten names each; a larger file may be an attack.
MAX_BYTES = 3 * 1024 * 1024

_KEYS = ("people", "teams")

# The forges' private e-mail addresses. GitHub: `ID+LOGIN`, in older ones LOGIN (docs.github.com,
# "Setting your commit email address"). GitLab: `ID-USERNAME` (docs.gitlab.com, "Use an
# automatically-generated private commit email"). Other hosts may run either.
_NO_REPLY = re.compile(r"(?:[0-9]+\+)?((?:[0-9]+-)?([^@+]+))@users\.noreply\.([^@]+)")


@dataclass(frozen=True, slots=True)
class Groups:
    """A parsed groups file; without arguments, an empty one.

    Attributes:
        people: casefolded name -> all names of the same person.
        teams: team key (`owner_key`) -> listed members: casefolded names, and keys of other teams.
    """

    people: Mapping[str, frozenset[str]] = field(default_factory=dict)
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def person(self, name: str) -> frozenset[str]:
        """Return all names of the person with the name `name`, casefolded; at least that one."""
        key = name.casefold()
        return self.people.get(key) or frozenset((key,))

    def names_of_all(self, names: Iterable[str]) -> frozenset[str]:
        """Return all names of these people, including the logins in private e-mail addresses.

        Use it only to exclude people or to count them once; these names do not make an owner.
        """
        aliases = {alias for name in names for alias in names_of(name)}
        known: frozenset[str] = frozenset().union(*map(self.person, aliases))
        return frozenset().union(*map(names_of, known))

    def members(self, team: str) -> frozenset[str] | None:
        """Return all names of the people in `team` and its nested teams; None for an unknown
        team.
        """
        if owner_key(team) not in self.teams:
            return None
        return frozenset().union(*map(self.person, self._names(owner_key(team))))

    def knows(self, owner: str) -> bool:
        """Return whether the file mentions this owner: as a person, as a team, or as a member."""
        return owner_key(owner) in self.people or owner_key(owner) in self.teams

    def owners_met_by(self, who: str) -> frozenset[str]:
        """Return the keys of all owners that a person or a team is or belongs to."""
        around: dict[str, list[str]] = {}
        for team, members in self.teams.items():
            for member in members:
                around.setdefault(member, []).append(team)
        met = {owner_key(who), *self.person(who)}
        pending = list(met)
        while pending:
            for team in around.get(pending.pop(), ()):
                if team not in met:
                    met.add(team)
                    pending.append(team)
        return frozenset(met)

    def _names(self, team: str) -> Iterator[str]:
        seen = {team}
        pending = [team]
        while pending:
            for member in self.teams[pending.pop()]:
                if member not in self.teams:
                    yield member
                elif member not in seen:
                    seen.add(member)
                    pending.append(member)


def names_of(name: str) -> frozenset[str]:
    """Return a name, and the logins that it may contain as a private e-mail address."""
    key = name.strip().casefold()
    match = _NO_REPLY.fullmatch(key)
    if match is None:
        return frozenset((key,))
    logins = (match[1],) if match[3] == "github.com" else (match[1], match[2])
    return frozenset((key, *(f"@{login}" for login in logins)))


def parse_groups(data: bytes, path: str = ".promptops/groups.toml") -> Groups:
    """Read a groups file.

    Args:
        data: its bytes.
        path: its path, for errors.

    Raises:
        ConfigurationError: it is invalid, for example has a name of two people, an undefined team,
            or a cycle of teams. Faults are never skipped: a person whose name was skipped might
            approve their own change under it.
    """
    return _GroupsReading(path).groups(_load(data, path))


def _load(data: bytes, path: str) -> Any:  # noqa: ANN401 - TOML values
    import tomllib

    if len(data) > MAX_BYTES:
        raise ConfigurationError(
            f"{path} has {len(data):,} bytes; at most {MAX_BYTES:,} are read",
            hint="list only people who own prompts",
        )
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8 text"
        raise ConfigurationError(message, hint="save the file as UTF-8") from error
    # tomllib also raises the errors of int() and of deep nesting.
    except (ValueError, RecursionError) as error:
        message = f"{path} is not TOML: {error}"
        hint = "correct the file, or see its syntax at toml.io"
        raise ConfigurationError(message, hint=hint) from error


def _is_team(name: str) -> bool:
    """Return whether a name can only be a team (`@organisation/team`) or a role (`@@owner`)."""
    return name.startswith("@@") or (name.startswith("@") and "/" in name)


class _GroupsReading:
    """One pass over a groups file; its name is used in errors."""

    def __init__(self, path: str) -> None:
        self._path = path

    def groups(self, table: Mapping[str, Any]) -> Groups:
        for key in table:
            if key not in _KEYS:
                near = nearest(key, _KEYS)
                raise self._error(
                    f"unknown key {quote(key)}",
                    f"did you mean [{near}]?" if near else "the tables are [people] and [teams]",
                )
        people = self._people(self._lists(table, "people"))
        teams = self._teams(self._lists(table, "teams"), people)
        self._refuse_cycles(teams)
        others = {name for members in teams.values() for name in members}
        others -= people.keys() | teams.keys()
        return Groups(people | {name: frozenset((name,)) for name in others}, teams)

    def _error(self, message: str, hint: str) -> ConfigurationError:
        return ConfigurationError(f"{self._path}: {message}", hint=hint)

    def _lists(self, table: Mapping[str, Any], key: str) -> dict[str, list[str]]:
        lists = table.get(key, {})
        if not isinstance(lists, dict):
            raise self._error(f"{key} is not a table", f"write [{key}] on a line of its own")
        for name, names in lists.items():
            place = f"{key}.{quote(name)}"
            if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
                raise self._error(f"{place} is not a list of names", 'such as ["@jane", "@bob"]')
            for one in (name, *names):
                if not one or one != one.strip() or not one.isprintable():
                    raise self._error(
                        f"{place}: {quote(one)} is not a name",
                        "write @login, @organisation/team, a principal or an e-mail address",
                    )
        return lists

    def _people(self, lists: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
        people: dict[str, frozenset[str]] = {}
        for key, listed in lists.items():
            names = frozenset(name.casefold() for name in (key, *listed))
            for name in names:
                if _is_team(name):
                    raise self._error(
                        f"people.{quote(key)}: {quote(name)} is a team or a role, not a person",
                        "list it below [teams], with the people in it",
                    )
                if name in people:
                    raise self._error(
                        f"people.{quote(key)}: the name {quote(name)} is given to two people",
                        "list all names of one person together",
                    )
            people |= dict.fromkeys(names, names)
        return people

    def _teams(
        self, lists: Mapping[str, list[str]], people: Mapping[str, frozenset[str]]
    ) -> dict[str, tuple[str, ...]]:
        keys: dict[str, str] = {}
        for team in lists:
            key = owner_key(team)
            if not key.startswith("@"):
                raise self._error(
                    f"teams.{quote(team)} is not a team name as CODEOWNERS has it",
                    f'write it with its @: "@{team}"',
                )
            if key in keys or key in people:
                other = "a team" if key in keys else "a person"
                raise self._error(
                    f"teams.{quote(team)} repeats {other}",
                    "remove one of them: names ignore case",
                )
            keys[key] = team
        return {
            key: tuple(self._member(team, member, keys) for member in lists[team])
            for key, team in keys.items()
        }

    def _member(self, team: str, member: str, teams: Mapping[str, str]) -> str:
        key = owner_key(member)
        if key in teams:
            return key
        if _is_team(member):
            near = nearest(member, teams.values())
            raise self._error(
                f"teams.{quote(team)} contains the team {quote(member)}, which is not defined",
                f"did you mean {near}?" if near else f'add "{member}" = [...] below [teams]',
            )
        return member.casefold()

    def _refuse_cycles(self, teams: Mapping[str, tuple[str, ...]]) -> None:
        """Repeatedly remove teams without nested teams; the remaining ones form a cycle."""
        within = {
            team: {member for member in members if member in teams}
            for team, members in teams.items()
        }
        around: dict[str, list[str]] = {team: [] for team in teams}
        for team, members in within.items():
            for member in members:
                around[member].append(team)
        plain = [team for team, members in within.items() if not members]
        while plain:
            inner = plain.pop()
            del within[inner]
            for outer in around[inner]:
                within[outer].discard(inner)
                if not within[outer]:
                    plain.append(outer)
        if within:
            team = self._on_a_cycle(within)
            raise self._error(
                f"teams.{quote(team)} contains itself through other teams",
                "remove the cycle",
            )

    def _on_a_cycle(self, within: Mapping[str, set[str]]) -> str:
        """Follow nested teams until one repeats: every remaining team contains another."""
        team = min(within)
        seen: set[str] = set()
        while team not in seen:
            seen.add(team)
            team = min(within[team])
        return team
