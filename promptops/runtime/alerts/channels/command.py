"""Send an alert to a configured command: it gets `promptops.alert/v1` on standard input."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING

from promptops.runtime.alerts.alert import AlertError

if TYPE_CHECKING:
    from promptops.runtime.alerts.alert import AlertMessage


def run_command(message: AlertMessage, command: str, *, timeout_seconds: float) -> None:
    """Run the command without a shell. Raises AlertError if it fails or takes too long."""
    try:
        arguments = shlex.split(command)
        if not arguments:
            raise AlertError("the command is empty", is_passing=False)
        done = subprocess.run(  # noqa: S603 - the owner of the machine chose it
            arguments,
            input=json.dumps(message.document()).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise AlertError("the command timed out", is_passing=False) from None
    except (OSError, ValueError) as error:
        raise AlertError(
            f"the command cannot be run: {getattr(error, 'strerror', None) or error}",
            is_passing=False,
        ) from None
    if done.returncode:
        raise AlertError(f"the command ended with {done.returncode}", is_passing=False)
