"""The table `[safety]`: how untrusted inputs and answers are handled.

[safety] delimit = true # set untrusted inputs between delimiters that nobody can guess characters =
20000 # the longest untrusted text scan = "log" # look for injection in untrusted inputs: "off",
"log" or "block" scan_answers = "off" canary = "log" # notice an answer that reveals the prompt
redact = "restore" # inputs with `redact: true`: "log", "send" or "restore" key_variable =
"PROMPTOPS_SAFETY_KEY"
"""

from __future__ import annotations

from dataclasses import dataclass

from promptops.repository.settings.reading import Table

KEYS = ("delimit", "characters", "scan", "scan_answers", "canary", "redact", "key_variable")
OFF = "off"
LOG = "log"
BLOCK = "block"
ACTIONS = (OFF, LOG, BLOCK)
SEND = "send"
RESTORE = "restore"
REDACTIONS = (LOG, SEND, RESTORE)
_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class SafetySettings:
    """The settings of handling untrusted inputs and answers.

    Attributes:
        delimit: whether untrusted inputs are cleaned, bounded and set between delimiters.
        characters: the longest untrusted text, in characters.
        scan: what to do if an untrusted input looks like an injection: one of ACTIONS.
        scan_answers: the same for answers.
        canary: what to do if an answer contains the canary of its prompt: one of ACTIONS.
        redact: how values of `redact: true` inputs are hidden: from the log (LOG), from the
            provider too (SEND), or from both and put back in the answer (RESTORE).
        key_variable: the environment variable with the key of delimiters and canaries; None: each
            process makes its own key.
    """

    delimit: bool = False
    characters: int = _CHARACTERS
    scan: str = OFF
    scan_answers: str = OFF
    canary: str = OFF
    redact: str = LOG
    key_variable: str | None = None


def read_safety(value: object, path: str) -> SafetySettings:
    """Read the table `[safety]` of the file `path`; raises ConfigurationError."""
    table = Table(value, path, "safety")
    table.check_keys(KEYS)
    return SafetySettings(
        delimit=table.flag("delimit", default=False),
        characters=table.whole("characters", _CHARACTERS, least=1),
        scan=table.choice("scan", ACTIONS, OFF),
        scan_answers=table.choice("scan_answers", ACTIONS, OFF),
        canary=table.choice("canary", ACTIONS, OFF),
        redact=table.choice("redact", REDACTIONS, LOG),
        key_variable=table.variable("key_variable", "SAFETY_KEY"),
    )
