"""Detect prompt injections by patterns, in bounded time.

It finds known phrases in six languages, and no new or paraphrased ones, so it is not a security
boundary. The boundaries are delimited inputs, permissions of tools, and validated answers.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

# Scores from this one on are findings.
THRESHOLD = 0.5
# Of a longer text only the beginning and the end are scanned: models follow the end most.
_MAX_READ = 32_768


class ScanResult(NamedTuple):
    """The result of a scan.

    Attributes:
        score: from 0 to 1; THRESHOLD and above is a finding.
        rules: the findings, most severe first.
    """

    score: float
    rules: tuple[str, ...]

    @property
    def is_finding(self) -> bool:
        """Whether the text looks like an injection."""
        return self.score >= THRESHOLD


class _ScanRule(NamedTuple):
    name: str
    weight: float
    # At least one of these must be in the text before the pattern is tried.
    anchors: tuple[str, ...]
    pattern: re.Pattern[str]


def _rule(name: str, weight: float, anchors: str, pattern: str) -> _ScanRule:
    return _ScanRule(name, weight, tuple(anchors.split("|")), re.compile(pattern))


_ABOVE = r"(?:previous|prior|above|earlier|preceding|former|foregoing|existing|initial|original)"
_ORDERS = r"(?:instruction|prompt|direction|rule|guideline|command|orders|polic"
_ORDERS += r"|training|programming)"
_RULES = (
    _rule(
        "ignore-instructions",
        0.8,
        "ignore|disregard|forget|override|bypass|neglect|skip|do not follow|don't follow",
        rf"\b(?:ignore|disregard|forget|override|bypass|neglect|skip|(?:do not|don't) follow)\b"
        rf"[^.\n]{{0,40}}\b(?:all|any|every|everything|your|the|my|these|those|{_ABOVE})\b"
        rf"[^.\n]{{0,40}}{_ORDERS}",
    ),
    _rule(
        "ignore-instructions",
        0.8,
        "ignore|disregard|forget",
        rf"\b(?:ignore|disregard|forget) (?:all |everything )?(?:of )?(?:the |that |"
        rf"what )?(?:was |is |i |you )?"
        rf"(?:{_ABOVE}|said|told|before)",
    ),
    _rule(
        "ignore-instructions",
        0.8,
        "ignorier|vergiss|missachte|ignorez|ignore|oublie|ignora|olvida|dimentica|esque",
        r"\b(?:ignorier\w*|vergiss|missachte)\b[^.\n]{0,40}(?:anweisung|befehl|regel|prompt)"
        r"|\b(?:ignore[zr]?|oublie[zr]?)\b[^.\n]{0,40}(?:instructions? pr|consignes?|r[eè]gles?)"
        r"|\b(?:ignora|olvida)\b[^.\n]{0,40}(?:instrucciones|istruzioni|[oó]rdenes|reglas)"
        r"|\b(?:dimentica)\b[^.\n]{0,40}(?:istruzioni|regole)"
        r"|\b(?:ignore|esque[cç]a)\b[^.\n]{0,40}(?:instru[cç][oõ]es|regras)",
    ),
    _rule(
        "ignore-instructions",
        0.8,
        "忽略|无视|忽視|無視",
        r"(?:忽略|无视|忽視|無視)[^。\n]{0,12}(?:指令|指示|提示|规则|規則)"
        r"|(?:指示|命令)[^。\n]{0,6}無視",
    ),
    _rule(
        "new-instructions",
        0.5,
        "new instruction|new rule|new task|real instruction|actual instruction|"
        "your task is now|instead",
        r"\b(?:new|real|actual|updated|revised) (?:instructions?|rules|task|"
        r"orders?)\b\s*(?::|are|is\b)"
        r"|\byour (?:new |only |real )?task is now\b"
        r"|\binstead,? (?:of that,? )?(?:you (?:must|will|should)|output|print|say|"
        r"write|respond with)\b",
    ),
    _rule(
        "reveal-prompt",
        0.6,
        "system prompt|your prompt|your instruction|initial prompt|hidden prompt|"
        "instructions above|above text|text above|systemprompt",
        r"\b(?:reveal|print|show|repeat|output|display|tell|give|leak|dump|share|write|"
        r"what (?:is|are|was|were)|summari[sz]e|translate)\b"
        r"[^.\n]{0,60}\b(?:system prompt|(?:your|the|initial|hidden|original|"
        r"full) (?:\w+ )?(?:prompt|instructions)|instructions above|(?:above text|"
        r"text above))",
    ),
    _rule(
        "persona",
        0.5,
        "you are now|act as|pretend|roleplay|role-play|role play|from now on|"
        "you will be|you're now|simulate|immerse yourself|play the role|"
        "stay in character",
        r"\byou(?: are|'re) now (?:going to|in|an?|the|free|[a-z]+gpt|dan\b)|"
        r"\bfrom now on,? (?:you|i want|act|respond|answer|reply|ignore)"
        r"|\b(?:pretend|act) (?:to be|as if|as though|like|that you|"
        r"as an? (?:unfiltered|unrestricted|evil|amoral|uncensored))"
        r"|\b(?:simulate|immerse yourself|roleplay|role-play|role play|play the role)\b|"
        r"\bstay in character\b",
    ),
    _rule(
        "no-limits",
        0.5,
        "do anything now|no restriction|without restriction|unfiltered|uncensored|"
        "no limit|developer mode|jailbreak|without any|free from|broken free|amoral|"
        "content polic|openai pol|openai's|no rules|not bound|ethic|moral",
        r"\bdo anything now\b|\bdeveloper mode\b|\bjail ?br(?:eak|oken)\w*|"
        r"\b(?:unfiltered|uncensored|unrestricted|amoral)\b"
        r"|(?<!including )\b(?:no|without(?: any)?|free (?:from|of)(?: any| all)?|not bound by|"
        r"regardless of|broken free of|bypass(?:es|ing)?|any) "
        r"(?:\w+ ){0,3}(?:restrictions?|limit(?:s|ations?)|filters?|guidelines|"
        r"censorship|confines|ethic\w*|moral\w*|polic(?:y|ies)|rules)\b(?!,? including)"
        r"|\b(?:openai|content)(?:'s)? (?:content |usage )?polic(?:y|ies)\b",
    ),
    _rule(
        "never-refuse",
        0.4,
        "never refuse|cannot refuse|can't refuse|never say|not refuse|never apolog|"
        "no matter what|must comply|must obey|always comply|do not say|don't say|"
        "disclaimer",
        r"\b(?:never|cannot|can't|must not|do not|don't|won't|"
        r"will not) (?:ever )?(?:refuse|apologi[sz]e|decline|say (?:that )?(?:you|no|"
        r"\"?i can|it)|add (?:any )?(?:disclaimer|warning)|"
        r"include (?:any )?(?:disclaimer|warning))"
        r"|\b(?:must|will|always|shall) (?:always )?(?:comply|obey)\b|\bno matter what\b",
    ),
    _rule(
        "role-marker",
        0.7,
        "<|im_start|<|system|[inst]|<<sys>>|### system|### instruction|[system]|"
        "</system|<system|begin system|end of prompt|end of input",
        r"<\|im_start\|>|<\|(?:system|assistant|user|endoftext)\|>|\[/?inst\]|<<sys>>"
        r"|(?m:^)###+ *(?:system|instruction|assistant)|\[system\]|"
        r"</?system(?:[ _-]?(?:prompt|message))?>"
        r"|-{2,} *(?:begin|end) (?:of )?(?:system|prompt|input)|\bend of (?:prompt|input)\b",
    ),
    _rule(
        "two-answers",
        0.5,
        "dan:|classic]|gpt:|two responses|two ways|two different|both ways|[🔓|🔒",
        r"\[?(?:🔓|🔒)? ?\[?(?:dan|jailbreak|classic|gpt|chatgpt)\]? ?:",
    ),
    _rule(
        "two-answers",
        0.3,
        "two responses|two ways|two different|two answers",
        r"\btwo (?:different )?(?:responses|ways|answers)\b",
    ),
    _rule(
        "exfiltration",
        0.4,
        "](http|<img|fetch(|curl |wget |webhook|send ",
        r"!\[[^\]\n]{0,80}\]\(\s*https?://[^)\n]{0,200}[?&=#{][^)\n]{0,300}\)|"
        r"<img[^>\n]{0,80}src=[\"']?https?://[^>\n]{0,200}[?={]"
        r"|\bsend (?:\w+ ){0,6}(?:password|credential|api.?key|conversation|history|"
        r"data)\w* (?:\w+ ){0,3}to\b[^\n]{0,60}(?:@|https?:)",
    ),
    _rule(
        "encoded",
        0.5,
        "base64|rot13|decode|hex",
        r"\b(?:decode|decrypt|base64|rot13)\b[^\n]{0,80}(?:\n\s*)?[a-z0-9+/]{40,}={0,2}"
        r"|\b(?:follow|execute|obey|do what)\b[^.\n]{0,40}\b(?:base64|rot13|decoded)\b",
    ),
    _rule(
        "hypothetical-answer",
        0.3,
        "hypothetical|fictional|novel|story|my grandmother|evil|villain|machiavelli|"
        "immoral|unethical",
        r"\b(?:hypothetical|fictional) (?:response|scenario|world|story|character|"
        r"setting)|\bmy (?:late |deceased )?grandmother\b"
        r"|\b(?:evil|villain\w*|machiavelli\w*|immoral|unethical)\b",
    ),
)
_UNSEEN = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad\u202a-\u202e\u2066-\u2069]")
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_SPACES = re.compile(r"[ \t]{2,}")


def scan(text: str) -> ScanResult:
    """Look for an injection in a text.

    The score is the probability that at least one matching rule is right, if rules are independent:
    1 - the product of (1 - weight) over the rules.
    """
    if len(text) > _MAX_READ:
        half = _MAX_READ // 2
        text = f"{text[:half]}\n{text[-half:]}"
    found: dict[str, float] = {}
    shown = text
    if not text.isascii():
        hidden = "".join(chr(ord(one) - 0xE0000) for run in _TAGS.findall(text) for one in run)
        if hidden:
            found["hidden-text"] = 0.9
        shown = unicodedata.normalize("NFKC", _UNSEEN.sub("", f"{text} {hidden}"))
        shown = shown.replace("\u2019", "'")
    shown = shown.lower()
    if "  " in shown:
        shown = _SPACES.sub(" ", shown)
    for rule in _RULES:
        if found.get(rule.name, 0.0) >= rule.weight:
            continue
        if any(anchor in shown for anchor in rule.anchors) and rule.pattern.search(shown):
            found[rule.name] = max(found.get(rule.name, 0.0), rule.weight)
    rest = 1.0
    for weight in found.values():
        rest *= 1 - weight
    names = sorted(found, key=lambda name: (-found[name], name))
    return ScanResult(1 - rest if found else 0.0, tuple(names))
