"""GitHub's own description of its API, as the judge of what a client asks and a fake answers.

`nox -s descriptions` fetches it (the npm package `@octokit/openapi`).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from openapi_core import OpenAPI

    from tests.forge.server import Request, Response

FOLDER = Path(__file__).parents[2] / "build" / "descriptions"
_HOST = "https://api.github.com"


def find_description(kind: str) -> Path | None:
    """The file that `nox -s descriptions` left, if it was run: `openapi` or `webhooks`."""
    return next(FOLDER.glob(f"{kind}-*.json"), None)


class Description:
    """The description, of which each operation is prepared when it is first seen."""

    def __init__(self, path: Path) -> None:
        self._document: dict[str, Any] = json.loads(path.read_bytes())
        self._prepared: dict[str, OpenAPI] = {}
        self._judged: set[object] = set()

    def judge(self, request: Request, response: Response) -> None:
        """Fail where a request or its answer is not as described."""
        # Most of a second to import: only for those who have a description.
        from openapi_core import OpenAPI

        template, parameters = self._find(request.path)
        # Some ten milliseconds each, and tests say much the same.
        method = request.method.lower()
        key = f"{method} {template}"
        query = frozenset(request.query.items())
        same = (key, query, request.body, response.status, response.body)
        if same in self._judged:
            return
        if key not in self._prepared:
            self._prepared[key] = OpenAPI.from_dict(self._cut(template, method))
        spec = self._prepared[key]
        # A value with slashes in it would count as more segments than the template has.
        path = template.format_map({name: text.replace("/", "_") for name, text in parameters})
        asked = _Asked(path, parameters, request)
        spec.validate_request(asked)
        described = self._document["paths"][template][method]["responses"]
        # Refusals and "unchanged" are not described everywhere.
        if str(response.status) in described and response.body:
            spec.validate_response(asked, _Said(response))
        else:
            assert response.status in {204, 304} or response.status >= 400
        self._judged.add(same)

    def _find(self, path: str) -> tuple[str, list[tuple[str, str]]]:
        """The template that a path is of, and what stands in its places."""
        # The second name of a repository, which its description leaves out.
        path = re.sub(r"^/repositories/\d+", "/repos/acme/prompts", path)
        segments = path.split("/")
        for template in self._document["paths"]:
            names = template.split("/")
            # Only the name of a ref may hold slashes.
            last = len(names) - 1 if names[-1] == "{ref}" else len(segments)
            parts = [*segments[:last], *(["/".join(segments[last:])] if segments[last:] else [])]
            pairs = list(zip(names, parts, strict=False))
            if len(names) == len(parts) and all(
                part and (name.startswith("{") or name == part) for name, part in pairs[1:]
            ):
                return template, [
                    (name[1:-1], unquote(part)) for name, part in pairs if name.startswith("{")
                ]
        raise AssertionError(f"GitHub has no {path}")

    def _cut(self, template: str, method: str) -> dict[str, Any]:
        """The description of one operation, with all that it refers to."""
        operation = self._document["paths"][template][method]
        components: dict[str, dict[str, Any]] = {}
        left: list[Any] = [operation]
        while left:
            value = left.pop()
            if isinstance(value, list):
                left += value
            elif isinstance(value, dict):
                left += value.values()
                ref = value.get("$ref")
                if isinstance(ref, str) and "/examples/" not in ref:
                    _, _, kind, name = ref.split("/")
                    if name not in components.setdefault(kind, {}):
                        components[kind][name] = self._document["components"][kind][name]
                        left.append(components[kind][name])
        return {
            "openapi": self._document["openapi"],
            "info": self._document["info"],
            "servers": [{"url": _HOST}],
            "paths": {template: {method: _prepare(operation)}},
            "components": {kind: _prepare(some) for kind, some in components.items()},
        }


def _prepare(value: Any) -> Any:
    """A part of the description without examples, and with what it says of null made effective.

    GitHub writes `nullable` beside a choice of schemas, where it has no effect in OpenAPI 3.0.
    """
    if isinstance(value, list):
        return [_prepare(part) for part in value]
    if not isinstance(value, dict):
        return value
    found = {
        name: _prepare(part)
        for name, part in value.items()
        if not (name == "examples" and isinstance(part, dict))
    }
    for choice in ("oneOf", "anyOf"):
        if found.get("nullable") is True and isinstance(found.get(choice), list):
            found[choice].append({"nullable": True, "enum": [None]})
    return found


class _Asked:
    """A request, as openapi-core wants to see it."""

    def __init__(self, path: str, parameters: list[tuple[str, str]], request: Request) -> None:
        from openapi_core.datatypes import RequestParameters
        from werkzeug.datastructures import Headers, ImmutableMultiDict

        self.host_url = _HOST
        self.path = path
        self.method = request.method.lower()
        self.body = request.body
        self.content_type = request.headers.get("content-type", "")
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(request.query),
            header=Headers(list(request.headers.items())),
            cookie=ImmutableMultiDict(),
            path=dict(parameters),
        )


class _Said:
    """An answer, as openapi-core wants to see it."""

    def __init__(self, response: Response) -> None:
        from werkzeug.datastructures import Headers

        assert isinstance(response.body, bytes)
        self.status_code = response.status
        self.data = response.body
        self.content_type = response.headers["content-type"].partition(";")[0]
        self.headers = Headers(list(response.headers.items()))
