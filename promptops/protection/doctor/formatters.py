"""Check for formatters that would rewrite prompts.

A Markdown formatter renumbers lists, so that "follow rule 4" refers to another rule, and changes
emphasis, escapes and line breaks. `diff`, digest and gate detect such a change afterwards; this
check warns before it happens.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.protection.doctor.answer import fine, unknown, warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.subject import DoctorSubject

_HOOKS_FILE = ".pre-commit-config.yaml"


class _TextFormatter(NamedTuple):
    """One formatter.

    Attributes:
        name: its name.
        files: patterns of files at the top whose presence shows its use.
        ignore: the file that lists what it skips; "" if its configuration does.
        remedy: what to add; `{}` is replaced by the prompts folder.
    """

    name: str
    files: tuple[str, ...]
    ignore: str
    remedy: str


_FORMATTERS = (
    _TextFormatter(
        "prettier",
        (".prettierrc", ".prettierrc.*", "prettier.config.*"),
        ".prettierignore",
        "the line `{}/` in .prettierignore",
    ),
    _TextFormatter(
        "markdownlint",
        (".markdownlint.*", ".markdownlintrc"),
        ".markdownlintignore",
        "the line `{}/` in .markdownlintignore",
    ),
    _TextFormatter(
        "markdownlint-cli2",
        (".markdownlint-cli2.*",),
        "",
        '"{}/**" among the `ignores` of its configuration',
    ),
    _TextFormatter("mdformat", (".mdformat.toml",), "", 'exclude = ["{}/**"] in .mdformat.toml'),
    _TextFormatter(
        "remark", (".remarkrc", ".remarkrc.*"), ".remarkignore", "`{}/` in .remarkignore"
    ),
    _TextFormatter("dprint", ("dprint.json", ".dprint.json"), "", '"{}/**" among its `excludes`'),
)
# pre-commit hooks that change Markdown files.
_HOOKS = (
    *("end-of-file-fixer", "markdownlint", "markdownlint-cli2", "markdownlint-fix", "mdformat"),
    *("mixed-line-ending", "prettier", "trailing-whitespace"),
)


def look_at_formatters(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check whether a formatter would rewrite prompts."""
    yield from find_formatters(subject.config.prompts, subject.paths, subject.read)


def find_formatters(
    folder: str, paths: Iterable[str], read: Callable[[str], bytes | None]
) -> Iterator[DoctorAnswer]:
    """Check the formatters that are configured in `paths`; prompts are below `folder`."""
    top = [path for path in paths if "/" not in path]
    for one in _FORMATTERS:
        found = [path for path in top if any(fnmatchcase(path, name) for name in one.files)]
        if not found:
            continue
        says = [one.ignore] if one.ignore else found
        if any(folder in (read(path) or b"").decode(errors="replace") for path in says):
            yield fine(f"{one.name} ignores {folder}/", says[0])
        else:
            yield _warn(one.name, found[0], f"add {one.remedy.format(folder)}")
    yield from _look_at_hooks(read(_HOOKS_FILE), folder)


def _look_at_hooks(data: bytes | None, folder: str) -> Iterator[DoctorAnswer]:
    if data is None:
        return
    import yaml

    from promptops.prompt.untrusted_yaml import load_untrusted

    try:
        document: Any = load_untrusted(data.decode())
        repos = document.get("repos") or []
        hooks = [hook for repo in repos for hook in repo.get("hooks") or []]
        everywhere = str(document.get("exclude") or "")
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, TypeError) as error:
        yield unknown(f"{_HOOKS_FILE} cannot be read: {str(error).splitlines()[0]}", _HOOKS_FILE)
        return
    for hook in hooks:
        name = hook.get("id") if isinstance(hook, dict) else None
        if name in _HOOKS and folder not in f"{everywhere} {hook.get('exclude') or ''}":
            remedy = f"add `exclude: ^{folder}/` to the hook {name}"
            yield _warn(f"the hook {name} of pre-commit", _HOOKS_FILE, remedy)


def _warn(name: str, place: str, remedy: str) -> DoctorAnswer:
    return warning(
        f"{name} would rewrite prompts",
        place,
        risk="list numbers, emphasis and white space change in the text that the model reads",
        remedy=remedy,
    )
