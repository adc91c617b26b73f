"""The whole answer is well-formed XML, perhaps with required root or elements.

    - xml: true
    - xml: {root: invoice, elements: [customer/name, total]}

Elements are paths below the root, names without namespaces. A document type is refused: entities
could make a small answer huge. `xml: false` does not exist: write `not_xml: true`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, Score, yes_or_no

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn
    from xml.parsers.expat import XMLParserType

NAME = "xml"
COST = Cost.FREE
IS_DETERMINISTIC = True


class _Doctype(ValueError):  # noqa: N818 - becomes a score of 0
    pass


class _DeepElement(ValueError):  # noqa: N818 - becomes a score of 0
    pass


# A limit, because the paths of all elements are stored.
_MAX_DEPTH = 200


class _Outline:
    """The paths of all elements of a document."""

    def __init__(self) -> None:
        self.root = ""
        self.paths: set[str] = set()
        self._open: list[str] = []

    def start(self, name: str, _attributes: Mapping[str, str]) -> None:
        if len(self._open) >= _MAX_DEPTH:
            raise _DeepElement
        local = name.rpartition(" ")[2]
        if self._open:
            self.paths.add("/".join([*self._open[1:], local]))
        else:
            self.root = local
        self._open.append(local)

    def end(self, _name: str) -> None:
        self._open.pop()

    def connect(self, parser: XMLParserType) -> None:
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.StartDoctypeDeclHandler = _refuse


def _refuse(*_declaration: object) -> NoReturn:
    raise _Doctype


def score(answer: JudgedAnswer, argument: Any, _context: Context) -> Score:  # noqa: ANN401 - as the schema says
    """Return 1 if the answer is well-formed and has the expected root and elements, else 0."""
    from xml.parsers import expat

    outline = _Outline()
    parser = expat.ParserCreate(namespace_separator=" ")
    outline.connect(parser)
    try:
        parser.Parse(answer.text.strip().encode(errors="surrogatepass"), True)
    except expat.ExpatError as error:
        return yes_or_no(False, f"it is not well-formed XML: {error}")
    except _Doctype:
        return yes_or_no(False, "it declares a document type")
    except _DeepElement:
        return yes_or_no(False, f"it is nested more than {_MAX_DEPTH} deep")
    options: Mapping[str, Any] = argument if isinstance(argument, dict) else {}
    if options.get("root", outline.root) != outline.root:
        return yes_or_no(False, f"its root is '{outline.root}', not '{options['root']}'")
    missing = [path for path in options.get("elements", ()) if path not in outline.paths]
    if missing:
        return yes_or_no(False, f"it has no element '{missing[0]}'")
    return yes_or_no(True, "it is well-formed XML")
