"""The schema that editors use says of the runtime's tables what the program says."""

from __future__ import annotations

import tomllib

import jsonschema_rs
import pytest

from promptops.checks.editors import DraftKind, load_schema
from promptops.errors import ConfigurationError
from promptops.repository.config import load_config

GOOD = [
    "[eval]\nconcurrency = 4\nmax_cost = 2.5\njudge = 'judge/rubric@1.0.0'\n",
    "[eval]\nagreement = 0.6\nembedding = 'openai/text-embedding-3-small'\n",
    "[alerts]\nservice = 'checkout'\n",
    "[alerts.webhook]\nurl = 'https://alerts.example.com/in'\nkinds = ['guard', 'ledger']\n",
    "[alerts.slack]\nurl_variable = 'SLACK'\n[alerts.command]\nrun_variable = 'ALERT'\n",
    "[alerts.pagerduty]\nkey = 'PAGER'\n",
    "[alerts.opsgenie]\nkey = 'OPS'\nbase_url = 'https://api.eu.opsgenie.com'\n",
    "[eval]\nconcurrency = 4\nmax_cost = 2.5\njudge = 'judge/rubric@1.0.0'\n",
    "[cache]\n",
    "[cache]\nttl = '10m'\nmegabytes = 1\nsampled = true\n",
    "[conversations]\n",
    "[conversations]\nstore = 'redis://h/0'\ntokens = 9\nttl = '1h'\nkilobytes = 1\n",
    "[conversations]\nstore_variable = 'URL'\nencryption_key = 'KEY'\n",
    "[telemetry]\n",
    "[telemetry]\notel = true\ncontent = false\nprometheus = 'counts'\n",
    "[safety]\n",
    "[safety]\ndelimit = true\ncharacters = 9\nscan = 'log'\nscan_answers = 'block'\n",
    "[safety]\ncanary = 'off'\nredact = 'restore'\nkey_variable = 'KEY'\n",
    "[log]\n",
    "[log]\nurl = 'runs.db'\ncontent = 'none'\nretention = '12h'\nencryption_key = 'KEY'\n",
    "[timeouts]\n",
    "[timeouts]\nconnect = 1\nsilence = 2.5\ntotal = 60\npause = 5\n",
    "[guards]\nspend_per_hour = 20\nspend_per_day = 0.5\ncalls_per_minute = 0\n",
    "[guards.prompts.'support/*']\ntokens_per_day = 9\n[guards.environments.eval]\n",
    "[guards]\non_ledger_down = 'local'\nlocal_spend_per_hour = 1\nledger_variable = 'LEDGER'\n",
    "[guards]\ndepth = 1\nidentical_per_minute = 1\nledger = 'redis://127.0.0.1'\n",
    "[guards.breaker]\nfailures = 1\nwindow = '1m'\ncooldown = '5s'\n",
    "[models]\nallow = ['openai/*']\n['models'.'prompts/legal']\nallow = []\n",
    "[models.local]\nbase_url = 'http://127.0.0.1:8000/v1'\nmodel = 'q'\nfree = true\n",
    "[models.gateway]\nbase_url = 'https://llm.example.com'\nkey = 'KEY'\nheaders = {X = 'a'}\n",
    "[models.openai]\ninput_price = 2.5\noutput_price = 10\ncached_price = 1\ncontext = 8192\n",
]
BAD = [
    "alerts = true\n",
    "[alerts]\nmail = 'jane@example.com'\n",
    "[alerts.webhook]\n",
    "[alerts.webhook]\nurl = 'ftp://alerts.example.com'\n",
    "[alerts.webhook]\nurl = 'https://a.example.com'\nurl_variable = 'A'\n",
    "[alerts.slack]\nurl = 'https://hooks.slack.com/services/x'\n",
    "[alerts.pagerduty]\nkey = 'not a variable'\n",
    "[alerts.opsgenie]\nkey = 'OPS'\nkinds = []\n",
    "[alerts.command]\nrun_variable = 'A'\nkinds = ['all']\n",
    "[alerts.command]\nrun = ['true']\n",
    "eval = 3\n",
    "[eval]\nconcurrency = 0\n",
    "[eval]\nconcurrency = 1001\n",
    "[eval]\nmax_cost = '2'\n",
    "[eval]\njudges = 'a'\n",
    "[eval]\nagreement = 2\n",
    "[eval]\nembedding = ''\n",
    "[eval]\nagreement = 0\n",
    "[cache]\nttl = 60\n",
    "[cache]\nmegabytes = 0\n",
    "[cache]\nsampled = 'yes'\n",
    "[cache]\nsize = 1\n",
    "[conversations]\nstore = 'a'\nstore_variable = 'URL'\n",
    "[conversations]\ntokens = 0\n",
    "[conversations]\nttl = '0d'\n",
    "[conversations]\nkilobytes = '1'\n",
    "[conversations]\nencryption_key = 'a key'\n",
    "[conversations]\nmegabytes = 1\n",
    "[telemetry]\nprometheus = 9464\n",
    "[telemetry]\nprometheus = ''\n",
    "[telemetry]\notel = 'yes'\n",
    "[safety]\nscan = true\n",
    "[safety]\nredact = 'never'\n",
    "[safety]\ncharacters = 0\n",
    "[safety]\nkey_variable = 'a key'\n",
    "log = 'runs.db'\n",
    "timeouts = 3\n",
    "[timeouts]\ntotal = 0\n",
    "[timeouts]\ntotal = '60s'\n",
    "[timeouts]\nread = 1\n",
    "[log]\nurls = 'runs.db'\n",
    "[log]\ncontent = 'everything'\n",
    "[log]\nretention = 90\n",
    "[log]\nretention = '0d'\n",
    "[log]\nencryption_key = 'a b'\n",
    "guards = true\n",
    "[guards]\nspend_per_week = 1\n",
    "[guards]\nspend_per_hour = -1\n",
    "[guards]\nspend_per_hour = '20'\n",
    "[guards]\ntokens_per_day = 1.5\n",
    "[guards]\ndepth = 0\n",
    "[guards]\nper_user = 3\n",
    "[guards.prompts]\nspend_per_hour = 3\n",
    "[guards.per_tenant]\ndepth = 3\n",
    "[guards]\non_ledger_down = 'local'\n",
    "[guards]\nlocal_spend_per_hour = 1\n",
    "[guards]\nledger = 'sqlite'\nledger_variable = 'LEDGER'\n",
    "[guards.breaker]\nwindow = 60\n",
    "[models]\nallow = 'openai/*'\n",
    "[models.local]\nbase_url = 'ftp://127.0.0.1'\n",
    "[models.local]\nbase_url = 'http://127.0.0.1'\nprice = 1\n",
    "[models.local]\ninput_price = 0\noutput_price = 1\n",
    "[models.local]\ncontext = 0\n",
    "[models.local]\nallow = ['a']\nfree = true\n",
]


def accepts(text: str) -> bool:
    try:
        load_config({"promptops.toml": text.encode()}.get)
    except ConfigurationError:
        return False
    return True


@pytest.mark.parametrize(("text", "is_good"), [(t, True) for t in GOOD] + [(t, False) for t in BAD])
def test_schema_and_program_agree(text: str, is_good: bool) -> None:
    schema = load_schema(DraftKind.CONFIG)
    assert accepts(text) is is_good
    assert jsonschema_rs.is_valid(schema, tomllib.loads(text)) is is_good
