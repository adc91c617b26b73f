"""Looks at formatters that would rewrite prompts, which are text that a model reads.

A formatter of Markdown numbers lists anew, so that "follow rule 4" means another rule; it changes
emphasis, escapes and line breaks. `diff`, digest and gate see every such change; this says it
before it happens.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.protection.doctor.answer import fine, unknown, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.subject import DoctorSubject

_HOOKS_FILE = ".pre-commit-config.yaml"


class _TextFormatter(NamedTuple):
    """One formatter.

    Attributes:
        name: what it is called.
        files: patterns of files at the top that say that it is used.
        ignore: the file that says what it leaves alone; "" where its own configuration does.
        remedy: what to add; `{}` stands for the prompts folder.
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
# Hooks of pre-commit that write to Markdown files.
_HOOKS = (
    *("end-of-file-fixer", "markdownlint", "markdownlint-cli2", "markdownlint-fix", "mdformat"),
    *("mixed-line-ending", "prettier", "trailing-whitespace"),
)


def look_at_formatters(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Would a formatter rewrite prompts?"""
    folder = subject.config.prompts
    top = [path for path in subject.paths if "/" not in path]
    for one in _FORMATTERS:
        found = [path for path in top if any(fnmatchcase(path, name) for name in one.files)]
        if not found:
            continue
        says = [one.ignore] if one.ignore else found
        if any(folder in _text(subject, path) for path in says):
            yield fine(f"{one.name} leaves {folder}/ alone", says[0])
        else:
            yield _warn(one.name, found[0], f"add {one.remedy.format(folder)}")
    yield from _look_at_hooks(subject, folder)


def _look_at_hooks(subject: DoctorSubject, folder: str) -> Iterator[DoctorAnswer]:
    data = subject.read(_HOOKS_FILE)
    if data is None:
        return
    import yaml

    try:
        document: Any = yaml.safe_load(data.decode())
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


def _text(subject: DoctorSubject, path: str) -> str:
    return (subject.read(path) or b"").decode(errors="replace")


def _warn(name: str, place: str, remedy: str) -> DoctorAnswer:
    return warning(
        f"{name} would rewrite prompts",
        place,
        risk="list numbers, emphasis and white space change in what the model reads",
        remedy=remedy,
    )
