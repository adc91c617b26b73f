"""Read the files of a configuration as promptfoo does."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptops.files import read_file
from promptops.repository.adoption.draft import UnreadableError

if TYPE_CHECKING:
    import yaml

# js-yaml reads scalars by YAML 1.2: `yes` is a string, and so is a time.
_FLOAT = (
    r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_SCALARS = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("int", r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o[0-7_]+|[0-9][0-9_]*)", "-+0123456789"),
    (
        "float",
        _FLOAT,
        "-+0123456789.",
    ),
)
_MAX_BYTES = 32 * 1024 * 1024


class LocatedMapping(dict[str, Any]):
    """A mapping with its position; `line` is 0 in a file without lines."""

    line = 0
    file = ""


class SourceFolder:
    """The folder of a configuration; nothing outside the repository is read.

    Args:
        top: the repository.
        base: the folder, from the repository's top.
    """

    def __init__(self, top: Path, base: str) -> None:
        self._top = top.resolve()
        self._base = (self._top / base).resolve()

    def read(self, name: str) -> str:
        """Return the text of a file, by its path from the folder. Raises UnreadableError."""
        path = (self._base / name).resolve()
        if not path.is_relative_to(self._top):
            raise UnreadableError(f"{name} is outside the repository")
        try:
            data = read_file(path)
        except OSError:
            raise UnreadableError(f"there is no file {name}") from None
        if len(data) > _MAX_BYTES:
            raise UnreadableError(f"{name} is larger than {_MAX_BYTES >> 20} MB")
        try:
            return data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            raise UnreadableError(f"{name} is not UTF-8") from None

    def find(self, pattern: str) -> list[str]:
        """Return the files that a pattern matches, sorted, as paths from the folder."""
        if not re.search(r"[*?\[{]", pattern):
            return [pattern]
        if pattern.startswith("/") or ".." in Path(pattern).parts:
            raise UnreadableError(f"{pattern} is outside of the folder")
        found = (one for one in self._base.glob(pattern) if one.is_file())
        return sorted(one.relative_to(self._base).as_posix() for one in found)


def load_yaml(text: str, file: str) -> Any:  # noqa: ANN401 - any YAML
    """Return the value of a YAML document. Raises UnreadableError if it is malformed."""
    import yaml

    from promptops.prompt.untrusted_yaml import read_untrusted

    try:
        loader = _loader()(text)
        loader.name = file
        try:
            return read_untrusted(loader)
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}:" if mark is not None else ""
        why = getattr(error, "problem", None) or str(error)
        raise UnreadableError(f"{file} is not YAML:{where} {why}") from None


def load_json(text: str, file: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the value of a JSON document. Raises UnreadableError if it is malformed."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"{file} is not JSON: {error}") from None


@cache
def _loader() -> type[yaml.SafeLoader]:
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as the base class has it

    def construct(loader: Loader, node: yaml.MappingNode) -> Any:  # noqa: ANN401 - a generator
        value = LocatedMapping()
        yield value
        for key, one in loader.construct_mapping(node).items():
            value[key if isinstance(key, str) else _spell(key)] = one
        value.line, value.file = node.start_mark.line + 1, str(loader.name)

    for tag, pattern, first in _SCALARS:
        for letter in first:
            Loader.add_implicit_resolver(
                f"tag:yaml.org,2002:{tag}",
                re.compile(f"(?:{pattern})\\Z"),
                ["" if letter == "\0" else letter],
            )
    Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"<<\Z"), ["<"])
    Loader.add_constructor("tag:yaml.org,2002:map", construct)
    Loader.add_constructor("tag:yaml.org,2002:str", _read_text)
    Loader.add_constructor("tag:yaml.org,2002:int", _read_integer)
    Loader.add_constructor("tag:yaml.org,2002:float", _read_float)
    return Loader


def _read_text(_loader: Any, node: Any) -> str:  # noqa: ANN401 - of a library
    text: str = node.value
    try:
        text.encode()
    except UnicodeEncodeError:
        # JavaScript joins the escapes of a surrogate pair to one character.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _read_integer(_loader: Any, node: Any) -> int:  # noqa: ANN401 - of a library
    text = node.value.replace("_", "").lstrip("+")
    digits = text.lstrip("-")
    if digits[:2] in {"0b", "0o", "0x"}:
        return int(text, 0)
    return int(text)


def _read_float(_loader: Any, node: Any) -> float:  # noqa: ANN401 - of a library
    text = node.value.replace("_", "").lower()
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


def _spell(key: object) -> str:
    from promptops.repository.adoption.promptfoo.values import to_text

    return to_text(key) or str(key)
