"""Parse frontmatter with YAML: values and faults; `places` has the positions.

PyYAML's C loader builds the nodes. This module converts them to values itself, so that no value
changes its type silently. Importing the module imports PyYAML; simple frontmatter needs it only for
positions.
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

import yaml
from frontmatter.default_handlers import YAMLHandler

from promptops.errors import quote
from promptops.prompt.finding import Finding, Fix, Position, Severity
from promptops.prompt.frontmatter.places import Places


class _YamlLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Build the same nodes as PyYAML's loader, with a faster tag resolution.

    Uses the pure-Python loader, which is slower, if PyYAML was built without libyaml.
    """

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: tuple[bool, bool]) -> str:
        """Return the implicit tag of a node; `value` is None for a collection.

        `implicit` says whether a scalar is unquoted.
        """
        if value is None:
            return _MAPPING if kind is yaml.MappingNode else _SEQUENCE
        if value[:1] not in _FIRST_OF_NUMBERS:
            return _TAGS_OF_WORDS.get(value, _TEXT) if implicit[0] else _TEXT
        number = _DIGITS.fullmatch(value) if implicit[0] else None
        if number is not None:
            return _TAGS_OF_DIGITS[number.lastindex]
        tag: str = super().resolve(kind, value, implicit)
        return tag


_PREFIX = "tag:yaml.org,2002:"
_TEXT = f"{_PREFIX}str"
_MAPPING = f"{_PREFIX}map"
_SEQUENCE = f"{_PREFIX}seq"
_FIRST_OF_NUMBERS = frozenset("+-.0123456789")
_DIGITS = re.compile(r"(?:0|[1-9][0-9]*)(\.[0-9]*)?(\.[0-9]+)?")
# By the number of dots: with two dots it is a version, so a string.
_TAGS_OF_DIGITS = {None: f"{_PREFIX}int", 1: f"{_PREFIX}float", 2: _TEXT}
# All plain scalars of YAML 1.1 that are not strings, numbers or dates.
_TAGS_OF_WORDS = {
    "<<": f"{_PREFIX}merge",
    "=": f"{_PREFIX}value",
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), f"{_PREFIX}null"),
    **{
        written: f"{_PREFIX}bool"
        for word in ("yes", "no", "true", "false", "on", "off")
        for written in (word, word.capitalize(), word.upper())
    },
}


class Form(NamedTuple):
    """A kind of YAML file: the wording of messages, and limits.

    Attributes:
        noun: the kind's name in messages.
        check: the check id for unreadable files.
        max_characters: the maximum length.
        empty_hint: the hint for an empty file.
        long_hint: the hint for one that is too long.
    """

    noun: str
    check: str
    max_characters: int
    empty_hint: str
    long_hint: str


FRONTMATTER = Form(
    "frontmatter",
    "broken-frontmatter",
    128 * 1024,
    "give at least version, description, author and model",
    "move long texts into the body or into files of their own",
)
BOUNDARY: re.Pattern[str] = YAMLHandler.FM_BOUNDARY
"""The `---` line around frontmatter, with the blank lines after it."""

_MAX_DEPTH = 64
# A text with fewer nesting characters cannot overflow the C stack.
_FEW_NESTING_MARKS = 256
# More findings would not help to fix the file.
_MAX_FAULTS = 100

_FIRST_LINE = Position(1, 1, 1, 4)

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_BOOLEANS = {
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
# Numbers of YAML 1.2 (core schema) that PyYAML, a YAML 1.1 parser, reads as strings.
NEWER_NUMBER = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+", re.ASCII
)
# A comment that looks like an issue number, such as `#12`: comments usually begin with a space.
_TIGHT_COMMENT = re.compile(r"[ \t]+#[^\s#][^\n]*")
# YAML 1.1, production c-printable.
_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_yaml(
    path: str, text: str, places: Places, source: str, *, form: Form = FRONTMATTER
) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """Parse `source`, the YAML of the file at `path`. Return its values and its faults.

    `text` is the whole file, and `form` its kind. Positions are added to `places`.
    """
    reading = _YamlReading(path, text, places, form)
    return reading.load(source), tuple(reading.faults)


