"""Who may ask the preview: requests as browsers and others send them."""

from __future__ import annotations

import pytest

from promptops.site.preview.access import LOOPBACK, SiteAccess

ACCESS = SiteAccess(LOOPBACK, 8070, "secret")
HOST = {"host": "127.0.0.1:8070"}
OWN = {**HOST, "origin": "http://127.0.0.1:8070", "sec-fetch-site": "same-origin"}


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", HOST),
        ("GET", {"host": "localhost:8070"}),
        ("GET", {"host": "LOCALHOST:8070"}),
        ("GET", {**HOST, "sec-fetch-site": "none"}),
        ("GET", OWN),
        ("POST", OWN),
        ("POST", {"host": "localhost:8070", "origin": "http://localhost:8070"}),
    ],
)
def test_its_own_pages_are_let_in(method: str, headers: dict[str, str]) -> None:
    assert ACCESS.check_origin(method, headers) is None


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        # A name that was made to mean this machine.
        ("GET", {}, 421),
        ("GET", {"host": "evil.example:8070"}, 421),
        ("GET", {"host": "127.0.0.1"}, 421),
        ("GET", {"host": "127.0.0.1:80"}, 421),
        ("GET", {"host": "127.0.0.1:8070.evil.example"}, 421),
        ("GET", {"host": "127.0.0.1:8070; 127.0.0.1:8070"}, 421),
        ("POST", {**OWN, "host": "evil.example:8070"}, 421),
        # A page of another site.
        ("GET", {**HOST, "sec-fetch-site": "cross-site"}, 403),
        ("GET", {**HOST, "sec-fetch-site": "same-site"}, 403),
        ("GET", {**HOST, "origin": "http://evil.example"}, 403),
        ("POST", {**HOST, "origin": "http://evil.example"}, 403),
        ("POST", {**HOST, "origin": "null"}, 403),
        ("POST", {**HOST, "origin": "http://127.0.0.1:9000"}, 403),
        ("POST", {**HOST, "origin": "https://127.0.0.1:8070"}, 403),
        ("POST", {**HOST, "origin": "http://localhost:8070"}, 403),
        ("POST", {**OWN, "sec-fetch-site": "cross-site"}, 403),
        # What sends no Origin is no form of ours.
        ("POST", HOST, 403),
        ("POST", {**HOST, "sec-fetch-site": "same-origin"}, 403),
    ],
)
def test_others_are_refused(method: str, headers: dict[str, str], status: int) -> None:
    refusal = ACCESS.check_origin(method, headers)
    assert refusal is not None
    assert refusal.status == status


def test_each_secret_opens_one_thing() -> None:
    name, cookie = ACCESS.cookie_name, ACCESS.cookie
    assert ACCESS.opens("secret")
    assert not ACCESS.opens("secret ")
    assert not ACCESS.opens("ünicode")
    assert ACCESS.knows(f"{name}={cookie}")
    assert ACCESS.knows(f"other=1; {name}=old; {name}={cookie}")
    assert not ACCESS.knows(f"{name}=secret")
    assert not ACCESS.knows(f"x{name}={cookie}")
    assert not ACCESS.knows(f"{name}={ACCESS.form_token}")
    assert not ACCESS.knows("")
    assert ACCESS.takes(ACCESS.form_token)
    assert not ACCESS.takes(cookie)
    assert not ACCESS.takes("ünicode")


def test_another_server_has_other_secrets() -> None:
    other = SiteAccess(LOOPBACK, 8071, "another")
    assert other.cookie_name != ACCESS.cookie_name
    assert other.cookie != ACCESS.cookie
    assert other.form_token != ACCESS.form_token
