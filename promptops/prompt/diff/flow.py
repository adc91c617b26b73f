"""Read a prompt as a sequence of messages with includes expanded.

Two prompts with the same flow render the same messages from the same inputs, however their text is
split into files. Comments, raw markers, spaces inside tags and white space that Jinja trims are
removed. Tags are compared, and shown, in one spelling.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from promptops.prompt.prompt import Prompt
    from promptops.prompt.template import Token

# Rendering strips exactly these from both ends of a message.
WHITE_SPACE = " \t\n\r\f\v"
# Nested includes can grow exponentially; past this size files are compared by their content.
_MAX_INLINED_CHARACTERS = 1_000_000
_SCOPED_TAGS = frozenset({"set", "macro"})
_TIGHT = frozenset({".", "(", "["})


@dataclass(frozen=True, slots=True)
class Piece:
    """Literal text, or one tag.

    Attributes:
        kind: `text`, `tag`, or `unread` for everything after a syntax error.
        text: the text, or the tag in one spelling.
        words: the tag's tokens; empty for text.
        files: the chain of includes that leads to it, from the prompt's own file to the file it is
            written in.
    """

    kind: str
    text: str
    words: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Element:
    """One message, or the tags between two messages.

    Attributes:
        role: `system`, `user`, `assistant`; `history` for passed-in messages; None for the tags
            between messages.
        key: equal for elements with the same content, whichever files it comes from.
        text: the content for display.
        origins: for each part of the text, its end offset and its chain of includes.
    """

    role: str | None
    key: tuple[tuple[str, str], ...]
    text: str
    origins: tuple[tuple[int, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """A prompt's elements in order, and how often the template uses each name."""

    elements: tuple[Element, ...] = ()
    names: Counter[str] = field(default_factory=Counter)


def read_flow(prompt: Prompt, renames: Mapping[str, str] | None = None) -> Flow:
    """Read the flow of `prompt`. `renames` maps input names to the names to use instead."""
    sources = {**prompt.closure.partials, prompt.path: prompt.closure.document.body}
    if renames:
        return _read_flow(prompt.path, sources, renames)
    return _read_unrenamed(prompt.path, tuple(sources.items()))


# A history is compared pair by pair, so each version is read twice in a row.
@lru_cache(maxsize=8)
def _read_unrenamed(path: str, sources: tuple[tuple[str, str], ...]) -> Flow:
    return _read_flow(path, dict(sources), {})


def _read_flow(path: str, sources: Mapping[str, str], renames: Mapping[str, str]) -> Flow:
    reading = _FlowReading(sources, renames)
    pieces = list(reading.read((path,)))
    return Flow(tuple(_split_messages(pieces)), reading.names)


class _FlowReading:
    def __init__(self, sources: Mapping[str, str], renames: Mapping[str, str]) -> None:
        self.names: Counter[str] = Counter()
        self._sources = sources
        self._renames = renames
        self._inlined = 0
        self._known: dict[str, list[Piece]] = {}
        self._prints: dict[str, str] = {}

    def read(self, files: tuple[str, ...]) -> Iterator[Piece]:
        """Yield the pieces of the last file of `files`, with its includes expanded."""
        for piece in self._pieces(files[-1]):
            included = _included_path(piece)
            if included is None or included not in self._sources or included in files:
                self.names.update(_used_names(piece.words))
                yield Piece(piece.kind, piece.text, piece.words, files)
                continue
            self._inlined += 1 + sum(len(inner.text) for inner in self._pieces(included))
            if self._inlined > _MAX_INLINED_CHARACTERS:
                text = f"{piece.text}{{# {self._fingerprint(included)} #}}"
                yield Piece("tag", text, piece.words, files)
                continue
            # Names that an included file sets are local to it, as in a `with` block.
            scoped = any(_tag_name(inner) in _SCOPED_TAGS for inner in self._pieces(included))
            inside = (*files, included)
            if scoped:
                yield Piece("tag", "{% with %}", ("with",), inside)
            yield from self.read(inside)
            if scoped:
                yield Piece("tag", "{% endwith %}", ("endwith",), inside)

    def _pieces(self, path: str) -> list[Piece]:
        if path not in self._known:
            self._known[path] = list(_read_pieces(self._sources[path], self._renames))
        return self._known[path]

    def _fingerprint(self, path: str) -> str:
        """Return a digest of a file and of all that it includes."""
        if path not in self._prints:
            self._prints[path] = ""
            digest = sha256()
            for piece in self._pieces(path):
                included = _included_path(piece)
                known = included is not None and included in self._sources
                text = self._fingerprint(included) if included and known else piece.text
                digest.update(f"{piece.kind} {len(text)} {text}".encode())
            self._prints[path] = digest.hexdigest()
        return self._prints[path]


def _read_pieces(source: str, renames: Mapping[str, str]) -> Iterator[Piece]:
    from promptops.prompt.template import tokenize

    place = 0
    tag: list[tuple[str, str]] | None = None
    for token in tokenize(source):
        place = source.index(token.text, place) + len(token.text)
        if token.kind in {"block_begin", "variable_begin"}:
            tag = []
        elif token.kind in {"block_end", "variable_end"}:
            words = tuple(text for _, text in _rename(tag or [], renames))
            opening, closing = ("{%", "%}") if token.kind == "block_end" else ("{{", "}}")
            text = f"{opening} {_spell(words)} {closing}"
            yield Piece("tag", text, words if opening == "{%" else ("{{", *words), ())
            tag = None
        elif tag is not None:
            if token.kind != "whitespace":
                tag.append((token.kind, _spell_token(token)))
        elif token.kind == "data":
            yield Piece("text", token.text, (), ())
    rest = source[place:]
    if tag is not None or rest.strip(WHITE_SPACE):
        # The lexer stopped at a syntax error. The rest is compared as written.
        yield Piece("unread", " ".join(text for _, text in tag or ()) + rest, (), ())


