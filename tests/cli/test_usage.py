"""Tests for wrong options and arguments: they read as every other error does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from tests.cli.running import run

if TYPE_CHECKING:
    from pathlib import Path

LINES = (
    "lst",
    "--bogus list",
    "-C",
    "list --nope",
    "list --format xml",
    "validate --forma json",
    "validate --fix=row",
    "show",
    "release --bump",
    "history --limit a",
    "history --limit 0",
    "resolve a b",
    "resolve a b c",
    "guards rest",
    "runs show --bogus",
    "checks --help=1",
)


def test_a_wrong_option_or_argument_is_an_error_like_any_other(tmp_path: Path) -> None:
    told = {}
    for line in LINES:
        done = run(tmp_path, *line.split())
        assert (done.exit_code, done.stdout) == (2, ""), line
        told[line] = done.stderr
    assert told == snapshot(
        {
            "lst": """\
error: no such command 'lst'
 hint: did you mean list? Or see promptops --help
""",
            "--bogus list": """\
error: no such option: --bogus
 hint: see promptops --help
""",
            "-C": """\
error: option '-C' requires an argument
 hint: see promptops --help
""",
            "list --nope": """\
error: no such option: --nope
 hint: see promptops list --help
""",
            "list --format xml": """\
error: invalid value for '--format': 'xml' is not one of 'text', 'json'
 hint: see promptops list --help
""",
            "validate --forma json": """\
error: no such option: --forma
 hint: did you mean --fix=raw or --format? Or see promptops validate --help
""",
            "validate --fix=row": """\
error: option '--fix' does not take a value
 hint: see promptops validate --help
""",
            "show": """\
error: missing argument 'NAME[@SELECTOR]'
 hint: see promptops show --help
""",
            "release --bump": """\
error: option '--bump' requires an argument
 hint: see promptops release --help
""",
            "history --limit a": """\
error: invalid value for '-n' / '--limit': 'a' is not a whole number
 hint: see promptops history --help
""",
            "history --limit 0": """\
error: invalid value for '-n' / '--limit': 0 is less than 1
 hint: see promptops history --help
""",
            "resolve a b": """\
error: too many arguments: b
 hint: see promptops resolve --help
""",
            "resolve a b c": """\
error: too many arguments: b c
 hint: see promptops resolve --help
""",
            "guards rest": """\
error: no such command 'rest'
 hint: did you mean reset? Or see promptops guards --help
""",
            "runs show --bogus": """\
error: no such option: --bogus
 hint: see promptops runs show --help
""",
            "checks --help=1": """\
error: option '--help' does not take a value
 hint: see promptops checks --help
""",
        }
    )


def test_a_group_alone_shows_its_help(tmp_path: Path) -> None:
    done = run(tmp_path, "guards")
    assert done.exit_code == 2
    assert "Commands:" in done.output
    assert "error:" not in done.output
