"""Every block of the README and of docs/ that a shell takes is run, or says why it cannot be.

What the comments of a page mean is in `tests/stories/pages.py`.

    PROMPTOPS_WRITE_PAGES=1 python -m pytest tests/stories/test_pages.py    writes the screens anew
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.conftest import move_in
from tests.repositories import Repo
from tests.runtime.provider import Provider
from tests.stories.pages import DOCS, ROOT, WRITES, Walk, find_blocks, settle
from tests.stories.shop import copy_shop, make_shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.story

ROLES = ("wording.md", "reviewing.md", "on-call.md", "bill.md")
# The exercise has services of its own, in `test_exercise.py`; the tutorial begins with nothing.
ELSEWHERE = frozenset({"docs/exercise.md", "docs/tutorial.md"})
TUTORIAL = DOCS / "tutorial.md"
ALL = ("README.md", *sorted(f"docs/{path.name}" for path in DOCS.glob("*.md")))
# In a copy of the shop.
IN_SHOP = tuple(
    name
    for name in ALL
    if name not in ELSEWHERE
    and name.removeprefix("docs/") not in ROLES
    and find_blocks(name, (ROOT / name).read_text("utf-8"))
)
PROMPT = """\
---
version: 1.0.0
description: {what}
author: jane@example.com
model: openai/gpt-4o-mini
max_tokens: 400
inputs:
  ticket: {{type: string, maxLength: 8000, untrusted: true}}
---
{{% system %}}
{words}
{{% include "_shared/tone.md" %}}
{{% endsystem %}}
{{% user %}}
{{{{ ticket }}}}
{{% enduser %}}
"""
WORDS = {
    "triage": ("Sort a ticket by urgency.", "Say whether the ticket is urgent."),
    "reply": ("Answer a ticket.", "Answer the customer."),
    "close": ("Write why a ticket is closed.", "Write one sentence that closes the ticket."),
    "summary": ("Sum a ticket up.", "Sum the ticket up for a colleague."),
}
FILES = {
    **{
        f"prompts/support/{name}.md": PROMPT.format(what=what, words=words)
        for name, (what, words) in WORDS.items()
    },
    "prompts/_shared/tone.md": "Be kind and brief.\nNever promise a refund.\n",
    "CODEOWNERS": "* @acme/platform\n/prompts/ @acme/support\n",
    ".promptops/groups.toml": '[teams]\n"@acme/support" = ["@wim", "@mo"]\n'
    '"@acme/platform" = ["@pat", "@kim"]\n',
    "promptops.toml": "# nothing but the defaults\n",
}


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A team's clone: four released prompts with a partial of their own, and a remote."""
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.delenv(name, raising=False)  # `--since` asks about now
    repo = Repo.init(tmp_path / "shop")
    repo.config("user.name", "Jane Doe")
    repo.config("user.email", "jane@example.com")
    repo.commit(FILES, "Begin")
    repo.publish(tmp_path / "origin.git")
    return repo


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shop and its remote, to be copied."""
    folder = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        move_in(tmp_path_factory, patch)
        for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
            patch.delenv(name)
        make_shop(folder)
    return folder


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """Whom `openai/...` models are asked at: it repeats what it is told."""
    with Provider() as provider:
        yield provider


@pytest.fixture
def shop(
    template: Path, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Repo:
    """A copy of the shop, which is where we are."""
    repo = copy_shop(template, tmp_path / "copy")
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    for name in ("PROMPTOPS_LOG_KEY", "TALK_KEY"):
        monkeypatch.setenv(name, base64.b64encode(bytes(32)).decode())
    monkeypatch.setenv("OPENAI_BASE_URL", provider.base_url)
    monkeypatch.chdir(repo.path)
    return repo


@pytest.mark.parametrize("name", ROLES)
def test_every_screen_of_the_page_is_a_real_one(clone: Repo, name: str) -> None:
    file = DOCS / name
    page = file.read_text("utf-8")
    with Walk(clone) as walk:
        walked = walk.tell(page)
    if WRITES:
        file.write_text(walked, "utf-8")
    else:
        assert settle(walked) == settle(page)


def test_the_tutorial_goes_as_its_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.delenv(name)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "You")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "you@example.com")
    monkeypatch.chdir(tmp_path)
    page = TUTORIAL.read_text("utf-8")
    with Walk(Repo(tmp_path), is_apart=True) as walk:
        walked = walk.tell(page)
    if WRITES:
        TUTORIAL.write_text(walked, "utf-8")
    else:
        assert settle(walked) == settle(page)


@pytest.mark.parametrize("name", IN_SHOP)
def test_every_block_of_the_page_runs(shop: Repo, name: str) -> None:
    page = (ROOT / name).read_text("utf-8")
    with Walk(shop) as walk:
        walk.tell(page)


def page_of(line: str, comment: str = "do: true") -> str:
    return f"<!-- {comment} -->\n```sh\n{line}\n```\n"


@pytest.mark.parametrize(
    "page",
    [
        page_of("promptops show support/nothing"),
        page_of("promptops list --live | grep nothing"),
        page_of("promptops list", "exits 1: promptops list"),
        page_of("promptops list", "do: false"),
        page_of("promptops -C nowhere serve", "stays: promptops"),
    ],
)
def test_a_line_that_goes_otherwise_fails_its_page(shop: Repo, page: str) -> None:
    assert find_blocks("a.md", page) == [2]
    with Walk(shop) as walk, pytest.raises(AssertionError):
        walk.tell(page)


@pytest.mark.parametrize(
    "comment",
    ["not run: needs luck", "not run: it is long", "not-run: needs a forge", "run by: dev.py"],
)
def test_a_block_is_left_out_for_a_known_reason_alone(comment: str) -> None:
    assert find_blocks("a.md", page_of("false", "not run: needs a forge")) == []
    assert find_blocks("a.md", page_of("false", "not run: needs a forge: true")) == [2]
    with pytest.raises(AssertionError):
        find_blocks("a.md", page_of("false", comment))


def test_nearly_all_blocks_run() -> None:
    texts = [(ROOT / name).read_text("utf-8") for name in ALL]
    left_out = sum(text.count("\n<!-- not run: needs") for text in texts)
    assert left_out * 5 < sum(text.count("\n```sh") + text.count("\n```console") for text in texts)
