"""The tables of the run log, as numbered steps that are never changed once released.

`{number}`, `{bytes}` and `{identity}` are replaced by the database's types. Times are milliseconds
since 1970, durations microseconds, money micro-dollars: integers all of them.
"""

from __future__ import annotations

from promptops.runtime.log.database import Schema

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value {bytes} NOT NULL)",
        # The process that wrote a run: if it has ended, the run is interrupted.
        (
            "CREATE TABLE processes (id {identity}, machine TEXT NOT NULL, pid {number} NOT NULL,"
            " born TEXT NOT NULL, UNIQUE (machine, pid, born))"
        ),
        # Texts that many runs share have a hash; the others belong to one run.
        "CREATE TABLE texts (id {identity}, hash {bytes}, body {bytes} NOT NULL)",
        "CREATE UNIQUE INDEX texts_by_hash ON texts (hash) WHERE hash IS NOT NULL",
        (
            "CREATE TABLE runs (n {identity}, id {bytes} NOT NULL UNIQUE, parent {bytes},"
            " started {number} NOT NULL, ref TEXT NOT NULL, prompt TEXT, version TEXT,"
            " digest {bytes}, commit_id {bytes}, environment TEXT, deployment {number}, model TEXT,"
            " user_name TEXT, tenant TEXT, traffic_key TEXT, status TEXT NOT NULL, stage TEXT,"
            " error {bytes}, error_kind TEXT, lease {number}, process {number}, duration {number},"
            " cost {number}, input_tokens {number}, output_tokens {number}, cached_tokens {number},"
            " usage_source TEXT, finish TEXT, flags {number} NOT NULL, decisions TEXT, labels TEXT,"
            # No foreign keys: removing a text would scan all runs.
            " request {number}, answer {number}, mac {bytes})"
        ),
        # An index costs a page of the write-ahead log with every commit that changes its columns.
        # So indexes have no columns that are set at a run's end, except two that contain few runs.
        "CREATE INDEX runs_by_time ON runs (started)",
        "CREATE INDEX runs_by_stage ON runs (stage, started) WHERE stage IS NOT NULL",
        "CREATE INDEX runs_by_user ON runs (user_name, started) WHERE user_name IS NOT NULL",
        "CREATE INDEX runs_by_prompt ON runs (prompt, started)",
        "CREATE INDEX runs_by_parent ON runs (parent) WHERE parent IS NOT NULL",
        "CREATE INDEX runs_by_answer ON runs (mac) WHERE mac IS NOT NULL",
        "CREATE INDEX runs_open ON runs (process) WHERE status = 'running'",
        # Which runs use which shared text.
        (
            "CREATE TABLE uses (text {number} NOT NULL REFERENCES texts (id),"
            " run {number} NOT NULL, PRIMARY KEY (text, run)){keyed}"
        ),
        "CREATE INDEX uses_by_run ON uses (run)",
        (
            "CREATE TABLE attempts (run {bytes} NOT NULL, number {number} NOT NULL,"
            " model TEXT NOT NULL, started {number} NOT NULL, served_model TEXT, duration {number},"
            " first {number}, status {number}, error {bytes}, error_kind TEXT, cost {number},"
            " input_tokens {number}, output_tokens {number}, cached_tokens {number},"
            " usage_source TEXT, finish TEXT, response_id TEXT, fingerprint TEXT,"
            " PRIMARY KEY (run, number)){keyed}"
        ),
        (
            "CREATE TABLE events (id {bytes} NOT NULL PRIMARY KEY, at {number} NOT NULL,"
            " kind TEXT NOT NULL, run {bytes}, detail {bytes}){keyed}"
        ),
        "CREATE INDEX events_by_run ON events (run, at) WHERE run IS NOT NULL",
        "CREATE INDEX events_by_kind ON events (kind, at)",
        (
            "CREATE TABLE reviews (id {bytes} NOT NULL PRIMARY KEY, run {bytes} NOT NULL,"
            " requested {number} NOT NULL, why TEXT, status TEXT NOT NULL, accepted {number},"
            " answer {bytes}, note {bytes}, by_name TEXT, answered {number}){keyed}"
        ),
        "CREATE INDEX reviews_by_status ON reviews (status, requested)",
        "CREATE INDEX reviews_by_run ON reviews (run)",
        (
            "CREATE TABLE feedback (id {bytes} NOT NULL PRIMARY KEY, run {bytes} NOT NULL,"
            " at {number} NOT NULL, score {real}, label TEXT, comment {bytes}, by_name TEXT){keyed}"
        ),
        "CREATE INDEX feedback_by_run ON feedback (run)",
        # An hour of one prompt, version, model, environment and tenant (JSON); never of a user.
        (
            "CREATE TABLE hours (hour {number} NOT NULL, slice TEXT NOT NULL, data TEXT NOT NULL,"
            " PRIMARY KEY (hour, slice)){keyed}"
        ),
    ),
    (
        # Cached answers, by the request's hash.
        (
            "CREATE TABLE answers (key {bytes} NOT NULL PRIMARY KEY, run {bytes} NOT NULL,"
            " until {number} NOT NULL, body {bytes} NOT NULL){keyed}"
        ),
        "CREATE INDEX answers_by_run ON answers (run)",
        "CREATE INDEX answers_by_time ON answers (until)",
    ),
)
RUN_LOG = Schema("the run log", "schema", MIGRATIONS)
