from __future__ import annotations

import pytest

from promptops.errors import ConfigurationError
from promptops.repository.config import load_config
from promptops.repository.settings.safety import BLOCK, LOG, OFF, RESTORE, SafetySettings


def read(text: str) -> SafetySettings:
    return load_config({"promptops.toml": text.encode()}.get).safety


def test_nothing_configured_hides_values_from_the_log_and_does_no_more() -> None:
    assert read("") == read("[safety]\n") == SafetySettings(redact=LOG)
    assert not read("").delimit
    assert {read("").scan, read("").scan_answers, read("").canary} == {OFF}


def test_a_table_with_everything() -> None:
    settings = read("""
        [safety]
        delimit = true
        characters = 9
        scan = "log"
        scan_answers = "block"
        canary = "block"
        redact = "restore"
        key_variable = "SAFETY_KEY"
    """)
    assert settings == SafetySettings(True, 9, LOG, BLOCK, BLOCK, RESTORE, "SAFETY_KEY")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("scan = true", "safety.scan is not a text"),
        ("canary = 'send'", "safety.canary is 'send'"),
        # To send secrets to the provider is a choice, not to redact at all is none.
        ("redact = 'off'", "safety.redact is 'off'"),
        ("characters = 0", "safety.characters is not a whole number from 1"),
        ("key_variable = 'sk-1'", "safety.key_variable is not the name of"),
        ("delimiter = true", "unknown key 'safety.delimiter'"),
    ],
)
def test_what_means_nothing_is_an_error(line: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read(f"[safety]\n{line}\n")
