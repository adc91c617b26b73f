"""The preview as a process: pages, changes, the form, and who is refused."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.cli.running import refuse
from tests.conftest import move_in
from tests.prompts import prompt_text
from tests.released import Press
from tests.repositories import Repo
from tests.server.serving import Running
from tests.site.conftest import HOSTILE
from tests.site.test_pages import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.server.serving import Reply

pytestmark = pytest.mark.slow

pytest.importorskip("uvicorn")
FORM = "application/x-www-form-urlencoded"
VERBS = ("site", "--serve", "--no-log")


class Browser:
    """What a browser that opened the address sends."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.pause = threading.Event()
        address = re.search(r"/\?token=(\S+)", "".join(server.talk))
        assert address
        self.token = address[1]
        self.origin = f"http://127.0.0.1:{server.port}"
        entered = server.ask("GET", f"/?token={self.token}")
        assert entered.status == 303
        assert entered.headers["location"] == "/"
        self.set_cookie = entered.headers["set-cookie"]
        self.cookie = self.set_cookie.partition(";")[0]

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return self.server.ask("GET", path, headers={"Cookie": self.cookie, **(headers or {})})

    def send(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Reply:
        given = {"Cookie": self.cookie, "Origin": self.origin, "Content-Type": FORM}
        body = urlencode(fields).encode()
        return self.server.ask("POST", path, body, headers={**given, **(headers or {})})

    def find_form_token(self) -> str:
        page = self.get("/try/support/echo").body.decode()
        found = re.search(r'name="token" value="([0-9a-f]+)"', page)
        assert found
        return found[1]

    def wait_for(self, is_there: Callable[[], bool]) -> None:
        """Wait until the server has followed a change."""
        for _ in range(600):
            if is_there():
                return
            self.pause.wait(0.05)
        pytest.fail("".join(self.server.talk))


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repo]:
    with pytest.MonkeyPatch.context() as patch:
        move_in(tmp_path_factory, patch)
        made = Repo.init(tmp_path_factory.mktemp("team"))
        press = Press(made)
        more = "count: {type: integer, default: 2}, loud: {type: boolean, default: false}"
        inputs = f"{{question: string, {more}}}"
        body = "{{ question }} {{ count }} {{ loud }}"
        press.release("support/echo", "1.0.0", "Old: {{ question }}", model="echo/echo")
        press.release("support/echo", "1.1.0", body, model="echo/echo", inputs=inputs)
        press.release("support/hostile", "1.0.0", HOSTILE, model="echo/echo")
        press.deploy("production", {"support/echo": "1.0.0"})
        yield made


@pytest.fixture(scope="module")
def browser(repo: Repo) -> Iterator[Browser]:
    verb = (*VERBS, "--watch", "--allow-run")
    with Running(repo.path, env=dict(os.environ), verb=verb) as server:
        yield Browser(server)


@pytest.mark.story
def test_pages_are_shown_to_the_browser_that_opened_the_address(browser: Browser) -> None:
    assert "HttpOnly" in browser.set_cookie
    assert "SameSite=strict" in browser.set_cookie
    first = browser.get("/")
    assert first.status == 200
    assert "In production" in first.body.decode()
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    assert first.headers["x-frame-options"] == "DENY"
    assert first.headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in first.headers
    assert browser.get("/site.css").headers["content-type"].startswith("text/css")
    assert b"/try/support/echo" in browser.get("/prompts/support/echo.html").body


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/../promptops.toml",
        "/%2e%2e/%2e%2e/config",
        "//etc/passwd",
        "/promptops-site.json",
    ],
)
def test_only_files_of_the_site_are_opened(browser: Browser, path: str) -> None:
    assert browser.get(path).status == 404


@pytest.mark.parametrize("path", ["/", "/prompts/support/echo.html", "/state", "/try/support/echo"])
def test_nothing_is_shown_without_the_cookie(browser: Browser, path: str) -> None:
    for headers in ({}, {"Cookie": browser.cookie[:-1]}):
        refused = browser.server.ask("GET", path, headers=headers)
        assert refused.status == 403
        assert b"support" not in refused.body
    assert browser.server.ask("GET", "/?token=guess").status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_site_gets_nothing(browser: Browser, headers: dict[str, str]) -> None:
    assert browser.get("/", headers).status in {403, 421}
    fields = {"token": browser.find_form_token(), "do": "run", "version": "working"}
    assert browser.send("/try/support/echo", fields, headers).status in {403, 421}
    entered = browser.server.ask("GET", f"/?token={browser.token}", headers=headers)
    assert "set-cookie" not in entered.headers


def test_a_form_needs_its_token(browser: Browser) -> None:
    for token in ("", browser.token, browser.cookie.partition("=")[2]):
        fields = {"token": token, "do": "run", "version": "working", "in.question": "Hello"}
        assert browser.send("/try/support/echo", fields).status == 403


def test_the_form_renders(browser: Browser) -> None:
    fields = {
        "token": browser.find_form_token(),
        "do": "render",
        "version": "working",
        "in.question": "One\r\ntwo <script>alert(1)</script>",
        "in.count": "7",
        "in.loud": "",
    }
    page = browser.send("/try/support/echo", fields).body.decode()
    assert "One\ntwo &lt;script&gt;alert(1)&lt;/script&gt; 7 False" in page
    assert '<input id="field-2" name="in.count" value="7"' in page
    parse(page.replace("<input", "<br").replace("<option", "<br").replace("</option>", ""))