def _spell_token(token: Token) -> str:
    """Return a string literal in double quotes, so that the kind of quotes makes no difference."""
    text = token.text
    if token.kind == "string" and "\\" not in text and '"' not in text[1:-1]:
        return f'"{text[1:-1]}"'
    return text


def _rename(tokens: list[tuple[str, str]], renames: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    if not renames:
        return tokens
    return [
        (kind, renames[text])
        if kind == "name" and text in renames and (index == 0 or tokens[index - 1][1] != ".")
        else (kind, text)
        for index, (kind, text) in enumerate(tokens)
    ]


def _spell(words: tuple[str, ...]) -> str:
    """Join tokens with conventional spaces."""
    text: list[str] = []
    previous, before_previous = "", ""
    depth = 0
    for word in words:
        if previous and not _is_tight(previous, word, before_previous, depth):
            text.append(" ")
        depth += (word in {"(", "[", "{"}) - (word in {")", "]", "}"})
        text.append(word)
        before_previous, previous = previous, word
    return "".join(text)


def _is_tight(previous: str, word: str, before_previous: str, depth: int) -> bool:
    if previous in {"(", "[", "."} or word in {")", "]", ",", "."}:
        # A dot right after a number would be parsed as part of the number.
        return not (word == "." and previous[0].isdigit())
    if word in {"(", "["}:
        return previous[-1].isalnum() or previous[-1] in "_)]\"'"
    if word == "=" or previous == "=":
        return depth > 0
    signs = {"", "(", "[", ",", "=", "+", "-", "*", "/", "<", ">", "==", "!=", "<=", ">=", ":"}
    return previous == "-" and before_previous in signs


def _included_path(piece: Piece) -> str | None:
    """Return the path of a plain include tag; None for any other piece."""
    words = piece.words
    if len(words) < 2 or words[0] != "include":
        return None
    literals = words[1:-2] if words[-2:] == ("with", "context") else words[1:]
    if not literals or not all(word[0] in "\"'" and "\\" not in word for word in literals):
        return None
    return "".join(word[1:-1] for word in literals)


def _tag_name(piece: Piece) -> str:
    return piece.words[0] if piece.words else ""


def _used_names(words: tuple[str, ...]) -> Iterator[str]:
    for index, word in enumerate(words):
        if word.isidentifier() and (index == 0 or words[index - 1] != "."):
            yield word


def _split_messages(pieces: list[Piece]) -> Iterator[Element]:
    """Split pieces into messages and the tags between them. Without role tags everything is one
    user message.
    """
    from promptops.prompt.template import ROLES

    names = [_tag_name(piece) for piece in pieces]
    if not any(name in ROLES or name == "history" for name in names):
        yield _message("user", pieces)
        return
    role: str | None = None
    inside: list[Piece] = []
    for piece, name in zip(pieces, names, strict=True):
        if role is not None:
            if name == f"end{role}":
                yield _message(role, inside)
                role, inside = None, []
            else:
                inside.append(piece)
        elif name in ROLES:
            role = name
        elif piece.kind != "text" or piece.text.strip(WHITE_SPACE):
            yield _element("history" if name == "history" else None, [piece])
    if role is not None:
        yield _message(role, inside)


def _message(role: str, pieces: list[Piece]) -> Element:
    """Build a message, stripped as rendering strips it: white space at its ends is never sent."""
    first, last = 0, len(pieces)
    while first < last and _is_blank(pieces[first]):
        first += 1
    while last > first and _is_blank(pieces[last - 1]):
        last -= 1
    kept = pieces[first:last]
    if kept and kept[0].kind == "text":
        kept[0] = _retext(kept[0], kept[0].text.lstrip(WHITE_SPACE))
    if kept and kept[-1].kind == "text":
        kept[-1] = _retext(kept[-1], kept[-1].text.rstrip(WHITE_SPACE))
    return _element(role, kept)


def _is_blank(piece: Piece) -> bool:
    return piece.kind == "text" and not piece.text.strip(WHITE_SPACE)


def _retext(piece: Piece, text: str) -> Piece:
    return Piece(piece.kind, text, piece.words, piece.files)


def _element(role: str | None, pieces: list[Piece]) -> Element:
    key: list[tuple[str, str]] = []
    literal: list[str] = []
    for piece in pieces:
        if piece.kind == "text":
            literal.append(piece.text)
            continue
        if literal:
            key.append(("text", "".join(literal)))
            literal = []
        key.append((piece.kind, piece.text))
    if literal:
        key.append(("text", "".join(literal)))
    shown: list[str] = []
    origins: list[tuple[int, tuple[str, ...]]] = []
    place = 0
    for piece in pieces:
        shown.append(_show(piece))
        place += len(shown[-1])
        if origins and origins[-1][1] == piece.files:
            origins[-1] = (place, piece.files)
        else:
            origins.append((place, piece.files))
    return Element(role, tuple(key), "".join(shown), tuple(origins))


def _show(piece: Piece) -> str:
    """Show literal text that looks like a tag as the template must write it."""
    if piece.kind == "text" and any(mark in piece.text for mark in ("{{", "{%", "{#")):
        return f"{{% raw %}}{piece.text}{{% endraw %}}"
    return piece.text
