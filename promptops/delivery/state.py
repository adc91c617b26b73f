"""The state of an environment, and how each action changes it. Does not use Git.

An environment's tree has two files next to the released texts. `promptops.lock` lists what is live.
`promptops.undo` has, for each prompt, the deployment to which a rollback goes back; so repeated
rollbacks go back further, and only the tree must be read. `docs/SPEC.md` describes the formats.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from json.encoder import encode_basestring as _quote
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import IntegrityError, NotDeployedError, RefusedError, UsageError
from promptops.prompt.digest import is_digest, is_object_id
from promptops.prompt.exact_json import read_exact
from promptops.prompt.reference import name_fault
from promptops.prompt.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

LOCK_FILE = "promptops.lock"
UNDO_FILE = "promptops.undo"
LOCK_SCHEMA = "promptops.lock/v1"
UNDO_SCHEMA = "promptops.undo/v1"
_WHOLE = 100
_ENTRY_KEYS = frozenset({"live", "paused"})
_LIVE_KEYS = frozenset({"version", "digest", "commit", "share"})


class Live(NamedTuple):
    """One live version.

    Attributes:
        version: the version.
        digest: the digest of its closure.
        commit: the released commit.
        share: its share of the traffic, in whole per cent.
    """

    version: Version
    digest: str
    commit: str
    share: int = _WHOLE


class Entry(NamedTuple):
    """The live versions of one prompt, whose shares sum to 100, and its pause.

    Attributes:
        live: the versions, the one that has been live longer first.
        paused: the reason for the pause, or None.
    """

    live: tuple[Live, ...]
    paused: str | None = None

    @property
    def versions(self) -> tuple[Version, ...]:
        """The live versions."""
        return tuple(live.version for live in self.live)

    def describe(self) -> str:
        """`1.2.0`, or `1.2.0 90%, 1.3.0 10%` while traffic is split."""
        if len(self.live) == 1:
            return str(self.live[0].version)
        return ", ".join(f"{live.version} {live.share}%" for live in self.live)


class Point(NamedTuple):
    """One deployment of an environment.

    Attributes:
        deployment: its number, from 1.
        commit: its commit.
    """

    deployment: int
    commit: str


@dataclass(frozen=True, slots=True)
class State:
    """The state in an environment's tree, without the texts.

    Attributes:
        entries: prompt name -> what is live.
        undo: prompt name -> the deployment to which a rollback goes back.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    undo: Mapping[str, Point] = field(default_factory=dict)

    def touches(self, name: str) -> tuple[Entry | None, Point | None]:
        """Return the part of the state on which an action on `name` depends. While it is unchanged,
        the action can be repeated safely.
        """
        return self.entries.get(name), self.undo.get(name)

    def require(self, name: str, environment: str) -> Entry:
        """Return the entry of `name`. Raises NotDeployedError if it is not live."""
        entry = self.entries.get(name)
        if entry is None:
            raise NotDeployedError(
                f"{name} is not live in {environment}",
                hint=_near_or_promote(name, self.entries, environment),
            )
        return entry

    def _with(self, name: str, entry: Entry | None, undo: Point | None) -> State:
        entries, points = dict(self.entries), dict(self.undo)
        entries.pop(name, None)
        points.pop(name, None)
        if entry is not None:
            entries[name] = entry
        if undo is not None:
            points[name] = undo
        return State(entries, points)


def promote(state: State, tip: Point | None, name: str, release: Live) -> State:
    """Make `release` live with its share; the other version keeps the rest.

    `tip` is the deployment that is replaced. The undo entry becomes `tip`, with three exceptions:
    it stays unchanged if only the share changes; it stays unchanged after a retirement, so that a
    rollback leads to what was live before; and a prompt that was never live has none. Raises
    RefusedError for a third version while traffic is split.
    """
    entry = state.entries.get(name)
    live = entry.live if entry else ()
    others = tuple(one for one in live if one.version != release.version)
    ramps = len(others) < len(live)
    if len(live) > 1 and not ramps:
        raise RefusedError(
            f"{name} splits its traffic: {Entry(live).describe()}",
            hint="promote one of the two at 100 %, or roll back, "
            f"before {release.version} can start",
        )
    new_live = (release,) if release.share == _WHOLE else _split(name, live, others, release)
    undo = state.undo.get(name)
    if entry is not None and not ramps:
        undo = tip
    return state._with(name, Entry(new_live, entry.paused if entry else None), undo)  # noqa: SLF001