def find_places(content: str) -> Places:
    """Return the positions of a file that was parsed without YAML. `content` has no byte order
    mark.
    """
    opening = BOUNDARY.match(content)
    closing = BOUNDARY.search(content, opening.end()) if opening is not None else None
    assert opening is not None  # noqa: S101 - only what has both was read
    assert closing is not None  # noqa: S101 - as above
    root = yaml.compose(content[opening.end() : closing.start()], Loader=_YamlLoader)
    assert isinstance(root, yaml.MappingNode)  # noqa: S101 - as above
    places = Places(content, opening.end())
    places.root = root
    return places


class _YamlReading:
    """Converts one YAML mapping to plain values and collects faults."""

    def __init__(self, path: str, text: str, places: Places, form: Form) -> None:
        self._form = form
        self.faults: list[Finding] = []
        self._path = path
        self._text = text
        self._places = places
        self._seen: set[int] = set()

    def load(self, source: str) -> dict[str, Any]:
        """Return the mapping in the YAML `source`. Record a fault and return {} if there is
        none.
        """
        root = self._compose(source)
        if root is None:
            return {}
        self._places.root = root
        values = self._mapping(root, 0)
        if _TIGHT_COMMENT.search(source) is not None:
            self._find_cut_texts(root)
        return values

    def _find_cut_texts(self, root: yaml.Node) -> None:
        """Report each unquoted string that YAML cuts off because it reads `#12` as a comment."""
        pending, seen = [root], set()
        while pending:
            node = pending.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, yaml.MappingNode):
                values = [value for _, value in node.value]
            elif isinstance(node, yaml.SequenceNode):
                values = node.value
            else:
                continue
            for value in values:
                if isinstance(value, yaml.ScalarNode) and value.tag == _TEXT and not value.style:
                    self._report_cut(value, in_line=node.flow_style)
            pending += values

    def _report_cut(self, node: yaml.ScalarNode, *, in_line: bool) -> None:
        written = self._places.written(node)
        start = node.start_mark.index + self._places.offset
        cut = _TIGHT_COMMENT.match(self._places.text, start + len(written))
        if cut is None:
            return
        whole = f'"{written}{cut[0].rstrip()}"'
        message = f"YAML reads {_shown(cut[0].strip())} as a comment, not as part of the value"
        hint = f"write {_shown(whole)} for the text, or `# ` for a comment"
        place = self._places.position(node.start_mark.index, node.start_mark.index + len(whole) - 2)
        plain = not in_line and written == node.value and not re.search(r'[\\"]', whole[1:-1])
        fixes = (Fix.at(self._path, self._text, place, whole),) if plain else ()
        self._report("surprising-yaml", message, place, hint, fixes)

    def _report(
        self,
        check: str,
        message: str,
        place: Position,
        hint: str | None,
        fixes: tuple[Fix, ...] = (),
    ) -> None:
        if len(self.faults) < _MAX_FAULTS:
            fault = Finding(check, Severity.ERROR, message, self._path, place, hint, fixes)
            self.faults.append(fault)

    def _break(self, message: str, index: int | None, hint: str | None = None) -> None:
        """Report the YAML as unreadable, at an offset or as a whole."""
        place = _FIRST_LINE if index is None else self._places.position(index, index + 1)
        self._report(self._form.check, message, place, hint)

    def _compose(self, source: str) -> yaml.MappingNode | None:
        """Parse YAML into nodes. Record a fault and return None on an error."""
        noun, longest = self._form.noun, self._form.max_characters
        if len(source) > longest:
            message = f"the {noun} is larger than {longest:,} characters"
            self._break(message, None, self._form.long_hint)
            return None
        if _too_deep(source):
            self._break(f"the {noun} is nested deeper than {_MAX_DEPTH} levels", None)
            return None
        loader = None
        try:
            loader = _YamlLoader(source)
            node = loader.get_single_node()
        except yaml.YAMLError as error:
            self._explain(source, error)
            return None
        finally:
            if loader is not None:
                loader.dispose()
        if node is None:
            self._break(f"the {noun} is empty", None, self._form.empty_hint)
            return None
        if not isinstance(node, yaml.MappingNode):
            self._break(
                f"the {noun} is not a mapping",
                node.start_mark.index,
                "write 'key: value' lines",
            )
            return None
        return node

    def _explain(self, source: str, error: yaml.YAMLError) -> None:
        strange = _NOT_YAML.search(source)
        if isinstance(error, yaml.reader.ReaderError) and strange is not None:
            # libyaml's offset counts bytes, the pure-Python loader's counts characters.
            self._break(
                f"character U+{ord(strange[0]):04X} is not allowed in YAML",
                strange.start(),
                "remove it",
            )
        elif isinstance(error, yaml.MarkedYAMLError):
            mark = error.problem_mark or error.context_mark
            index = mark.index if mark is not None else 0
            problem = " ".join(str(error.problem or error.context or "invalid").split())
            hint = _yaml_hint(problem, source[index : index + 1], self._form.noun)
            self._break(f"the {self._form.noun} is not YAML: {problem}", index, hint)
        else:
            problem = " ".join(str(error).split())
            self._break(f"the {self._form.noun} is not YAML: {problem}", None)

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = _plain_text(key_node)
            if key is None and (key := self._key(key_node)) is None:
                continue
            if key in result:
                self._report(
                    "duplicate-key",
                    f"{quote(key)} is given twice",
                    self._places.node_position(key_node),
                    "YAML would silently take the last one; keep one",
                )
                continue
            text = _plain_text(value_node)
            result[key] = text if text is not None else self._value(value_node, depth + 1)
        return result

    def _key(self, node: yaml.Node) -> str | None:
        """Return a key's text; None if it cannot be a key."""
        if not isinstance(node, yaml.ScalarNode):
            self._reject(node, "a key is a list or a mapping", "a key is a word")
            return None
        text: str = node.value
        if node.tag == _TEXT:
            self._refuse_newer_number(node)
            return text
        kind = node.tag.removeprefix(_PREFIX)
        if kind == "merge":
            self._reject(
                node, "mappings are not merged here", "write the keys out where they are needed"
            )
            return None
        if kind not in _SURPRISES:
            self._reject(node, f"tag {quote(node.tag)} is not used here", "leave it out")
            return None
        self._surprise(node, f"YAML reads the key {_shown(text)} as {_SURPRISES[kind]}", "")
        return text

    def _value(self, node: yaml.Node, depth: int) -> Any:  # noqa: ANN401 - any YAML value
        if isinstance(node, yaml.ScalarNode):
            if node.tag != _TEXT:
                return self._scalar(node)
            self._refuse_newer_number(node)
            return node.value
        if id(node) in self._seen:
            self._reject(
                node,
                "an alias refers to a list or a mapping",
                "write the value out where it is needed",
            )
            return None
        self._seen.add(id(node))
        if depth > _MAX_DEPTH:
            self._reject(node, f"nested deeper than {_MAX_DEPTH} levels", None)
            return None
        if node.tag not in _COLLECTIONS:
            self._reject(node, f"tag {quote(node.tag)} is not used here", "leave it out")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        return [self._value(item, depth + 1) for item in node.value]

    def _scalar(self, node: yaml.ScalarNode) -> str | int | float | bool | None:
        """Return the value of a scalar that is not tagged as a string."""
        text: str = node.value
        kind = node.tag.removeprefix(_PREFIX)
        if kind == "int" and _INTEGER.fullmatch(text) and _is_word(text):
            return int(text)
        if kind == "float" and _FLOAT.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        if kind == "bool" and text in _BOOLEANS:
            return _BOOLEANS[text]
        if kind == "null" and text in _NULLS:
            return None
        if kind in _SURPRISES:
            self._surprise(
                node, f"YAML reads {_shown(text)} as {_SURPRISES[kind]}", _alternative(kind, text)
            )
        else:
            self._reject(node, f"tag {quote(node.tag)} is not used here", "leave it out")
        return text

    def _refuse_newer_number(self, node: yaml.ScalarNode) -> None:
        """Report an unquoted string that a YAML 1.2 parser would read as a number."""
        plain = not node.style and NEWER_NUMBER.fullmatch(node.value)
        if plain and not self._places.written(node).startswith("!"):
            message = f"YAML 1.1 reads {_shown(node.value)} as a text, YAML 1.2 as a number"
            self._surprise(node, message, _plain_number(node.value))

    def _reject(self, node: yaml.Node, message: str, hint: str | None) -> None:
        self._report(self._form.check, message, self._places.node_position(node), hint)

    def _surprise(self, node: yaml.ScalarNode, message: str, alternative: str) -> None:
        place = self._places.node_position(node)
        shown = _shown(node.value)
        quoted = f'"{shown}"'
        # Quoting keeps the string that is read here; only the author knows if a number is meant.
        certain = not alternative and self._places.written(node) == node.value == shown
        fixes = (Fix.at(self._path, self._text, place, quoted),) if certain else ()
        hint = f"write {quoted} for the text{alternative}"
        self._report("surprising-yaml", message, place, hint, fixes)


