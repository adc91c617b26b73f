from __future__ import annotations

import pytest

from promptops.errors import ConfigurationError
from promptops.repository.config import load_config
from promptops.repository.settings.alerts import AlertSettings, ChannelSettings


def read(text: str) -> AlertSettings:
    return load_config({"promptops.toml": text.encode()}.get).alerts


def test_nobody_is_told_without_a_channel() -> None:
    assert read("") == read("[alerts]\n") == AlertSettings()


def test_every_channel() -> None:
    settings = read("""
        [alerts]
        service = "checkout"
        [alerts.webhook]
        url = "https://alerts.example.com/in?team=a"
        kinds = ["guard", "ledger"]
        [alerts.slack]
        url_variable = "SLACK"
        [alerts.pagerduty]
        key = "PAGER"
        [alerts.opsgenie]
        key = "OPS"
        base_url = "https://api.eu.opsgenie.com"
        [alerts.command]
        run_variable = "ALERT"
    """)
    assert settings == AlertSettings(
        "checkout",
        (
            ChannelSettings(
                "webhook", "https://alerts.example.com/in?team=a", None, ("guard", "ledger")
            ),
            ChannelSettings("slack", None, "SLACK"),
            ChannelSettings("pagerduty", "https://events.pagerduty.com", "PAGER"),
            ChannelSettings("opsgenie", "https://api.eu.opsgenie.com", "OPS"),
            ChannelSettings("command", None, "ALERT"),
        ),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[alerts]\nslak = {}", "unknown key 'alerts.slak'"),
        ("[alerts]\nslack = 1", "alerts.slack is not a table"),
        ("[alerts.slack]", "alerts.slack.url_variable is missing"),
        ("[alerts.slack]\nurl = 'https://x/hunter2'", "unknown key 'alerts.slack.url'"),
        ("[alerts.slack]\nurl_variable = 'https://x/hunter2'", "alerts.slack.url_variable is not"),
        ("[alerts.pagerduty]\nkey = 'hunter2!'", "alerts.pagerduty.key is not the name"),
        ("[alerts.webhook]\nurl = 'https://u:hunter2@x'", "alerts.webhook.url contains a password"),
        ("[alerts.webhook]\nurl = 'https://x:y/'", "alerts.webhook.url is not an http(s)"),
        ("[alerts.webhook]\nurl = 'https://x'\nurl_variable = 'X'", "alerts.webhook.url_variable"),
        ("[alerts.command]\nrun_variable = 'X'\nkinds = ['all']", "alerts.command.kinds is no"),
    ],
)
def test_what_means_nothing_is_an_error(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(f"{text}\n")
    assert caught.value.message.startswith(f"promptops.toml: {message}")
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"
