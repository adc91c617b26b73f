"""The service's keys and their permissions, and the format of their file.

A key is `promptops_ID_SECRET`. The file stores the SHA-256 of the whole key. The secret has 256
random bits, so a slow hash is not needed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import ConfigurationError, NotFoundError, UsageError, quote
from promptops.prompt.reference import SelectorKind
from promptops.prompt.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from promptops.prompt.reference import PromptRef

SCHEMA = "promptops.keys/v1"
VERBS = ("resolve", "render", "run", "record", "feedback", "read", "metrics")
DEFAULT_VERBS = ("resolve", "render", "run", "feedback")
# The special names of environments in a scope.
RELEASES, WORKING = "releases", "working"
_KEY = re.compile(r"promptops_([a-z2-7]{10})_[A-Za-z0-9_-]{43}")
_PATTERN = re.compile(r"[a-z0-9*?._/-]+")
_ENVIRONMENT = re.compile(r"[a-z][a-z0-9-]*")


class KeyScope(NamedTuple):
    """The permissions of a key.

    Attributes:
        verbs: some of VERBS.
        prompts: patterns of names, such as `support/*`.
        environments: names; `releases` for versions, ranges and `latest`; `working` for the work
            tree; `*` for everything except the work tree.
        tenant: the tenant of all its runs; None: the caller chooses.
    """

    verbs: tuple[str, ...] = DEFAULT_VERBS
    prompts: tuple[str, ...] = ("*",)
    environments: tuple[str, ...] = ("*",)
    tenant: str | None = None

    def allows(self, verb: str) -> bool:
        """Return whether the key may use a verb."""
        return verb in self.verbs

    def shows(self, name: str) -> bool:
        """Return whether a prompt matches the key's patterns."""
        return any(fnmatchcase(name, pattern) for pattern in self.prompts)

    def opens(self, place: str) -> bool:
        """Return whether the key may read an environment, RELEASES or WORKING."""
        return place in self.environments or ("*" in self.environments and place != WORKING)

    def covers(self, ref: PromptRef, default_environment: str) -> bool:
        """Return whether the key may use a prompt ref."""
        return self.opens(_place(ref, default_environment)) and self.shows(ref.name)


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """One key, without its secret.

    Attributes:
        id: its public part, which logs show.
        name: its owner, for people.
        hash: `sha256:` and the hex digest of the whole key.
        scope: its permissions.
        created_at: when it was created, in seconds since 1970.
        expires_at: when it expires, in seconds since 1970; None: never.
        revoked_at: when it was revoked, in seconds since 1970, or None.
    """

    id: str
    name: str
    hash: str
    scope: KeyScope
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None

    def is_good(self, now: float) -> bool:
        """Return whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class ServiceKeys:
    """All keys of a service."""

    def __init__(self, keys: Iterable[ServiceKey] = ()) -> None:
        self._keys = {key.id: key for key in keys}

    def list(self) -> tuple[ServiceKey, ...]:
        """Return the keys, the oldest first."""
        return tuple(self._keys.values())

    def find(self, text: str, now: float) -> ServiceKey | None:
        """Return the valid key with the text `text`; None if it is unknown, revoked or expired."""
        match = _KEY.fullmatch(text)
        key = self._keys.get(match[1]) if match is not None else None
        # Compared even without a key, so that timing does not reveal which ids exist.
        is_equal = hmac.compare_digest(hash_key(text), key.hash if key is not None else "")
        return key if key is not None and is_equal and key.is_good(now) else None

    def is_good(self, key_id: str, now: float) -> bool:
        """Return whether the key with this id is still neither revoked nor expired."""
        key = self._keys.get(key_id)
        return key is not None and key.is_good(now)

    def add(self, key: ServiceKey) -> ServiceKeys:
        """Return the keys with `key` added."""
        return ServiceKeys([*self._keys.values(), key])

    def revoke(self, id_or_name: str, now: int) -> tuple[ServiceKeys, ServiceKey]:
        """Return the keys with one revoked, and the revoked key. Revoking twice changes nothing.

        Args:
            id_or_name: the id or the name of a key.
            now: seconds since 1970.

        Raises:
            NotFoundError: no key or several keys have this id or name.
        """
        found = [key for key in self._keys.values() if id_or_name in {key.id, key.name}]
        good = [key for key in found if key.revoked_at is None] or found
        if len(good) != 1:
            raise NotFoundError(
                f"{len(good) or 'no'} key{'s are' if len(good) > 1 else ' is'} called "
                f"{quote(id_or_name)}",
                hint="use an id: promptops serve keys list",
            )
        revoked = good[0] if good[0].revoked_at else replace(good[0], revoked_at=now)
        rest = [revoked if key.id == revoked.id else key for key in self._keys.values()]
        return ServiceKeys(rest), revoked


def make_key(
    name: str,
    scope: KeyScope,
    *,
    now: int,
    expires_at: int | None,
    random_bytes: Callable[[int], bytes],
) -> tuple[ServiceKey, str]:
    """Return a new key and its text, which is not stored.

    Raises:
        UsageError: the name or the scope is invalid.
    """
    if not name.strip() or not name.isprintable():
        raise UsageError("a key needs a name", hint="name its user, such as billing-service")
    _check_scope(scope)
    key_id = base64.b32encode(random_bytes(10)).decode().lower()[:10]
    secret = base64.urlsafe_b64encode(random_bytes(32)).decode().rstrip("=")
    text = f"promptops_{key_id}_{secret}"
    return ServiceKey(key_id, name, hash_key(text), scope, now, expires_at), text


def hash_key(text: str) -> str:
    """Return the hash of a key's text, as the file stores it."""
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def write_keys(keys: ServiceKeys) -> bytes:
    """Return the content of the keys file."""
    document = {"schema": SCHEMA, "keys": [describe_key(key) for key in keys.list()]}
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def describe_key(key: ServiceKey) -> dict[str, Any]:
    """Return a key for JSON, without its hash."""
    return {
        "id": key.id,
        "name": key.name,
        "hash": key.hash,
        "verbs": list(key.scope.verbs),
        "prompts": list(key.scope.prompts),
        "environments": list(key.scope.environments),
        "tenant": key.scope.tenant,
        "created_at": format_time(key.created_at),
        "expires_at": None if key.expires_at is None else format_time(key.expires_at),
        "revoked_at": None if key.revoked_at is None else format_time(key.revoked_at),
    }


