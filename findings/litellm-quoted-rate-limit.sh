#!/usr/bin/env bash
# LiteLLM reports an HTTP status 400 as 429 when the error's text quotes the words "rate limit".
#
# A server that repeats the user's words in its error thereby turns a bad request, which no retry can
# help, into one that is retried. Decide by the status that the server sent.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check litellm==1.110.2
"$place/venv/bin/python" - <<'EOF'
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

os.environ.update(
    LITELLM_OFFLINE_MODE="true", LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_MODE="PRODUCTION"
)
import litellm

litellm.suppress_debug_info = True
TEXTS = {"the field 'speed' is unknown": 400, "the field 'rate limit' is unknown": 429}


class Refusing(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = request["messages"][0]["content"]
        body = json.dumps({"error": {"message": said, "type": "invalid_request_error"}}).encode()
        self.send_response(400)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Refusing)
threading.Thread(target=server.serve_forever, daemon=True).start()
for text, status in TEXTS.items():
    try:
        litellm.completion(
            model="openai/x",
            api_base=f"http://127.0.0.1:{server.server_port}",
            api_key="none",
            messages=[{"role": "user", "content": text}],
            num_retries=0,
            max_retries=0,
        )
    except Exception as error:
        assert error.status_code == status, (text, error.status_code)
    else:
        raise AssertionError(f"no error for: {text}")
EOF
echo "still so: litellm==1.110.2"
