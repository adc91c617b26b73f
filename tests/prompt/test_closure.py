"""Collecting a prompt with everything it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.prompt.closure import collect_closure, is_closure_path, load_closure
from promptops.prompt.digest import compute_digest
from promptops.prompt.finding import Position
from promptops.prompt.frontmatter.document import MAX_FILE_BYTES
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.prompt.closure import Closure

HEAD = "---\nversion: 1.0.0\ndescription: d\nauthor: a\nmodel: m\n"


def include(*paths: str) -> str:
    return "".join(f'{{% include "{path}" %}}\n' for path in paths)


def collect(files: dict[str, str | bytes], extra: str = "") -> Closure:
    """The closure of `a.md`, whose body is the file's text; `extra` is more frontmatter."""
    data = {
        path: content if isinstance(content, bytes) else content.encode()
        for path, content in files.items()
    }
    data["a.md"] = f"{HEAD}{extra}---\n".encode() + data["a.md"]
    closure = collect_closure("a", data.get, known=data)
    assert closure is not None
    return closure


def faults(closure: Closure) -> list[tuple[str, str, int]]:
    return [
        (fault.check, fault.path, fault.position.line if fault.position else 0)
        for fault in closure.faults
    ]


def test_a_prompt_that_does_not_exist_has_no_closure() -> None:
    assert load_closure("a", {}) is None
    assert load_closure("a", {"b.md": b""}) is None


def test_partials_are_followed_and_data_files_added() -> None:
    closure = collect(
        {
            "a.md": include("_x.md", "_s/y.md"),
            "_x.md": include("_s/z.md"),
            "_s/y.md": "y",
            "_s/z.md": include("_s/y.md"),
            "out.json": "{}",
            "t/b.json": "{}",
            "unrelated.md": "",
        },
        "output: out.json\ntools: [t/b.json]\n",
    )
    assert closure.faults == ()
    assert set(closure.files) == {"a.md", "_x.md", "_s/y.md", "_s/z.md", "out.json", "t/b.json"}
    assert closure.includes == {
        "a.md": ("_x.md", "_s/y.md"),
        "_x.md": ("_s/z.md",),
        "_s/z.md": ("_s/y.md",),
        "_s/y.md": (),
    }
    assert set(closure.partials) == {"_x.md", "_s/y.md", "_s/z.md"}
    assert closure.compute_digest() == compute_digest(closure.files)


def test_a_frozen_closure_is_the_same_and_takes_nothing_else() -> None:
    closure = collect({"a.md": include("_x.md"), "_x.md": "x", "_y.md": "y"})
    frozen = load_closure("a", {**closure.files, "_y.md": b"y"})
    assert frozen == closure


def test_content_is_kept_with_line_feeds() -> None:
    windows = collect({"a.md": b"x\r\n" + include("_x.md").encode(), "_x.md": b"1\r\n2\r3"})
    unix = collect({"a.md": b"x\n" + include("_x.md").encode(), "_x.md": b"1\n2\n3"})
    assert windows.files["_x.md"] == b"1\n2\n3"
    assert windows.compute_digest() == unix.compute_digest()


def test_a_diamond_of_a_hundred_levels_is_read_once_per_file() -> None:
    reads: list[str] = []
    files: dict[str, bytes] = {"a.md": f"{HEAD}---\n{include('_0l.md', '_0r.md')}".encode()}
    for level in range(30):
        below = include(f"_{level + 1}l.md", f"_{level + 1}r.md") if level < 29 else "end"
        files |= {f"_{level}l.md": below.encode(), f"_{level}r.md": below.encode()}

    def read(path: str) -> bytes | None:
        reads.append(path)
        return files.get(path)

    closure = collect_closure("a", read)
    assert closure is not None
    assert closure.faults == ()
    assert sorted(reads) == sorted(files)


