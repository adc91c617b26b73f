"""Translate JavaScript's regular expressions to those of the scorer `regex`, which runs in linear
time.
"""

from __future__ import annotations

import re

# The equivalent of `.`.
_ANY = r"[^\n\r\x{2028}\x{2029}]"
_ANCHORS = {"^": "^", "$": r"\z", "|": "|"}
_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\s\x{feff}"}
_CONTROLS = {"n": r"\n", "r": r"\r", "t": r"\t", "f": r"\f", "v": r"\v", "0": r"\x{0}"}
_QUANTIFIER = re.compile(r"[*+?]|\{\d+(?:,\d*)?\}")
_HEXADECIMAL = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})")
_MEANS_SOMETHING = frozenset(r"\.+*?()|[]{}^$#&-~")


class BadPatternError(Exception):
    """A pattern that JavaScript refuses; a check with it fails, negated or not."""


class ForeignPatternError(Exception):
    """A pattern that the linear engine does not support; the message says why."""


def translate(pattern: str) -> str:
    """Return a pattern that matches the same texts.

    Raises:
        BadPatternError: JavaScript refuses it.
        ForeignPatternError: it has look-around or back-references.
    """
    return _Translation(pattern).run()


class _Translation:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._out: list[str] = []
        self._depth = 0
        # Whether a quantifier may follow.
        self._has_atom = False

    def run(self) -> str:
        steps = {"\\": self._escape, "[": self._class, "(": self._open, ")": self._close}
        while self._at < len(self._source):
            letter = self._source[self._at]
            quantifier = _QUANTIFIER.match(self._source, self._at)
            if letter in steps:
                steps[letter]()
            elif letter in _ANCHORS:
                self._add(_ANCHORS[letter], 1, has_atom=False)
            elif quantifier is not None:
                self._quantify(quantifier[0])
            else:
                self._add(_ANY if letter == "." else _literal(letter), 1, has_atom=True)
        if self._depth:
            raise BadPatternError("a '(' without its ')'")
        return "".join(self._out)

    def _close(self) -> None:
        if not self._depth:
            raise BadPatternError("an unmatched ')'")
        self._depth -= 1
        self._add(")", 1, has_atom=True)

    def _add(self, text: str, width: int, *, has_atom: bool) -> None:
        self._out.append(text)
        self._at += width
        self._has_atom = has_atom

    def _quantify(self, quantifier: str) -> None:
        if not self._has_atom:
            raise BadPatternError("nothing to repeat")
        after = self._source[self._at + len(quantifier) :][:1]
        lazy = "?" if after == "?" else ""
        least, _, most = quantifier.strip("{}").partition(",")
        if most.isdigit() and int(most) < int(least):
            raise BadPatternError("numbers out of order")
        self._add(quantifier + lazy, len(quantifier) + len(lazy), has_atom=False)

    def _open(self) -> None:
        rest = self._source[self._at :]
        if rest.startswith(("(?=", "(?!", "(?<=", "(?<!")):
            raise ForeignPatternError("look-around")
        named = re.match(r"\(\?<([A-Za-z_$][\w$]*)>", rest)
        width = 3 if rest.startswith("(?:") else len(named[0]) if named else 1
        if width == 1 and rest.startswith("(?"):
            raise BadPatternError(f"'{rest[:3]}'")
        self._depth += 1
        self._add("(?:" if width > 1 else "(", width, has_atom=False)

    def _escape(self) -> None:
        letter = self._source[self._at + 1 : self._at + 2]
        if not letter:
            raise BadPatternError("a '\\' at the end")
        if letter == "b":
            self._add(r"(?-u:\b)", 2, has_atom=False)
        elif letter.lower() in _CLASSES:
            negation = "^" if letter.isupper() else ""
            self._add(f"[{negation}{_CLASSES[letter.lower()]}]", 2, has_atom=True)
        elif letter in "123456789" or (letter == "k" and "(?<" in self._source):
            raise ForeignPatternError("a back-reference")
        elif letter == "B":
            raise ForeignPatternError(r"\B")
        else:
            text, width = self._character()
            self._add(text, width, has_atom=True)

    def _character(self) -> tuple[str, int]:
        """Return an escape for one character, and its width."""
        letter = self._source[self._at + 1 : self._at + 2]
        if letter in _CONTROLS:
            return _CONTROLS[letter], 2
        code = _HEXADECIMAL.match(self._source, self._at + 1)
        if code is not None:
            return rf"\x{{{code[1] or code[2]}}}", 1 + len(code[0])
        if letter == "c":
            raise ForeignPatternError(r"\c")
        return _literal(letter), 2

    def _class(self) -> None:
        source, out = self._source, ["["]
        self._at += 1
        if source.startswith("^", self._at):
            out.append("^")
            self._at += 1
        first = self._at
        while True:
            letter = source[self._at : self._at + 1]
            if not letter:
                raise BadPatternError("a '[' without its ']'")
            if letter == "]":
                break
            if letter == "\\":
                escaped = source[self._at + 1 : self._at + 2]
                if escaped.lower() in _CLASSES:
                    if escaped.isupper():
                        out.append(f"[^{_CLASSES[escaped.lower()]}]")
                    else:
                        out.append(_CLASSES[escaped])
                    self._at += 2
                    continue
                text, width = (r"\x{8}", 2) if escaped == "b" else self._character()
                out.append(text)
                self._at += width
                continue
            is_range = letter == "-" and self._at > first and source[self._at + 1 : self._at + 2]
            out.append("-" if is_range and is_range != "]" else _literal(letter))
            self._at += 1
        if self._at == first:
            raise ForeignPatternError("an empty class")
        out.append("]")
        self._add("".join(out), 1, has_atom=True)


def _literal(letter: str) -> str:
    return f"\\{letter}" if letter in _MEANS_SOMETHING else letter
