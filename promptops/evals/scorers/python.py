"""A Python function of the repository judges the answer, in a process of its own.

    - python: evals/functions.py:is_polite
    - python: {function: "evals/functions.py:matches", arguments: {style: formal}, timeout: 5}

The function gets the answer's text, the sample's inputs and, if given, `arguments` as keywords:
`is_polite(text, inputs)`. It returns true or false, a number from 0 to 1, or a mapping with `score`
(either of them) and `reason`. Anything else, an exception or a timeout is an error, never a pass or
a fail.

The process has no environment variables besides PATH, so that no key reaches it, 10 seconds
(`timeout`) and 512 MB (`memory`, in megabytes, on Unix). That guards against accidents; it is not a
sandbox. Functions of a change must not run in a job that holds secrets: there they are refused.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptops.evals.scorers.scorer import (
    Context,
    Cost,
    JudgedAnswer,
    Score,
    ScorerError,
    yes_or_no,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "python"
COST = Cost.PROCESS
IS_DETERMINISTIC = False

_TIMEOUT_SECONDS = 10
_MEMORY_MEGABYTES = 512
_MAX_REPLY = 64 * 1024


def require(argument: Any, context: Context) -> None:  # noqa: ANN401 - as the schema says
    """Check that the file exists, if functions may run."""
    if context.allows_python:
        function = argument["function"] if isinstance(argument, dict) else argument
        _find(context, function.rpartition(":")[0])


def score(answer: JudgedAnswer, argument: Any, context: Context) -> Score:  # noqa: ANN401 - as the schema says
    """Return the function's score."""
    options: Mapping[str, Any] = argument if isinstance(argument, dict) else {"function": argument}
    path, _, name = options["function"].rpartition(":")
    if not context.allows_python:
        raise ScorerError(
            "functions of the repository are disabled here",
            hint="run the suite without secrets, or with the functions of the target branch",
        )
    file = _find(context, path)
    question = {
        "file": str(file),
        "function": name,
        "text": answer.text,
        "inputs": dict(context.inputs),
        "arguments": options.get("arguments", {}),
        "memory": options.get("memory", _MEMORY_MEGABYTES),
    }
    reply = _ask(question, file, options.get("timeout", _TIMEOUT_SECONDS))
    if "error" in reply:
        said = str(reply["error"])
        hint = None
        if said.startswith("TypeError") and "argument" in said:
            hint = f"it is called as {name}(text, inputs)"
        raise ScorerError(f"the function '{options['function']}' failed: {said}", hint=hint)
    return _score(reply.get("value"), options["function"])


def _find(context: Context, path: str) -> Path:
    root = (context.root or Path.cwd()).resolve()
    file = (root / path).resolve()
    if not file.is_relative_to(root) or not file.is_file():
        raise ScorerError(
            f"there is no file '{path}' in the repository",
            hint="write the path from the repository's top folder, as evals/functions.py:name",
        )
    return file


def _ask(question: Mapping[str, Any], file: Path, timeout_seconds: float) -> dict[str, Any]:
    runner = Path(__file__).with_name("function_runner.py")
    environment = {key: os.environ[key] for key in ("PATH", "SYSTEMROOT") if key in os.environ}
    try:
        ended = subprocess.run(  # noqa: S603 - this interpreter, with a file of our own
            [sys.executable, "-I", str(runner)],
            input=json.dumps(question).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout_seconds,
            env=environment,
            cwd=file.parent,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ScorerError(f"the function did not return within {timeout_seconds:g} s") from None
    if ended.returncode != 0:
        raise ScorerError(f"the function's process ended with status {ended.returncode}")
    if len(ended.stdout) > _MAX_REPLY:
        raise ScorerError("the function returned too long a reason")
    try:
        reply = json.loads(ended.stdout)
    except ValueError:
        raise ScorerError("the function's process returned no readable reply") from None
    return reply if isinstance(reply, dict) else {}


def _score(value: Any, function: str) -> Score:  # noqa: ANN401 - the function's
    reason = f"{function} says so"
    if isinstance(value, dict):
        reason = str(value.get("reason") or reason)
        value = value.get("score")
    if isinstance(value, bool):
        return yes_or_no(value, reason)
    if isinstance(value, (int, float)) and math.isfinite(value) and 0 <= value <= 1:
        return Score(float(value), reason)
    raise ScorerError(
        f"the function '{function}' returned {value!r:.80}",
        hint="return true, false, a number from 0 to 1, or {'score': ..., 'reason': ...}",
    )
