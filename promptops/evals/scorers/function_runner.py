"""Run one function of a repository: read a question as JSON, print its value as JSON.

A separate program, started by `python.py` with `-I`. It does not import promptops.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any


def _limit_memory(megabytes: int) -> None:
    try:
        import resource
    except ImportError:  # missing on Windows
        return
    limit = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _call(question: dict[str, Any]) -> object:
    _limit_memory(question["memory"])
    sys.path.insert(0, str(Path(question["file"]).parent))
    spec = spec_from_file_location("functions", question["file"])
    if spec is None or spec.loader is None:
        raise ImportError(question["file"])
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    function = getattr(module, question["function"])
    return function(question["text"], question["inputs"], **question["arguments"])


def main() -> None:
    """Run the function for the question on standard input."""
    question = json.load(sys.stdin.buffer)
    # The function's own output must not mix with the reply.
    reply_to = os.dup(1)
    os.dup2(2, 1)
    reply: dict[str, object]
    try:
        reply = {"value": _call(question)}
        text = json.dumps(reply)
    except BaseException as error:  # noqa: BLE001 - whatever it raises is its failure
        text = json.dumps({"error": f"{type(error).__name__}: {error}"[:500]})
    with os.fdopen(reply_to, "w") as stream:
        stream.write(text)


if __name__ == "__main__":
    main()
