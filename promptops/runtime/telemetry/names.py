"""The names of OpenTelemetry's conventions for generative AI, and our own.

The package `opentelemetry-semantic-conventions` marks its constants for generative AI as
deprecated, since they moved to a repository of their own. These are the names that it has.
https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""

from __future__ import annotations

OPERATION_NAME = "gen_ai.operation.name"
PROVIDER_NAME = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
FINISH_REASONS = "gen_ai.response.finish_reasons"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHED_TOKENS = "gen_ai.usage.cache_read.input_tokens"
PROMPT_NAME = "gen_ai.prompt.name"
CONVERSATION_ID = "gen_ai.conversation.id"
INPUT_MESSAGES = "gen_ai.input.messages"
OUTPUT_MESSAGES = "gen_ai.output.messages"
TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105 - the name of an attribute
ERROR_TYPE = "error.type"
STATUS_CODE = "http.response.status_code"

PROMPT_VERSION = "promptops.prompt.version"
PROMPT_DIGEST = "promptops.prompt.digest"
PROMPT_COMMIT = "promptops.prompt.commit"
ENVIRONMENT = "promptops.environment"
DEPLOYMENT = "promptops.deployment"
TENANT = "promptops.tenant"
RUN_ID = "promptops.run.id"
RUN_STATUS = "promptops.run.status"
RUN_STAGE = "promptops.run.stage"
RUN_COST = "promptops.run.cost_micros"
RUN_CACHED = "promptops.run.cached"
RUN_DEGRADED = "promptops.run.degraded"
DECISIONS = "promptops.run.decisions"
ATTEMPT = "promptops.attempt"

OPERATION_DURATION = "gen_ai.client.operation.duration"
TOKEN_USAGE = "gen_ai.client.token.usage"  # noqa: S105 - the name of a metric
TIME_TO_FIRST = "gen_ai.client.operation.time_to_first_chunk"
RUNS = "promptops.runs"
COST = "promptops.cost"

CHAT = "chat"
# The bucket bounds of the conventions; the SDK's defaults put every call below 5 s into one bucket.
SECONDS_BOUNDS = (
    *(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
)
TOKENS_BOUNDS = (
    *(1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304),
    *(16_777_216, 67_108_864),
)
