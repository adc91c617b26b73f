"""Detect refusals by phrases in nine languages. Pure."""

from __future__ import annotations

import re
import unicodedata

# Only the first sentences are searched; later, such words are mostly quotes or explanations.
_BEGINNING = 400
_DO = r"(?:help|assist|provide|answer|comply|fulfil|fulfill|support|create|write|generate|give"
_DO += r"|share|discuss|do that|do this|engage|participate|continue|offer|produce|recommend|advise)"
_PHRASES = (
    (
        rf"\b(?:i|we)(?: am|'m| are|'re)? ?(?:can't|cannot|can not|won't|will not|could not"
        rf"|couldn't)(?: \w+){{0,2}} {_DO}"
    ),
    (
        rf"\b(?:i am|i'm|we are|we're) (?:unable|not able|not allowed|not permitted"
        rf"|not comfortable|not in a position|not willing)(?: to)?(?: \w+){{0,2}} {_DO}"
    ),
    r"\b(?:i|we) (?:must|have to|need to|respectfully) decline\b",
    r"\bi(?:'d| would) (?:prefer|rather) not (?:to )?\w+",
    r"\b(?:that|this|it) (?:is|'s) (?:not something i can|against my (?:guidelines|policy))",
    r"\bich kann (?:ihnen |dir |euch )?(?:dabei |damit |das |diese \w+ |leider )*(?:nicht|keine)\b",
    r"\b(?:kann|darf|werde) ich (?:ihnen |dir |euch )?(?:\w+ ){0,3}(?:nicht|keine)\b",
    r"\bje ne (?:peux|suis) pas\b|\bje ne suis pas en mesure\b",
    r"\bno puedo (?:ayudar|proporcionar|ofrecer|responder|cumplir|asistir|hacer)",
    r"\bnon posso (?:aiutar|fornir|rispond|soddisf|assist)",
    r"\bnão posso (?:ajudar|fornecer|responder|atender|fazer)",
    r"\bik kan (?:u |je |jou )?(?:daar |hier )?(?:niet|geen)\b",
    r"我(?:无法|不能|没办法|無法)|(?:无法|不能)(?:提供|协助|帮助|回答)",
    r"(?:お手伝い|お答え|回答|提供|対応|応じ)[^。]{0,8}(?:できません|できかねます|ことはできません)",
)
_REFUSAL = re.compile("|".join(_PHRASES))


def find_refusal(text: str) -> str | None:
    """Return the words with which a text refuses; None if it does not."""
    plain = unicodedata.normalize("NFC", text[:_BEGINNING]).lower().replace("\u2019", "'")
    found = _REFUSAL.search(plain)
    return found[0] if found is not None else None