def _split(
    name: str, live: tuple[Live, ...], others: tuple[Live, ...], release: Live
) -> tuple[Live, ...]:
    """Return the two versions of a split, the one that has been live longer first."""
    if not others:
        raise UsageError(
            f"{name} has no other version live to share traffic with {release.version}",
            hint="remove --share",
        )
    rest = others[0]._replace(share=_WHOLE - release.share)
    return (release, rest) if live[0].version == release.version else (rest, release)


def retire(state: State, tip: Point | None, name: str, environment: str) -> State:
    """Remove `name` from the environment; a rollback returns to `tip`, the current deployment."""
    state.require(name, environment)
    return state._with(name, None, tip)  # noqa: SLF001


def pause(state: State, names: Iterable[str], environment: str, reason: str) -> State:
    """Pause `names`, for `reason`."""
    for name in names:
        entry = state.require(name, environment)._replace(paused=reason)
        state = state._with(name, entry, state.undo.get(name))  # noqa: SLF001
    return state


def resume(state: State, names: Iterable[str], environment: str) -> State:
    """Resume `names`, which are paused."""
    for name in names:
        entry = state.require(name, environment)._replace(paused=None)
        state = state._with(name, entry, state.undo.get(name))  # noqa: SLF001
    return state


def rollback(
    state: State,
    name: str,
    environment: str,
    state_at: Callable[[Point], State],
    to: Version | None = None,
) -> tuple[State, Point]:
    """Go back to what was live before, or further until only `to` is live.

    `state_at` reads the state after an older deployment. Returns the new state and the deployment
    that has its texts. A paused prompt stays paused, and a prompt that was paused when it was
    retired comes back paused: a rollback must not end a pause. Raises RefusedError if there is
    nothing to go back to.
    """
    start = state
    live = start.entries.get(name)
    if to is not None:
        entry = state.entries.get(name)
        if entry is not None and entry.versions == (to,):
            raise RefusedError(
                f"{name} {to} is already live in {environment}",
                hint=f"to see earlier versions: promptops history {name} --env {environment}",
            )
    deepest: int | None = None
    while True:
        point = state.undo.get(name)
        if point is None:
            raise _nothing_before(start, name, environment, to)
        if deepest is not None and point.deployment >= deepest:
            raise IntegrityError(f"{UNDO_FILE} leads in a cycle for {name}", hint=_EDITED)
        deepest = point.deployment
        before = state_at(point)
        entry = before.entries.get(name)
        live = live or entry  # the retired entry, if nothing is live
        paused = None if live is None else live.paused
        restored = None if entry is None else entry._replace(paused=paused)
        state = start._with(name, restored, before.undo.get(name))  # noqa: SLF001
        if to is None or (restored is not None and restored.versions == (to,)):
            return state, point


def _near_or_promote(name: str, live: Iterable[str], environment: str) -> str:
    """Return the hint for a name that is not live: correct it, or deploy it."""
    from promptops.suggestion import nearest

    near = nearest(name, live)
    if near is not None:
        return f"did you mean {near}? run promptops list --live to see what is live"
    return f"promptops promote {name} --to {environment} makes it live"


def _nothing_before(state: State, name: str, environment: str, to: Version | None) -> RefusedError:
    if to is not None:
        return RefusedError(
            f"{name} {to} is not among the versions that were live in {environment} before",
            hint=f"see them with promptops history {name} --env {environment}, or deploy any "
            f"release: promptops promote {name}@{to} --to {environment}",
        )
    entry = state.entries.get(name)
    if entry is None:
        return RefusedError(
            f"nothing to roll back to: {name} is not live in {environment}",
            hint=_near_or_promote(name, state.entries, environment),
        )
    return RefusedError(
        f"nothing to roll back to: {entry.describe()} is the first version of {name} "
        f"in {environment}",
        hint=f"promptops retire {name} --env {environment} --reason TEXT takes it out",
    )


