"""Write a curl call of each prompt. Pure."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from promptops.runtime.stubs.types import sample_inputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.runtime.stubs.types import PromptStub


def write_curl(stubs: Sequence[PromptStub], environment: str) -> str:
    """Return a shell script with a call of each prompt, for the service at PROMPTOPS_URL.

    Args:
        stubs: the prompts.
        environment: the environment whose live versions the calls run.
    """
    calls = [_HEAD]
    for one in stubs:
        body = shlex.quote(json.dumps({"inputs": sample_inputs(one)}, ensure_ascii=False))
        about = " ".join(one.description.split())
        calls.append(
            f"# {one.name} {one.version}: {about}\n"
            'curl --fail-with-body -H "Authorization: Bearer $PROMPTOPS_KEY" \\\n'
            f'     "$PROMPTOPS_URL/v1/run/{one.name}@{environment}" -d {body}'
        )
    return "\n\n".join(calls) + "\n"


_HEAD = """\
#!/bin/sh
# Calls of a service: promptops serve. Its address is in PROMPTOPS_URL, a key in PROMPTOPS_KEY."""