def _plain_text(node: yaml.Node) -> str | None:
    """Return the text of a node that is certainly a string, as nearly all are; else None."""
    if node.tag == _TEXT and type(node) is yaml.ScalarNode:
        text: str = node.value
        if text[:1] not in _FIRST_OF_NUMBERS:
            return text
    return None


def _too_deep(source: str) -> bool:
    """Return whether the YAML nests past the limit, found without recursion."""
    marks = sum(source.count(mark) for mark in ("[", "{", "- ", "-\t", "? ", "-\n"))
    if marks < _FEW_NESTING_MARKS and source.count("\n") < _FEW_NESTING_MARKS:
        return False
    depth = 0
    try:
        for event in yaml.parse(source, Loader=_YamlLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > _MAX_DEPTH:
                    return True
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        # Composing stops above the same limit and reports the position.
        return False
    return False


def _yaml_hint(problem: str, character: str, noun: str) -> str | None:
    """Return the hint for a YAML syntax error at `character`."""
    if character == "\t":
        return "indent with spaces, not tabs"
    if "mapping values are not allowed" in problem:
        return "quote a value that contains ': '"
    if "single document" in problem or "document start" in problem:
        return f"{noun} is one YAML document; remove the '...' or '---' inside it"
    if "undefined alias" in problem or character in {"*", "&"}:
        return "quote a value that begins with '*' or '&'"
    if "cannot start any token" in problem or character == "%":
        return "quote a value that begins with '@', '`' or '%'"
    if "expected" in problem or "unexpected end" in problem or "could not find" in problem:
        return "look for a wrong indentation or an open quote or bracket, here or above"
    return None


_COLLECTIONS = frozenset({_MAPPING, _SEQUENCE})
_SURPRISES = {
    "bool": "true or false",
    "int": "a number in another notation",
    "float": "a number in another notation",
    "timestamp": "a date",
    "merge": "a merge of mappings",
    "value": "a default value",
    "null": "nothing",
}
_SWITCHES = {"yes": "true", "on": "true", "no": "false", "off": "false"}


def _is_word(text: str) -> bool:
    """Return whether the integer fits into 64 bits, signed or unsigned."""
    return len(text) <= 20 and -(2**63) <= int(text) < 2**64


def _shown(text: str) -> str:
    return quote(text)[1:-1]


def _alternative(kind: str, text: str) -> str:
    """Return another possible meaning, to append to the hint."""
    if kind == "bool" and text.lower() in _SWITCHES:
        return f", {_SWITCHES[text.lower()]} for the switch"
    plain = text.replace("_", "")
    if kind == "int" and "_" in text and _INTEGER.fullmatch(plain) and _is_word(plain):
        return f", {plain} for the number"
    if kind == "int" and re.fullmatch("0x[0-9a-fA-F]{1,16}", plain):
        return f", {int(plain, 16)} for the number"
    return ""


def _plain_number(text: str) -> str:
    """Return a YAML 1.2 number in a spelling that every YAML version reads, if that is short and
    exact.
    """
    if "o" in text:
        return ""
    number = f"{float(text):g}"
    readable = _INTEGER.fullmatch(number) or _FLOAT.fullmatch(number)
    same = readable and "e" not in number and float(number) == float(text)
    return f", {number} for the number" if same else ""