@pytest.mark.parametrize(
    ("files", "path", "line", "chain"),
    [
        ({"a.md": include("_x.md"), "_x.md": "\n" + include("_x.md")}, "_x.md", 2,
         "_x.md -> _x.md"),
        ({"a.md": include("_x.md"), "_x.md": include("_y.md"), "_y.md": include("_x.md")},
         "_y.md", 1, "_x.md -> _y.md -> _x.md"),
        ({"a.md": "\n" + include("a.md")}, "a.md", 8, "a.md -> a.md"),
        ({"a.md": include("_x.md"), "_x.md": "text\n\n" + include("a.md")}, "_x.md", 3,
         "a.md -> _x.md -> a.md"),
    ],
)  # fmt: skip
def test_circles_are_shown_where_they_close(
    files: dict[str, str | bytes], path: str, line: int, chain: str
) -> None:
    closure = collect(files)
    assert faults(closure) == [("circular-include", path, line)]
    assert closure.faults[0].message == f"the includes form a cycle: {chain}"


def test_a_long_chain_ends_in_a_fault_not_in_a_full_stack() -> None:
    files: dict[str, str | bytes] = {f"_{n}.md": include(f"_{n + 1}.md") for n in range(3000)}
    closure = collect({"a.md": include("_0.md"), **files})
    assert faults(closure) == [("circular-include", "_31.md", 1)]
    assert closure.faults[0].message == snapshot("includes are nested deeper than 32 files")


def test_each_place_that_includes_a_missing_file_is_named() -> None:
    closure = collect(
        {"a.md": "x\n" + include("_tone.md", "_x.md"), "_x.md": include("_tone.md"), "_tune.md": ""}
    )
    assert faults(closure) == [("missing-include", "a.md", 8), ("missing-include", "_x.md", 1)]
    assert closure.faults[0].message == snapshot("included file '_tone.md' does not exist")
    assert masked(closure.faults[0].hint) == snapshot("did you mean '_tune.md'?")
    assert closure.faults[0].position == Position(8, 1, 8, 25)


def test_a_prompt_cannot_be_included() -> None:
    closure = collect({"a.md": include("b.md"), "b.md": "---\n---\n"})
    assert faults(closure) == [("missing-include", "a.md", 7)]
    assert "only partials" in closure.faults[0].message


@pytest.mark.parametrize("line", ["output: x.json", "tools: [x.json]"])
def test_missing_data_files_are_named(line: str) -> None:
    closure = collect({"a.md": "", "y.json": "{}"}, f"{line}\n")
    assert faults(closure) == [("missing-file", "a.md", 6)]
    assert closure.faults[0].hint == "did you mean 'y.json'?"


def test_a_fault_in_the_bytes_of_a_partial_is_its_own() -> None:
    closure = collect({"a.md": include("_x.md", "_y.md"), "_y.md": include("_x.md"),
                       "_x.md": b"one\ncaf\xe9"})  # fmt: skip
    assert faults(closure) == [("not-utf8", "_x.md", 2)]
    assert "_x.md" not in closure.partials


def test_a_huge_partial_is_refused() -> None:
    closure = collect({"a.md": include("_x.md"), "_x.md": b"x" * (MAX_FILE_BYTES + 1)})
    assert faults(closure) == [("too-large", "a.md", 7)]


OUTSIDE = ["../x.json", "/x.json", "a/../x.json", "./x.json", "a//x.json", "a\\x.json", "x\0.json",
           "C:/x.json", ".git/config", "a/.GIT/x", "x\n.json", "a/", "\u202ex.json"]  # fmt: skip


@pytest.mark.parametrize("path", OUTSIDE)
def test_nothing_outside_the_prompts_folder_is_ever_read(path: str) -> None:
    assert not is_closure_path(path)
    reads: list[str] = []
    written = path.encode("unicode_escape").decode().replace("\\\\", "\\x5c")
    text = f'{HEAD}output: "{written}"\n---\n'

    def read(wanted: str) -> bytes | None:
        reads.append(wanted)
        return text.encode() if wanted == "a.md" else b"{}"

    closure = collect_closure("a", read)
    assert closure is not None
    assert reads == ["a.md"]
    assert faults(closure) == [("missing-file", "a.md", 6)]
    assert closure.faults[0].message.isprintable()


@pytest.mark.parametrize("path", ["_x.md", "a/b.json", "a.b/..c", ".x", "\u00e9/\U0001f600.md"])
def test_paths_below_the_prompts_folder(path: str) -> None:
    assert is_closure_path(path)


def test_a_file_without_frontmatter_still_has_a_closure() -> None:
    closure = load_closure("a", {"a.md": b"\xff"})
    assert closure is not None
    assert [fault.check for fault in closure.document.faults] == ["not-utf8"]
