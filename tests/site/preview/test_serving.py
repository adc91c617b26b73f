"""The preview's answers, without sockets: pages for the browser that opened the address alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

import pytest

from promptops.server.service import ServiceBounds
from promptops.site.preview import serving
from promptops.site.preview.access import LOOPBACK, SiteAccess
from promptops.site.preview.serving import SitePreview
from tests.server.pieces import ask

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.runtime.registry import Registry
    from promptops.site.preview.building import SiteBuilder
    from tests.server.serving import Reply

HOST = "127.0.0.1:8070"
FORM = "application/x-www-form-urlencoded"


class Site:
    """A site of one page and a style, served; the forms are only named."""

    def __init__(self, folder: Path, *, may_run: bool = False) -> None:
        for name, text in (("index.html", "<p>ü"), ("site.css", "p {}"), ("secret.json", "{}")):
            (folder / name).write_text(text)
        files = {"index.html", "site.css", "gone.html"}
        site = SimpleNamespace(names=("a/b",))
        built = SimpleNamespace(files=files, site=site)
        self.builder: Any = SimpleNamespace(built=built, folder=folder, fault=None)
        self.access = SiteAccess(LOOPBACK, 8070, "secret")
        registry = cast("Registry", object()) if may_run else None
        self.preview = SitePreview(
            cast("SiteBuilder", self.builder), self.access, registry, watches=True
        )
        self.cookie = f"{self.access.cookie_name}={self.access.cookie}"

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
        """What a browser that opened the address asks."""
        given = {"Host": HOST, "Cookie": self.cookie}
        given |= {name.replace("_", "-"): one for name, one in headers.items()}
        return ask(self.preview.make_application(), method, path, body, given)

    def send(self, body: bytes | dict[str, str], **headers: str) -> Reply:
        data = body if isinstance(body, bytes) else urlencode(body).encode()
        given = {"Origin": f"http://{HOST}", "Content_Type": FORM, **headers}
        return self.ask("POST", "/try/a/b", data, **given)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_the_address_with_the_token_gives_a_cookie_and_is_left(site: Site) -> None:
    reply = site.ask("GET", "/?token=secret", Cookie="")
    assert (reply.status, reply.headers["location"]) == (303, "/")
    cookie = reply.headers["set-cookie"]
    assert cookie.startswith(site.cookie)
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


@pytest.mark.parametrize("path", ["/?token=guess", "/", "/index.html?token=secret", "/state"])
def test_without_a_cookie_nothing_is_shown(site: Site, path: str) -> None:
    for cookie in ("", site.cookie[:-1]):
        reply = site.ask("GET", path, Cookie=cookie)
        assert (reply.status, "set-cookie" in reply.headers) == (403, False)


def test_pages_have_their_type_and_cannot_be_framed(site: Site) -> None:
    page = site.ask("GET", "/")
    assert (page.status, page.body.decode()) == (200, "<p>ü")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert site.ask("GET", "/site.css").headers["content-type"].startswith("text/css")
    for reply in (page, site.ask("GET", "/nothing"), site.ask("GET", "/", Cookie="")):
        assert reply.headers["x-frame-options"] == "DENY"
        assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/secret.json", "/gone.html", "/../x", "//etc/passwd", "/x/"])
def test_only_files_that_the_site_wrote_are_read(site: Site, path: str) -> None:
    assert site.ask("GET", path).status == 404


def test_a_header_that_comes_twice_means_nothing(site: Site) -> None:
    application = site.preview.make_application()

    async def twice(scope: Any, receive: Any, send: Any) -> None:
        scope["headers"] = [*scope["headers"], (b"host", HOST.encode())]
        await application(scope, receive, send)

    reply = ask(twice, "GET", "/", headers={"Host": HOST, "Cookie": site.cookie})
    assert reply.status == 421


def test_a_page_knows_whether_it_has_changed(site: Site) -> None:
    shown = site.ask("GET", "/").headers["server-timing"]
    state = site.ask("GET", "/state?page=index.html").json
    assert shown == f'page;desc="{state["page"]}"'
    assert (state["fault"], state["watches"]) == (None, True)
    site.builder.fault = "unknown key 'x'"
    for page in ("secret.json", "gone.html", ""):
        other = site.ask("GET", f"/state?page={page}").json
        assert (other["page"], other["fault"]) == (None, "unknown key 'x'")
    site.builder.built = None
    assert site.ask("GET", "/").status == 404


def test_a_prompt_of_no_page_has_no_form(site: Site) -> None:
    assert site.ask("GET", "/try/none").status == 404


def test_a_form_is_taken_only_with_its_token_and_runs_only_where_told_to(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []

    def make(_: Any, __: Any, *given: Any) -> str:
        made.append(given)
        return "<form>"

    monkeypatch.setattr(SitePreview, "_make_form", make)
    token = site.access.form_token
    for wrong in ("", "secret", site.access.cookie):
        assert site.send({"token": wrong, "do": "render"}).status == 403
    assert site.send({"token": token, "do": "run"}).status == 403
    assert made == []
    assert site.ask("GET", "/try/a/b?version=1.0.0").body == b"<form>"
    assert site.send({"token": token, "in.x": ""}).body == b"<form>"
    assert made == [
        ("a/b", {"version": "1.0.0"}, ""),
        ("a/b", {"token": token, "in.x": ""}, "render"),
    ]
    running = Site(site.builder.folder, may_run=True)
    assert running.send({"token": running.access.form_token, "do": "run"}).status == 200


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"{}", "application/json", "the request is not a form"),
        (b"a=" + 101 * b"x", FORM, "the form is longer than 100 bytes"),
        (b"a=%ff", FORM, "the form is not UTF-8"),
        (b"a=\xff", FORM, "the form is not UTF-8"),
        (1001 * b"&a", FORM, "longer than 100 bytes"),
    ],
)
def test_what_is_no_form_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch, body: bytes, kind: str, said: str
) -> None:
    monkeypatch.setattr(serving, "_BOUNDS", ServiceBounds(body_bytes=100))
    reply = site.send(body, Content_Type=kind)
    assert (reply.status, said in reply.body.decode()) == (400, True)


def test_only_forms_are_sent(site: Site) -> None:
    assert site.ask("PUT", "/index.html", Origin=f"http://{HOST}").status == 405
    assert site.ask("POST", "/index.html", Origin=f"http://{HOST}").status == 405