def changed_names(before: State, after: State) -> tuple[str, ...]:
    """Return the prompts whose entry differs, sorted."""
    names = before.entries.keys() | after.entries.keys()
    return tuple(
        sorted(name for name in names if before.entries.get(name) != after.entries.get(name))
    )


def touched_names(before: State, after: State) -> tuple[str, ...]:
    """Return the prompts whose entry or undo entry differs, sorted."""
    pairs = ((before.entries, after.entries), (before.undo, after.undo))
    return tuple(
        sorted(
            {
                name
                for old, new in pairs
                for name in old.keys() | new.keys()
                if old.get(name) != new.get(name)
            }
        )
    )


def release_folders(state: State) -> frozenset[str]:
    """Return all folders with texts of releases that a tree with this state has."""
    return frozenset(
        release_folder(name, live.version)
        for name, entry in state.entries.items()
        for live in entry.live
    )


def release_folder(name: str, version: Version) -> str:
    """Return the folder of a release's texts in an environment's tree."""
    return f"releases/{name}@{version}"


def format_lock(state: State) -> bytes:
    """Return the bytes of `promptops.lock`: sorted, indented JSON with a final newline."""
    prompts = {}
    for name, entry in state.entries.items():
        lives = ",\n".join([_format_live(live) for live in entry.live])
        paused = "null"
        if entry.paused is not None:
            paused = f'{{\n    "reason": {_quote(entry.paused)}\n   }}'
        prompts[name] = f'   "live": [\n{lives}\n   ],\n   "paused": {paused}'
    return _format(LOCK_SCHEMA, prompts)


def _format_live(live: Live) -> str:
    return (
        f'    {{\n     "commit": {_quote(live.commit)},\n     "digest": {_quote(live.digest)},\n'
        f'     "share": {live.share},\n     "version": {_quote(str(live.version))}\n    }}'
    )


def format_undo(state: State) -> bytes:
    """Return the bytes of `promptops.undo`, in the same form."""
    prompts = {
        name: f'   "commit": {_quote(point.commit)},\n   "deployment": {point.deployment}'
        for name, point in state.undo.items()
    }
    return _format(UNDO_SCHEMA, prompts)


def _format(schema: str, prompts: Mapping[str, str]) -> bytes:
    """Format as `json.dumps` with indentation would, but much faster."""
    entries = [f"  {_quote(name)}: {{\n{text}\n  }}" for name, text in sorted(prompts.items())]
    block = "{\n" + ",\n".join(entries) + "\n }" if entries else "{}"
    return f'{{\n "prompts": {block},\n "schema": {_quote(schema)}\n}}\n'.encode()


def parse_lock(data: bytes) -> dict[str, Entry]:
    """Parse and validate `promptops.lock`.

    Raises IntegrityError, which names the prompt and what is wrong with its entry.
    """
    entries = parse_canonical(data)
    if entries is not None:
        return entries
    return {
        name: _entry(name, value) for name, value in _parse(data, LOCK_FILE, LOCK_SCHEMA).items()
    }


def parse_canonical(data: bytes) -> dict[str, Entry] | None:
    """Parse a lock exactly as `format_lock` writes it, without splits and pauses; else return None.

    Almost every lock has this form. Parsing it here saves 22 % of `resolve NAME@ENV` with 10,000
    prompts (`nox -s shortcuts`). None means that `parse_lock` has to decide.
    """
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        return None
    match = _plain_entry().match
    entries: dict[str, Entry] = {}
    position, before = len(_BEGINNING), ""
    found = match(text, position) if text.startswith(_BEGINNING) else None
    while found is not None:
        name, commit, digest, version, end = found.groups()
        if name <= before or name_fault(name):
            return None
        try:
            entries[name] = Entry((Live(_parse_version(version), digest, commit),))
        except UsageError:
            return None
        position, before = found.end(), name
        if end == _ENDING:
            return entries if position == len(text) else None
        found = match(text, position)
    return None


_BEGINNING = '{\n "prompts": {\n'
_ENDING = f'\n }},\n "schema": "{LOCK_SCHEMA}"\n}}\n'


