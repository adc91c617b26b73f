"""The tables of conversations in SQL, as numbered steps that are never changed once released.

Each row has the conversation's state after it, so that appending reads and writes one row, however
long the conversation is.
"""

from __future__ import annotations

from promptops.runtime.log.database import Schema

CONVERSATIONS = Schema(
    "the store of conversations",
    "conversation_schema",
    (
        (
            (
                "CREATE TABLE conversations (id TEXT PRIMARY KEY, user_name TEXT, tenant TEXT,"
                " created {number} NOT NULL, expires {number}){keyed}"
            ),
            (
                "CREATE INDEX conversations_by_end ON conversations (expires)"
                " WHERE expires IS NOT NULL"
            ),
            (
                "CREATE INDEX conversations_by_user ON conversations (user_name)"
                " WHERE user_name IS NOT NULL"
            ),
            # kept: total bytes of the existing messages; floor: number of the first one; summary,
            # hand_over: numbers of the newest rows of these kinds.
            (
                "CREATE TABLE conversation_rows (conversation TEXT NOT NULL, n {number} NOT NULL,"
                " at {number} NOT NULL, kind TEXT NOT NULL, role TEXT NOT NULL,"
                " tokens {number} NOT NULL, size {number} NOT NULL, by_name TEXT NOT NULL,"
                " covers {number} NOT NULL, kept {number} NOT NULL, floor {number} NOT NULL,"
                " summary {number} NOT NULL, hand_over {number} NOT NULL, ends {number},"
                " body {bytes}, PRIMARY KEY (conversation, n)){keyed}"
            ),
        ),
    ),
)
