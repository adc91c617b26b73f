#!/usr/bin/env bash
# The MCP SDK hides what is wrong with a prompt's request under the protocol of 2026-07-28.
#
# Expected: an unknown prompt and a missing argument are told to the client in words, with the code
# -32602 (invalid params), as the specification asks of prompts/get. Seen: with a handshake the words
# arrive, with code 0; without one they arrive as -32603 "Internal server error". A server has to
# raise MCPError itself.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check mcp==2.3.0
"$place/venv/bin/python" - <<'EOF'
import asyncio
import logging

from mcp.client.client import Client
from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError

logging.disable(logging.CRITICAL)
server = MCPServer("greetings")


@server.prompt()
def greet(name: str) -> str:
    return f"Greet {name}."


async def ask(mode: str, prompt: str) -> tuple[int, str]:
    async with Client(server, mode=mode) as client:
        try:
            await client.get_prompt(prompt, {})
        except MCPError as error:
            return error.code, error.message
    raise AssertionError(f"{prompt} was answered")


async def main() -> None:
    seen = {mode: [await ask(mode, name) for name in ("absent", "greet")]
            for mode in ("legacy", "2026-07-28")}
    assert seen["legacy"] == [
        (0, "Unknown prompt: absent"),
        (0, "Missing required arguments: {'name'}"),
    ], seen
    assert seen["2026-07-28"] == [(-32603, "Internal server error")] * 2, seen


asyncio.run(main())
EOF
echo "still so: mcp==2.3.0"
