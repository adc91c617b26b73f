"""A forge that is slow, failing, lying, endless, elsewhere, or tired of us."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import DeniedError, IntegrityError, RemoteError
from promptops.forge.github import GitHub
from tests.forge.server import START_SECONDS, Clock, Request, Response, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.forge.fake_github import FakeGitHub, Pull


@pytest.fixture
def pull(forge: FakeGitHub) -> Pull:
    return forge.open(12)


def say(*responses: Response) -> Callable[[Request], Response | None]:
    """Answer with each of these once, then no more."""
    left = list(responses)
    return lambda request: left.pop(0) if left else None


# --- rate limits


def test_a_spent_limit_is_waited_for(forge: FakeGitHub, github: GitHub, pull: Pull) -> None:
    forge.remaining, forge.reset_seconds = 0, START_SECONDS + 70
    assert github.reviews(12) == []
    assert forge.clock.slept == [70.0]


def test_the_forges_clock_says_how_long(forge: FakeGitHub, pull: Pull) -> None:
    wrong = Clock()
    wrong.now_seconds = START_SECONDS - 86_400
    forge.remaining, forge.reset_seconds = 0, START_SECONDS + 1

    def sleep(seconds: float) -> None:
        forge.clock.sleep(seconds)
        wrong.sleep(seconds)

    limits = wrong.limits(sleep=sleep)
    with GitHub("acme/prompts", token="good", url=forge.url, limits=limits) as github:
        assert github.reviews(12) == []
    assert wrong.slept == [1.0]


def test_a_limit_that_lasts_is_an_error_that_says_until_when(
    forge: FakeGitHub, github: GitHub, pull: Pull
) -> None:
    forge.remaining, forge.reset_seconds = 0, START_SECONDS + 3600
    with pytest.raises(RemoteError, match="exhausted until 2026-01-01 01:00:00 UTC"):
        github.reviews(12)
    assert forge.clock.slept == []


@pytest.mark.parametrize("status", [403, 429])
def test_a_forge_is_asked_again_when_it_says(
    forge: FakeGitHub, github: GitHub, pull: Pull, status: int
) -> None:
    forge.instead.append(say(Response.of({}, status, **{"retry-after": "7"})))
    assert github.reviews(12) == []
    assert forge.clock.slept == [7.0]


@pytest.mark.parametrize("after", ["1", "999999999999"])
def test_nobody_waits_for_ever(forge: FakeGitHub, github: GitHub, pull: Pull, after: str) -> None:
    forge.instead.append(lambda _: Response.of({}, 429, retry_after=after))
    with pytest.raises(RemoteError, match="rate limit is exhausted until"):
        github.reviews(12)
    assert sum(forge.clock.slept) <= 120


def test_a_plain_refusal_is_not_waited_for(forge: FakeGitHub, github: GitHub, pull: Pull) -> None:
    forge.instead.append(say(Response.of({"message": "no"}, 403, x_ratelimit_remaining="17")))
    with pytest.raises(DeniedError):
        github.reviews(12)
    assert forge.clock.slept == []


# --- what has not changed


def test_what_has_not_changed_is_not_sent_again(
    forge: FakeGitHub, github: GitHub, pull: Pull
) -> None:
    forge.review(12, "bob")
    before = github.reviews(12)
    assert github.reviews(12) == before
    forge.review(12, "eve")
    assert len(github.reviews(12)) == 2
    assert [response.status for _, response in forge.server.exchanges] == [200, 304, 200]
    assert forge.remaining == 4998


def test_a_full_page_is_asked_for_anew(forge: FakeGitHub, github: GitHub, pull: Pull) -> None:
    for index in range(100):
        forge.review(12, f"user{index}")
    assert len(github.reviews(12)) == 100
    forge.review(12, "eve", state="CHANGES_REQUESTED")
    assert len(github.reviews(12)) == 101


def test_nothing_unchanged_without_a_before(forge: FakeGitHub, github: GitHub, pull: Pull) -> None:
    forge.instead.append(lambda _: Response(304))
    with pytest.raises(RemoteError, match="is 304"):
        github.reviews(12)


@pytest.mark.slow
def test_kept_answers_do_not_pile_up(forge: FakeGitHub, github: GitHub) -> None:
    for number in range(1, 220):
        forge.open(number)
        github.reviews(number)
    github.reviews(219)
    github.reviews(1)
    assert [response.status for _, response in forge.server.exchanges][-2:] == [304, 200]


# --- failing


def test_a_forge_that_recovers(forge: FakeGitHub, github: GitHub, pull: Pull) -> None:
    forge.instead.append(say(Response(502), Response.of({}, 503)))
    assert github.reviews(12) == []
    assert forge.clock.slept == [1.0, 2.0]


def test_a_forge_that_does_not(forge: FakeGitHub, github: GitHub, pull: Pull) -> None:
    forge.instead.append(lambda _: Response(500))
    with pytest.raises(RemoteError, match="did not answer: it answers 500"):
        github.reviews(12)
    assert len(forge.asked) == 3


def test_a_forge_that_is_not_there(clock: Clock) -> None:
    server = Server(lambda _: Response(), clock)
    with server.running():
        pass
    with (
        GitHub("acme/prompts", token="good", url=server.url, limits=clock.limits()) as github,
        pytest.raises(RemoteError, match="did not answer") as raised,
    ):
        github.reviews(12)
    assert server.url in (raised.value.hint or "")
    assert clock.slept == [1.0, 2.0]


@pytest.mark.slow
def test_a_silent_forge(forge: FakeGitHub, clock: Clock) -> None:
    over = threading.Event()

    def nothing() -> Iterator[bytes]:
        over.wait(30)
        yield b"[]"

    headers = {"content-type": "application/json"}
    forge.instead.append(lambda _: Response(200, nothing(), headers))
    limits = clock.limits(silence_seconds=0.05, attempts=2)
    try:
        with (
            GitHub("acme/prompts", token="good", url=forge.url, limits=limits) as github,
            pytest.raises(RemoteError, match=r"it is silent for 0\.05 seconds"),
        ):
            github.reviews(12)
    finally:
        over.set()


def test_a_dripping_forge(forge: FakeGitHub, github: GitHub, clock: Clock) -> None:
    def drip() -> Iterator[bytes]:
        for _ in range(1000):
            clock.now_seconds += 9
            yield b" "

    headers = {"content-type": "application/json"}
    forge.instead.append(lambda _: Response(200, drip(), headers))
    with pytest.raises(RemoteError, match="an answer takes longer than 60 seconds"):
        github.reviews(12)


def test_an_answer_that_breaks_off(forge: FakeGitHub, github: GitHub, pull: Pull) -> None:
    headers = {"content-type": "application/json", "content-length": "500"}
    forge.instead.append(lambda _: Response(200, iter([b"["]), headers))
    with pytest.raises(RemoteError, match="did not answer"):
        github.reviews(12)


# --- lying


def test_large_answers_are_read(forge: FakeGitHub, github: GitHub, pull: Pull) -> None:
    forge.review(12, "bob")
    body = json.dumps([{"body": "x" * 3_000_000, **show_review()}]).encode()
    forge.instead.append(say(Response(200, body, {"content-type": "application/json"})))
    assert [review.user for review in github.reviews(12)] == ["@bob"]


def test_larger_ones_are_not(forge: FakeGitHub, clock: Clock) -> None:
    forge.instead.append(lambda _: Response.of(["x" * 3_000_000]))
    limits = clock.limits(bytes=1_000_000)
    with (
        GitHub("acme/prompts", token="good", url=forge.url, limits=limits) as github,
        pytest.raises(IntegrityError, match="larger than 1,000,000 bytes"),
    ):
        github.reviews(12)


@pytest.mark.story
def test_a_packed_answer_is_measured_unpacked(forge: FakeGitHub, clock: Clock) -> None:
    import gzip

    body = gzip.compress(b" " * 50_000_000)
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    forge.instead.append(lambda _: Response(200, body, headers))
    limits = clock.limits()
    with (
        GitHub("acme/prompts", token="good", url=forge.url, limits=limits) as github,
        pytest.raises(IntegrityError, match="larger than"),
    ):
        github.reviews(12)


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (Response(200, b"<html>", {"content-type": "text/html"}), "'text/html', not JSON"),
        (Response(200, b"[]"), "'of no type', not JSON"),
        (Response(200, b"", {"content-type": "application/json"}), "is not JSON"),
        (Response(200, b'[{"user":', {"content-type": "application/json"}), "is not JSON"),
        (Response(200, b"\xff\xfe", {"content-type": "application/json"}), "is not JSON"),
        (Response(200, b"[" * 100_000, {"content-type": "application/json"}), "is not JSON"),
        (Response.of({"message": "hello"}), "is an object, not a list"),
        (Response.of(None), "is null, not a list"),
        (Response.of([1]), "is a whole number, not an object"),
        (Response.of([{}]), "'pull_request_url' is missing"),
        (Response(204), "is 204"),
        (Response(418, b"teapot"), "is 418"),
        (Response(301), "is 301"),
    ],
)
def test_what_is_no_answer(
    forge: FakeGitHub, github: GitHub, pull: Pull, response: Response, message: str
) -> None:
    forge.instead.append(say(response))
    with pytest.raises((RemoteError, IntegrityError), match=message) as raised:
        github.reviews(12)
    assert raised.value.hint


def show_review(**others: Any) -> dict[str, Any]:
    return {
        "user": {"login": "bob"},
        "state": "APPROVED",
        "commit_id": "0" * 40,
        "html_url": "https://github.com/acme/prompts/pull/12#r1",
        "pull_request_url": "https://api.github.com/repos/acme/prompts/pulls/12",
        **others,
    }


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({"user": "bob"}, "'user' in .* is a text, not an object"),
        ({"user": {}}, "'login' is missing"),
        ({"user": {"login": 7}}, "'login' in .* is a whole number, not a text"),
        ({"user": {"login": ""}}, "'login' cannot be ''"),
        ({"user": {"login": "bob eve"}}, "'login' cannot be"),
        ({"user": {"login": "bob\n::error::"}}, "'login' cannot be"),
        ({"user": {"login": "\ud800"}}, "'login' is not valid Unicode"),
        ({"state": None}, "'state' in .* is null, not a text"),
        ({"state": True}, "'state' in .* is true or false"),
        ({"commit_id": "main"}, "not an object id"),
        ({"commit_id": "A" * 40}, "not an object id"),
        ({"html_url": "https://x y"}, "'html_url' cannot be"),
        (
            {"pull_request_url": "https://api.github.com/repos/acme/prompts/pulls/13"},
            "an unexpected pull",
        ),
        (
            {"pull_request_url": "https://api.github.com/repos/acme/prompts/pulls/112"},
            "an unexpected pull",
        ),
    ],
)
def test_a_lie_in_a_review(
    forge: FakeGitHub, github: GitHub, pull: Pull, others: dict[str, Any], message: str
) -> None:
    forge.instead.append(say(Response.of([show_review(**others)])))
    with pytest.raises(IntegrityError, match=message):
        github.reviews(12)


@pytest.mark.parametrize("name", ["user", "state", "commit_id", "html_url", "pull_request_url"])
def test_what_a_review_has_to_have(
    forge: FakeGitHub, github: GitHub, pull: Pull, name: str
) -> None:
    left = {key: value for key, value in show_review().items() if key != name}
    forge.instead.append(say(Response.of([left])))
    with pytest.raises(IntegrityError, match=f"'{name}' is missing"):
        github.reviews(12)


# --- endless, and elsewhere


def test_a_list_that_goes_in_circles(forge: FakeGitHub, github: GitHub, pull: Pull) -> None:
    url = f"{forge.url}/repositories/1/pulls/12/reviews?page=2"
    forge.instead.append(lambda _: Response.of([], link=f'<{url}>; rel="next"'))
    with pytest.raises(IntegrityError, match="does not end after 2 pages"):
        github.reviews(12)


def test_a_list_without_end(forge: FakeGitHub, github: GitHub, pull: Pull) -> None:
    def more(request: Request) -> Response:
        page = int(request.query.get("page", "1")) + 1
        return Response.of([], link=f'<{forge.url}/repositories/1/x?page={page}>; rel="next"')

    forge.instead.append(more)
    with pytest.raises(IntegrityError, match="does not end after 100 pages"):
        github.reviews(12)
    assert len(forge.asked) == 100


@pytest.fixture
def stranger(clock: Clock) -> Iterator[Server]:
    """Somebody who would like to have the token."""
    server = Server(lambda _: Response.of([]), clock)
    with server.running():
        yield server


def test_a_list_that_goes_on_elsewhere(
    forge: FakeGitHub, github: GitHub, pull: Pull, stranger: Server
) -> None:
    link = f'<{stranger.url}/repos/acme/prompts/pulls/12/reviews?page=2>; rel="next"'
    forge.instead.append(say(Response.of([], link=link)))
    with pytest.raises(RemoteError, match="the token is not sent there"):
        github.reviews(12)
    assert stranger.exchanges == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_elsewhere(
    forge: FakeGitHub, github: GitHub, pull: Pull, stranger: Server, status: int
) -> None:
    forge.instead.append(say(Response(status, b"", {"location": f"{stranger.url}/reviews"})))
    with pytest.raises(RemoteError, match="the token is not sent there"):
        github.reviews(12)
    assert stranger.exchanges == []


@pytest.mark.parametrize(
    "location",
    [
        "//evil.example.com/x",
        "https://evil.example.com",
        "{url}.evil.example.com/x",
        "{url}@evil/x",
    ],
)
def test_redirects_that_look_like_home(
    forge: FakeGitHub, github: GitHub, pull: Pull, location: str
) -> None:
    where = location.format(url=forge.url)
    forge.instead.append(lambda _: Response(302, b"", {"location": where}))
    with pytest.raises(RemoteError, match=r"the token is not sent there|Invalid URL"):
        github.reviews(12)


def test_a_renamed_repository_is_found(forge: FakeGitHub, clock: Clock, pull: Pull) -> None:
    def moved(request: Request) -> Response | None:
        if not request.path.startswith("/repos/acme/old/"):
            return None
        rest = request.path.removeprefix("/repos/acme/old")
        return Response(301, b"", {"location": f"{forge.url}/repositories/1296269{rest}"})

    forge.instead.append(moved)
    with GitHub("acme/old", token="good", url=forge.url, limits=clock.limits()) as github:
        assert github.pull_request(12).number == 12


def test_redirects_without_end(forge: FakeGitHub, github: GitHub, pull: Pull) -> None:
    forge.instead.append(lambda _: Response(302, b"", {"location": f"{forge.url}/round"}))
    with pytest.raises(RemoteError, match="is 302"):
        github.reviews(12)
    assert len(forge.asked) == 4


def test_an_enterprise_server_has_its_api_below_a_folder(forge: FakeGitHub, clock: Clock) -> None:
    forge.open(12)
    seen: list[str] = []

    def below(request: Request) -> Response:
        seen.append(request.path)
        return Response.of([show_review()])

    forge.instead.append(below)
    address = forge.url.replace("http://127", "HTTP://127") + "/api/v3/"
    with GitHub("acme/prompts", token="good", url=address, limits=clock.limits()) as github:
        assert len(github.reviews(12)) == 1
    assert seen == ["/api/v3/repos/acme/prompts/pulls/12/reviews"]


def test_a_token_may_end_with_a_line(forge: FakeGitHub, clock: Clock, pull: Pull) -> None:
    with GitHub("acme/prompts", token="good\n", url=forge.url, limits=clock.limits()) as github:
        assert github.reviews(12) == []
    (request, _) = forge.server.exchanges[0]
    assert request.headers["authorization"] == "Bearer good"
    assert request.headers["user-agent"].startswith("promptops/")
