"""`promptops alerts test`: check that alerts arrive."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import (
    Format,
    FormatOption,
    emit,
    emit_json,
    json_document,
    one_line,
    runtime_config,
    warn,
)
from promptops.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from promptops.repository.settings.alerts import AlertSettings
    from promptops.runtime.alerts.alert import AlertError


def send_test(
    channel: Annotated[
        list[str] | None,
        typer.Option(
            "--channel",
            metavar="CHANNEL",
            help=(
                "Test only this channel: webhook, slack, pagerduty, opsgenie or command; "
                "repeatable."
            ),
        ),
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Send a test alert through every channel of [alerts], and show which ones accepted it."""
    settings = runtime_config().alerts
    names = [one.name for one in settings.channels]
    for name in channel or ():
        if name not in names:
            raise UsageError(
                f"[alerts] has no channel '{name}'",
                hint=f"it has: {', '.join(names)}"
                if names
                else 'write [alerts.slack] with url_variable = "NAME_OF_A_VARIABLE"',
            )
    if not names:
        raise NotFoundError(
            "no alerts are configured: the table [alerts] is missing",
            hint='write [alerts.slack] with url_variable = "NAME_OF_A_VARIABLE"',
        )
    errors = {name: _tell(name, settings) for name in names if not channel or name in channel}
    if output is Format.JSON:
        rows = [
            {"channel": name, "sent": error is None, "error": error and error.message}
            for name, error in errors.items()
        ]
        emit_json(json_document("promptops.alerts-test/v1", channels=rows))
    else:
        for name, error in errors.items():
            if error is None:
                emit(f"{name}: sent")
            else:
                warn(f"{name}: {one_line(error.message)}", error.hint)
    if any(errors.values()):
        raise typer.Exit(1)


def _tell(name: str, settings: AlertSettings) -> AlertError | None:
    """Send a test alert through one channel; return the error, or None."""
    from promptops.runtime.alerts.alert import Alert, AlertError, AlertMessage
    from promptops.runtime.alerts.opening import name_source
    from promptops.runtime.alerts.sending import send

    now = time.time()
    alert = Alert(
        "test",
        "a test of promptops alerts",
        "If you can read this, alerts arrive.",
        f"test/{int(now)}",
        now,
        "info",
    )
    message = AlertMessage(alert, name_source(settings), now)
    channel = next(one for one in settings.channels if one.name == name)
    try:
        send(message, channel, environment=os.environ, sleep=time.sleep, clock=time.time)
    except AlertError as error:
        return error
    return None
