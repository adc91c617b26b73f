"""The command line: each verb is a file that calls the library.

Verbs are imported on use, so that `promptops resolve` does not pay for `diff`. Only this package
prints, asks and exits. Messages for people go to standard error, data for programs to standard
output.

Exit codes: 0 success; 1 the answer is no; 2 could not run; 3 a bug; 130 interrupted.
"""

# ruff: noqa: E402

from __future__ import annotations

import gc
import os
import sys
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

# Garbage collection during imports takes time and finds nothing.
gc.disable()

import typer
from typer.core import TyperCommand, TyperGroup

from promptops.cli.commands import BOTH, COMMANDS, GROUPS, SECTIONS
from promptops.cli.session import Session, report_bug, report_error, start_session
from promptops.errors import PromptopsError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.cli.commands import Command

# Imported objects stay alive, so exclude them from collection.
gc.freeze()
gc.enable()

EXIT_NO = 1
EXIT_CANNOT = 2
EXIT_BUG = 3
# An option with an optional value, which typer does not support, is two options.
_OPTIONAL_VALUES = {"--fix=raw": "--fix-raw"}
_GARBAGE_THRESHOLD = 100_000


def _write_examples(verb: str, formatter: Any) -> None:  # noqa: ANN401 - typer keeps its click classes private
    """Write the examples at the end of a help page."""
    if not verb:
        return
    from promptops.cli.examples import EXAMPLES

    examples = EXAMPLES.get(verb)
    if examples:
        with formatter.section("Examples"):
            formatter.write_text("\n".join(("\b", *examples)))


class _Verb(TyperCommand):
    """A verb. `path` is its name, preceded by its group's name."""

    path = ""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - as above
        end = args.index("--") if "--" in args else len(args)
        options = [_OPTIONAL_VALUES.get(one, one) for one in args[:end]]
        return super().parse_args(ctx, [*options, *args[end:]])

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - as above
        _write_examples(self.path, formatter)


class _VerbGroup(TyperGroup):
    """A group of verbs, each imported on use."""

    verbs: Mapping[str, Command]
    path = ""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - as above
        _write_examples(self.path, formatter)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - as above
        return list(self.verbs)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 - as above
        if cmd_name not in self.verbs:
            return None
        path = f"{self.path} {cmd_name}".strip()
        make = _make_group if path in GROUPS else _make_verb
        return make(path, self.verbs[cmd_name])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - as above
        names: Any = dict.fromkeys(self.verbs)
        self.commands = names  # the candidates for "did you mean"
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - as above
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.summary) for name, one in self.verbs.items()])


class _Root(_VerbGroup):
    """The group of all verbs, which turns errors into exit codes."""

    verbs = COMMANDS

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - as above
        for section, title in SECTIONS.items():
            rows = [(name, one.summary) for name, one in COMMANDS.items() if one.section == section]
            with formatter.section(title):
                formatter.write_dl(rows)

    def make_context(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as above
        try:
            return super().make_context(*arguments, **options)
        except typer.TyperException as error:
            raise _report_usage(error) from error

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - whatever the verb returns
        try:
            try:
                result = super().invoke(ctx)
            finally:
                # Flush even after an error: a failure to write must be known before the exit code.
                sys.stdout.flush()
        except PromptopsError as error:
            report_error(error)
            raise typer.Exit(EXIT_NO if isinstance(error, RefusedError) else EXIT_CANNOT) from error
        except BrokenPipeError as error:
            # The reader closed the pipe, as in `promptops list | head`.
            _drop_output()
            raise typer.Exit(0) from error
        except OSError as error:
            _drop_output()
            report_error(_describe_os_error(error))
            raise typer.Exit(EXIT_CANNOT) from error
        except typer.TyperException as error:
            verb = ctx.invoked_subcommand or ""
            raise _report_usage(error, f"promptops {verb}".strip()) from error
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            report_bug(error)
            raise typer.Exit(EXIT_BUG) from error
        return result


def _report_usage(error: typer.TyperException, path: str = "promptops") -> Exception:
    """Print a usage error in promptops' form; return the exception that ends the process."""
    from promptops.cli.usage import explain_usage, is_help_page

    if is_help_page(error):
        return error
    report_error(explain_usage(error, path))
    return typer.Exit(EXIT_CANNOT)


# Both are the same all the time; a program that runs many commands reads their signatures once.
@cache
def _make_verb(path: str, command: Command) -> Any:  # noqa: ANN401 - as above
    module = import_module(f"promptops.cli.{command.module}")
    verb = typer.Typer(add_completion=False, rich_markup_mode=None)
    kind = type("_NamedVerb", (_Verb,), {"path": path})
    function = getattr(module, command.module.rpartition(".")[2])
    verb.command(path.rpartition(" ")[2], cls=kind)(function)
    return typer.main.get_command(verb)


@cache
def _make_group(path: str, command: Command) -> Any:  # noqa: ANN401 - as above
    kind = type("_Verbs", (_VerbGroup,), {"path": path, "verbs": GROUPS[path]})
    group = typer.Typer(cls=kind, add_completion=False, rich_markup_mode=None)
    if path in BOTH:
        module = import_module(f"promptops.cli.{command.module}")
        group.callback(invoke_without_command=True)(getattr(module, path.rpartition(" ")[2]))
    else:
        group.callback(help=command.summary, no_args_is_help=True)(_do_nothing)
    return typer.main.get_command(group)


def _do_nothing() -> None:
    """Do nothing, because the group's verb does the work."""


def _drop_output() -> None:
    """Discard the rest of standard output; otherwise Python would fail on it again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _describe_os_error(error: OSError) -> PromptopsError:
    place = f"{error.filename}: " if error.filename else ""
    what = (error.strerror or str(error)).lower()
    return PromptopsError(
        f"{place}{what}",
        hint="check that the file exists and is accessible, and that the disk is not full",
    )


app = typer.Typer(
    cls=_Root,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from promptops.about import __version__

        typer.echo(f"promptops {__version__}")
        raise typer.Exit(0)


@app.callback(invoke_without_command=False, no_args_is_help=True)
def root(
    directory: Annotated[
        str | None, typer.Option("-C", metavar="PATH", help="Run as if started in PATH.")
    ] = None,
    no_pager: Annotated[bool, typer.Option("--no-pager", help="Do not use a pager.")] = False,
    version: Annotated[  # noqa: ARG001 - eager: its callback does the work
        bool,
        typer.Option(
            "--version", "-V", callback=_print_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Git is the registry for your prompts: review, release, deploy, run and evaluate them."""
    start_session(Session(directory, pager=not no_pager))


def main() -> None:
    """Run the command line with the process's arguments; the console scripts' entry point."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            # A locale without UTF-8 must not turn an emoji in a prompt into a traceback.
            reconfigure(encoding="utf-8", errors="backslashreplace")
    # Most commands end before garbage collection pays off.
    gc.set_threshold(_GARBAGE_THRESHOLD)
    try:
        app(prog_name="promptops")
    finally:
        # No final collection either: the system takes back all memory.
        gc.freeze()


def _open_closed_streams() -> None:
    """Replace closed standard streams, before another file gets their descriptor."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, os.fdopen(number, mode))