@cache
def _plain_entry() -> re.Pattern[str]:
    return re.compile(
        r'  "([a-z0-9._/-]+)": \{\n   "live": \[\n    \{\n'
        r'     "commit": "([0-9a-f]{40}(?:[0-9a-f]{24})?)",\n'
        r'     "digest": "(sha256:[0-9a-f]{64})",\n'
        rf'     "share": {_WHOLE},\n     "version": "([0-9a-z.-]+)"\n    \}}\n   \],\n'
        rf'   "paused": null\n  \}}(,\n|{re.escape(_ENDING)})'
    )


def parse_undo(data: bytes) -> dict[str, Point]:
    """Parse `promptops.undo`. Raises IntegrityError if it is invalid."""
    points = {}
    for name, value in _parse(data, UNDO_FILE, UNDO_SCHEMA).items():
        number, commit = value.get("deployment"), value.get("commit")
        if not _is_whole(number) or number < 1 or not _is_object_id(commit) or len(value) > 2:
            raise IntegrityError(f"{UNDO_FILE} has no valid deployment for {name}", hint=_EDITED)
        points[name] = Point(number, commit)
    return points


_EDITED = "it may have been edited by hand; run promptops verify"


def _parse(data: bytes, file: str, schema: str) -> dict[str, Any]:
    try:
        value = read_exact(data)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{file} is not JSON: {error}", hint=_EDITED) from error
    if not isinstance(value, dict) or value.get("schema") != schema:
        found = value.get("schema") if isinstance(value, dict) else None
        hint = (
            "update promptops: a newer one may have written it"
            if isinstance(found, str) and found.startswith(schema.rpartition("/")[0])
            else _EDITED
        )
        raise IntegrityError(f"{file} is not of the form {schema}", hint=hint)
    prompts = value.get("prompts")
    if not isinstance(prompts, dict) or set(value) != {"schema", "prompts"}:
        raise IntegrityError(f"{file} has no prompts", hint=_EDITED)
    for name, entry in prompts.items():
        if name_fault(name) or not isinstance(entry, dict):
            raise IntegrityError(f"{file} has no valid entry for {name!r}", hint=_EDITED)
    return prompts


def _entry(name: str, value: Mapping[str, Any]) -> Entry:
    lives = value.get("live")
    paused = value.get("paused")
    if (
        not _has_keys(value, _ENTRY_KEYS)
        or not isinstance(lives, list)
        or not 1 <= len(lives) <= 2
        or not (
            paused is None or (isinstance(paused, dict) and isinstance(paused.get("reason"), str))
        )
    ):
        raise IntegrityError(f"{LOCK_FILE} has no valid entry for {name}", hint=_EDITED)
    entry = Entry(
        tuple([_live(name, live) for live in lives]), None if paused is None else paused["reason"]
    )
    if not _is_split_whole(entry.live):
        raise IntegrityError(f"the shares of {name} in {LOCK_FILE} do not sum to 100", hint=_EDITED)
    return entry


def _is_split_whole(lives: tuple[Live, ...]) -> bool:
    if len(lives) == 1:
        return lives[0].share == _WHOLE
    versions = {live.version for live in lives}
    return sum(live.share for live in lives) == _WHOLE and len(versions) == len(lives)


def _live(name: str, value: object) -> Live:
    if isinstance(value, dict) and _has_keys(value, _LIVE_KEYS):
        version, digest = value["version"], value["digest"]
        commit, share = value["commit"], value["share"]
        if (
            isinstance(version, str)
            and isinstance(digest, str)
            and is_digest(digest)
            and _is_object_id(commit)
            and _is_whole(share)
            and 1 <= share <= _WHOLE
        ):
            try:
                return Live(_parse_version(version), digest, commit, share)
            except UsageError:
                pass
    raise IntegrityError(f"{LOCK_FILE} has no valid version for {name}", hint=_EDITED)


def _has_keys(value: Mapping[str, Any], keys: frozenset[str]) -> bool:
    return len(value) == len(keys) and keys.issubset(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_object_id(value: object) -> bool:
    return isinstance(value, str) and _has_form_of_id(value)


# Many prompts share a few versions and commits, so these are cached.
@lru_cache(maxsize=1024)
def _has_form_of_id(text: str) -> bool:
    return is_object_id(text)


@lru_cache(maxsize=1024)
def _parse_version(text: str) -> Version:
    return Version.parse(text)