def test_the_form_renders_a_version_that_is_live_or_old(browser: Browser) -> None:
    token = browser.find_form_token()
    for version in ("production", "1.0.0"):
        fields = {"token": token, "version": version, "in.question": "Hello"}
        page = browser.send("/try/support/echo", fields).body.decode()
        assert "Old: Hello" in page
        assert "in.count" not in page


def test_the_form_says_what_is_wrong(browser: Browser) -> None:
    token = browser.find_form_token()
    fields = {"token": token, "version": "working", "in.question": "x", "in.count": "many"}
    page = browser.send("/try/support/echo", fields).body.decode()
    assert "input &#39;count&#39; takes integer, not &#39;many&#39;" in page
    assert 'value="many"' in page
    unknown = browser.get("/try/support/echo?version=9.9.9").body.decode()
    assert "9.9.9" in unknown
    assert browser.get("/try/support/none").status == 404
    assert b"hostile" in browser.get("/try/support/hostile").body


def test_the_form_runs_within_the_limits_and_records(browser: Browser) -> None:
    fields = {
        "token": browser.find_form_token(),
        "do": "run",
        "version": "working",
        "in.question": "Hello",
    }
    page = browser.send("/try/support/echo", fields).body.decode()
    assert "Hello 2 False" in page
    assert re.search(r"run [0-9a-f]{8}-", page)


def test_bodies_are_bounded_and_of_one_form(browser: Browser) -> None:
    token = browser.find_form_token()
    long = {"token": token, "in.question": "x" * 1_100_000}
    assert browser.send("/try/support/echo", long).status == 400
    kind = {"Content-Type": "text/plain"}
    assert browser.send("/try/support/echo", {"token": token}, kind).status == 400
    many = {"token": token, **{f"in.{number}": "" for number in range(1_100)}}
    assert browser.send("/try/support/echo", many).status == 400


def test_methods_that_change_are_refused(browser: Browser) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        headers = {"Cookie": browser.cookie, "Origin": browser.origin}
        reply = browser.server.ask(method, "/prompts/support/echo.html", headers=headers)
        assert reply.status == 405


@pytest.mark.story
def test_a_change_of_a_file_and_of_a_ref_is_followed(repo: Repo, browser: Browser) -> None:
    path = "prompts/support/later.html"
    assert browser.get(f"/state?page={path}").json == {"page": None, "fault": None, "watches": True}
    repo.write("prompts/support/later.md", prompt_text("0.1.0", "First {{ question }}"))
    browser.wait_for(lambda: b"First" in browser.get(f"/{path}").body)
    before = browser.get(f"/state?page={path}").json["page"]

    repo.write("prompts/support/later.md", prompt_text("0.1.0", "Second {{ question }}"))
    browser.wait_for(lambda: browser.get(f"/state?page={path}").json["page"] != before)
    shown = browser.get(f"/{path}")
    assert b"Second" in shown.body
    state = browser.get(f"/state?page={path}").json["page"]
    assert shown.headers["server-timing"] == f'page;desc="{state}"'

    Press(repo).release("support/later", "0.1.0", "Second {{ question }}")
    browser.wait_for(lambda: b'id="v0.1.0"' in browser.get(f"/{path}").body)


@pytest.mark.story
def test_a_fault_is_shown_until_it_is_fixed(repo: Repo, browser: Browser) -> None:
    repo.write("promptops.toml", "nonsense = 1\n")
    browser.wait_for(lambda: browser.get("/state").json["fault"] is not None)
    assert "nonsense" in browser.get("/state").json["fault"]
    assert browser.get("/").status == 200

    (repo.path / "promptops.toml").unlink()
    browser.wait_for(lambda: browser.get("/state").json["fault"] is None)


def test_a_second_server_of_one_repository_is_refused(repo: Repo, browser: Browser) -> None:
    assert browser.server.port
    assert "already served" in refuse(repo, *VERBS, code=2)


@pytest.mark.story
def test_nothing_runs_unless_told_to(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "team")
    repo.commit({"prompts/support/echo.md": prompt_text(model="echo/echo")})
    with Running(repo.path, env=dict(os.environ), verb=VERBS) as server:
        browser = Browser(server)
        assert b"--allow-run" in browser.get("/try/support/echo").body
        fields = {"token": browser.find_form_token(), "do": "run", "in.question": "x"}
        assert browser.send("/try/support/echo", fields).status == 403
        assert browser.get("/state").json["watches"] is False
    assert not (repo.path / ".git/promptops-log").exists()


@pytest.mark.story
def test_a_folder_follows_changes_until_interrupted(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "team")
    repo.commit({"prompts/support/echo.md": prompt_text()})
    page = tmp_path / "site/prompts/support/echo.html"
    command = [sys.executable, "-m", "promptops", "-C", str(repo.path)]
    with subprocess.Popen(
        [*command, "site", "--watch", "-o", str(tmp_path / "site")],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert any("watching for changes" in line for line in process.stderr)
        repo.write("prompts/support/echo.md", prompt_text("1.0.1", "Changed {{ question }}"))
        assert any("written" in line for line in process.stderr)
        assert "Changed" in page.read_text("utf-8")
        assert "/try/" not in page.read_text("utf-8")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130


@pytest.mark.story
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "no output folder given"),
        (("--serve", "-o", "public"), "--output and --serve cannot be combined"),
        (("-o", "public", "--allow-run"), "--allow-run needs --serve"),
        (("-o", "public", "--log", "x", "--no-log"), "--log and --no-log cannot be combined"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    repo: Repo, options: tuple[str, ...], said: str
) -> None:
    assert said in refuse(repo, "site", *options, code=2)
