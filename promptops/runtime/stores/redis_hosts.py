"""A Redis client with several addresses: if one is unreachable, it uses the next.

`redis://:PASSWORD@a:6379,b:6379/0` names the servers of one replicated store. Calls go to one of
them until it is unreachable or read-only (a replica), then to the next. Redis itself has no syntax
for several addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from promptops.errors import PromptopsError
from promptops.runtime.stores.tls import redis_options

if TYPE_CHECKING:
    from redis import Redis

_PORT = 6379


class RedisHosts:
    """A Redis client with the addresses that it may use.

    Attributes:
        client: the client, which connects on first use.
        count: the number of addresses.
        errors: the exceptions that a call may raise.
        failures: those of `errors` after which another address may work.
    """

    def __init__(self, url: str, what: str, *, wait_seconds: float, decodes: bool = False) -> None:
        """Create a client without connecting.

        Args:
            url: `redis://` or `rediss://`, with one host or several.
            what: the store's name in messages, such as `the ledger`.
            wait_seconds: the timeout for a connection, and for an answer.
            decodes: whether answers are texts instead of bytes.

        Raises:
            PromptopsError: the package is missing, or the URL is malformed.
        """
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError as error:
            raise PromptopsError(
                f"{what} in Redis needs the package redis",
                hint="pip install 'git-promptops[redis]'",
            ) from error
        try:
            first, self._hosts = _split(url)
            self.client: Redis = redis.Redis.from_url(
                first,
                socket_connect_timeout=wait_seconds,
                socket_timeout=wait_seconds,
                # The client's own retries would count as separate calls, and take up to a minute.
                retry=Retry(NoBackoff(), 0),
                decode_responses=decodes,
                client_name="promptops",
                **redis_options(url),
            )
        except ValueError:
            # The error may quote a part of the password.
            raise PromptopsError(
                f"the address of {what} is not a Redis URL",
                hint="write redis://HOST:PORT/DATABASE; in a password, write @ as %40",
            ) from None
        self.count = len(self._hosts)
        self.errors: tuple[type[Exception], ...] = (redis.RedisError, OSError, UnicodeError)
        self.failures: tuple[type[Exception], ...] = (
            redis.ConnectionError,
            redis.TimeoutError,
            redis.ReadOnlyError,
            OSError,
        )
        self._at = 0

    def find_writable(self) -> None:
        """Select an address whose server accepts writes, if there are several.

        Call it before a call that must not be repeated; it makes one request for each address that
        it tries. Raises the error of the last server.
        """
        if self.count == 1:
            return
        for left in range(self.count - 1, -1, -1):
            try:
                role = self.client.role()[0]
            except self.failures:
                if not left:
                    raise
            else:
                if role in {"master", b"master"}:
                    return
            self.go_on()

    def go_on(self) -> None:
        """Use the next address for new connections. Calls of other threads end by themselves."""
        if self.count == 1:
            return
        self._at = (self._at + 1) % self.count
        pool = self.client.connection_pool
        host, port = self._hosts[self._at]
        pool.connection_kwargs.update(host=host, port=port)
        pool.reset()


def _split(url: str) -> tuple[str, list[tuple[str, int]]]:
    """Return the URL with only its first host, and all hosts. Raises ValueError if malformed."""
    scheme, mark, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    account, at, names = place.rpartition("@")
    urls = [f"{scheme}{mark}{account}{at}{name}{slash}{path}" for name in names.split(",")]
    hosts: list[tuple[str, int]] = []
    for one in urls:
        found = urlsplit(one)
        if len(urls) > 1 and not found.hostname:
            raise ValueError
        hosts.append((found.hostname or "localhost", found.port or _PORT))
    return urls[0], hosts
