"""Prompts that converse, and entries of a conversation."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from promptops.runtime.conversation.entries import ConversationBounds, ConversationEntry, Owner

if TYPE_CHECKING:
    from promptops.runtime.conversation.entries import ConversationStore

CHAT = """---
version: 1.0.0
description: d
author: jane@example.com
model: echo/any
inputs: {question: string, history: {type: array, default: []}}
---
{% system %}Be brief.{% endsystem %}
{% history %}
{% user %}{{ question }}{% enduser %}
"""
AGENT = """---
version: 2.1.0
description: d
author: jane@example.com
model: echo/any
inputs:
  question: string
  earlier: {type: array, default: []}
  summary: {type: string, default: ""}
  hand_over:
    type: object
    default: {}
    properties: {data: {type: object, required: [order]}}
---
{% system %}Summary: {{ summary }}
{% if hand_over %}From: {{ hand_over.reason }} {{ hand_over.data.order }}{% endif %}{% endsystem %}
{% history earlier %}
{% user %}{{ question }}{% enduser %}
"""
SUMMARY = """---
version: 1.0.0
description: d
author: jane@example.com
model: scripted/summary.yaml
inputs: {transcript: string, summary: string}
---
Sum up. Known: {{ summary }}
{{ transcript }}
"""
ANN = Owner("ann", "acme")
WIDE = ConversationBounds(None, 1_000_000)
# Redis lets keys go by its own clock.
NOW = time.time()


def message(text: str, role: str = "user", tokens: int = 10) -> ConversationEntry:
    return ConversationEntry("message", text.encode(), role, tokens, "ann")


def say(
    store: ConversationStore, *texts: str, bounds: ConversationBounds = WIDE, now: float = NOW
) -> None:
    for text in texts:
        store.append("c", [message(text)], owner=ANN, bounds=bounds, now=now)
