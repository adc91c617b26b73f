"""Send one alert through one channel, with retries."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from promptops.runtime.alerts.alert import AlertError
from promptops.runtime.alerts.post import send_post

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptops.repository.settings.alerts import ChannelSettings
    from promptops.runtime.alerts.alert import AlertMessage

TRIES = 3
_FIRST_DELAY_SECONDS = 1.0
_MAX_DELAY_SECONDS = 30.0
_POST_SECONDS = 5.0
_COMMAND_SECONDS = 10.0


def send(
    message: AlertMessage,
    channel: ChannelSettings,
    *,
    environment: Mapping[str, str],
    sleep: Callable[[float], object],
    clock: Callable[[], float],
) -> None:
    """Send an alert.

    Args:
        message: the alert.
        channel: the channel.
        environment: the environment variables with addresses, keys and commands.
        sleep: waits a number of seconds before a retry.
        clock: seconds since 1970.

    Raises:
        AlertError: all attempts failed.
    """
    secret = None
    if channel.variable is not None:
        secret = environment.get(channel.variable)
        if not secret:
            raise AlertError(
                f"the variable {channel.variable} is not set",
                is_passing=False,
                hint=f"set it where promptops runs, or remove [alerts.{channel.name}]",
            )
    for number in range(1, TRIES + 1):
        try:
            _send_once(message, channel, secret, clock())
        except AlertError as error:
            if number == TRIES or not error.is_passing:
                raise
            delay = _FIRST_DELAY_SECONDS * 3 ** (number - 1)
            sleep(min(max(delay, error.retry_after_seconds or 0.0), _MAX_DELAY_SECONDS))
        else:
            return


def _send_once(
    message: AlertMessage, channel: ChannelSettings, secret: str | None, now: float
) -> None:
    # Only names that the configuration allows.
    module = import_module(f"promptops.runtime.alerts.channels.{channel.name}")
    if channel.name == "command":
        module.run_command(message, secret, timeout_seconds=_COMMAND_SECONDS)
    else:
        post = module.make_post(message, channel.url or "", secret)
        send_post(post, timeout_seconds=_POST_SECONDS, now=now)