def read_keys(data: bytes, path: str) -> ServiceKeys:
    """Parse the content of the keys file; `path` is its name in errors.

    Raises:
        ConfigurationError: it is malformed.
    """
    try:
        document = json.loads(data)
        if document["schema"] != SCHEMA:
            raise ConfigurationError(
                f"the schema of {path} is not {SCHEMA}",
                hint="create keys with promptops serve keys add",
            )
        keys = [_read_key(one) for one in document["keys"]]
    except (ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
        raise ConfigurationError(
            f"{path} is malformed: {type(error).__name__}: {error}",
            hint="restore it, or create it again with promptops serve keys add",
        ) from None
    return ServiceKeys(keys)


def _read_key(value: dict[str, Any]) -> ServiceKey:
    tenant = value.get("tenant")
    scope = KeyScope(
        _texts(value["verbs"]),
        _texts(value["prompts"]),
        _texts(value["environments"]),
        None if tenant is None else str(tenant),
    )
    _check_scope(scope)
    return ServiceKey(
        str(value["id"]),
        str(value["name"]),
        str(value["hash"]),
        scope,
        _seconds(value["created_at"]),
        _optional_seconds(value.get("expires_at")),
        _optional_seconds(value.get("revoked_at")),
    )


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise UsageError(f"{value!r} is not a list of texts")
    return tuple(value)


def _seconds(text: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(text).timestamp())


def _optional_seconds(text: str | None) -> int | None:
    return None if text is None else _seconds(text)


def _check_scope(scope: KeyScope) -> None:
    _check_each("verb", scope.verbs, lambda one: one in VERBS, f"one of {', '.join(VERBS)}")
    _check_each(
        "prompt", scope.prompts, lambda one: bool(_PATTERN.fullmatch(one)), "such as support/*"
    )
    _check_each(
        "environment",
        scope.environments,
        lambda one: one == "*" or bool(_ENVIRONMENT.fullmatch(one)),
        f"a name, {RELEASES}, {WORKING} or *",
    )
    if scope.tenant is not None and not scope.tenant.strip():
        raise UsageError("the tenant is empty", hint="leave it out, or name a customer")


def _check_each(
    what: str, values: Sequence[str], is_good: Callable[[str], bool], expected: str
) -> None:
    if not values:
        raise UsageError(f"a key needs at least one {what}", hint=f"give {expected}")
    for value in values:
        if not is_good(value):
            raise UsageError(
                f"{quote(value)} is not a valid {what} of a key", hint=f"give {expected}"
            )


def _place(ref: PromptRef, default_environment: str) -> str:
    """Return the environment, RELEASES or WORKING that a ref refers to."""
    if ref.selector is None:
        return default_environment
    if ref.selector.kind is SelectorKind.ENVIRONMENT:
        return ref.selector.text
    return WORKING if ref.selector.kind is SelectorKind.WORKING else RELEASES
