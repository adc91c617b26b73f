#!/usr/bin/env bash
# LiteLLM gives a price of zero, and no error, to models of known families that its price list lacks.
#
# A budget that adds up these costs is never reached. Zero has to be read as "unknown".
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check litellm==1.110.2
"$place/venv/bin/python" - <<'EOF'
import os

# Nothing is looked up on the network.
os.environ.update(
    LITELLM_OFFLINE_MODE="true", LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_MODE="PRODUCTION"
)
import litellm

for model in ("claude-opus-9", "azure/gpt-5-x"):
    assert model not in litellm.model_cost, model
    cost = litellm.cost_per_token(model=model, prompt_tokens=10**6, completion_tokens=10**6)
    assert cost == (0.0, 0.0), (model, cost)
input_cost, output_cost = litellm.cost_per_token(
    model="gpt-4o-mini", prompt_tokens=10**6, completion_tokens=10**6
)
assert input_cost > 0 and output_cost > 0, (input_cost, output_cost)
EOF
echo "still so: litellm==1.110.2"
