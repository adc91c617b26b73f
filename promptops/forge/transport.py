"""Requests to a forge's API: bounded; the token never leaves the API's address.

* Lists come in pages; the `Link` header names the next page (RFC 8288).
* A request that names the `ETag` of an answer seen before is answered by a 304 if nothing
  changed, and then does not count against GitHub's limit. Answers are kept in this process only:
  anyone who can write to a cache on disk could forge reviews.
* Only requests that read are repeated after a failure: one that writes may have arrived.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin

from promptops.errors import DeniedError, IntegrityError, RemoteError, quote
from promptops.forge.address import check_address
from promptops.forge.limits import ForgeLimits, limit_of, parse_date, to_time
from promptops.forge.record import ForgeRecord, to_record, to_records
from promptops.web.exchange import NoAnswerError, TooLargeError, WebLimits, exchange
from promptops.web.proxies import choose_proxy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from promptops.web.exchange import WebAnswer

PAGE_SIZE = 100
_MAX_REDIRECTS = 3
_MAX_KEPT_ANSWERS = 200
_LINK = re.compile(r"<([^>]*)>([^<]*)")
_RELATION = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _HttpAnswer:
    """A complete answer with status 200: its JSON, and the address of the next page."""

    body: object
    next_url: str | None
    etag: str | None


class Transport:
    """A connection to the API of one forge, with one token.

    Args:
        forge: the forge's name, for messages.
        url: where its API is.
        headers: the headers of every request, the token included.
        limits: timeouts and maximum sizes.

    Raises:
        UsageError: a token must not be sent to the address.
    """

    def __init__(
        self, forge: str, url: str, headers: Mapping[str, str], limits: ForgeLimits | None = None
    ) -> None:
        from promptops.about import __version__
        from promptops.web.connection import Connections

        self._forge = forge
        self._limits = limits or ForgeLimits()
        self._url = check_address(forge, url)
        self._kept: dict[str, _HttpAnswer] = {}
        self._waited_seconds = 0.0
        self._connections = Connections(
            self._url,
            {"User-Agent": f"promptops/{__version__}", **headers},
            choose_proxy(self._url),
            silence_seconds=self._limits.silence_seconds,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._connections.close()

    def record(self, path: str, *, needs: str) -> ForgeRecord:
        """Return one object.

        Args:
            path: the path below the API's address, with a leading slash.
            needs: the permission that the token needs, in the forge's words, for the hint.

        Raises:
            DeniedError: the answer is 401, 403 or 404.
            RemoteError: there is no answer, or one of another status, or a rate limit lasts too
                long.
            IntegrityError: the answer is not as the forge documents it.
        """
        answer = self._ask(self._url + path, needs)
        return to_record(answer.body, self._where(path))

    def records(
        self, path: str, *, needs: str, key: str | None = None, is_paged: bool = True
    ) -> list[ForgeRecord]:
        """Return every object of a list, page after page.

        Args:
            path: as of `record`.
            needs: as of `record`.
            key: the member that holds the list, if the answer is an object.
            is_paged: whether the list comes in pages.

        Raises:
            DeniedError: as `record`.
            RemoteError: as `record`.
            IntegrityError: as `record`; or a page leads outside of the API, pages form a cycle, or
                there are too many.
        """
        where = self._where(path)
        url: str | None = self._url + path
        if is_paged:
            url = f"{url}{'&' if '?' in path else '?'}per_page={PAGE_SIZE}"
        seen: set[str] = set()
        found: list[ForgeRecord] = []
        while url is not None:
            if url in seen or len(seen) >= self._limits.pages:
                raise IntegrityError(
                    f"{where} does not end after {len(seen)} pages",
                    hint="check the API's address",
                )
            seen.add(url)
            answer = self._ask(url, needs)
            if key is None:
                found += to_records(answer.body, where)
            else:
                found += to_record(answer.body, where).records(key)
            url = answer.next_url
        return found

    def _write(
        self, method: str, path: str, value: object, needs: str, *, but: int | None = None
    ) -> WebAnswer:
        """Send a request that writes; wait if a rate limit requires it.

        Args:
            method: the HTTP method.
            path: as of `record`.
            value: what to send as JSON; None: nothing.
            needs: as of `record`.
            but: a status that the caller handles.

        Raises:
            DeniedError: as `record`.
            RemoteError: as `record`.
        """
        url = self._url + path
        data = b"" if value is None else json.dumps(value).encode()
        while True:
            try:
                answer = self._send(method, url, data, {"Content-Type": "application/json"})
            except NoAnswerError as error:
                raise RemoteError(
                    f"{self._forge} did not answer: {error}",
                    hint=f"check the connection and the address {self._url}",
                ) from error
            if answer.status in {200, 201, 204, but}:
                return answer
            now_seconds = self._time_of(answer)
            wait_seconds = limit_of(
                answer.status, answer.headers, answer.body, now_seconds=now_seconds
            )
            if wait_seconds is None:
                raise self._refusal(url, answer.status, answer.body, needs)
            self._wait(wait_seconds, now_seconds)

    def _where(self, path: str) -> str:
        return f"{self._forge}'s answer to {path.partition('?')[0]}"

    def _ask(self, url: str, needs: str) -> _HttpAnswer:
        """Send one request with waits and retries; return the answer."""
        failures = redirects = 0
        while True:
            try:
                answer = self._send("GET", url)
            except NoAnswerError as error:
                failures += 1
                self._pause(failures, error)
                continue
            status, data = answer.status, answer.body
            now_seconds = self._time_of(answer)
            wait_seconds = limit_of(status, answer.headers, data, now_seconds=now_seconds)
            if wait_seconds is not None:
                self._wait(wait_seconds, now_seconds)
            elif status == 304 and url in self._kept:
                return self._kept[url]
            elif answer.redirect is not None and redirects < _MAX_REDIRECTS:
                redirects += 1
                url = self._check_ours(url, answer.redirect)
            elif status >= 500:
                failures += 1
                self._pause(failures, NoAnswerError(f"it answers {status}"))
            elif status != 200:
                raise self._refusal(url, status, data, needs)
            else:
                return self._keep(url, self._understand(url, answer))

    def _send(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WebAnswer:
        """Send one request once; read the answer within the limits.

        Raises:
            NoAnswerError: there is no answer, or an incomplete one.
            IntegrityError: the answer is too large.
        """
        limits = self._limits
        asked = dict(headers or {})
        kept = self._kept.get(url)
        if method == "GET" and kept is not None and kept.etag is not None:
            asked["If-None-Match"] = kept.etag
        within = WebLimits(limits.answer_seconds, limits.bytes, limits.monotonic)
        try:
            return exchange(self._connections, method, url, limits=within, headers=asked, body=body)
        except TooLargeError as error:
            raise IntegrityError(
                f"{self._answer_to(url)} is larger than {limits.bytes:,} bytes",
                hint="check the API's address",
            ) from error

    def _pause(self, failures: int, error: NoAnswerError) -> None:
        """Wait before the next attempt; raise if none is left."""
        if failures >= self._limits.attempts:
            raise RemoteError(
                f"{self._forge} did not answer: {error}",
                hint=f"check the connection and the address {self._url}, or try again later",
            ) from error
        self._limits.sleep(2.0 ** (failures - 1))

    def _time_of(self, answer: WebAnswer) -> float:
        """Return the time by the forge's clock; our own clock may be wrong."""
        date = parse_date(answer.headers.get("date", ""))
        return self._limits.now() if date is None else date.timestamp()

    def _wait(self, seconds: float, now_seconds: float) -> None:
        self._waited_seconds += seconds
        if self._waited_seconds > self._limits.waiting_seconds:
            raise RemoteError(
                f"{self._forge}'s rate limit is exhausted until {to_time(now_seconds + seconds)}",
                hint="run it again then, or use another token",
            )
        self._limits.sleep(seconds)

    def _check_ours(self, url: str, target: str) -> str:
        """Return the link of an answer after checking that it is within the API."""
        found = urljoin(url, target)
        if not found.startswith(self._url + "/") or not found.isprintable():
            raise RemoteError(
                f"{self._answer_to(url)} redirects to {quote(found)}, and the token is not sent "
                "there",
                hint=f"check that {self._url} is the API's own address",
            )
        return found

    def _answer_to(self, url: str) -> str:
        return self._where(url.removeprefix(self._url))

    def _refusal(self, url: str, status: int, data: bytes, needs: str) -> RemoteError:
        """Return the error for a refused request."""
        said = _message_of(data)
        message = f"{self._answer_to(url)} is {status}" + (f": {quote(said)}" if said else "")
        hints = {
            401: "the token is wrong, expired or revoked",
            403: f"the token needs: {needs}",
            404: f"it does not exist, or the token may not read it; it needs: {needs}",
        }
        if status in hints:
            return DeniedError(message, status=status, hint=hints[status])
        return RemoteError(message, hint=f"check that {self._url} is the API's address")

    def _understand(self, url: str, answer: WebAnswer) -> _HttpAnswer:
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            raise IntegrityError(
                f"{self._answer_to(url)} is {quote(kind or 'of no type')}, not JSON",
                hint="check the API's address, and that no proxy or login page answers",
            )
        try:
            body = json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise IntegrityError(
                f"{self._answer_to(url)} is not JSON: {error}",
                hint="the response may be incomplete; try again",
            ) from error
        link = find_next(answer.headers.get("link", ""))
        next_url = None if link is None else self._check_ours(url, link)
        return _HttpAnswer(body, next_url, answer.headers.get("etag"))

    def _keep(self, url: str, answer: _HttpAnswer) -> _HttpAnswer:
        """Cache an answer for repeated requests."""
        # A full last page may get a next page without changing itself.
        is_full = isinstance(answer.body, list) and len(answer.body) >= PAGE_SIZE
        if answer.etag is not None and not (is_full and answer.next_url is None):
            self._kept.pop(url, None)
            self._kept[url] = answer
            if len(self._kept) > _MAX_KEPT_ANSWERS:
                del self._kept[next(iter(self._kept))]
        return answer


def find_next(link: str) -> str | None:
    """Return the address with the relation `next` in a `Link` header (RFC 8288); None if there is
    none.
    """
    for target, parameters in _LINK.findall(link):
        relation = _RELATION.search(parameters)
        if relation is not None and "next" in (relation[1] or relation[2]).lower().split():
            return str(target)
    return None


def _message_of(data: bytes) -> str:
    """Return the forge's message of a refusal; empty if there is none."""
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    said = body.get("message", body.get("error")) if isinstance(body, dict) else None
    return said if isinstance(said, str) else ""
