"""Evidence that evals passed: a file that the job writes which ran them, outside of the checkout.

    {"schema": "promptops.evals/v1", "results": [
      {"prompt": "support/triage", "digest": "sha256:…", "suite": "evals/support/triage.yaml",
       "passed": true, "samples": 12}]}

A result is about one digest, so that it says nothing about any other content.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from promptops.errors import ConfigurationError, quote
from promptops.prompt.digest import is_digest

SCHEMA = "promptops.evals/v1"
_KEYS = {"prompt": str, "digest": str, "suite": str, "passed": bool, "samples": int}


@dataclass(frozen=True, slots=True)
class EvalResult:
    """What running one suite against one prompt gave.

    Attributes:
        prompt: the prompt's name.
        digest: the digest of what was run.
        suite: the suite's path, from the repository's top.
        passed: whether the suite passed.
        samples: how many samples it ran.
    """

    prompt: str
    digest: str
    suite: str
    passed: bool
    samples: int

    @property
    def is_good(self) -> bool:
        """Whether it shows anything: a suite that ran nothing has not passed."""
        return self.passed and self.samples > 0


def parse_evidence(data: bytes, name: str) -> tuple[EvalResult, ...]:
    """Read the results in a file; `name` is what to call it in errors.

    Raises ConfigurationError for anything that is not exactly of the form above.
    """
    try:
        document: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _fault(name, f"is not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise _fault(name, f"is not of the form {SCHEMA}")
    results = document.get("results")
    if not isinstance(results, list) or set(document) != {"schema", "results"}:
        raise _fault(name, "has no list of results")
    return tuple(_parse_result(name, result) for result in results)


def _parse_result(name: str, result: object) -> EvalResult:
    if not isinstance(result, dict) or set(result) != set(_KEYS):
        raise _fault(name, f"has a result without exactly {', '.join(_KEYS)}")
    for key, kind in _KEYS.items():
        if type(result[key]) is not kind:
            raise _fault(name, f"has a result whose {key} is {quote(str(result[key]))}")
    if not is_digest(result["digest"]):
        raise _fault(name, f"has a result whose digest is {quote(result['digest'])}")
    return EvalResult(**result)


def _fault(name: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"the evidence in {name} {what}", hint="docs/gate.md describes the file"
    )
