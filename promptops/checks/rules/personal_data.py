"""Telephone numbers, bank accounts and credit cards that are probably real.

## Finds

Telephone numbers in international form, bank accounts (IBAN) and credit cards whose check digits
are right, in the text of a prompt or a partial. Reserved numbers and well-known test numbers are
ignored. Every report masks the number. For e-mail addresses see `personal-address`.

## Why

Examples copied from real cases send somebody's data to a model with every call, and Git keeps it
for ever. Data protection laws restrict both.

## Example

    Example: "Please call me back, +49 171 …"

## Instead

    Example: "Please call me back, +1 202 555 0143"
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FileSubject

RULE = CheckRule(CheckScope.FILE, CheckGroup.SAFETY, Severity.WARNING, is_masked=True)
_MAX_PROBLEMS = 50
_NO_DIGITS = re.compile(r"\D+")
_PHONE = re.compile(r"(?<![\w.+-])\+[1-9]\d{0,2}(?:[ .()/-]{0,2}\d){7,12}(?![\w-])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
# Fast first search: most texts have no such number. Non-ASCII characters may be digits.
_KINDS = bytes(
    ord("0" if code > 0x7F or chr(code).isdigit() else "A" if chr(code).isupper() else " ")
    for code in range(256)
)
_IBAN_START = b"AA00"
_CARD_DIGITS = b"0" * 13
_CARD_SEPARATORS = b" -"
_CARD = re.compile(
    r"(?<![\w.-])[2-6]\d{3}(?:([ -]?)\d{4}\1\d{4}\1\d{1,7}|[ -]\d{6}[ -]\d{5})(?![\w-])"
)

# Test numbers in public documentation.
_KNOWN_IBANS = frozenset(
    [
        *(
            "DE89370400440532013000",
            "GB82WEST12345698765432",
            "GB29NWBK60161331926819",
            "GB33BUKB20201555555555",
        ),
        *(
            "FR1420041010050500013M02606",
            "FR7630006000011234567890189",
            "NL91ABNA0417164300",
            "CH9300762011623852957",
        ),
        *(
            "ES9121000418450200051332",
            "IT60X0542811101000000123456",
            "BE68539007547034",
            "AT611904300234573201",
        ),
        *("IE29AIBK93115212345678", "PL61109010140000071219812874", "DE75512108001245126199"),
    ]
)
_KNOWN_CARDS = frozenset(
    [
        *(
            "4111111111111111",
            "4242424242424242",
            "4012888888881881",
            "4000056655665556",
            "5555555555554444",
        ),
        *(
            "5105105105105100",
            "5200828282828210",
            "2223003122003222",
            "378282246310005",
            "371449635398431",
        ),
        *(
            "378734493671000",
            "6011111111111117",
            "6011000990139424",
            "30569309025904",
            "38520000023237",
        ),
        *(
            "3530111333300000",
            "3566002020360505",
            "4000000000000002",
            "4000002500003155",
            "4917610000000000",
        ),
    ]
)
_IBAN_LENGTHS = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FI", "NL"), 18),
    **dict.fromkeys(("AT", "EE", "LT", "LU"), 20),
    **dict.fromkeys(("CH", "LV", "LI", "HR"), 21),
    **dict.fromkeys(("BG", "DE", "GB", "IE", "BH", "GE", "ME", "RS"), 22),
    **dict.fromkeys(("AE", "IL", "GI"), 23),
    **dict.fromkeys(("CZ", "ES", "RO", "SE", "SK", "SA"), 24),
    **dict.fromkeys(("PT",), 25),
    **dict.fromkeys(("TR", "IS"), 26),
    **dict.fromkeys(("FR", "GR", "IT", "MC", "SM"), 27),
    **dict.fromkeys(("AL", "CY", "HU", "PL"), 28),
}


def check(subject: FileSubject) -> Iterator[Problem]:
    """Report each such text with its whole extent, and never with its content."""
    if not subject.path.endswith((".md", ".txt", ".j2", ".jinja")):
        return
    hint = "use a number reserved for examples, or remove it"
    every = sorted(find(subject.text, subject.body_start), key=lambda one: one[1])
    for what, start, end in every[:_MAX_PROBLEMS]:
        place = subject.position(start, end)
        yield Problem(f"this looks like {what}", subject.path, place, hint)


def may_find(data: bytes) -> bool:
    """Return whether `find` may find something in a text that is given in UTF-8, or in the texts of
    a JSON document; fast.
    """
    return (
        b"+" in data
        or _IBAN_START in data.translate(_KINDS)
        or _CARD_DIGITS in data.translate(_KINDS, _CARD_SEPARATORS)
    )


def find(text: str, first: int = 0) -> Iterator[tuple[str, int, int]]:
    """Yield description, start and end of each match, in no order."""
    if text.find("+", first) >= 0:
        for match in _PHONE.finditer(text, first):
            if not _is_reserved_phone(_NO_DIGITS.sub("", match[0])):
                yield "a telephone number", *match.span()
    yield from _find_accounts(text, first)


def _find_accounts(text: str, first: int) -> Iterator[tuple[str, int, int]]:
    data = (text[first:] if first else text).encode()
    if _IBAN_START in data.translate(_KINDS):
        for match in _IBAN.finditer(text, first):
            if _is_iban(match[0].replace(" ", "")):
                yield "a bank account", *match.span()
    if _CARD_DIGITS in data.translate(_KINDS, _CARD_SEPARATORS):
        for match in _CARD.finditer(text, first):
            if _is_card(_NO_DIGITS.sub("", match[0])):
                yield "a credit card", *match.span()


def _is_reserved_phone(digits: str) -> bool:
    if not 9 <= len(digits) <= 15 or len(set(digits)) < 4:
        return True
    if any(run in digits for run in ("1234567", "2345678", "0000000", "9876543")):
        return True
    if digits.startswith("1"):
        # In North America 555 is reserved for fiction, and 8xx is toll-free, so an office's.
        return (
            len(digits) != 11
            or digits[4:7] == "555"
            or digits[1:4] == "555"
            or (digits[1] == "8" and digits[2] == digits[3])
        )
    # Ofcom's numbers for fiction, and toll-free numbers of the United Kingdom and Germany.
    return digits.startswith(("442079460", "447700900", "44800", "49800"))


def _is_iban(text: str) -> bool:
    if len(text) != _IBAN_LENGTHS.get(text[:2]) or text in _KNOWN_IBANS:
        return False
    number = "".join(str(int(character, 36)) for character in text[4:] + text[:4])
    return int(number) % 97 == 1


def _is_card(digits: str) -> bool:
    """Return whether digits are a card number: check digit of ISO/IEC 7812-1, and a length and
    prefix in use.
    """
    lengths = {"3": (14, 15), "4": (16,), "5": (16,), "6": (16,), "2": (16,)}
    if digits in _KNOWN_CARDS or len(digits) not in lengths[digits[0]]:
        return False
    if digits[0] == "3" and digits[1] not in "468":
        return False
    if len(set(digits)) < 5:
        return False
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0
